"""What the patterns look at: when closed conversations of one device with one destination sent how much, never what."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from iotaudit.model.exposures import Measured

CHANGE_LEN = 10_000
"""Payload of one bin that counts as something that a device begins to do."""
PACKETS = 32
"""First packets of bursts that a fit cites."""


class Beat(NamedTuple):
    """One time bin with payload, seen from the device: bytes and packets up and down. `at` is in seconds.

    `first` is the first packet with payload, `is_up` says that the device sent it.
    """

    at: int
    up: int
    down: int
    ups: int
    downs: int
    first: int
    is_up: bool


class Burst(NamedTuple):
    """Beats with no long pause between them; `end` is that of the last bin."""

    begin: int
    end: int
    up: int
    down: int
    ups: int
    downs: int
    first: int
    is_up: bool
    beats: tuple[Beat, ...]

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Line:
    """One conversation. `dull`: its protocol or purpose is known and explains its rhythm (a tunnel, name look-ups)."""

    flow: str
    protocol: str
    dull: bool
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What else a device did, whether it could be read or not.

    `starts` are the seconds in which it began to speak in a new conversation, `ups` those in which it sent `CHANGE_LEN`
    or more outside; both sorted.
    """

    starts: tuple[int, ...] = ()
    ups: tuple[int, ...] = ()
    begin: int = 0
    end: int = 0


@dataclass(frozen=True)
class Talk:  # no slots: what several patterns ask for is worked out once
    """All closed conversations of a device with a destination. `width_s` is that of all bins.

    `steps` are the marked steps of the test with their times in seconds, `threshold` the payload above which an upload
    counts (the profile's).
    """

    device: str
    destination: str
    width_s: int
    lines: tuple[Line, ...]
    around: Around = Around()
    steps: tuple[tuple[str, float, float], ...] = ()
    threshold: int = 0

    @cached_property
    def lively(self) -> tuple[Line, ...]:
        """The lines whose rhythm says something."""
        return tuple(line for line in self.lines if not line.dull)

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """The beats of the lively lines as those of one."""
        return joined(self.lively)

    @cached_property
    def sent(self) -> int:
        """What the device sent in the lively lines."""
        return sum(beat.up for beat in self.beats)


@dataclass(frozen=True, slots=True)
class Fit:
    """A pattern that fits: the figures in words and as numbers, and the packets that show it."""

    words: str
    measured: Measured
    flows: tuple[str, ...]
    packets: tuple[int, ...]


def joined(lines: Sequence[Line]) -> tuple[Beat, ...]:
    """Gives the beats of several conversations as those of one."""
    if len(lines) <= 1:
        return lines[0].beats if lines else ()
    found: dict[int, Beat] = {}
    for line in lines:
        for beat in line.beats:
            old = found.get(beat.at)
            if old is not None:
                first = min(old, beat, key=lambda b: b.first)
                up, down, ups, downs = (old[k] + beat[k] for k in range(1, 5))
                found[beat.at] = Beat(beat.at, up, down, ups, downs, first.first, first.is_up)
            else:
                found[beat.at] = beat
    return tuple(found[at] for at in sorted(found))


def bursts(beats: Iterable[Beat], width_s: int, pause_s: int) -> list[Burst]:
    """Gives the bursts: a pause of more than `pause_s` without a beat ends one."""
    rows = tuple(beats)
    most = pause_s + width_s
    cuts = [i for i, (one, other) in enumerate(pairwise(rows), 1) if other[0] - one[0] > most]
    begins = [0, *cuts] if rows else []
    return [burst_of(rows[begin:end], width_s) for begin, end in zip(begins, [*cuts, len(rows)], strict=False)]


def burst_of(beats: Sequence[Beat], width_s: int) -> Burst:
    """Gives beats (at least one) as one burst."""
    head = beats[0]
    if len(beats) == 1:
        return Burst(head.at, head.at + width_s, *head[1:], (head,))
    _, up, down, ups, downs, *_ = map(sum, zip(*beats, strict=True))
    return Burst(head.at, beats[-1].at + width_s, up, down, ups, downs, head.first, head.is_up, tuple(beats))


def between(beats: Sequence[Beat], begin: int, end: int) -> Sequence[Beat]:
    """Gives the beats of a span; `beats` are in the order of time."""
    return beats[bisect_left(beats, begin, key=_at) : bisect_left(beats, end, key=_at)]


def _at(beat: Beat) -> int:
    return beat.at


def median(values: Sequence[float]) -> float:
    """Gives the middle of values (at least one), the lower one of two."""
    return sorted(values)[(len(values) - 1) // 2]


def fit(
    pattern: tuple[str, str], words: str, found: Sequence[Burst], lines: Sequence[Line], *, period_s: float | None = None
) -> Fit:
    """Gives a fit of a pattern (its id, and what fits) that rests on bursts of some conversations."""
    seconds = {beat.at for burst in found for beat in burst.beats}
    taken = tuple(line.flow for line in lines if any(beat.at in seconds for beat in line.beats))
    measured = Measured(
        pattern=pattern[0],
        fits=pattern[1],
        sent=sum(burst.up for burst in found),
        received=sum(burst.down for burst in found),
        duration_s=float(sum(burst.seconds for burst in found)),
        bursts=len(found),
        period_s=period_s,
        conversations=len(taken),
    )
    return Fit(words, measured, taken, tuple(sorted(burst.first for burst in found)[:PACKETS]))
