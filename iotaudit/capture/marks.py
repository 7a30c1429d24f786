"""Scenario marks: packet comments, and `marks.jsonl` of a recording folder.

See docs/formats/recording-folder.md (`{time, step, text}` a line) and docs/formats/pcapng.md (`iotaudit:step=<id> <text>`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from iotaudit.codec import json_lines, rfc3339
from iotaudit.model.inputs import Mark
from iotaudit.model.raw import FrameBatch

COMMENT = re.compile(r"iotaudit:step=([a-z][a-z0-9_]{0,63})(?:[ \t]+(.*))?", re.DOTALL)
TEXT_LEN = 1000
MARKS = 10_000
"""Marks of one recording that are kept."""


def read_comment(comment: bytes, packet: int, time_ns: int) -> Mark | None:
    """Gives the mark that a packet comment holds, None where it is any other comment."""
    match = COMMENT.fullmatch(comment.decode("utf-8", "replace").strip())
    if match is None:
        return None
    return Mark(time_ns, match[1], (match[2] or "").strip()[:TEXT_LEN], packet)


def read_lines(data: bytes) -> tuple[tuple[Mark, ...], int]:
    """Gives the marks of a `marks.jsonl` in the order of time, and how many lines could not be read."""
    marks, unread = json_lines.read(data, json.loads, _mark, MARKS)
    return tuple(sorted(marks, key=lambda mark: (mark.time_ns, mark.step, mark.text))), unread


def _mark(row: Any) -> Mark | None:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        return None
    time, step, text = row.get("time"), row.get("step"), row.get("text", "")
    if not isinstance(time, str) or not isinstance(step, str) or not isinstance(text, str):
        return None
    time_ns = rfc3339.nanoseconds(time)
    if time_ns is None:
        return None
    return Mark(time_ns, step[:64], text[:TEXT_LEN], None)


class MarkQueue:
    """Gives each mark of a recording once: with the first packet at or after it, or its comment's."""

    def __init__(self, marks: tuple[Mark, ...]) -> None:
        self._waiting = list(marks)
        self._given: Counter[tuple[str, str]] = Counter()

    def reach(self, batch: FrameBatch) -> Iterator[Mark]:
        """Gives the waiting marks that a packet of this batch is the first to follow."""
        if not self._waiting or not len(batch.time_ns):
            return
        latest = int(batch.time_ns.max())
        while self._waiting and self._waiting[0].time_ns <= latest:
            mark = self._waiting.pop(0)
            row = int(np.argmax(batch.time_ns >= mark.time_ns))
            yield self._give(Mark(mark.time_ns, mark.step, mark.text, int(batch.number[row])))

    def comment(self, mark: Mark) -> Iterator[Mark]:
        """Gives the mark of a packet comment, unless it is one that was given already."""
        key = (mark.step, mark.text)
        if self._given[key] > 0:
            self._given[key] -= 1
            return
        for waiting in self._waiting:
            if (waiting.step, waiting.text) == key:
                self._waiting.remove(waiting)
                break
        yield mark

    def rest(self) -> Iterator[Mark]:
        """Gives the marks after which there was no packet."""
        while self._waiting:
            yield self._waiting.pop(0)

    def _give(self, mark: Mark) -> Mark:
        self._given[mark.step, mark.text] += 1
        return mark
