"""Protocol Buffers without a schema, as Python values under the numbers of the fields.

The format has no magic, and most rows of bytes begin like a message. So all bytes must be read to the end,
numbers of fields be small and variable-length numbers in their shortest form; and where nobody declared a
message, much of it must be readable text. What a field holds is told by its form: text, else a message, else
bytes.

Source: Protocol Buffers encoding (protobuf.dev/programming-guides/encoding), field numbers 1 to 536,870,911
without 19,000 to 19,999.
"""

import struct

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import ITEMS, NESTS, bar, leaves, text_len
from iotaudit.codec.reader import Wrong
from iotaudit.codec.worth import is_text

ID = "protobuf"
MEDIA_TYPES = (
    "application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf", "application/x-google-protobuf",
    "application/grpc", "application/grpc-web", "application/x-protobuffer",
)  # fmt: skip
UNSURE_TEXT = 12
"""Bytes of text that an undeclared message must hold."""
UNSURE_FIELD = 255
"""Numbers of fields in one: a maker starts to count at 1."""
LAST_FIELD = (1 << 29) - 1
RESERVED = range(19_000, 20_000)
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LEAST_SIZE, MOST_SIZE = 1e-9, 1e15
"""A number with a point is usually of such a size; other bytes would be one of another."""


def parse(data: bytes, *, declared: bool) -> dict[str, object] | None:
    """Gives the message that is all of `data`, None where it is none."""
    if len(data) < 2:
        return None
    if not declared and not _may_begin(data):
        return None
    reader = _Reader(data, LAST_FIELD if declared else UNSURE_FIELD)
    try:
        value = reader.message(0, len(data), 0)
    except Wrong:
        return None
    if declared:
        return value
    return value if text_len(value, named=False) >= bar(data, UNSURE_TEXT) else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars of undeclared bytes that are all one message."""
    value = parse(data, declared=False)
    return leaves(value, budget) if value is not None else ()


def _may_begin(data: bytes) -> bool:
    """Says at one look at the first field whether undeclared bytes can be a message."""
    wire = data[0] & 7
    if wire not in (VARINT, FIXED64, BYTES, FIXED32) or not data[0] >> 3:
        return False
    return wire != BYTES or data[0] >= 0x80 or data[1] >= 0x80 or data[1] <= len(data) - 2


class _Reader:
    """Reads messages within messages; `_left` bounds all work."""

    __slots__ = ("_data", "_last", "_left")

    def __init__(self, data: bytes, last: int) -> None:
        self._data, self._last, self._left = data, last, ITEMS

    def message(self, at: int, end: int, depth: int) -> dict[str, object]:
        """Gives the fields between two places; several of one number become a list."""
        found: dict[str, object] = {}
        repeated: set[str] = set()
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise Wrong
            tag, at = self._varint(at, end)
            number = tag >> 3
            if not 0 < number <= self._last or number in RESERVED:
                raise Wrong
            value, at = self._value(tag & 7, at, end, depth)
            name = str(number)
            if name not in found:
                found[name] = value
            elif name in repeated:
                found[name].append(value)  # type: ignore[attr-defined]
            else:
                found[name] = [found[name], value]
                repeated.add(name)
        return found

    def _value(self, wire: int, at: int, end: int, depth: int) -> tuple[object, int]:
        if wire == VARINT:
            return self._varint(at, end)
        if wire == BYTES:
            length, at = self._varint(at, end)
            if length > end - at:
                raise Wrong
            return self._bytes(at, at + length, depth), at + length
        if wire == FIXED64 and at + 8 <= end:
            return _double(self._data[at : at + 8]), at + 8
        if wire == FIXED32 and at + 4 <= end:
            return _single(self._data[at : at + 4]), at + 4
        raise Wrong

    def _bytes(self, at: int, end: int, depth: int) -> object:
        data = self._data[at:end]
        text = bool(data) and is_text(data)
        if text and data[0] not in b"\t\n\r":
            return data.decode(errors="replace")
        if data and depth < NESTS:
            try:
                return self.message(at, end, depth + 1)
            except Wrong:
                pass
        return data.decode(errors="replace") if text else data

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                break
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if not byte and shift:
                    break
                return value & ((1 << 64) - 1), at
        raise Wrong


def _double(data: bytes) -> float | int:
    """Gives eight bytes as a number with a point where that is of a usual size, else as a whole number."""
    value: float = struct.unpack("<d", data)[0]
    return value if not value or LEAST_SIZE < abs(value) < MOST_SIZE else int.from_bytes(data, "little")


def _single(data: bytes) -> float | int:
    value: float = struct.unpack("<f", data)[0]
    return (
        float(f"{value:.7g}")
        if not value or LEAST_SIZE < abs(value) < MOST_SIZE
        else int.from_bytes(data, "little")
    )
