r"""How names and short texts from the wire are printed: safe to log, and so that one name has one form.

Source: RFC 1035 section 5.1 (`\DDD` escapes), RFC 4343 (case), RFC 6762 section 16 (UTF-8 in multicast DNS).
"""

import re

PLAIN_LABEL = re.compile(rb"[!-\-/-\[\]-~]*\Z")
"""Printable ASCII but the space, the dot and the backslash."""
TEXT_LEN = 1024
"""Bytes of a text that are kept."""


def domain_text(labels: tuple[bytes, ...], *, unicode: bool) -> str:
    r"""Gives a domain name in lower case without the final dot, "" for the root.

    Bytes that are not printable ASCII, and dots inside a label, stand as `\DDD`; with `unicode` (multicast DNS,
    LLMNR) spaces and printable UTF-8 stay.
    """
    return ".".join(_label(label, unicode=unicode) for label in labels).lower()


def plain_text(raw: bytes) -> str:
    r"""Gives a text as sent, without final NULs; what is not printable UTF-8 stands as `\DDD`, byte by byte."""
    raw = raw[:TEXT_LEN].rstrip(b"\0")
    return _printable(raw) or _escaped(raw, kept=b" .")


def _label(raw: bytes, *, unicode: bool) -> str:
    if PLAIN_LABEL.match(raw):
        return raw.decode("ascii")
    text = _printable(raw) if unicode and b"." not in raw else ""
    return text or _escaped(raw, kept=b" " if unicode else b"")


def _printable(raw: bytes) -> str:
    """Gives the text of printable UTF-8, else ""."""
    text = raw.decode("utf-8", "replace")
    return text if text.isprintable() and "\ufffd" not in text and "\\" not in text else ""


def _escaped(raw: bytes, *, kept: bytes) -> str:
    return "".join(chr(b) if (0x21 <= b <= 0x7E and b not in b".\\") or b in kept else f"\\{b:03d}" for b in raw)
