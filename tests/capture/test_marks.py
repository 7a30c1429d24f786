"""Scenario marks: comments, lines of a recording, and each mark once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.capture.marks import MarkQueue, read_comment, read_lines
from iotaudit.model.inputs import Mark
from iotaudit.model.raw import FrameBatch


def batch(*seconds: int) -> FrameBatch:
    count = len(seconds)
    zeros = np.zeros(count, np.int64)
    stamps = np.array(seconds, np.int64) * 10**9
    numbers = np.arange(1, count + 1)
    return FrameBatch(0, numbers, stamps, zeros, zeros, zeros, zeros, zeros, np.zeros(256, np.uint8))


def mark(second: int, step: str = "idle", text: str = "", packet: int | None = None) -> Mark:
    return Mark(second * 10**9, step, text, packet)


def test_pass_a_comment_of_the_form_is_a_mark() -> None:
    assert read_comment(b"iotaudit:step=camera_use look around\n", 7, 5) == Mark(
        5, "camera_use", "look around", 7
    )
    assert read_comment(b"iotaudit:step=idle", 7, 5) == Mark(5, "idle", "", 7)


@pytest.mark.parametrize(
    "text", [b"", b"step=idle", b"iotaudit:step=", b"iotaudit:step=Idle!x", b"see iotaudit:step=a"]
)
def test_fail_any_other_comment_is_none(text: bytes) -> None:
    assert read_comment(text, 1, 1) is None


@pytest.mark.parametrize(
    ("time", "time_ns"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.000000007Z", 1_000_000_007),
        ("1970-01-01T01:00:01.5+01:00", 1_500_000_000),
    ],
)
def test_pass_lines_have_times_to_the_nanosecond(time: str, time_ns: int) -> None:
    line = f'{{"time": "{time}", "step": "idle", "text": "x"}}\n'
    assert read_lines(line.encode()) == ((Mark(time_ns, "idle", "x", None),), 0)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"time": 5, "step": "idle"}',
        '{"time": "2023-13-45T00:00:00Z", "step": "idle"}',
        '{"time": "2023-01-01T00:00:00Z", "step": 5}',
        "[" * 100_000,
    ],
)
def test_fail_other_lines_are_counted(line: str) -> None:
    assert read_lines(line.encode()) == ((), 1)


def test_pass_a_mark_is_given_with_the_first_packet_at_or_after_it() -> None:
    queue = MarkQueue((mark(5), mark(12), mark(99)))
    assert list(queue.reach(batch(1, 4))) == []
    assert list(queue.reach(batch(4, 5, 6))) == [mark(5, packet=2)]
    assert list(queue.reach(batch(11, 20))) == [mark(12, packet=2)]
    assert list(queue.rest()) == [mark(99)]


def test_pass_a_mark_that_is_also_a_comment_is_given_once() -> None:
    queue = MarkQueue((mark(5, text="a"), mark(12, text="b")))
    assert list(queue.comment(mark(6, text="a", packet=1))) == [mark(6, text="a", packet=1)]
    assert list(queue.reach(batch(20))) == [mark(12, text="b", packet=1)]
    assert list(queue.comment(mark(20, text="b", packet=1))) == []
    assert list(queue.comment(mark(21, text="b", packet=2))) == [mark(21, text="b", packet=2)]
    assert list(queue.rest()) == []


@given(st.binary(max_size=200))
def test_any_bytes_give_marks_or_a_count(data: bytes) -> None:
    marks, unread = read_lines(data)
    assert len(marks) + unread <= len(data)
