"""JSON, one value or one a line (NDJSON, SSE `data:` lines).

Source: RFC 8259; the fast reader is orjson, the standard one reads what orjson refuses (NaN, large numbers).
"""

import json
import re
from dataclasses import dataclass

import orjson

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.guard import Fault, guarded
from iotaudit.model.quick import quick

ID = "json"
LINES = 10_000
NESTS = 900
"""Both readers stop at some thousand levels (of Python 3.11's own, other callers take a part)."""
SLOW_LEN = 1 << 20
"""The standard reader is ten times slower: it is asked only below this size."""
_BRACKET = re.compile(rb"[\[\]{}]")
_AROUND = b" \t\r\n\x00\xef\xbb\xbf"
_STARTS = (b"{", b"[", b'"', b"d")


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Parsed:
    """What a text holds: `values`, each with its path root ("$", or "$1", "$2" for lines)."""

    values: tuple[tuple[str, object], ...]


def parse(data: bytes) -> Parsed | None:
    """Gives the values of `data`, None where it is not JSON. A bare number or word does not count."""
    body = data.strip(_AROUND)
    if not body.startswith(_STARTS):
        return None
    if not body.startswith(b"d"):
        value = _load(body)
        if not isinstance(value, Fault):
            return Parsed((("$", value),))
    return _lines(body) if b"\n" in body else None


def is_too_deep(data: bytes) -> bool:
    """True for what begins as JSON and has more brackets open at once than are read: it is no value, but text."""
    if data.lstrip(_AROUND)[:1] not in (b"{", b"[") or data.count(b"[") + data.count(b"{") <= NESTS:
        return False
    depth = 0
    for match in _BRACKET.finditer(data):
        depth += 1 if match[0] in b"[{" else -1
        if depth > NESTS:
            return True
    return False


def _load(data: bytes) -> object | Fault:
    value = guarded(ID, orjson.loads, data)
    if isinstance(value, Fault) and len(data) <= SLOW_LEN:
        return guarded(ID, json.loads, data)
    return value


def _lines(data: bytes) -> Parsed | None:
    """Gives the values of the lines; None unless the first is JSON and most are."""
    found: list[tuple[str, object]] = []
    wrong = 0
    for number, line in enumerate(data.split(b"\n", LINES)[:LINES], 1):
        text = line.strip().removeprefix(b"data:").strip()
        if text[:1] not in (b"{", b"["):
            wrong += bool(text)
        else:
            value = guarded(ID, orjson.loads, text)
            if isinstance(value, Fault):
                wrong += 1
            else:
                found.append((f"${number}", value))
        if wrong > len(found):
            return None
    return Parsed(tuple(found)) if found else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalar leaves with their nearest key, numbers and words as JSON writes them."""
    parsed = parse(data)
    found: list[Piece] = []
    stack: list[tuple[str, object]] = (
        [("", v) for _, v in reversed(parsed.values)] if parsed else []
    )
    while stack and budget.step():
        key, value = stack.pop()
        if isinstance(value, dict):
            stack += [(str(k), v) for k, v in reversed(value.items())]
        elif isinstance(value, list):
            stack += [(key, v) for v in reversed(value)]
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            found.append(Piece(text.encode(errors="replace"), key))
    return tuple(found)
