"""Frames that two inputs hold: two ports of one lab recorded at once, or files of a ring that overlap.

A repeat has the same bytes at about the same time. As with copies within one input (`duplicates`), what a host may
honestly send twice is left out. The frames are counted as recorded; this only says how many there are.
"""

from collections.abc import Sequence

import numpy as np

from iotaudit.capture.duplicates import guesses, heads, telling
from iotaudit.model.flows import Column
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem
from iotaudit.model.raw import FrameBatch

REMEMBERED = 1 << 15
"""Frames of each input that a repeat may be one of."""
APART_NS = 50_000_000
"""How far apart the two may be: recorders of one host see a frame within this, other clocks are rarely so near."""
TRIED = 8
"""Frames with equal hashes that are compared with each frame."""
_COMPARED = ("guess", "time_ns", "wire_len", "captured_len")


class RepeatedFrames:
    """Counts what batches of one input have in common with those of others, given in the order of time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._before: dict[int, dict[str, Column]] = {}
        self._found: dict[tuple[int, int], tuple[int, int]] = {}

    def feed(self, batch: FrameBatch) -> None:
        """Looks for frames of this batch among the last ones of other inputs."""
        if not len(batch.number):
            return
        mine = {
            "guess": guesses(batch),
            "time_ns": batch.time_ns,
            "wire_len": batch.wire_len,
            "captured_len": batch.captured_len,
        }
        for other in sorted(self._before):
            if other != batch.input:
                self._compare(batch, mine, other)
        self._remember(batch, mine)

    def problems(self) -> tuple[Problem, ...]:
        """Gives one problem for each pair of inputs that share frames, at the first of them."""
        return tuple(
            Problem("duplicate_frames", one, packet, None, f"also in {self._names[other]}", count)
            for (one, other), (packet, count) in sorted(self._found.items())
        )

    def _compare(self, batch: FrameBatch, mine: dict[str, Column], other: int) -> None:
        theirs = self._before[other]
        if int(theirs["time_ns"].max()) < int(batch.time_ns.min()) - APART_NS:
            return
        begin: Column = np.searchsorted(theirs["guess"], mine["guess"], "left")
        end: Column = np.searchsorted(theirs["guess"], mine["guess"], "right")
        same = np.zeros(len(batch.number), bool)
        for lag in range(TRIED):
            rows = np.flatnonzero((begin + lag < end) & ~same)
            if not len(rows):
                break
            at = begin[rows] + lag
            near = np.abs(mine["time_ns"][rows] - theirs["time_ns"][at]) <= APART_NS
            near &= (mine["time_ns"][rows] >= 0) & (theirs["time_ns"][at] >= 0)
            for name in ("wire_len", "captured_len"):
                near &= mine[name][rows] == theirs[name][at]
            rows, at = rows[near], at[near]
            same[rows] = (heads(batch, rows) == theirs["head"][at]).all(axis=1)
        found = np.flatnonzero(same)
        if not len(found):
            return
        found = found[telling(batch.link_type[found], heads(batch, found), batch.captured_len[found])]
        if len(found):
            packet, count = self._found.get((batch.input, other), (packet_id(batch.input + 1, 0), 0))
            first = min(packet, int(batch.number[found].min()))
            self._found[batch.input, other] = first, count + len(found)

    def _remember(self, batch: FrameBatch, mine: dict[str, Column]) -> None:
        last = slice(max(len(batch.number) - REMEMBERED, 0), None)
        rows = {name: mine[name][last] for name in _COMPARED}
        rows["head"] = heads(batch, np.arange(len(batch.number))[last])
        rows["number"] = batch.number[last]
        before = self._before.get(batch.input)
        if before is not None:
            rows = {name: np.concatenate((before[name], column)) for name, column in rows.items()}
        newest = np.argsort(rows["number"], kind="stable")[-REMEMBERED:]
        newest = newest[np.argsort(rows["guess"][newest], kind="stable")]
        self._before[batch.input] = {name: column[newest] for name, column in rows.items()}
