"""MessagePack as Python values. Source: MessagePack specification (github.com/msgpack/msgpack, spec.md)."""

import struct

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import NESTS, bar, is_named, leaves, text_len
from iotaudit.codec.reader import Reader, Wrong

ID = "msgpack"
MEDIA_TYPES = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
UNSURE_TEXT = 8
"""Bytes of text that undeclared bytes must hold."""
_WORDS: dict[int, object] = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {
    0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_TEXTS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def parse(data: bytes, *, declared: bool) -> dict[str, object] | list[object] | None:
    """Gives the map or list that is all of `data`, None where it is not MessagePack.

    Undeclared bytes (`declared` false) must hold a map with names of text.
    """
    if not data or (not declared and not (0x80 <= data[0] <= 0x9F or 0xDC <= data[0] <= 0xDF)):
        return None
    try:
        value = _Reader(data).whole()
    except (Wrong, UnicodeDecodeError):
        return None
    if not isinstance(value, dict | list):
        return None
    if declared:
        return value
    return value if is_named(value) and text_len(value, named=True) >= bar(data, UNSURE_TEXT) else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars of undeclared bytes that are all one map or list."""
    value = parse(data, declared=False)
    return leaves(value, budget) if value is not None else ()


class _Reader(Reader):
    """Reads objects one after the other."""

    __slots__ = ()

    def whole(self) -> object:
        """Gives the one object that the bytes are, or the list of several."""
        found = [self._item(0)]
        while self._at < len(self._data):
            found.append(self._item(0))
        return found[0] if len(found) == 1 else found

    def _number(self, length: int) -> int:
        return int.from_bytes(self._take(length))

    def _item(self, depth: int) -> object:
        self._left -= 1
        if depth > NESTS or self._left < 0:
            raise Wrong
        head = self._take(1)[0]
        if head <= 0x7F or head >= 0xE0:
            return head if head <= 0x7F else head - 256
        if head <= 0x9F:
            return self._map(head & 15, depth) if head <= 0x8F else self._list(head & 15, depth)
        if head <= 0xBF:
            return self._take(head & 31).decode()
        if head in _WORDS:
            return _WORDS[head]
        if head in _NUMBERS:
            form = _NUMBERS[head]
            value: int | float = struct.unpack(form, self._take(struct.calcsize(form)))[0]
            return value
        return self._sized(head, depth)

    def _sized(self, head: int, depth: int) -> object:
        """Reads an object whose length stands behind its head."""
        if head in _TEXTS:
            return self._take(self._number(_TEXTS[head])).decode()
        if head in _BYTES:
            return self._take(self._number(_BYTES[head]))
        if head in _LISTS:
            return self._list(self._number(_LISTS[head]), depth)
        if head in _MAPS:
            return self._map(self._number(_MAPS[head]), depth)
        if head in _FIXED:
            return self._take(1 + _FIXED[head])[1:]
        if head in _EXTENSIONS:
            return self._take(1 + self._number(_EXTENSIONS[head]))[1:]
        raise Wrong

    def _list(self, count: int, depth: int) -> list[object]:
        self._afford(count)
        return [self._item(depth + 1) for _ in range(count)]

    def _map(self, count: int, depth: int) -> dict[str, object]:
        self._afford(count * 2)
        found: dict[str, object] = {}
        for _ in range(count):
            name = self._item(depth + 1)
            if isinstance(name, bool) or not isinstance(name, str | int) or str(name) in found:
                raise Wrong
            found[str(name)] = self._item(depth + 1)
        return found
