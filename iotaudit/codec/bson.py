"""BSON documents as Python values. Source: BSON specification 1.1 (bsonspec.org)."""

import struct

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import NESTS, leaves
from iotaudit.codec.reader import Reader, Wrong

ID = "bson"
MEDIA_TYPES = ("application/bson",)
LEAST_LEN = 8
NAME_LEN = 256
_TEXTS = frozenset({0x02, 0x0D, 0x0E})
_EMPTY: dict[int, object] = {0x06: None, 0x0A: None, 0x7F: None, 0xFF: None}
_PLAIN = {0x01: "<d", 0x09: "<q", 0x10: "<i", 0x11: "<Q", 0x12: "<q"}
_RAW = {0x07: 12, 0x13: 16}


def parse(data: bytes) -> dict[str, object] | None:
    """Gives the document that is all of `data`: its length, its end and every name must be right."""
    if len(data) < LEAST_LEN or int.from_bytes(data[:4], "little") != len(data) or data[-1]:
        return None
    try:
        return _Reader(data).document(0)
    except (Wrong, UnicodeDecodeError):
        return None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars of bytes that are all one document."""
    value = parse(data)
    return leaves(value, budget) if value is not None else ()


class _Reader(Reader):
    """Reads elements one after the other."""

    __slots__ = ()

    def document(self, depth: int) -> dict[str, object]:
        """Gives the document that begins here."""
        begin = self._at
        length = self._length()
        end = begin + length
        if depth > NESTS or length < 5 or end > len(self._data):
            raise Wrong
        found: dict[str, object] = {}
        while True:
            kind = self._take(1)[0]
            if not kind:
                break
            self._left -= 1
            name = self._name()
            if self._left < 0 or name in found:
                raise Wrong
            found[name] = self._value(kind, depth)
        if self._at != end:
            raise Wrong
        return found

    def _length(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def _name(self) -> str:
        end = self._data.find(b"\0", self._at, self._at + NAME_LEN)
        if end < 0:
            raise Wrong
        text = self._take(end - self._at).decode()
        self._at = end + 1
        return text

    def _value(self, kind: int, depth: int) -> object:
        if kind in _EMPTY:
            return _EMPTY[kind]
        if kind in _PLAIN:
            form = _PLAIN[kind]
            value: int | float = struct.unpack(form, self._take(struct.calcsize(form)))[0]
            return value
        if kind in _RAW:
            return self._take(_RAW[kind])
        if kind in _TEXTS:
            text = self._take(self._length())
            if text[-1:] != b"\0":
                raise Wrong
            return text[:-1].decode()
        return self._other(kind, depth)

    def _other(self, kind: int, depth: int) -> object:
        match kind:
            case 0x03:
                return self.document(depth + 1)
            case 0x04:
                return list(self.document(depth + 1).values())
            case 0x05:
                length = self._length()
                return self._take(length + 1)[1:]
            case 0x08:
                return bool(self._take(1)[0])
            case 0x0B:
                return f"{self._name()}/{self._name()}"
        raise Wrong
