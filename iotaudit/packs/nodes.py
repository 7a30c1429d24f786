"""A YAML document as nodes with places, and the mistakes that are found in it."""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from iotaudit.errors import PackError, Place

INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
Plain: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; `text` is how it was written (`quoted` texts stay text whatever they look like)."""

    value: Plain
    text: str
    place: Place
    size: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "tuple[Node, ...]"
    place: Place
    size: int = 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, in the order of the file; each key stands once."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    place: Place
    size: int = 1


Node: TypeAlias = Scalar | Sequence | Mapping
"""`size` is the number of nodes below and with it, aliases counted as often as they stand."""


def plain(node: Node) -> Any:  # noqa: ANN401 - any document
    """Gives a node as plain values: dict, list, text, number, bool, None."""
    match node:
        case Scalar(value):
            return value
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(pairs):
            return {key.text: plain(value) for key, value in pairs}


class Mistakes:
    """Collects what is wrong with a file (or a pack of files), to be told at once."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[tuple[Place, str], None] = {}

    def add(self, place: Place, text: str) -> None:
        """Adds a mistake; the same one twice counts once."""
        self._rows.setdefault((place, text))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def raise_any(self) -> None:
        """Raises all mistakes, sorted by place.

        Raises:
            PackError: there is at least one.
        """
        if self._rows:
            order = sorted(self._rows, key=lambda r: (r[0].path, r[0].line, r[0].column, r[1]))
            raise PackError(tuple(order))


def core_value(text: str) -> Plain:
    """Gives the value of a plain scalar by the core schema of YAML 1.2."""
    if text in NULLS:
        return None
    if text in BOOLS:
        return BOOLS[text]
    if INT.fullmatch(text):
        return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
    if FLOAT.fullmatch(text):
        return float(text)
    return text
