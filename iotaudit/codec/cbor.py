"""CBOR as Python values: whole items only, names of text or whole numbers.

Source: RFC 8949 sections 3 (major types, indefinite lengths) and 3.4.6 (the tag of self-described CBOR).
"""

import struct

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import NESTS, bar, is_named, leaves, text_len
from iotaudit.codec.reader import Reader, Wrong

ID = "cbor"
MAGIC = b"\xd9\xd9\xf7"
MEDIA_TYPES = ("application/cbor", "application/senml+cbor", "application/cbor-seq")
UNSURE_TEXT = 6
"""Bytes of text that undeclared bytes must hold."""
_WORDS: dict[int, object] = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}


def parse(data: bytes, *, declared: bool) -> dict[str, object] | list[object] | None:
    """Gives the map or list that is all of `data`, None where it is not CBOR.

    Undeclared bytes (`declared` false) must be a map with names of text, or begin with the tag of CBOR.
    """
    marked = data.startswith(MAGIC)
    sure = declared or marked
    if not sure and not (data and data[0] >> 5 in (4, 5)):
        return None
    try:
        value = _Reader(data, 3 if marked else 0).whole()
    except (Wrong, UnicodeDecodeError, struct.error):
        return None
    if not isinstance(value, dict | list):
        return None
    if not sure and (
        not value or text_len(value, named=True) < bar(data, UNSURE_TEXT) or not is_named(value)
    ):
        return None
    return value


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars of undeclared bytes that are all one map or list."""
    value = parse(data, declared=False)
    return leaves(value, budget) if value is not None else ()


class _Reader(Reader):
    """Reads items one after the other."""

    __slots__ = ()

    def whole(self) -> object:
        """Gives the one item that the bytes are, or the list of several (a CBOR sequence)."""
        found = [self._item(0)]
        while self._at < len(self._data):
            found.append(self._item(0))
        return found[0] if len(found) == 1 else found

    def _item(self, depth: int) -> object:
        self._left -= 1
        if depth > NESTS or self._left < 0:
            raise Wrong
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        if info == 31:
            return self._open(major, depth)
        number = info if info < 24 else int.from_bytes(self._take(_LENGTHS[info])) if info in _LENGTHS else -1
        if number < 0:
            raise Wrong
        match major:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self._take(number)
            case 3:
                return self._take(number).decode()
            case 4 | 5:
                self._afford(number * (major - 3))
                return self._list(number, depth) if major == 4 else self._map(number, depth)
        return self._item(depth + 1)

    def _simple(self, info: int) -> object:
        if info in _FLOATS:
            form = _FLOATS[info]
            return float(struct.unpack(form, self._take(_LENGTHS[info]))[0])
        if info not in _WORDS:
            raise Wrong
        return _WORDS[info]

    def _list(self, count: int, depth: int) -> list[object]:
        return [self._item(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for _ in range(count):
            self._member(found, depth)
        return found

    def _member(self, found: dict[str, object], depth: int) -> None:
        name = self._item(depth + 1)
        if isinstance(name, bool) or not isinstance(name, str | int) or str(name) in found:
            raise Wrong
        found[str(name)] = self._item(depth + 1)

    def _open(self, major: int, depth: int) -> object:
        """Reads an item of indefinite length up to the break."""
        if major not in (2, 3, 4, 5):
            raise Wrong
        items: list[object] = []
        found: dict[str, object] = {}
        while self._data[self._at : self._at + 1] != b"\xff":
            if major == 5:
                self._member(found, depth)
            else:
                items.append(self._item(depth + 1))
        self._at += 1
        if major == 5:
            return found
        if major == 4:
            return items
        if not all(isinstance(item, bytes if major == 2 else str) for item in items):
            raise Wrong
        return b"".join(i for i in items if isinstance(i, bytes)) if major == 2 else "".join(map(str, items))
