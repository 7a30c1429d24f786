"""The streams of a QUIC connection: their frames, which come in any order and more than once, put in order.

Source: RFC 9000 sections 2.2 (data in order, first come first kept), 3.2 (receiving), 4.5 (final size).
"""

from heapq import heappop, heappush
from typing import NamedTuple

OPEN = 1000
"""Directions of streams that are read at a time."""
STREAMS = 40_000
"""Directions of streams of one connection that are read."""
PARTS = 512
"""Parts of one direction that wait for what comes before them."""
PART_COST = 64
HELD_LEN = 4 << 20
"""Bytes of a connection that wait; beyond, what is missing of a stream counts as lost."""


class Piece(NamedTuple):
    """The next bytes of a direction of a stream, or `gap_len` bytes that are missing; `end`: nothing follows."""

    at: int
    data: bytes
    gap_len: int = 0
    end: bool = False


class _Direction:
    """One direction of one stream."""

    __slots__ = ("_final", "_order", "_parts", "at", "held")

    def __init__(self) -> None:
        self.at = 0
        self.held = 0
        self._final: int | None = None
        self._parts: dict[int, bytes] = {}
        self._order: list[int] = []

    @property
    def over(self) -> bool:
        return self._final is not None and self.at >= self._final

    @property
    def full(self) -> bool:
        return len(self._parts) > PARTS

    def add(self, at: int, data: bytes, *, end: bool) -> list[Piece]:
        """Takes a part and gives what is in order now."""
        if end and self._final is None:
            self._final = at + len(data)
        if at > self.at:
            self._hold(at, data)
            return []
        found: list[Piece] = []
        self._give(at, data, found)
        self._release(found)
        return self._marked(found)

    def skip(self) -> list[Piece]:
        """Gives up what is missing before the first part that waits, and gives what is in order then."""
        found: list[Piece] = []
        if self._order:
            self._miss(self._order[0], found)
            self._release(found)
        return self._marked(found)

    def reset(self) -> list[Piece]:
        """Ends the direction where it was given up by its sender: what waits is given behind gaps."""
        found: list[Piece] = []
        while self._order:
            found += self.skip()
        self._final = self.at
        return [piece for piece in found if not piece.end]

    def _hold(self, at: int, data: bytes) -> None:
        """Keeps a part for later: of two with the same beginning the longer."""
        old = self._parts.get(at)
        if old is None:
            heappush(self._order, at)
            self.held += PART_COST
        elif len(old) >= len(data):
            return
        self._parts[at] = data
        self.held += len(data) - len(old or b"")

    def _release(self, found: list[Piece]) -> None:
        while self._order and self._order[0] <= self.at:
            at = heappop(self._order)
            data = self._parts.pop(at)
            self.held -= len(data) + PART_COST
            self._give(at, data, found)

    def _give(self, at: int, data: bytes, found: list[Piece]) -> None:
        fresh = data[self.at - at :]
        if fresh:
            found.append(Piece(self.at, fresh))
            self.at += len(fresh)

    def _miss(self, until: int, found: list[Piece]) -> None:
        if until > self.at:
            found.append(Piece(self.at, b"", until - self.at))
            self.at = until

    def _marked(self, found: list[Piece]) -> list[Piece]:
        if not self.over:
            return found
        self._parts.clear()
        self._order.clear()
        self.held = 0
        return [*found, Piece(self.at, b"", end=True)]


class Streams:
    """All streams of a connection; bounded in number and in what waits. `refused` counts frames beyond."""

    __slots__ = ("_held", "_open", "_over", "refused")

    def __init__(self) -> None:
        self._open: dict[tuple[bool, int], _Direction] = {}
        self._over: set[tuple[bool, int]] = set()
        self._held = 0
        self.refused = 0

    def add(self, number: int, at: int, data: bytes, *, end: bool, outbound: bool) -> list[Piece]:
        """Takes the data of a STREAM frame and gives what is in order now."""
        key = (outbound, number)
        direction = self._opened(key)
        if direction is None:
            return []
        self._held -= direction.held
        found = direction.add(at, data, end=end)
        if direction.full or self._held + direction.held > HELD_LEN:
            found += direction.skip()
        self._held += direction.held
        self._settle(key, direction)
        return found

    def reset(self, number: int, *, outbound: bool) -> list[Piece]:
        """Takes the sender's word that it gives up a stream, and gives what waited."""
        key = (outbound, number)
        direction = self._opened(key)
        if direction is None:
            return []
        self._held -= direction.held
        found = direction.reset()
        self._settle(key, direction)
        return found

    def close(self) -> list[tuple[bool, int, list[Piece]]]:
        """Gives what still waits in each direction (outbound, stream, pieces), behind gaps."""
        left = [
            (*key, self._open[key].reset())
            for key in sorted(self._open, key=lambda key: (key[1], not key[0]))
        ]
        self._open.clear()
        self._held = 0
        return left

    def _opened(self, key: tuple[bool, int]) -> _Direction | None:
        direction = self._open.get(key)
        if direction is not None or key in self._over:
            return direction
        if len(self._open) >= OPEN or len(self._open) + len(self._over) >= STREAMS:
            self.refused += 1
            return None
        direction = self._open[key] = _Direction()
        return direction

    def _settle(self, key: tuple[bool, int], direction: _Direction) -> None:
        if direction.over:
            del self._open[key]
            self._over.add(key)
