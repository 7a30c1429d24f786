"""What changed while a marked step of the test ran, destination by destination: rates inside against rates outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iotaudit.judge.steps import steps_of
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.shapes import StepChange

NS = 1_000_000_000
FACTOR = 2
"""A rate that differs by less from that of the rest counts as the same."""
LEAST_S = 1.0
"""Time that there must be before a step, or beside it, to compare it with."""
NEVER = float("inf")

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Amount:
    """Payload of the audited devices with one destination in one time bin; `end_s` is where the bin ends."""

    end_s: int
    sent: int
    received: int
    packet: int


def spans_of(marks: Iterable[Mark]) -> tuple[tuple[str, float, float], ...]:
    """Gives the marked steps in the order of time, in seconds; the last one never ends."""
    return tuple(
        (step.name, step.start_ns / NS, NEVER if step.end_ns is None else step.end_ns / NS) for step in steps_of(marks)
    )


def covered_of(inputs: Iterable[InputFacts]) -> tuple[Span, ...]:
    """Gives the times that the inputs cover together, in seconds."""
    found: list[Span] = []
    for begin, end in sorted((row.first_ns / NS, row.last_ns / NS) for row in inputs if row.first_ns >= 0):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return tuple(found)


def changes_of(
    steps: Sequence[tuple[str, float, float]],
    covered: Sequence[Span],
    amounts: Iterable[tuple[str, Sequence[Amount]]],
) -> tuple[StepChange, ...]:
    """Gives a row for each step and destination that was spoken with at any time, by step and destination.

    A bin counts to the step in which it ends, so a step may seem to begin up to a bin's width early.

    Args:
        steps: as `spans_of` gives them.
        covered: as `covered_of` gives them.
        amounts: destinations with what was sent and received in the order of time.
    """
    by_step: dict[str, list[Span]] = {}
    for step, begin, end in steps:
        by_step.setdefault(step, []).append((begin, end))
    rows = [row for destination, bins in amounts for row in _rows(by_step, covered, destination, bins)]
    order = {step: at for at, step in enumerate(by_step)}
    return tuple(sorted(rows, key=lambda row: (order[row.step], len(row.destination), row.destination)))


def _rows(
    by_step: dict[str, list[Span]], covered: Sequence[Span], destination: str, bins: Sequence[Amount]
) -> Iterable[StepChange]:
    total = sum(end - begin for begin, end in covered)
    for step, spans in by_step.items():
        inside = [row for row in bins if any(begin < row.end_s <= end for begin, end in spans)]
        step_s = sum(max(0.0, min(end, e) - max(begin, b)) for begin, end in spans for b, e in covered)
        sent, received = sum(row.sent for row in inside), sum(row.received for row in inside)
        rest = sum(row.sent for row in bins) - sent, sum(row.received for row in bins) - received
        is_first = bool(inside) and bins[0] is inside[0]
        has_before = bool(covered) and spans[0][0] - covered[0][0] >= LEAST_S
        rest_s = max(0.0, total - step_s)
        if is_first and has_before:
            state = "new"
        elif step_s < LEAST_S or rest_s < LEAST_S:
            state = "unknown"
        else:
            state = _state((sent, received), rest, step_s / rest_s)
        packet = min((row.packet for row in inside), default=None)
        yield StepChange(step, destination, state, step_s, rest_s, sent, rest[0], received, rest[1], packet)


def _state(inside: tuple[int, int], rest: tuple[int, int], share: float) -> str:
    """Says how what was sent (received, where nothing ever was) compares; `share` is the step's time over the rest's."""
    if not any(inside):
        return "silent"
    here, there = (inside[0], rest[0]) if inside[0] or rest[0] else (inside[1], rest[1])
    expected = there * share
    if here >= FACTOR * expected:
        return "more"
    return "less" if FACTOR * here <= expected else "same"
