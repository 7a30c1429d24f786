"""Untrusted text is made harmless here, where it is written: one function per medium.

Names, topics and paths of a capture are chosen by the device under suspicion. No medium gets a character that acts
instead of being seen: controls, terminal escapes, line breaks, bidirectional overrides, invisible fillers.
"""

import re

INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Printable by category but drawn as nothing (Unicode: Default_Ignorable_Code_Point, and the blank Braille cell)."""

FORMULA = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
"""First characters that make a spreadsheet read a cell as a formula, a command or a new cell; full-width ones too.

Source: OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
"""

MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#&@{}$])")
AUTOLINK = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(?<=mailto)(:)|(?<=xmpp)(:)")


def visible(text: str) -> str:
    r"""Gives the text with every character that cannot be seen written as `\u{hex}`; common to all media."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _code(c) for c in text)
    return INVISIBLE.sub(lambda m: _code(m.group()), text)


def _code(char: str) -> str:
    return f"\\u{{{ord(char):x}}}"


def html(value: object) -> object:
    """Gives a template's value in its visible form; what is markup of ours already stays as it is.

    It is the `finalize` of the Jinja environment, so that no expression of a template can miss it; the markup
    itself is escaped by autoescape afterwards.
    """
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return value


def terminal(text: str, encoding: str = "utf-8") -> str:
    """Gives text for a terminal: no control or escape sequence survives, nor what its encoding cannot hold."""
    return visible(text).encode(encoding, "backslashreplace").decode(encoding)


def csv(value: object) -> object:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe before the characters that start one."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return "'" + text if value.lstrip(" ").startswith(FORMULA) else text


def md(text: str) -> str:
    """Gives prose for Markdown: no markup, table cell, HTML or link can start in it."""
    text = MARKDOWN.sub(r"\\\1", visible(text))
    return AUTOLINK.sub(lambda m: "\\" + m.group(), text)


def md_code(text: str) -> str:
    r"""Gives a code span for Markdown, also in a table cell; backticks are written as `\u{60}`."""
    text = visible(text).replace("`", "\\u{60}").replace("|", "\\|")
    return f"`{text}`" if text.strip() else "` `"


def xml(text: str) -> str:
    """Gives text for an XML writer that escapes markup itself: only characters that XML 1.0 allows are left."""
    return visible(text)


def sarif(text: str) -> str:
    """Gives text for a SARIF message, in which `[text](target)` would be a link.

    Source: SARIF 2.1.0, section 3.11.6 (embedded links).
    """
    return re.sub(r"([\\\[\]])", r"\\\1", visible(text))
