"""Bar charts as inline SVG: the same on screen, in print and without scripts, readable by a screen reader.

No style attribute and no handler, since the page's policy forbids both; colours come from the page's style sheet.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from iotaudit.report.escape import visible

LABEL, BAR, NUMBER, ROW, GAP = 230, 380, 110, 26, 10
"""Widths of the three columns, height of a bar and the space below it, in user units."""


def bars(title: str, rows: Sequence[tuple[str, int, str, str]]) -> Markup:
    """Gives a horizontal bar chart of (label, value, text of the value, class), in the order given.

    The longest bar has the full width; a value above 0 is never drawn as nothing.
    """
    most = max((value for _, value, _, _ in rows), default=0)
    width, height = LABEL + BAR + NUMBER, max(1, len(rows)) * (ROW + GAP)
    parts = [
        Markup('<svg class="bars" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            width, height, title
        ),
        Markup("<title>{}</title>").format(title),
    ]
    for number, (label, value, text, kind) in enumerate(rows):
        top = number * (ROW + GAP)
        length = max(3, round(value / most * BAR)) if value and most else 0
        middle = top + ROW // 2 + 5
        parts += [
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(
                LABEL - 12, middle, _short(label)
            ),
            Markup(
                '<rect class="track" x="{}" y="{}" width="{}" height="{}" rx="4"></rect>'
            ).format(LABEL, top, BAR, ROW),
            Markup(
                '<rect class="bar {}" x="{}" y="{}" width="{}" height="{}" rx="4"></rect>'
            ).format(kind, LABEL, top, length, ROW),
            Markup('<text x="{}" y="{}" class="number">{}</text>').format(
                LABEL + BAR + 12, middle, text
            ),
        ]
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _short(label: str) -> Markup:
    label = visible(label)
    return escape(label if len(label) <= 30 else label[:29] + "…")
