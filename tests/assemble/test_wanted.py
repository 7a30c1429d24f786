"""What is not wanted is left out of the segments, and counted all the same."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler, wanted
from iotaudit.assemble.wanted import UNWANTED, WANTED, Wanted
from iotaudit.model.lanes import ALL_LANES, LANES
from iotaudit.model.problems import ProblemTally
from iotaudit.model.want import ALL, BOTH, NEITHER, NOTHING, Wants, beginning_with

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
ASK = net.Packet(proto="udp", dport=443)
LONG = beginning_with(range(0x80, 0x100))
"""Datagrams with the header form bit of QUIC (RFC 9000 section 17.2)."""


def given_after(wants: Wants, *packets: Any) -> list[bytes]:
    """Gives what comes of packets of a flow, of which something is wanted from its second packet on."""
    assembler = Assembler(ProblemTally())
    seen: list[bytes] = []
    for segment in (*assembler.feed(net.build([ASK._replace(data=b"first")])),):
        assembler.want(segment.flow, wants)
    for table in net.blocks(list(packets)):
        seen += [segment.data for segment in assembler.feed(table)]
    seen += [segment.data for segment in assembler.flush()]
    (flow,) = net.flow_dicts(assembler.table())
    assert flow["packets_out"] + flow["packets_in"] == 1 + len(packets)
    assert flow["payload_out"] + flow["payload_in"] == 5 + sum(len(packet.data) for packet in packets)
    return seen


def test_pass_datagrams_that_begin_otherwise_are_left_out_and_counted() -> None:
    long, short = ASK._replace(data=b"\xc3long"), ASK._replace(data=b"\x43short")
    assert given_after((LONG, ALL), long, short, short.back()) == [long.data, short.data]
    assert given_after((ALL, LONG), long, short, short.back()) == [long.data, short.data]
    assert given_after(BOTH, long, short) == [long.data, short.data]
    assert given_after((LONG, NOTHING), short, long, long.back()) == [long.data]


def test_fail_a_datagram_without_a_captured_byte_begins_with_nothing() -> None:
    bare = ASK._replace(data=b"\xc3long", cut=5)
    cut = ASK._replace(data=b"\xc3long", cut=4)
    assert given_after((LONG, LONG), bare, cut) == [b"\xc3"]
    assert given_after(BOTH, bare, cut) == [b"", b"\xc3"]


def test_the_bytes_of_a_joined_datagram_are_looked_at() -> None:
    def fragments(data: bytes, number: int) -> list[Any]:
        head = ASK._replace(data=data[:1472], frag=1, frag_id=number, more=True)
        return [head, ASK._replace(data=data[1472:], frag=2, frag_id=number, frag_at=1480)]

    long, short = b"\xc3" + bytes(1999), b"\x43" + bytes(1999)
    assert given_after((LONG, LONG), *fragments(short, 1), *fragments(long, 2)) == [long]


def test_what_is_wanted_holds_from_the_next_packet_on() -> None:
    assembler = Assembler(ProblemTally())
    rows = [ASK._replace(data=bytes((first,)) + b"x") for first in (0x43, 0x43, 0xC3, 0x43)]
    seen = []
    for segment in assembler.feed(net.build(rows)):
        seen.append((segment.packet, segment.offset))
        assembler.want(0, (LONG, ALL))
    assert seen == [(1, 0), (3, 2)]


def test_a_want_may_change_but_nothing_is_final() -> None:
    short = ASK._replace(data=b"\x43short")
    assembler = Assembler(ProblemTally())
    for wants, count in (((LONG, ALL), 0), (BOTH, 1), (NEITHER, 0), (BOTH, 0)):
        list(assembler.feed(net.build([ASK._replace(data=b"")])))
        assembler.want(0, wants)
        assert len(list(assembler.feed(net.build([short])))) == count


def test_of_a_stream_all_is_wanted_or_nothing() -> None:
    talk = net.handshake()
    assembler = Assembler(ProblemTally())
    list(assembler.feed(net.build(talk)))
    assembler.want(0, (LONG, NOTHING))
    (segment,) = assembler.feed(net.build([talk[2]._replace(data=b"GET"), talk[1]._replace(flags="A", data=b"200")], 4))
    assert segment.data == b"GET"


def test_flows_of_other_lanes_are_unwanted_from_the_start() -> None:
    codes = Wanted({1})
    codes.extend(10 * LANES)
    assert [n for n in range(10 * LANES) if codes.codes[2 * n] == WANTED] == list(range(1, 10 * LANES, LANES))
    assert codes.sides(2).tolist() == [[False, False], [True, True]]


def test_equal_wants_are_one_and_those_beyond_the_bound_are_all() -> None:
    codes = Wanted(ALL_LANES)
    for cell, want in enumerate((bytes(256), b"\1" * 256, LONG, bytes(LONG))):
        codes.set(cell, want)
    assert list(codes.codes[:4]) == [UNWANTED, WANTED, 2, 2]
    for first in range(200):
        codes.set(first, beginning_with([first]))
    assert len(codes.wants) == wanted.LIMIT
    assert codes.codes[199] == WANTED


@given(
    st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=3), st.integers(0, 3)), max_size=30),
    st.frozensets(st.integers(0, 255)),
    st.frozensets(st.integers(0, 255)),
)
@settings(max_examples=60, deadline=None)
def test_columns_and_single_datagrams_are_judged_alike(
    rows: list[tuple[bool, bytes, int]], out: frozenset[int], back: frozenset[int]
) -> None:
    packets = [ASK._replace(data=data, cut=min(cut, len(data))) for _, data, cut in rows]
    packets = [p if outbound else p.back() for p, (outbound, _, _) in zip(packets, rows, strict=True)]
    wants = (beginning_with(out), beginning_with(back))
    expected = []
    for outbound, data, cut in rows:
        seen = data[: len(data) - min(cut, len(data))]
        if seen and seen[0] in (out if outbound else back):
            expected.append(seen)
    assert given_after(wants, *packets) == expected

    codes = Wanted(ALL_LANES)
    codes.set(0, wants[0])
    for data in (b"", *(row[1] for row in rows)):
        assert codes.rejects(0, data) == (not data or data[0] not in out)
    if packets:
        (table,) = net.blocks(packets)
        cells = np.zeros(len(packets), np.int64)
        kept = codes.rows(table, np.arange(len(packets)), cells)
        assert kept.tolist() == [
            bool(data[: len(data) - min(cut, len(data))]) and data[0] in out for _, data, cut in rows
        ]
