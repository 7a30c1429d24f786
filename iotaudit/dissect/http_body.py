"""Bodies of HTTP/1.x messages: by length, in chunks or until the connection closes, gathered up to a bound.

Source: RFC 9112 sections 6 (message body) and 7 (chunked transfer coding).
"""

from dataclasses import dataclass
from enum import Enum

from iotaudit.dissect.http_head import HEAD_LEN, head_len
from iotaudit.dissect.stream import Stream
from iotaudit.model.quick import quick

BODY_LEN = 1 << 20
"""Bytes of one body that are handed on; the rest is read over."""
LINE_LEN = 4096
"""A chunk's size line beyond this is broken."""
HEX = frozenset(b"0123456789abcdefABCDEF")


class Framing(Enum):
    """How the end of a body is found."""

    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


class _At(Enum):
    DATA = 0
    SIZE = 1
    SIZE_END = 2
    TRAILER = 3
    OVER = 4


@quick
@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a body without a hole in it; `truncated`: bytes before or behind it are missing."""

    data: bytes
    place: tuple[int, int]
    truncated: bool


class Body:
    """Takes a body off the front of a stream; `over` and `broken` say how it ended.

    `trailer` holds the fields behind the last chunk, `end` is packet id and time of that or of the broken place.
    """

    def __init__(self, framing: Framing, length: int = 0) -> None:
        self._framing = framing
        self._left = length
        self._at = _At.SIZE if framing is Framing.CHUNKED else _At.DATA
        self._data = bytearray()
        self._given = 0
        self._lost = False
        self._place = (0, 0)
        self.broken = False
        self.trailer = b""
        self.end = (0, 0)
        if framing is Framing.LENGTH and not length:
            self._at = _At.OVER

    @property
    def over(self) -> bool:
        """True once the body was read to its end, or cannot be read further."""
        return self._at is _At.OVER

    def read(self, stream: Stream) -> list[Piece]:
        """Reads what is there and gives the pieces that are complete."""
        found: list[Piece] = []
        while not self.over and self._step(stream, found):
            pass
        if self.over:
            found += self._flush(truncated=self.broken)
        return found

    def gap(self, length: int) -> list[Piece]:
        """Takes a gap at the place that was reached: inside of data it is bridged, else it ends the body."""
        if self.over:
            return []
        inside = self._at is _At.DATA and (self._framing is Framing.CLOSE or length <= self._left)
        self.broken = not inside
        found = self._flush(truncated=True)
        self._lost = True
        if not inside:
            self._at = _At.OVER
        elif self._framing is not Framing.CLOSE:
            self._left -= length
            self._end_data()
        return found

    def close(self) -> list[Piece]:
        """Ends the body where the connection ends."""
        if self.over:
            return []
        self._at = _At.OVER
        return self._flush(truncated=self._framing is not Framing.CLOSE)

    def _step(self, stream: Stream, found: list[Piece]) -> bool:
        match self._at:
            case _At.DATA:
                return self._take(stream, found)
            case _At.SIZE:
                return self._size(stream)
            case _At.SIZE_END:
                return self._size_end(stream)
            case _:
                return self._trailer(stream)

    def _take(self, stream: Stream, found: list[Piece]) -> bool:
        """Takes data: as much as is there, as is left, and as fits."""
        length = len(stream)
        if self._framing is not Framing.CLOSE:
            length = min(length, self._left)
        if not length:
            return False
        room = BODY_LEN - self._given - len(self._data)
        kept = min(length, room)
        if kept:
            self._place = stream.origin(kept - 1)
            self._data += stream.take(kept)
        if length > kept:
            found += self._flush(truncated=True)
            stream.skip(length - kept)
        self._left -= length
        if self._framing is not Framing.CLOSE:
            self._end_data()
        return len(stream) > 0

    def _end_data(self) -> None:
        if self._left == 0:
            self._at = _At.SIZE_END if self._framing is Framing.CHUNKED else _At.OVER

    def _size(self, stream: Stream) -> bool:
        """Reads a chunk's size line (extensions are left out)."""
        end = stream.find(b"\n")
        if end < 0 or end >= LINE_LEN:
            return self._break(stream) if end >= 0 else self._wait(stream, LINE_LEN)
        digits = stream.peek(end + 1).split(b";")[0].strip()
        if not 0 < len(digits) <= 15 or not HEX.issuperset(digits):
            return self._break(stream)
        stream.skip(end + 1)
        self._left = int(digits, 16)
        self._at = _At.DATA if self._left else _At.TRAILER
        return True

    def _size_end(self, stream: Stream) -> bool:
        """Reads the line end behind a chunk's data."""
        two = stream.peek(2)
        if two[:1] == b"\n":
            stream.skip(1)
        elif two == b"\r\n":
            stream.skip(2)
        elif two in (b"", b"\r"):
            return False
        else:
            return self._break(stream)
        self._at = _At.SIZE
        return True

    def _trailer(self, stream: Stream) -> bool:
        """Reads the fields behind the last chunk."""
        two = stream.peek(2)
        if two[:1] == b"\n" or two == b"\r\n":
            stream.skip(1 if two[:1] == b"\n" else 2)
        elif two in (b"", b"\r"):
            return False
        else:
            end = head_len(stream, 0)
            if end is None:
                return self._wait(stream, HEAD_LEN)
            self.end = stream.origin(end - 1)
            self.trailer = stream.take(end)
        self._at = _At.OVER
        return True

    def _wait(self, stream: Stream, bound: int) -> bool:
        return self._break(stream) if len(stream) >= bound else False

    def _break(self, stream: Stream) -> bool:
        self.broken = True
        self.end = stream.origin(0)
        self._at = _At.OVER
        return False

    def _flush(self, *, truncated: bool) -> list[Piece]:
        if not self._data:
            return []
        piece = Piece(bytes(self._data), self._place, truncated or self._lost)
        self._given += len(self._data)
        self._data.clear()
        return [piece]
