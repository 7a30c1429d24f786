"""The queue of unread bytes: where each came from, however it was cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.stream import COMPACT_LEN, Stream
from iotaudit.model.raw import Segment


def segment(packet: int, data: bytes) -> Segment:
    return Segment(1, True, packet, packet * 10, 0, data)


def test_bytes_come_out_in_order_with_their_packets() -> None:
    stream = Stream()
    stream.append(segment(1, b"abc"))
    stream.append(segment(2, b"def"))
    assert len(stream) == 6
    assert stream.find(b"cd") == 2
    assert stream.peek(2, 2) == b"cd"
    assert [stream.origin(at)[0] for at in range(6)] == [1, 1, 1, 2, 2, 2]
    assert stream.take(4) == b"abcd"
    assert stream.origin(0) == (2, 20)
    assert stream.find(b"a") == -1


def test_taking_more_than_there_is_gives_what_there_is() -> None:
    stream = Stream()
    stream.append(segment(1, b"ab"))
    assert stream.take(5) == b"ab"
    assert stream.take(5) == b""
    stream.skip(3)
    assert len(stream) == 0


def test_unread_bytes_come_back_as_a_segment_for_each_packet() -> None:
    stream = Stream()
    for packet, data in ((1, b"abc"), (2, b"de"), (2, b"f"), (3, b"")):
        stream.append(segment(packet, data))
    stream.skip(1)
    pieces = stream.segments(9, outbound=False)
    assert [(s.flow, s.outbound, s.packet, s.data) for s in pieces] == [
        (9, False, 1, b"bc"),
        (9, False, 2, b"def"),
    ]
    assert len(stream) == 0


def test_what_is_dropped_before_it_came_is_left_out_as_it_comes() -> None:
    stream = Stream()
    stream.append(segment(1, b"abc"))
    stream.drop(5)  # two more than there are
    assert (len(stream), stream.owed) == (0, 2)
    stream.append(segment(2, b"d"))
    stream.append(segment(3, b"efg"))
    assert (stream.peek(9), stream.owed) == (b"fg", 0)
    assert stream.origin(0)[0] == 3


def test_a_gap_is_bridged_where_all_of_it_was_to_be_dropped() -> None:
    stream = Stream()
    stream.drop(10)
    assert stream.bridge(4)
    assert stream.owed == 6
    assert not stream.bridge(7)
    stream.clear()
    assert not stream.bridge(1)


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=12), st.integers(0, 40), st.integers(0, 12))
def test_dropping_early_or_late_leaves_the_same(pieces: list[bytes], length: int, when: int) -> None:
    stream = Stream()
    for index, piece in enumerate(pieces):
        if index == min(when, len(pieces) - 1):
            stream.drop(length)
        stream.append(segment(index, piece))
    assert stream.peek(999) == b"".join(pieces)[length:]


def test_read_bytes_are_dropped_once_many_have_gathered() -> None:
    stream = Stream()
    for packet in range(1, 40):
        stream.append(segment(packet, bytes([packet]) * 4096))
    stream.skip(COMPACT_LEN + 10)
    at = (COMPACT_LEN + 10) // 4096
    assert stream.peek(1) == bytes([at + 1])
    assert stream.origin(0)[0] == at + 1
    stream.clear()
    assert len(stream) == 0


@settings(max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=12), st.data())
def test_reading_in_any_steps_gives_the_same_bytes_and_origins(pieces: list[bytes], data: st.DataObject) -> None:
    stream = Stream()
    want = []
    for packet, piece in enumerate(pieces, start=1):
        stream.append(segment(packet, piece))
        want += [(byte, packet) for byte in piece]
    got = []
    while len(stream):
        step = data.draw(st.integers(1, 5))
        origins = [stream.origin(at)[0] for at in range(min(step, len(stream)))]
        got += list(zip(stream.take(step), origins, strict=True))
    assert got == want
