"""A direction's bytes that were not read yet, each with the packet that brought it."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Protocol

from iotaudit.model.raw import Segment

COMPACT_LEN = 1 << 16
"""Read bytes are dropped from the front once so many have gathered."""


class Stream:
    """A queue of bytes that knows from which packet each byte came; the caller bounds what it leaves in it.

    The packet of a message is the packet of its last byte, so that it does not depend on how segments are cut.
    `owed` bytes that have not come yet belong to what was dropped, and are dropped as they come.
    """

    __slots__ = ("_at", "_data", "_marks", "_origin", "_starts", "owed")

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0
        self._origin = 0
        self._starts: list[int] = []
        self._marks: list[tuple[int, int]] = []
        self.owed = 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def append(self, segment: Segment, start: int = 0) -> None:
        """Adds the bytes of a segment from `start` on, without those that are owed."""
        if self.owed:
            taken = min(self.owed, len(segment.data) - start)
            self.owed -= taken
            start += taken
        data = segment.data[start:] if start else segment.data
        if not data:
            return
        mark = (segment.packet, segment.time_ns)
        if not self._marks or self._marks[-1] != mark:
            self._starts.append(self._origin + len(self._data))
            self._marks.append(mark)
        self._data += data

    def peek(self, length: int, at: int = 0) -> bytes:
        """Gives up to `length` unread bytes from `at` on, without reading them."""
        start = self._at + at
        return bytes(self._data[start : start + length])

    def search(self, pattern: re.Pattern[bytes], length: int, at: int = 0) -> int:
        """Gives where a match of `pattern` ends within the first `length` unread bytes, from `at` on; -1 no match."""
        start = self._at
        found = pattern.search(self._data, start + at, start + length)
        return found.end() - start if found else -1

    def find(self, needle: bytes, start: int = 0) -> int:
        """Gives where `needle` begins in the unread bytes, from `start` on, -1 where nowhere."""
        at = self._data.find(needle, self._at + start)
        return at - self._at if at >= 0 else -1

    def origin(self, at: int) -> tuple[int, int]:
        """Gives packet id and time (ns) of the unread byte `at`."""
        if len(self._marks) == 1:
            return self._marks[0]
        index = bisect_right(self._starts, self._origin + self._at + at) - 1
        return self._marks[max(index, 0)]

    def take(self, length: int) -> bytes:
        """Reads `length` bytes off the front (fewer where there are not so many)."""
        data = self.peek(length)
        self.skip(len(data))
        return data

    def skip(self, length: int) -> None:
        """Drops `length` bytes off the front (fewer where there are not so many)."""
        end = len(self._data)
        self._at = min(self._at + length, end)
        if self._at == end or self._at >= COMPACT_LEN:
            del self._data[: self._at]
            self._origin += self._at
            self._at = 0
            if len(self._starts) > 1:
                keep = max(bisect_right(self._starts, self._origin) - 1, 0)
                del self._starts[:keep]
                del self._marks[:keep]

    def drop(self, length: int) -> None:
        """Drops the next `length` bytes, those that have not come yet included: the rest of a frame that is too long."""
        there = len(self)
        self.skip(length)
        self.owed = max(length - there, 0)

    def bridge(self, length: int) -> bool:
        """Takes a gap; True where all that is missing was to be dropped, so that reading goes on behind it."""
        if self.owed < length:
            return False
        self.owed -= length
        return True

    def clear(self) -> None:
        """Drops all unread bytes, and owes none."""
        self.skip(len(self))
        self.owed = 0

    def segments(self, flow: int, *, outbound: bool) -> tuple[Segment, ...]:
        """Gives the unread bytes as segments, one for each packet, and empties the queue (`offset` is 0)."""
        found = []
        while len(self):
            packet, time_ns = self.origin(0)
            index = bisect_right(self._starts, self._origin + self._at)
            end = self._starts[index] - self._origin - self._at if index < len(self._starts) else len(self)
            found.append(Segment(flow, outbound, packet, time_ns, 0, self.take(end)))
        return tuple(found)


class Direction(Protocol):
    """What a session keeps of one direction."""

    stream: Stream


def unread(flow: int, sides: Mapping[bool, Direction]) -> tuple[Segment, ...]:
    """Gives what neither direction has read, as what follows a change of protocol, and empties both."""
    return tuple(
        segment for outbound, side in sides.items() for segment in side.stream.segments(flow, outbound=outbound)
    )
