"""Copies of a mirror port, and what only looks like one."""

import numpy as np
import pytest

from iotaudit.capture.duplicates import WINDOW_FRAMES, DuplicateFrames
from iotaudit.model.problems import Problem
from iotaudit.model.raw import FrameBatch
from tests.capture.frames import batch_of, ethernet, ipv4, ipv6, tcp, udp

MS = 1_000_000


def copies(*batches: FrameBatch) -> list[tuple[int, int | None, int]]:
    duplicates = DuplicateFrames()
    for batch in batches:
        duplicates.feed(batch)
    return [(p.input, p.packet, p.count) for p in duplicates.problems()]


def packet(number: int, data: bytes = b"data") -> bytes:
    return ethernet(ipv4(udp(data), number=number))


def test_pass_every_frame_recorded_twice_is_counted() -> None:
    frames = [frame for number in range(1, 101) for frame in [packet(number)] * 2]
    duplicates = DuplicateFrames()
    duplicates.feed(batch_of(frames))
    assert duplicates.problems() == (
        Problem("duplicate_frames", 0, 2, None, "same bytes at once", count=100, loses_payload=False),
    )


@pytest.mark.parametrize("times", [2, 3, 4])
def test_a_frame_counts_once_for_each_copy(times: int) -> None:
    assert copies(batch_of([packet(1)] * times)) == [(0, 2, times - 1)]


def test_fail_no_copies_no_problem() -> None:
    assert copies(batch_of([packet(number) for number in range(1, 200)])) == []


def test_a_copy_is_found_across_batches_but_not_across_inputs() -> None:
    first, second = batch_of([packet(1), packet(2)]), batch_of([packet(2), packet(3)], first=3)
    assert copies(first, second) == [(0, 3, 1)]
    assert copies(first, batch_of([packet(2)], input_index=1)) == []


def test_each_input_has_its_own_row() -> None:
    pair = [packet(1), packet(1)]
    assert copies(batch_of(pair), batch_of(pair, input_index=1)) == [(0, 2, 1), (1, 1 << 40 | 2, 1)]


def test_a_copy_comes_within_the_window() -> None:
    between = [packet(number) for number in range(100, 100 + WINDOW_FRAMES)]
    assert copies(batch_of([packet(1), *between[1:], packet(1)])) == [(0, WINDOW_FRAMES + 1, 1)]
    assert copies(batch_of([packet(1), *between, packet(1)])) == []


def test_a_copy_comes_at_once_where_times_are_known() -> None:
    pair = [packet(1), packet(1)]
    assert copies(batch_of(pair, time_ns=np.array([0, 5 * MS]))) == [(0, 2, 1)]
    assert copies(batch_of(pair, time_ns=np.array([0, 6 * MS]))) == []
    assert copies(batch_of(pair, time_ns=np.array([5 * MS, 0]))) == [(0, 2, 1)]
    assert copies(batch_of(pair, time_ns=np.array([-1, 6 * MS]))) == [(0, 2, 1)]


@pytest.mark.parametrize("at", [0, 13, 19, 25, 33, 40, 45, 60, 80, 95])
def test_fail_one_other_byte_in_the_headers_makes_another_frame(at: int) -> None:
    one = packet(1, bytes(100))
    other = bytearray(one)
    other[at] ^= 0x10
    assert copies(batch_of([one, bytes(other)])) == []


def test_fail_another_length_makes_another_frame() -> None:
    one = packet(1, bytes(200))
    assert copies(batch_of([one, one[:150]])) == []
    assert copies(batch_of([one[:100], one[:100]], wire_len=[242, 300])) == []


def test_short_frames_are_compared_without_their_neighbours_bytes() -> None:
    short = packet(1)[:40]
    assert copies(batch_of([short, packet(5), short, packet(6)], wire_len=[46] * 4)) == [(0, 3, 1)]


BROADCAST = b"\xff" * 6
HONEST = {
    "arp": ethernet(bytes(28), 0x0806),
    "eapol": ethernet(b"\2\3\0\x5f" + bytes(95), 0x888E),
    "broadcast": ethernet(ipv4(udp()), dst=BROADCAST),
    "multicast": ethernet(ipv4(udp(), dst=bytes((239, 255, 255, 250))), dst=bytes.fromhex("01005e7ffffa")),
    "multicast address alone": ethernet(ipv4(udp(), dst=bytes((224, 0, 0, 1)))),
    "udp without an id": ethernet(ipv4(udp(), number=0)),
    "acknowledgement without an id": ethernet(ipv4(tcp(flags=0x10), 6, number=0)),
    "udp over ipv6": ethernet(ipv6(udp()), 0x86DD),
    "acknowledgement over ipv6": ethernet(ipv6(tcp(flags=0x10), 6), 0x86DD),
}


@pytest.mark.parametrize("frame", HONEST.values(), ids=HONEST.keys())
def test_inconclusive_what_a_host_may_repeat_is_not_counted(frame: bytes) -> None:
    assert copies(batch_of([frame, frame])) == []


TOLD = {
    "acknowledgement with an id": (1, ethernet(ipv4(tcp(flags=0x10), 6))),
    "data over ipv6": (1, ethernet(ipv6(tcp(b"data"), 6), 0x86DD)),
    "data without an id": (1, ethernet(ipv4(tcp(b"data"), 6, number=0))),
    "tagged": (1, ethernet(b"\0\5\x08\0" + ipv4(udp()), 0x8100)),
    "raw": (101, ipv4(udp())),
    "cooked": (113, b"\0\4\0\1\0\6" + bytes(8) + b"\x08\0" + ipv4(udp())),
}


@pytest.mark.parametrize(("link_type", "frame"), TOLD.values(), ids=TOLD.keys())
def test_pass_copies_of_unicast_packets_are_counted(link_type: int, frame: bytes) -> None:
    assert copies(batch_of([frame, frame], link_type=link_type)) == [(0, 2, 1)]


def test_empty_batches_and_unknown_link_types_are_fine() -> None:
    assert copies(batch_of([]), batch_of([packet(1)] * 2, link_type=70000), batch_of([b"", b""])) == []
