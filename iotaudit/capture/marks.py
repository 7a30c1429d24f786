"""Scenario marks: packet comments, and `marks.jsonl` of a recording folder.

See docs/formats/recording-folder.md (`{time, step, text}` a line) and docs/formats/pcapng.md (`iotaudit:step=<id> <text>`).
"""

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from iotaudit.codec.guard import Fault, guarded
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
    marks: list[Mark] = []
    unread = 0
    for line in data.splitlines():
        if not line.strip():
            continue
        row = guarded("marks", json.loads, line)
        mark = None if isinstance(row, Fault) else _mark(row)
        if mark is None or len(marks) >= MARKS:
            unread += 1
        else:
            marks.append(mark)
    return tuple(sorted(marks, key=lambda mark: (mark.time_ns, mark.step, mark.text))), unread


def _mark(row: Any) -> Mark | None:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        return None
    step, text = row.get("step"), row.get("text", "")
    time_ns = _time_ns(row.get("time"))
    if not isinstance(step, str) or not isinstance(text, str) or time_ns is None:
        return None
    return Mark(time_ns, step[:64], text[:TEXT_LEN], None)


def _time_ns(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Gives ns since the epoch of an RFC 3339 text; up to nine digits of a second are kept."""
    if not isinstance(value, str):
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", value)
    if match is None:
        return None
    zone = "+00:00" if match[3] in "Zz" else match[3]
    moment = guarded("marks", datetime.datetime.fromisoformat, match[1] + zone)
    if isinstance(moment, Fault):
        return None
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


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
