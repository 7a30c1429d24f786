"""What recorders write into their pipe becomes whole pcapng blocks, however it is cut."""

import contextlib
import io
import itertools
import struct
import time

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture.live import device
from iotaudit.capture.live.pcapng import Source
from iotaudit.capture.live.stream import LATE_S, Stream
from iotaudit.errors import InputError

FRAME = bytes.fromhex("525400123456 525400aaaaaa 0800") + b"\x45payload"
SECOND = 1_000_000_000


def classic(order: str, magic: int, records: int, tail: bytes = b"") -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    one = struct.pack(f"{order}4I", 1_700_000_000, 123, len(FRAME), 1500) + FRAME
    return head + one * records + tail


def block(order: str, kind: int, body: bytes) -> bytes:
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def foreign(order: str, packets: int) -> bytes:
    """Gives a pcapng of another program: two interfaces, microseconds, statistics at the end."""
    section = block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(order, 1, struct.pack(f"{order}HHI", 1, 0, 65535))
    frame = FRAME + bytes(-len(FRAME) % 4)
    one = block(order, 6, struct.pack(f"{order}5I", 1, 0, 7, len(FRAME), 1500) + frame)
    return section + interface * 2 + one * packets + block(order, 5, struct.pack(f"{order}3I", 0, 0, 9))


def whole(stream: Stream, data: bytes, cuts: tuple[int, ...] = ()) -> bytes:
    """Gives the file that a stream becomes, fed in pieces."""
    places = [0, *sorted(cuts), len(data)]
    blocks = b"".join(stream.feed(data[a:b]) for a, b in itertools.pairwise(places))
    return stream.head + blocks


def of(*, plain: bool = True, own_clock: bool = True) -> Stream:
    return Stream(Source("lan0", "veth", "port 53", "iotaudit 1", "Linux"), own_clock=own_clock, plain=plain)


@pytest.mark.parametrize(
    ("order", "magic", "digits"),
    [("<", 0xA1B2C3D4, 6), (">", 0xA1B2C3D4, 6), ("<", 0xA1B23C4D, 9), (">", 0xA1B23C4D, 9)],
)
def test_every_order_and_resolution_is_taken(order: str, magic: int, digits: int) -> None:
    stream = of()
    data = whole(stream, classic(order, magic, 3))
    packets = list(dpkt.pcapng.Reader(io.BytesIO(data)))
    assert stream.packets == len(packets) == 3
    assert {bytes(frame) for _, frame in packets} == {FRAME}
    # option 9 (if_tsresol), 1 byte; then the stamp of the first packet, its upper half first
    assert struct.pack("<HHI", 9, 1, digits) in data
    high, low = divmod(1_700_000_000 * 10**digits + 123, 1 << 32)
    assert struct.pack("<III", 0, high, low) + struct.pack("<II", len(FRAME), 1500) + FRAME in data
    assert stream.order == "<"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=8), st.sampled_from([classic("<", 0xA1B2C3D4, 4), foreign("<", 4)]))
def test_however_it_is_cut_it_becomes_the_same(cuts: list[int], data: bytes) -> None:
    wanted = whole(of(plain=False), data)
    assert whole(of(plain=False), data, tuple(min(cut, len(data)) for cut in cuts)) == wanted


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", classic("<", 0xA1B2C3D4, 1), foreign("<", 1), foreign(">", 1)]))
def test_any_bytes_give_blocks_or_an_input_error(tail: bytes, head: bytes) -> None:
    stream = of(plain=False)
    with contextlib.suppress(InputError):
        stream.feed(head)
        stream.feed(tail)
    assert stream.packets <= 400


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_foreign_pcapng_stays_as_it_is(order: str) -> None:
    data = foreign(order, 3)
    stream = of(plain=False, own_clock=False)
    assert whole(stream, data) == data
    assert (stream.packets, stream.order) == (3, order)


def test_a_mark_of_a_foreign_pcapng_is_on_the_next_packet() -> None:
    for order in ("<", ">"):
        stream = of(plain=False, own_clock=False)
        stream.mark("iotaudit:step=idle x", time.time_ns())
        data = whole(stream, foreign(order, 2))
        text = b"iotaudit:step=idle x"
        assert data.count(struct.pack(f"{order}HH", 1, len(text)) + text) == 1
        assert len(list(dpkt.pcapng.Reader(io.BytesIO(data)))) == 2


def test_dumpcaps_head_becomes_ours_with_its_resolution() -> None:
    interface = struct.pack("<HHI", 1, 0, 65535) + struct.pack("<HHI", 9, 1, 9) + bytes(4)
    section = block("<", 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    packet = block("<", 6, struct.pack("<5I", 0, 0, 5, 4, 4) + b"abcd")
    stream = of()
    data = whole(stream, section + block("<", 1, interface) + packet + block("<", 5, struct.pack("<3I", 0, 0, 9)))
    assert stream.digits == 9
    assert struct.pack("<HH", 2, 4) + b"lan0" in data  # if_name
    assert struct.pack("<HH", 3, 4) + b"veth" in data  # if_description
    assert b"\0port 53" in data  # if_filter
    assert data.endswith(packet)  # its statistics are left out: ours come at the end


def test_marks_stand_on_the_first_packet_at_or_after_them() -> None:
    def record(second: int) -> bytes:
        return struct.pack("<4I", second, 0, 4, 4) + b"abcd"

    stream = of()
    stream.feed(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
    stream.mark("first", 10 * SECOND)
    stream.mark("second", 10 * SECOND)
    assert b"first" not in stream.feed(record(9))
    blocks = stream.feed(record(10) + record(11))
    assert (blocks.count(b"first"), blocks.count(b"second")) == (1, 1)
    assert blocks.index(b"first") < blocks.index(b"second") < 4 * 28 + 40
    assert blocks.index(b"second") < blocks.index(struct.pack("<II", *divmod(11 * SECOND, 1 << 32)))


def test_a_clock_that_was_set_back_holds_no_mark_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = of()
    stream.mark("late", 2_000_000_000 * SECOND)
    data = classic("<", 0xA1B2C3D4, 1)
    assert b"late" not in stream.feed(data)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + LATE_S + 1)
    assert b"late" in stream.feed(data[24:])


def test_a_last_record_that_is_cut_is_held_back() -> None:
    data = classic("<", 0xA1B2C3D4, 2)
    for length, packets in ((len(data), 2), (len(data) - 1, 1), (40 + len(FRAME), 1), (39 + len(FRAME), 0), (24, 0)):
        stream = of()
        stream.feed(data[:length])
        assert stream.packets == packets
        assert stream.whole == (length in (len(data), 40 + len(FRAME), 24))


def test_a_record_of_impossible_length_is_damage_after_what_was_whole() -> None:
    stream = of()
    bad = struct.pack("<4I", 1, 1, 0xFFFFFFFF, 1)
    assert stream.feed(classic("<", 0xA1B2C3D4, 1, bad))
    with pytest.raises(InputError, match=f"damaged at byte {40 + len(FRAME)}"):
        stream.feed(b"x")


def test_what_is_no_capture_is_refused() -> None:
    with pytest.raises(InputError, match="neither pcap nor pcapng"):
        of().feed(bytes(24))


def test_bystanders_are_left_out() -> None:
    keep = device.test_of("52:54:00:aa:aa:aa")
    for data in (classic("<", 0xA1B2C3D4, 2), foreign("<", 2)):
        kept = Stream(Source("-"), own_clock=False, keep=keep, plain=False)
        kept.feed(data)
        other = Stream(Source("-"), own_clock=False, keep=device.test_of("52:54:00:bb:bb:bb"), plain=False)
        other.feed(data)
        assert (kept.packets, other.packets) == (2, 0)
