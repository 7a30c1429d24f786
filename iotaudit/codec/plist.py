"""Property lists of Apple, binary or XML, as Python values.

A binary list refers to its objects by number, so a few bytes can stand for a tree without end: objects are
counted each time they are met. Source: CFBinaryPList.c (format `bplist00`), the document type
PropertyList-1.0.
"""

import struct
from binascii import Error, a2b_base64

from iotaudit.codec import xml
from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import ITEMS, NESTS, leaves
from iotaudit.codec.reader import Wrong

ID = "plist"
MAGIC = b"bplist00"
TRAILER_LEN = 32
_WORDS: dict[int, object] = {0x00: None, 0x08: False, 0x09: True}
_NAMED = b"<plist"
PROBE_LEN = 512


def parse(data: bytes) -> object:
    """Gives the value that is all of `data`, None where it is no property list."""
    if data.startswith(MAGIC):
        if len(data) < len(MAGIC) + TRAILER_LEN:
            return None
        try:
            return _Reader(data).whole()
        except (Wrong, UnicodeDecodeError, struct.error):
            return None
    if _NAMED not in data[:PROBE_LEN]:
        return None
    root = xml.tree(data)
    if root is None or root.name != "plist" or len(root.children) != 1:
        return None
    return _element(root.children[0])


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars with their names."""
    value = parse(data)
    return leaves(value, budget) if value is not None else ()


def _element(element: xml.Element) -> object:
    """Gives the value of an element of an XML list."""
    text = element.text
    match element.name:
        case "dict":
            names, values = element.children[::2], element.children[1::2]
            return {name.text: _element(value) for name, value in zip(names, values, strict=False)}
        case "array":
            return [_element(child) for child in element.children]
        case "true" | "false":
            return element.name == "true"
        case "data":
            try:
                return a2b_base64(text.encode(errors="replace"))
            except Error:
                return text
        case "integer" if text.lstrip("+-").isascii() and text.lstrip("+-").isdigit() and len(text) < 24:
            return int(text)
    return text


class _Reader:
    """Reads objects by their numbers."""

    __slots__ = ("_at", "_data", "_end", "_left", "_ref_len")

    def __init__(self, data: bytes) -> None:
        self._data = data
        offset_len, self._ref_len, count, _, table = struct.unpack(">6xBBQQQ", data[-TRAILER_LEN:])
        self._end = len(data) - TRAILER_LEN
        self._left = ITEMS
        if not (0 < offset_len <= 8 and 0 < self._ref_len <= 8 and 0 < count <= ITEMS):
            raise Wrong
        if not len(MAGIC) < table <= self._end - count * offset_len:
            raise Wrong
        self._at = [
            int.from_bytes(data[at : at + offset_len])
            for at in range(table, table + count * offset_len, offset_len)
        ]

    def whole(self) -> object:
        """Gives the top object."""
        return self._object(int.from_bytes(self._data[-16:-8]), 0)

    def _object(self, number: int, depth: int) -> object:
        self._left -= 1
        if depth > NESTS or self._left < 0 or number >= len(self._at):
            raise Wrong
        at = self._at[number]
        head = self._take(at, 1)[0]
        kind, info = head >> 4, head & 15
        match kind:
            case 0 if head in _WORDS:
                return _WORDS[head]
            case 1:
                return int.from_bytes(self._take(at + 1, 1 << min(info, 4)), signed=info >= 3)
            case 2 | 3 if info in (2, 3):
                return float(struct.unpack(">f" if info == 2 else ">d", self._take(at + 1, 1 << info))[0])
            case 8:
                return int.from_bytes(self._take(at + 1, info + 1))
        count, at = self._count(info, at + 1)
        return self._sized(kind, count, at, depth)

    def _sized(self, kind: int, count: int, at: int, depth: int) -> object:
        """Gives an object with a length: bytes, text, list, record."""
        match kind:
            case 4:
                return self._take(at, count)
            case 5:
                return self._take(at, count).decode("ascii")
            case 6:
                return self._take(at, count * 2).decode("utf-16-be")
            case 10 | 12:
                return [self._object(n, depth + 1) for n in self._refs(at, count)]
            case 13:
                refs = self._refs(at, count * 2)
                names = [self._object(n, depth + 1) for n in refs[:count]]
                values = [self._object(n, depth + 1) for n in refs[count:]]
                return {str(name): value for name, value in zip(names, values, strict=True)}
        raise Wrong

    def _take(self, at: int, length: int) -> bytes:
        if at < len(MAGIC) or at + length > self._end:
            raise Wrong
        return self._data[at : at + length]

    def _count(self, info: int, at: int) -> tuple[int, int]:
        """Gives a length, which stands in a number of its own from 15 on, and where it ends."""
        if info != 15:
            return info, at
        head = self._take(at, 1)[0]
        if head >> 4 != 1 or head & 15 > 3:
            raise Wrong
        length = 1 << (head & 15)
        return int.from_bytes(self._take(at + 1, length)), at + 1 + length

    def _refs(self, at: int, count: int) -> list[int]:
        step = self._ref_len
        data = self._take(at, count * step)
        return [int.from_bytes(data[n : n + step]) for n in range(0, len(data), step)]
