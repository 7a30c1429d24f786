"""The marked steps of a test with their times: each ends where the next one begins."""

from collections.abc import Iterable
from dataclasses import dataclass

from iotaudit.model.inputs import Mark


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a step; `end_ns` is None for the last one, which lasts to the end of the recording."""

    name: str
    start_ns: int
    end_ns: int | None


def steps_of(marks: Iterable[Mark]) -> tuple[Step, ...]:
    """Gives the steps in the order of time; of marks of one moment the last one counts."""
    begins = sorted((mark.time_ns, mark.step) for mark in marks if mark.step)
    ends = (*(begin for begin, _ in begins[1:]), None)
    return tuple(
        Step(name, begin, end) for (begin, name), end in zip(begins, ends, strict=False) if end is None or end > begin
    )


def step_at(steps: Iterable[Step], time_ns: int) -> str | None:
    """Gives the name of the step that ran at a moment, None before the first one."""
    return next(
        (step.name for step in steps if step.start_ns <= time_ns and (step.end_ns is None or time_ns < step.end_ns)),
        None,
    )
