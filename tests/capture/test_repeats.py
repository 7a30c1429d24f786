"""Frames that two inputs hold."""

import numpy as np
import pytest

from iotaudit.capture.repeats import APART_NS, REMEMBERED, RepeatedFrames
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem
from iotaudit.model.raw import FrameBatch
from tests.capture.frames import batch_of, ethernet, ipv4, ipv6, tcp, udp

MS = 1_000_000


def packet(number: int) -> bytes:
    return ethernet(ipv4(udp(b"data"), number=number))


def seen(frames: list[bytes], *, index: int = 0, first: int = 1, times: list[int] | None = None) -> FrameBatch:
    """A batch of an input, all frames at time 0 unless said otherwise."""
    stamps = np.array(times if times is not None else [0] * len(frames), np.int64)
    return batch_of(frames, input_index=index, first=first, time_ns=stamps)


def found(*batches: FrameBatch) -> list[tuple[int, int, str, int]]:
    repeats = RepeatedFrames(["lan0", "lan1", "lan2"])
    for batch in batches:
        repeats.feed(batch)
    return [(p.input, p.packet or 0, p.detail, p.count) for p in repeats.problems()]


def test_pass_frames_of_both_inputs_are_counted_at_the_first_one() -> None:
    repeats = RepeatedFrames(["lan0", "lan1"])
    repeats.feed(seen([packet(1), packet(2), packet(3)]))
    repeats.feed(seen([packet(9), packet(2), packet(3)], index=1))
    assert repeats.problems() == (
        Problem("duplicate_frames", 1, packet_id(1, 2), None, "also in lan0", 2, loses_payload=False),
    )


def test_fail_other_frames_and_those_of_the_same_input_are_none() -> None:
    assert found(seen([packet(1), packet(1)]), seen([packet(2)], index=1)) == []


def test_batches_in_turns_find_those_of_the_other() -> None:
    turns = [seen([packet(number)], index=index, first=number) for number in range(1, 5) for index in (0, 1)]
    assert found(*turns) == [(1, packet_id(1, 1), "also in lan0", 4)]


def test_a_frame_in_three_inputs_counts_for_each_pair() -> None:
    batches = (seen([packet(1)], index=index) for index in range(3))
    assert [(index, detail) for index, _, detail, _ in found(*batches)] == [
        (1, "also in lan0"),
        (2, "also in lan0"),
        (2, "also in lan1"),
    ]


@pytest.mark.parametrize(("apart_ns", "count"), [(0, 1), (APART_NS, 1), (APART_NS + 1, 0), (-APART_NS, 1), (-APART_NS - 1, 0)])
def test_a_repeat_comes_at_about_the_same_time(apart_ns: int, count: int) -> None:
    first, second = seen([packet(1)], times=[10**12]), seen([packet(1)], index=1, times=[10**12 + apart_ns])
    assert len(found(first, second)) == count


@pytest.mark.parametrize("times", [([-1], [5]), ([5], [-1]), ([-1], [-1])])
def test_inconclusive_frames_without_a_time_are_not_matched(times: tuple[list[int], list[int]]) -> None:
    assert found(seen([packet(1)], times=times[0]), seen([packet(1)], index=1, times=times[1])) == []


@pytest.mark.parametrize(
    "frame",
    [
        ethernet(ipv4(udp(b"data"), number=0)),
        ethernet(ipv6(tcp(b""), 6)),
        ethernet(ipv4(udp(b"data"), number=3), dst=b"\xff" * 6),
        ethernet(b"\0" * 28, 0x0806),
    ],
    ids=["no id", "an acknowledgement", "broadcast", "ARP"],
)
def test_inconclusive_what_a_host_may_send_twice_is_not_counted(frame: bytes) -> None:
    assert found(seen([frame]), seen([frame], index=1)) == []


def test_fail_one_other_byte_makes_another_frame() -> None:
    changed = bytearray(packet(1))
    changed[40] ^= 1
    assert found(seen([packet(1)]), seen([bytes(changed)], index=1)) == []


def test_only_the_last_frames_are_remembered() -> None:
    many = [packet(1)] + [packet(2 + number % 60_000) for number in range(REMEMBERED)]
    second = seen([packet(1), packet(2)], index=1, times=[0, 0])
    first = seen(many, times=[0] * len(many))
    assert found(first, second) == [(1, packet_id(1, 2), "also in lan0", 1)]


def test_empty_batches_are_fine() -> None:
    assert found(seen([]), seen([], index=1)) == []
