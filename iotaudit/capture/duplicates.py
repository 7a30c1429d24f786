"""Frames that were recorded twice: a mirror port that copies both ways in and out, or two interfaces of a bridge.

A copy has the same bytes and comes at once. What a host may honestly send twice in a moment is left out: broadcast,
multicast and whatever is not IP; and, where no IPv4 id tells two packets apart (IPv6, or the id 0 of many stacks),
all but TCP segments with data.
"""

from dataclasses import dataclass

import numpy as np

from iotaudit import native
from iotaudit.capture.network import IS_UDP_TUNNEL
from iotaudit.capture.walk import gather, number_at
from iotaudit.model.flows import Column
from iotaudit.model.problems import Problem
from iotaudit.model.raw import FrameBatch

WINDOW_FRAMES = 32
"""A copy is looked for among so many frames before."""
WINDOW_NS = 5_000_000
"""And not longer ago than this, where both have a time."""
COMPARED_LEN = 96
"""Bytes compared, with both lengths: link, network and transport headers, so the checksums of the rest too."""

_HASHED_LEN = 72
_SHORT_LEN = 48
_PRIMES = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
_IP_AT = np.full(512, -1, np.int64)
for _link_type, _offset in {
    0: 4,
    1: 14,
    12: 0,
    14: 0,
    101: 0,
    108: 4,
    113: 16,
    228: 0,
    229: 0,
    276: 20,
}.items():
    _IP_AT[_link_type] = _offset


@dataclass(frozen=True, slots=True)
class _Frames:
    """Frames that a copy may follow, newest last: a hash of the headers (a first guess), then what is compared."""

    guess: Column
    time_ns: Column
    wire_len: Column
    captured_len: Column
    head: Column

    @staticmethod
    def none() -> "_Frames":
        empty = np.zeros(0, np.int64)
        return _Frames(empty.astype(np.uint32), empty, empty, empty, np.zeros((0, COMPARED_LEN), np.uint8))


class DuplicateFrames:
    """Counts the copies in the batches of all inputs; those of each input come in their order."""

    __slots__ = ("_before", "_counts", "_firsts")

    def __init__(self) -> None:
        self._before: dict[int, _Frames] = {}
        self._counts: dict[int, int] = {}
        self._firsts: dict[int, int] = {}

    def feed(self, batch: FrameBatch) -> None:
        """Looks for frames of this batch that are copies of one of the frames before."""
        copies = self._copies(batch)
        if copies.any():
            found = int(batch.number[copies].min())
            self._counts[batch.input] = self._counts.get(batch.input, 0) + int(copies.sum())
            self._firsts.setdefault(batch.input, found)

    def problems(self) -> tuple[Problem, ...]:
        """Gives one problem per input that has copies, at the first of them."""
        return tuple(
            Problem("duplicate_frames", number, self._firsts[number], None, "same bytes at once", count)
            for number, count in sorted(self._counts.items())
        )

    def _copies(self, batch: FrameBatch) -> Column:
        """Gives a mask of the batch's frames; remembers the last ones for the next batch."""
        before = self._before.get(batch.input) or _Frames.none()
        old = len(before.guess)
        guess = np.concatenate((before.guess, guesses(batch)))
        time_ns = np.concatenate((before.time_ns, batch.time_ns))
        wire_len = np.concatenate((before.wire_len, batch.wire_len))
        captured_len = np.concatenate((before.captured_len, batch.captured_len))
        columns = (guess, time_ns, wire_len, captured_len)
        later = _later_ones(batch, before, columns)
        head = _heads(batch, before, later)
        copies = np.zeros(len(guess), bool)
        if len(later):
            copies[later[telling(batch.link_type[later - old], head, captured_len[later])]] = True
        last = np.arange(max(len(guess) - WINDOW_FRAMES, 0), len(guess))
        self._before[batch.input] = _Frames(
            guess[last], time_ns[last], wire_len[last], captured_len[last], _heads(batch, before, last)
        )
        return copies[old:]


def _later_ones(batch: FrameBatch, before: _Frames, columns: tuple[Column, Column, Column, Column]) -> Column:
    """Gives which frames of the batch repeat one of the frames before them, ascending.

    `columns` are guess, time_ns, wire_len and captured_len of the remembered frames and of the batch.
    """
    guess, time_ns, wire_len, captured_len = columns
    old = len(before.guess)
    engine = native.engine()
    if engine is not None:
        at = np.concatenate((np.zeros(old, np.int64), batch.frame_at))
        return np.flatnonzero(
            engine.find_copies(batch.buffer, (*columns, at), before.head, WINDOW_FRAMES, WINDOW_NS)
        )
    seen = np.zeros(len(guess), bool)
    for lag in range(1, min(WINDOW_FRAMES, len(guess) - 1) + 1):
        later = np.flatnonzero(guess[lag:] == guess[:-lag]) + lag
        later = later[(later >= old) & ~seen[later]]
        if not len(later):
            continue
        earlier = later - lag
        near = np.abs(time_ns[later] - time_ns[earlier]) <= WINDOW_NS
        near |= (time_ns[later] < 0) | (time_ns[earlier] < 0)
        near &= (wire_len[later] == wire_len[earlier]) & (captured_len[later] == captured_len[earlier])
        later, earlier = later[near], earlier[near]
        same = (_heads(batch, before, later) == _heads(batch, before, earlier)).all(axis=1)
        seen[later[same]] = True
    return np.flatnonzero(seen)


def guesses(batch: FrameBatch) -> Column:
    """Gives a 32-bit hash of each frame's headers; that two are equal proves nothing."""
    engine = native.engine()
    if engine is not None:
        return engine.frames(batch, IS_UDP_TUNNEL).guess
    window = gather(batch.buffer, batch.frame_at, _HASHED_LEN)
    short = np.flatnonzero(batch.captured_len < _SHORT_LEN)
    if len(short):
        window[short] *= np.arange(_HASHED_LEN) < batch.captured_len[short, None]
    words = window.view(np.uint64)
    value = batch.captured_len.astype(np.uint64)
    for i in range(_SHORT_LEN // 8):
        value ^= words[:, i]
        value *= np.uint64(_PRIMES[i % len(_PRIMES)])
    rest = words[:, 7] * np.uint64(_PRIMES[2])
    rest ^= words[:, 8]
    rest *= batch.captured_len >= _HASHED_LEN
    value ^= rest
    value *= np.uint64(_PRIMES[3])
    return (value >> np.uint64(32)).astype(np.uint32)


def _heads(batch: FrameBatch, before: _Frames, which: Column) -> Column:
    """Gives the compared bytes of frames, (n, COMPARED_LEN) uint8, zero past the captured length.

    `which` counts the remembered frames first, then those of the batch.
    """
    old = len(before.guess)
    head = np.empty((len(which), COMPARED_LEN), np.uint8)
    remembered = which < old
    head[remembered] = before.head[which[remembered]]
    mine = which[~remembered] - old
    head[~remembered] = heads(batch, mine)
    return head


def heads(batch: FrameBatch, rows: Column) -> Column:
    """Gives the compared bytes of some frames of a batch, (n, COMPARED_LEN) uint8, zero past the captured length."""
    head = gather(batch.buffer, batch.frame_at[rows], COMPARED_LEN)
    head *= np.arange(COMPARED_LEN) < batch.captured_len[rows, None]
    return head


def telling(link_type: Column, head: Column, captured: Column) -> Column:
    """Gives a mask of frames whose repetition is no host's own: unicast IP with an id, or TCP with data."""
    rows = np.arange(len(head))
    start = _IP_AT[np.minimum(link_type, len(_IP_AT) - 1)]
    ethernet = link_type == 1
    start = start + 4 * (ethernet & (number_at(head, 12, 2) == 0x8100))
    known = start >= 0
    at = np.maximum(start, 0)
    version = np.where(known, head[rows, at] >> 4, 0)
    unicast = ~(ethernet & ((head[:, 0] & 1) == 1))
    unicast &= np.where(version == 4, head[rows, at + 16] < 224, head[rows, at + 24] != 0xFF)
    has_id = (version == 4) & ((head[rows, at + 4] != 0) | (head[rows, at + 5] != 0))
    header = np.where(version == 4, (head[rows, at] & 0x0F).astype(np.int64) * 4, 40)
    protocol = np.where(version == 4, head[rows, at + 9], head[rows, at + 6])
    length = np.where(
        version == 4,
        head[rows, at + 2].astype(np.int64) << 8 | head[rows, at + 3],
        40 + (head[rows, at + 4].astype(np.int64) << 8 | head[rows, at + 5]),
    )
    offset_at = np.minimum(at + header + 12, COMPARED_LEN - 1)
    data = length - header - (head[rows, offset_at] >> 4).astype(np.int64) * 4
    has_data = (protocol == 6) & (data > 0) & (at + header + 20 <= captured)
    return known & np.isin(version, (4, 6)) & unicast & (has_id | has_data)
