"""Comma-separated values with a line of names: each line a record. Also with semicolons or tabs.

Any text has commas, so all of it must be rows of one width under names that look like names.

Source: RFC 4180.
"""

import csv
import re

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.guard import Fault, guarded
from iotaudit.codec.leaves import leaves

ID = "csv"
ROWS = 2000
COLUMNS = 256
MOST_LEN = 1 << 20
HEAD_LEN = 4096
SEPARATORS = (b",", b";", b"\t")
WORD = r"[\w.()%/\u00b0-]"
_NAME = re.compile(rf"[^\W\d](?:{WORD}{{0,39}}[\w)%\u00b0])?(?: {WORD}{{0,19}}[\w)%\u00b0]){{0,2}}")
"""Up to three words; a row of sentences has longer cells, or a full stop."""


def parse(data: bytes) -> list[object] | None:
    """Gives the rows as records, None where `data` is no table with names."""
    if not any(separator in data[:HEAD_LEN] for separator in SEPARATORS) or len(data) > MOST_LEN:
        return None
    body = data.strip(b"\r\n\x00 ").removeprefix(b"\xef\xbb\xbf")
    head, newline, rest = body.partition(b"\n")
    if not newline or len(head) > HEAD_LEN:
        return None
    first = rest[: rest.find(b"\n")] if b"\n" in rest else rest
    separator = next((s for s in SEPARATORS if 0 < head.count(s) <= first.count(s)), None)
    if separator is None:
        return None
    names = [
        name.strip().strip('"') for name in head.decode(errors="replace").strip().split(separator.decode())
    ]
    if not _are_names(names):
        return None
    rows = guarded(ID, _rows, rest.decode(errors="replace"), separator.decode())
    if isinstance(rows, Fault) or not rows or any(len(row) != len(names) for row in rows):
        return None
    return [dict(zip(names, row, strict=True)) for row in rows]


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the cells with the names of their columns."""
    value = parse(data)
    return leaves(value, budget) if value is not None else ()


def _are_names(names: list[str]) -> bool:
    return (
        2 <= len(names) <= COLUMNS
        and len(set(names)) == len(names)
        and all(_NAME.fullmatch(name) for name in names)
    )


def _rows(text: str, separator: str) -> list[list[str]]:
    lines = text.split("\n", ROWS)[:ROWS]
    return [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True) if row]
