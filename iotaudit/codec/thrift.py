"""Thrift in the compact protocol, as Python values under the numbers of the fields.

A message (a call or an answer) has a sign and a name; a bare struct has neither, so it is read only where
declared.

Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

import re
import struct

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import NESTS, leaves
from iotaudit.codec.reader import Reader, Wrong
from iotaudit.codec.worth import is_text

ID = "thrift"
MEDIA_TYPES = ("application/x-thrift", "application/vnd.apache.thrift.compact")
SIGN, VERSION = 0x82, 1
KINDS = range(1, 5)
"""Call, reply, exception, one-way."""
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
NUMBERS = range(4, 7)
_NAME = re.compile(rb"[A-Za-z_][\w.:-]{0,127}")


def parse(data: bytes, *, declared: bool) -> dict[str, object] | None:
    """Gives the fields of the message (or, declared, of the struct) that is all of `data`, None where it is none."""
    message = len(data) > 4 and data[0] == SIGN and data[1] & 0x1F == VERSION and data[1] >> 5 in KINDS
    if not message and not declared:
        return None
    reader = _Reader(data)
    try:
        if message:
            reader.head()
        return reader.whole()
    except Wrong:
        return None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars of undeclared bytes that are all one message."""
    value = parse(data, declared=False)
    return leaves(value, budget) if value is not None else ()


class _Reader(Reader):
    """Reads values one after the other."""

    __slots__ = ()

    def head(self) -> None:
        """Steps over the head of a message."""
        self._at = 2
        self._varint()
        if _NAME.fullmatch(self._take(self._varint())) is None:
            raise Wrong

    def whole(self) -> dict[str, object]:
        """Gives the struct that goes to the end of the bytes."""
        found = self._struct(0)
        if self._at != len(self._data) or not found:
            raise Wrong
        return found

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Wrong

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _struct(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        number = 0
        while head := self._take(1)[0]:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            if str(number) in found or not 0 <= number < 1 << 15:
                raise Wrong
            found[str(number)] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth + 1)
        return found

    def _value(self, kind: int, depth: int) -> object:
        self._left -= 1
        if depth > NESTS or self._left < 0:
            raise Wrong
        if kind in NUMBERS:
            return self._zigzag()
        match kind:
            case 1 | 2 | 3:
                return self._take(1)[0]
            case 7:
                return float(struct.unpack("<d", self._take(8))[0])
            case 8:
                data = self._take(self._varint())
                return data.decode(errors="replace") if data and is_text(data) else data
            case 9 | 10:
                return self._list(depth)
            case 11:
                return self._map(depth)
            case 12:
                return self._struct(depth)
        raise Wrong

    def _list(self, depth: int) -> list[object]:
        head = self._take(1)[0]
        count = head >> 4 if head >> 4 < 15 else self._varint()
        return [self._value(head & 15, depth + 1) for _ in range(self._afford(count))]

    def _map(self, depth: int) -> dict[str, object]:
        count = self._afford(self._varint())
        kinds = self._take(1)[0] if count else 0
        found: dict[str, object] = {}
        for _ in range(count):
            name = self._value(kinds >> 4, depth + 1)
            if not isinstance(name, str | int):
                raise Wrong
            found[str(name)] = self._value(kinds & 15, depth + 1)
        return found
