"""The terminal view with rich: the verdict first, then where, what, findings, and what was not read.

Every string goes through `escape.terminal` into a `Text`, so that neither an escape sequence nor rich's own markup
of a capture is ever interpreted. On narrow terminals tables become lists; without a terminal rich writes plain text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from iotaudit.report import compare, escape, wording

Row = Mapping[str, Any]

NARROW = 90
"""Below this many columns a table of destinations is no longer readable."""

NAME_WIDTH = 30
"""Columns that a destination's name has at least."""

MAX_LEN = 1000
"""Characters of one text; a longer one is cut, and says so."""

MAX_ROWS = 25
"""Rows of each list; the rest is counted and said."""

ANSWER_STYLE = {
    "yes": "bold white on red",
    "no": "bold white on green",
    "undetermined": "bold black on yellow",
}
SEVERITY_STYLE = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}
DIFFERENCES = {"contradicted": "red", "seen_not_declared": "yellow"}
"""States of a declaration's lines that are told one by one."""
ZONE_STYLE = {
    "third-country": "red",
    "adequate": "yellow",
    "unknown": "yellow",
    "EU": "green",
    "EEA": "green",
}


def show(document: Row, console: Console) -> None:
    """Prints an audit document."""
    view = View(console)
    view.verdict(document)
    view.destinations(document)
    view.data_types(document)
    view.findings(document)
    view.declared(document)
    view.questions(document)
    view.unread(document)
    view.knowledge(document)


def compare_view(documents: Sequence[Row], console: Console) -> None:
    """Prints several audits side by side: the answers, and what the later ones have more, less or otherwise."""
    view = View(console)
    view.comparison(documents)


@dataclass(frozen=True, slots=True)
class View:
    """Prints the parts of a view; `console` decides on width, colour and encoding."""

    console: Console

    def text(self, value: object, style: str = "") -> Text:
        """Gives a value as harmless text."""
        told = str(value)
        if len(told) > MAX_LEN:
            told = f"{told[:MAX_LEN]}[{len(told) - MAX_LEN:,} more characters]"
        return Text(escape.terminal(told, self.console.encoding), style=style)

    def line(self, *parts: object, indent: int = 0) -> None:
        """Prints one paragraph; `Text` parts keep their style, a hanging indent keeps lists readable."""
        joined = Text()
        for part in parts:
            joined.append_text(part if isinstance(part, Text) else self.text(part))
        if indent:
            grid = Table.grid(padding=0)
            grid.add_column(width=indent)
            grid.add_column(overflow="fold")
            grid.add_row("", joined)
            self.console.print(grid)
        else:
            self.console.print(joined, soft_wrap=False, overflow="fold")

    def head(self, title: str) -> None:
        """Prints the title of a part."""
        self.console.print()
        self.line(self.text(title, "bold"))

    def more(self, left: int) -> None:
        """Says how many rows were left out."""
        if left > 0:
            self.line(
                self.text(f"and {left:,} more in audit.json and the HTML report", "dim"), indent=2
            )

    def verdict(self, document: Row) -> None:
        """Prints who was audited and the two answers with their ground."""
        verdict = document["verdict"]
        devices = [wording.device_name(d) for d in document["devices"]]
        inputs = ", ".join(i["name"] for i in document["inputs"])
        more = f" and {len(devices) - 3} more" if len(devices) > 3 else ""
        self.line(
            self.text("iotaudit  ", "bold"),
            ", ".join(devices[:3]) + more if devices else "no device found",
            self.text(f"  ({inputs})", "dim"),
        )
        self.console.print()
        self._answer("Data leaves the EU:       ", verdict["data_leaves_eu"])
        self._answer("Foreign law may reach it: ", verdict["third_country_access"])
        self.console.print()
        self.line(verdict["statement"])
        for reason in verdict["reasons"][:5]:
            cited = (
                f"  [packet {wording.packets(reason['packets'], 4)}]" if reason["packets"] else ""
            )
            self.line("- ", reason["text"], self.text(cited, "dim"), indent=2)
        self.more(len(verdict["reasons"]) - 5)
        if len(document["devices"]) > 1:
            for device in document["devices"][:MAX_ROWS]:
                if device["verdict"]:
                    answer = device["verdict"]["data_leaves_eu"]
                    self.line(
                        f"{wording.device_name(device)}: ",
                        self.text(f"data leaves the EU: {answer}", "bold"),
                        indent=2,
                    )

    def _answer(self, question: str, answer: str) -> None:
        self.line(question, self.text(f" {answer.upper()} ", ANSWER_STYLE[answer]))

    def destinations(self, document: Row) -> None:
        """Prints the destinations, those outside first."""
        rows = wording.ranked(d for d in document["destinations"] if d["zone"] != "local")
        inside = len(document["destinations"]) - len(rows)
        self.head(f"Destinations ({len(rows):,} outside, {inside:,} local)")
        if not rows:
            self.line("none outside the local network", indent=2)
            return
        types = wording.exposed_types(document)
        if self.console.width < NARROW:
            for row in rows[:MAX_ROWS]:
                self.line(self.text(wording.destination_name(row), "bold"), indent=2)
                self.line(
                    self.text(wording.place(row), ZONE_STYLE.get(row["zone"], "")),
                    f", {wording.operator_name(row)}, sent {wording.size(row['bytes_out'])}",
                    indent=4,
                )
                if types.get(row["id"]):
                    self.line("data: ", ", ".join(types[row["id"]]), indent=4)
        else:
            table = self._table(
                ("*destination", "where", "operator", "law", ">sent", "data seen", ">packet")
            )
            for row in rows[:MAX_ROWS]:
                table.add_row(
                    self.text(wording.destination_name(row), "bold"),
                    Text("\n").join(
                        (
                            self.text(wording.place(row)),
                            self.text(wording.ZONES[row["zone"]], ZONE_STYLE.get(row["zone"], "")),
                        )
                    ),
                    self.text(wording.operator_name(row)),
                    self.text(", ".join(wording.law_countries(row)) or "-"),
                    self.text(wording.size(row["bytes_out"])),
                    self.text(", ".join(types.get(row["id"], [])) or "-"),
                    self.text(row["payload_packet"] or row["first_packet"] or "-", "dim"),
                )
            self.console.print(table)
        self.more(len(rows) - MAX_ROWS)

    def data_types(self, document: Row) -> None:
        """Prints what was seen in the traffic, masked, and how much nobody could look into."""
        self.head("Data seen in the traffic")
        share = document["verdict"]["coverage"]["undecrypted_share"]
        names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
        ordered = wording.seen(document)
        for row in ordered[:MAX_ROWS]:
            self.line(
                self.text(row["title"] or row["data_type"], "bold"),
                f" to {names.get(row['destination'], row['destination'])}: {row['masked_sample']}",
                self.text(
                    f"  {row['confidence']}, {wording.CHANNELS[row['channel']]}, {row['count']:,} times, "
                    f"packet {wording.packets(row['packets'], 4)}",
                    "dim",
                ),
                indent=2,
            )
        self.more(len(ordered) - MAX_ROWS)
        if not ordered:
            self.line("no data type was recognised; that is no proof that none was sent", indent=2)
        fitted = wording.fitted(document)
        for row in fitted[:MAX_ROWS]:
            self.line(
                self.text("closed traffic ", "bold"),
                f"with {names.get(row['destination'], row['destination'])}: {row['masked_sample']}",
                self.text(
                    f"  fits {row['measured']['fits']}; would also fit: {', '.join(row['alternatives'])}; inferred, "
                    f"packet {wording.packets(row['packets'], 4)}",
                    "dim",
                ),
                indent=2,
            )
        self.more(len(fitted) - MAX_ROWS)
        if share:
            self.line(
                f"{wording.share(share)} of what was sent outside stayed closed: nobody looked into it",
                indent=2,
            )

    def findings(self, document: Row) -> None:
        """Prints the findings, the worst first, and what became of the other rules."""
        rows = wording.worst_first(document["findings"])
        self.head(f"Findings ({len(rows):,})")
        for row in rows[:MAX_ROWS]:
            waived = " (waived)" if row["waived"] is not None else ""
            self.line(
                self.text(f"{row['severity']:8} ", SEVERITY_STYLE[row["severity"]]),
                self.text(f"{row['rule']} ", "dim"),
                self.text(row["title"] + waived, "bold"),
                indent=2,
            )
            cited = f"  [packet {wording.packets(row['packets'], 4)}]" if row["packets"] else ""
            self.line(row["evidence"], self.text(cited, "dim"), indent=11)
        self.more(len(rows) - MAX_ROWS)
        counts = _tally(o["outcome"] for o in document["outcomes"])
        if counts:
            told = ", ".join(
                f"{counts[k]} {wording.OUTCOMES[k]}" for k in wording.OUTCOMES if k in counts
            )
            self.line(
                self.text(f"{wording.count(len(document['outcomes']), 'rule')}: {told}", "dim"),
                indent=2,
            )

    def declared(self, document: Row) -> None:
        """Prints where the vendor's declaration and the capture differ, and counts where they agree."""
        if not document["declared"]:
            return
        tally = wording.tally(document)
        self.head("Declared against observed")
        self.line(", ".join(f"{number:,} {text}" for _, text, number in tally if number), indent=2)
        rows = [r for r in wording.declared(document) if r["state"] in DIFFERENCES]
        for row in rows[:MAX_ROWS]:
            cited = f"  [packet {wording.packets(row['packets'], 4)}]" if row["packets"] else ""
            self.line(
                self.text(f"{wording.DECLARED[row['state']]:20} ", DIFFERENCES[row["state"]]),
                self.text(f"{row['item']}: ", "bold"),
                f"declared {wording.told(row['declared'])}, seen {wording.told(row['observed'])}",
                self.text(cited, "dim"),
                indent=2,
            )
        self.more(len(rows) - MAX_ROWS)

    def questions(self, document: Row) -> None:
        """Prints the first questions to ask the vendor."""
        asked = wording.questions(document, 3)
        if asked:
            self.head("Ask the vendor")
            for number, (question, rule, _) in enumerate(asked, start=1):
                self.line(f"{number}. ", question, self.text(f"  ({rule})", "dim"), indent=2)

    def unread(self, document: Row) -> None:
        """Prints what weakens the answer: not read, closed, too short."""
        coverage = document["verdict"]["coverage"]
        self.head("What was looked at")
        steps = ", ".join(wording.words(s) for s in coverage["scenarios"]) or "none marked"
        self.line(
            f"{wording.span(coverage['duration_s'])}, {wording.count(coverage['packets'], 'packet')}; steps: {steps}",
            indent=2,
        )
        if not coverage["met"]:
            missing = ", ".join(wording.words(s) for s in coverage["missing_steps"])
            asked = coverage["required_duration_s"]
            least = f"at least {wording.span(asked)}" if asked else ""
            self.line(
                self.text("the profile asks for more: ", "yellow"),
                "; ".join(x for x in (least, f"steps not run: {missing}" if missing else "") if x),
                indent=2,
            )
        for row in coverage["unread"][:MAX_ROWS]:
            detail = f" ({row['detail']})" if row["detail"] else ""
            self.line(
                self.text("not read: ", "yellow"),
                f"{wording.words(row['what'])}, {row['count']:,} times{detail}",
                indent=2,
            )
        names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
        for row in sorted(coverage["closed"], key=lambda c: (-c["bytes"], c["destination"]))[:5]:
            why = wording.CLOSED.get(row["why"], wording.words(row["why"]))
            self.line(
                "closed: ",
                f"{wording.size(row['bytes'])} to {names.get(row['destination'], row['destination'])} ({why})",
                indent=2,
            )
        self.more(len(coverage["closed"]) - 5)
        several = len(document["inputs"]) > 1
        for facts in document["inputs"]:
            rows = facts["problems"]
            for row in rows[:MAX_ROWS]:
                at = f", first at packet {row['packet']}" if row["packet"] is not None else ""
                name = f"{facts['name']}: " if several else ""
                detail = f" ({row['detail']})" if row["detail"] else ""
                style = "yellow" if row["loses_payload"] else "dim"
                self.line(
                    self.text("input: ", style),
                    f"{name}{wording.words(row['kind'])}, {row['count']:,} times{at}{detail}",
                    indent=2,
                )
            self.more(len(rows) - MAX_ROWS)

    def knowledge(self, document: Row) -> None:
        """Prints what was known, as of when, and whose data it is."""
        self.console.print()
        for warning in document["warnings"]:
            self.line(self.text(f"note: {warning}", "yellow"))
        files = ", ".join(f"{k['name']} {k['date']}" for k in document["tool"]["knowledge"])
        self.line(
            self.text(
                f"judged as of {document['settings']['as_of']}"
                + (f"; knowledge: {files}" if files else ""),
                "dim",
            )
        )
        credit = [
            f"{k['attribution']} ({k['url']})" if k["url"] else k["attribution"]
            for k in document["tool"]["knowledge"]
            if k["attribution"]
        ]
        if credit:
            self.line(self.text("; ".join(credit), "dim"))

    def _table(self, heads: Iterable[str]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
        for head in heads:
            right, wide = head.startswith(">"), head.startswith("*")
            table.add_column(
                head.lstrip(">*"),
                overflow="fold",
                justify="right" if right else "left",
                no_wrap=right,
                min_width=NAME_WIDTH if wide else None,
            )
        return table

    def comparison(self, documents: Sequence[Row]) -> None:
        """Prints a comparison of audits."""
        result = compare.compare(documents)
        table = self._table(("", *(f"[{n}]" for n in range(1, len(documents) + 1))))
        for column in table.columns[1:]:
            column.header = self.text(column.header)
        for label, cells in result["table"].items():
            table.add_row(
                self.text(label, "bold"),
                *(self.text(cell, ANSWER_STYLE.get(cell, "")) for cell in cells),
            )
        for number, row in enumerate(result["audits"], start=1):
            self.line(
                self.text(f"[{number}] ", "bold"),
                row["title"],
                self.text(f"  ({row['inputs']})", "dim"),
            )
        self.console.print(table)
        for number, change in enumerate(result["changes"], start=2):
            self.head(f"[{number}] against [1]")
            told = [
                *(("+ ", "green", row["text"]) for row in change["new"]),
                *(("- ", "red", row["text"]) for row in change["gone"]),
                *(("~ ", "yellow", row["text"]) for row in change["changed"]),
            ]
            for sign, style, text in told[: MAX_ROWS * 2]:
                self.line(self.text(sign, style), text, indent=2)
            self.more(len(told) - MAX_ROWS * 2)
            if not told:
                self.line(
                    "no difference in destinations, data types, findings or answers", indent=2
                )


def _tally(items: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return counts
