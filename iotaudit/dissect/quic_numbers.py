"""Which packet numbers of a direction were met, and which were not although they crossed the line.

A number that nobody saw need not be missing: senders skip some, and what got lost on the way is sent again under a new
one. The other end's acknowledgements tell these apart.
Source: RFC 9000 sections 12.3 (packet numbers), 13.2.3 (ranges of acknowledgements), 21.4 (numbers that are skipped).
"""

from bisect import bisect_left, bisect_right

RANGES = 1 << 14
"""Ranges that are kept; with more nothing can be said for sure."""


class Numbers:
    """Packet numbers, as ranges that do not touch each other; `full`: some could not be kept."""

    __slots__ = ("_ends", "_starts", "full")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.full = False

    @property
    def smallest(self) -> int:
        """The smallest number, -1 where there is none."""
        return self._starts[0] if self._starts else -1

    @property
    def largest(self) -> int:
        """The largest number, -1 where there is none."""
        return self._ends[-1] if self._ends else -1

    def add(self, first: int, last: int) -> None:
        """Takes the numbers from `first` to `last`."""
        starts, ends = self._starts, self._ends
        begin, end = bisect_left(ends, first - 1), bisect_right(starts, last + 1)
        if begin < end:
            first, last = min(first, starts[begin]), max(last, ends[end - 1])
        elif len(starts) >= RANGES:
            self.full = True
            return
        starts[begin:end] = [first]
        ends[begin:end] = [last]

    def has(self, first: int, last: int) -> bool:
        """Says whether all numbers from `first` to `last` are there."""
        at = bisect_right(self._starts, first) - 1
        return at >= 0 and self._ends[at] >= last

    def has_all(self, others: "Numbers") -> bool:
        """Says whether all of the other numbers are there."""
        return all(map(self.has, others._starts, others._ends))


class Sent:
    """What one direction sent: `opened` numbers, and those that the other end `acknowledged`."""

    __slots__ = ("acknowledged", "opened")

    def __init__(self) -> None:
        self.opened = Numbers()
        self.acknowledged = Numbers()

    def is_whole(self) -> bool:
        """Says whether every packet that arrived was opened.

        One that is missing below the largest acknowledged number and was never acknowledged did not arrive, or never
        was; of those above, nobody knows. Numbers need not begin at 0: some senders count through all spaces.
        """
        opened, acknowledged = self.opened, self.acknowledged
        if opened.full or acknowledged.full or not opened.has_all(acknowledged):
            return False
        known = max(acknowledged.largest + 1, opened.smallest)
        return opened.largest < known or opened.has(known, opened.largest)
