"""TCP streams: order, holes, copies that differ."""

import random
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler, streams
from iotaudit.assemble.streams import Bounds, Piece, Stream
from iotaudit.model.problems import ProblemTally
from iotaudit.model.want import NEITHER

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
TALK = net.handshake()
TEXT = bytes(range(256)) * 4


def piece(begin: int, end: int, **changes: Any) -> Any:
    """Gives a packet of the client with these bytes of TEXT."""
    return TALK[2]._replace(seq=1001 + begin, data=TEXT[begin:end], **changes)


def test_pass_segments_in_order_are_given_as_they_come() -> None:
    got = net.assemble([*TALK, piece(0, 10), piece(10, 30)])
    assert [(s.offset, s.data, s.packet) for s in got.segments] == [(0, TEXT[:10], 4), (10, TEXT[10:30], 5)]


def test_pass_segments_out_of_order_over_blocks_are_put_in_order() -> None:
    packets = [*TALK, piece(20, 30), piece(10, 20), piece(0, 10)]
    for cuts in ((), (4,), (5,), (4, 5)):
        got = net.assemble(packets, cuts)
        assert got.stream() == [TEXT[:30]]
        assert [s.packet for s in got.segments] == [6, 5, 4]
        assert got.problems == {}


def test_fail_a_hole_is_a_gap_at_the_end_of_input() -> None:
    got = net.assemble([*TALK, piece(0, 10), piece(15, 30)])
    assert got.stream() == [TEXT[:10], 5, TEXT[15:30]]
    assert [s.offset for s in got.segments] == [0, 10, 15]
    assert got.problems == {"stream_gap": 1}
    (problem,) = got.tally.rows()
    assert problem.packet == 5
    assert problem.loses_payload


def test_fail_bytes_that_were_acknowledged_but_not_recorded_are_a_gap() -> None:
    acked = TALK[1]._replace(flags="A", seq=5001, ack=1001 + 40)
    got = net.assemble([*TALK, piece(0, 10), acked])
    assert got.stream() == [TEXT[:10], 30]
    assert got.problems == {"stream_gap": 1}
    alone = net.assemble([*TALK, acked])
    assert alone.stream() == [40]
    assert alone.problems == {"stream_gap": 1}


def test_an_acknowledged_fin_is_no_missing_byte() -> None:
    fin = TALK[2]._replace(flags="FA", seq=1011)
    acked = TALK[1]._replace(flags="A", seq=5001, ack=1012)
    assert net.assemble([*TALK, piece(0, 10), fin, acked]).problems == {}
    assert net.assemble([*TALK, piece(0, 10), acked]).problems == {}  # the FIN itself was not recorded


def test_inconclusive_without_a_syn_a_stream_begins_at_its_first_byte() -> None:
    got = net.assemble([piece(10, 20), piece(20, 30), piece(0, 10)])
    assert got.stream() == [TEXT[10:30]]
    assert got.problems == {"stream_gap": 1}  # what came late lies before the beginning
    assert got.segments[0].offset == 0


def test_the_answer_to_a_syn_tells_where_the_clients_stream_begins() -> None:
    assert net.assemble([TALK[1], piece(5, 10), piece(0, 5)]).stream() == [TEXT[:10]]


def test_a_retransmission_gives_nothing_and_a_longer_one_its_new_bytes() -> None:
    got = net.assemble([*TALK, piece(0, 10), piece(0, 10), piece(5, 25), piece(0, 25)])
    assert got.stream() == [TEXT[:25]]
    assert got.problems == {}


def test_fail_a_copy_that_differs_is_a_conflict_and_the_first_wins() -> None:
    other = piece(0, 10)._replace(data=b"other data")
    given_before = net.assemble([*TALK, piece(0, 10), other])
    assert given_before.stream() == [TEXT[:10]]
    assert given_before.problems == {"stream_conflict": 1}
    held = net.assemble([*TALK, piece(5, 15), other, piece(0, 5)])
    assert held.stream() == [b"other" + TEXT[5:15]]
    assert held.problems == {"stream_conflict": 1}


def test_a_keep_alive_is_no_conflict_unless_its_byte_says_something_else() -> None:
    alive = piece(9, 10)
    for data, problems in ((TEXT[9:10], {}), (b"\0", {}), (b"X", {"stream_conflict": 1})):
        got = net.assemble([*TALK, piece(0, 10), alive._replace(data=data), piece(10, 12)])
        assert got.stream() == [TEXT[:12]]
        assert got.problems == problems


def test_numbers_run_over_the_end() -> None:
    start = (1 << 32) - 6
    talk = net.handshake(client_isn=start)
    at = [talk[2]._replace(seq=(start + 1 + i) % (1 << 32), data=TEXT[i : i + 5]) for i in (0, 10, 5)]
    assert net.assemble([*talk, *at]).stream() == [TEXT[:15]]


def test_data_in_the_syn_belongs_to_the_stream() -> None:
    syn = TALK[0]._replace(data=b"early")
    assert net.assemble([syn, syn, TALK[1], TALK[2]._replace(seq=1006, data=b" late")]).stream() == [b"early late"]


def test_another_syn_without_an_end_begins_a_stream_anew_where_its_data_comes() -> None:
    again = net.handshake(client_isn=900_000, server_isn=7000)
    data = again[2]._replace(data=b"anew")
    for cuts in ((), (4,), (5, 6, 7)):
        got = net.assemble([*TALK, piece(0, 10), *again, data], cuts)
        assert len(got.flows) == 1
        assert got.stream() == [TEXT[:10] + b"anew"]
        assert got.problems == {}
    forged = net.assemble([*TALK, piece(0, 10), again[0], piece(10, 20)])
    assert forged.stream() == [TEXT[:20]]


def test_too_much_behind_a_hole_is_given_after_a_gap() -> None:
    late = [piece(i, i + 1) for i in range(1, 2 + streams.HELD_COUNT)]
    tables = net.blocks([*TALK, *late])
    assembler = Assembler(ProblemTally())
    got = [segment for table in tables for segment in assembler.feed(table)]
    assert got[0].gap_len == 1
    assert b"".join(s.data for s in got) == TEXT[1 : 2 + streams.HELD_COUNT]


def test_a_full_buffer_of_all_streams_gives_way() -> None:
    tally = ProblemTally()
    stream = Stream(0, 0, Bounds(tally, held_limit=8))
    assert list(stream.take(5, Piece(0, 1, 0, b"1234", 0), outbound=True)) == []
    got = list(stream.take(20, Piece(0, 2, 0, b"12345", 0), outbound=True))
    assert [(s.gap_len, s.data) for s in got] == [(5, b""), (0, b"1234"), (11, b""), (0, b"12345")]
    assert [row.kind for row in tally.rows()] == ["stream_buffer_full", "stream_gap"]


def test_dropped_streams_hold_nothing() -> None:
    bounds = Bounds(ProblemTally())
    stream = Stream(0, 0, bounds)
    list(stream.take(0, Piece(0, 1, 0, b"given", 0), outbound=True))
    list(stream.take(50, Piece(0, 1, 0, b"held", 0), outbound=True))
    assert (bounds.held_len, bounds.kept_len) == (4, 5)
    stream.drop()
    assert (bounds.held_len, bounds.kept_len, len(bounds.keepers)) == (0, 0, 0)


def test_a_direction_may_be_closed_between_two_segments() -> None:
    late = [piece(5, 10), piece(10, 15), piece(0, 5)]
    answers = [TALK[1]._replace(flags="A", seq=seq, data=b"back") for seq in (5005, 5009)]
    for closing in ([*late, *answers], [*late[:2], *answers]):  # the second is given at the end of input
        assembler = Assembler(ProblemTally())
        seen = []
        (table,) = net.blocks([*TALK, *closing])
        for source in (assembler.feed(table), assembler.flush()):
            for segment in source:
                seen.append(segment.packet)
                assembler.want(segment.flow, NEITHER)
        assert len(seen) == 1
        assert assembler._streams == {}
        assert {(b.held_len, b.kept_len) for b in assembler._bounds.values()} == {(0, 0)}


def test_bytes_kept_for_comparison_are_bounded() -> None:
    bounds = Bounds(ProblemTally())
    stream = Stream(0, 0, bounds)
    for i in range(40):
        list(stream.take(i * 1000, Piece(0, i, 0, bytes(1000), 0), outbound=True))
    list(stream.take(40_000, Piece(0, 41, 0, bytes(60_000), 0), outbound=True))
    assert 0 < bounds.kept_len <= streams.KEPT_LEN


@st.composite
def shuffled_cover(draw: st.DrawFn) -> list[Any]:
    """Gives pieces that cover the text, some of it twice, in an order that a window of 5 can make."""
    pieces = []
    at = 0
    while at < 200:
        end = at + draw(st.integers(1, 40))
        back = draw(st.integers(0, min(at, 15)))
        pieces.append(piece(at - back, min(end, 200)))
        at = end
    order = random.Random(draw(st.integers(0, 1 << 30)))  # noqa: S311 - a test's order
    ranks = sorted(range(len(pieces)), key=lambda i: i + order.random() * 5)
    return [pieces[i] for i in ranks]


@given(shuffled_cover(), st.lists(st.integers(0, 40), max_size=4).map(tuple))
@settings(max_examples=100, deadline=None)
def test_any_order_within_a_window_gives_the_same_stream(pieces: list[Any], places: tuple[int, ...]) -> None:
    got = net.assemble([*TALK, *pieces], places)
    assert got.stream() == [TEXT[:200]]
    assert got.problems == {}
    offsets = [(s.offset, len(s.data)) for s in got.segments]
    assert [o for o, _ in offsets[1:]] == [o + n for o, n in offsets[:-1]]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.binary(max_size=20), st.integers(0, 5), st.sampled_from(["A", "FA", "S", "R"])),
        max_size=40,
    ),
    st.lists(st.integers(0, 40), max_size=4).map(tuple),
)
@settings(max_examples=100, deadline=None)
def test_any_segments_give_a_stream_without_overlap_in_any_cut(
    pieces: list[tuple[int, bytes, int, str]], places: tuple[int, ...]
) -> None:
    packets = [
        TALK[2]._replace(seq=1001 + at, data=data, cut=min(cut, len(data)), flags=flags)
        for at, data, cut, flags in pieces
    ]
    got = net.assemble([*TALK, *packets], places)
    assert got.segments == net.assemble([*TALK, *packets]).segments
    for number in range(len(got.flows)):
        offset = 0
        for segment in got.segments:
            if segment.outbound and segment.flow == number:
                assert segment.offset == offset
                assert bool(segment.data) != bool(segment.gap_len)
                offset += len(segment.data) + segment.gap_len
