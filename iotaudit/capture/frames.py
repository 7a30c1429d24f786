"""What the readers of packet files share: a block of frames with its counts, and the checks of its clock."""

from dataclasses import dataclass, replace

import numpy as np

from iotaudit.model.flows import Column
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch

DISORDER_NS = 1_000_000_000
JUMP_NS = 3_600_000_000_000
"""A step back of more than DISORDER_NS, or forward of more than JUMP_NS, is called a jump of the clock."""


WIRE_LEN_MAX = (1 << 31) - 1
"""An original length is not believed beyond this (tshark cuts it there, too)."""


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch (None: a header alone), with what only the container tells of it.

    `truncated`: frames that a snap length cut. `dropped`: packets that the recorder says it lost so far, None
    where it says nothing. `link_types`: LINKTYPE_ values of all interfaces described so far. `others`,
    `others_len`: records that have a number but are no packets, and their bytes.
    """

    batch: FrameBatch | None
    truncated: int
    dropped: int | None
    link_types: tuple[int, ...]
    others: int = 0
    others_len: int = 0


class Clock:
    """Follows the time stamps of one section and reports where they go back or jump."""

    __slots__ = ("_index", "_last_ns", "_problems")

    def __init__(self, index: int, problems: ProblemTally) -> None:
        self._index = index
        self._problems = problems
        self._last_ns = -1

    @property
    def last_ns(self) -> int:
        """The last stamp seen, -1 none."""
        return self._last_ns

    def check(self, time_ns: Column, number: Column) -> None:
        """Takes the stamps of the next frames (-1: none) and their packet ids."""
        timed = np.flatnonzero(time_ns >= 0)
        if not len(timed):
            return
        times = time_ns if len(timed) == len(time_ns) else time_ns[timed]
        steps = np.diff(times, prepend=times[0] if self._last_ns < 0 else self._last_ns)
        self._last_ns = int(times[-1])
        back, ahead = steps < 0, steps > JUMP_NS
        if back.any():
            self._add("time_disorder", back, number[timed])
            far = steps < -DISORDER_NS
            self._add("clock_jump", far, number[timed], "backwards by more than a second")
        if ahead.any():
            self._add("clock_jump", ahead, number[timed], "forwards by more than an hour")

    def _add(self, kind: str, where: Column, number: Column, detail: str = "") -> None:
        found = np.flatnonzero(where)
        if len(found):
            packet = int(number[found[0]])
            self._problems.add(Problem(kind, self._index, packet, None, detail, len(found)))


def note(problems: ProblemTally, problem: Problem, bad: Column, number: Column) -> None:
    """Reports `problem` for the rows of the mask `bad`: with the first one's packet id, and their count."""
    found = np.flatnonzero(bad)
    if len(found):
        problems.add(replace(problem, packet=int(number[found[0]]), count=len(found)))


def numbers(index: int, before: int, count: int) -> Column:
    """Gives the packet ids of the next `count` packets after `before`: (count,) int64."""
    first = packet_id(index, before + 1)
    return np.arange(first, first + count, dtype=np.int64)
