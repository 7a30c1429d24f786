"""Percent-encoding and forms.

Source: RFC 3986 section 2.1; the `application/x-www-form-urlencoded` parser of https://url.spec.whatwg.org.
"""

import re

from iotaudit.codec.budget import Budget, Piece

ID = "url"
FIELDS = 4096
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_PAIR = re.compile(rb"[^&;=\s]{1,256}=[^&\s]*")


def unquote(data: bytes) -> bytes:
    """Gives `data` with every escape replaced; what is no escape stays."""
    if b"%" not in data:
        return data
    return _ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), data)


def is_form(data: bytes) -> bool:
    """True where the whole of `data` reads as fields: `name=value`, joined by `&`, no white space.

    One name without a value is none: so does padded base64 end.
    """
    head = data[:4096]
    if b"=" not in head or b"\n" in head or b" " in head:
        return False
    if head.endswith(b"=") and b"&" not in head and b"=" not in head.rstrip(b"="):
        return False
    parts = head.split(b"&")
    if len(data) > len(head):
        parts.pop()
    return bool(parts) and all(_PAIR.fullmatch(part) for part in parts)


def fields(data: bytes, separator: bytes = b"&") -> tuple[Piece, ...]:
    """Gives the fields of a form, query or cookie; `raw` is the value as it was written."""
    found = []
    for part in data.split(separator, FIELDS)[:FIELDS]:
        name, equals, value = part.strip().partition(b"=")
        if equals and name:
            plain = unquote(value.replace(b"+", b" ") if separator == b"&" else value)
            key = unquote(name).decode(errors="replace")
            found.append(Piece(plain, key, raw=value))
    return tuple(found)


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the bytes behind the escapes, () where there are none."""
    plain = unquote(data)
    if plain == data:
        return ()
    return (Piece(plain),) if budget.spend(len(plain)) else ()
