"""Fragments: whose they are in any order, and the datagrams that they make."""

import random
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler, fragments
from iotaudit.model.problems import ProblemTally
from iotaudit.model.want import ALL, NOTHING

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
P = net.Packet
TEXT = bytes(range(250)) * 20
UDP = P(proto="udp", dport=5353)


def cut(data: bytes, size: int, packet: Any = UDP, *, header: int = 8, frag_id: int = 7) -> list[Any]:
    """Gives a datagram in fragments of `size` bytes of IP payload each (a multiple of 8); the header is 8 or 20."""
    first = packet._replace(data=data[: size - header], frag=1, frag_id=frag_id, more=True)
    rest = [
        packet._replace(
            data=data[at - header : at - header + size],
            frag=2,
            frag_id=frag_id,
            frag_at=at,
            more=at - header + size < len(data),
        )
        for at in range(size, len(data) + header, size)
    ]
    return [first, *rest]


def test_pass_a_datagram_in_fragments_is_one_segment() -> None:
    got = net.assemble(cut(TEXT[:3000], 1480))
    (flow,) = got.flows
    assert (flow["packets_out"], flow["payload_out"], flow["bytes_out"]) == (3, 3000, 3000 + 3 * net.HEADER_LEN)
    (segment,) = got.segments
    assert (segment.data, segment.packet, segment.truncated_len) == (TEXT[:3000], 3, 0)
    assert got.problems == {}


def test_pass_ipv6_fragments_behind_another_header_belong_to_the_datagram() -> None:
    six = UDP._replace(src="2001:db8::1", dst="2001:db8::2")
    first, later = cut(TEXT[:2000], 1440, six)
    got = net.assemble([first, later._replace(proto="options")])  # what a chain of headers shows of a later one
    assert [(f["protocol"], f["packets_out"]) for f in got.flows] == [(17, 2)]
    assert got.segments[0].data == TEXT[:2000]


@given(st.integers(0, 1 << 30), st.lists(st.integers(0, 20), max_size=4).map(tuple))
@settings(max_examples=60, deadline=None)
def test_any_order_and_cut_gives_the_same_sums_and_datagrams(seed: int, places: tuple[int, ...]) -> None:
    parts = cut(TEXT[:3000], 800) + cut(TEXT[500:2500], 1200, frag_id=8) + cut(TEXT[:1500], 1480, UDP.back())
    random.Random(seed).shuffle(parts)  # noqa: S311 - a test's order
    got = net.assemble(parts, places)
    sums = {(f["packets_out"], f["payload_out"], f["packets_in"], f["payload_in"]) for f in got.flows}
    assert sums in ({(6, 5000, 2, 1500)}, {(2, 1500, 6, 5000)})
    assert sorted(s.data for s in got.segments) == sorted([TEXT[:3000], TEXT[500:2500], TEXT[:1500]])
    assert (got.flows[0]["first_packet"], got.flows[0]["first_ns"], got.flows[0]["last_ns"]) == (
        1,
        net.SECOND,
        len(parts) * net.SECOND,
    )
    assert got.problems == {}


def test_fail_fragments_without_a_first_one_are_counted() -> None:
    got = net.assemble(cut(TEXT[:3000], 1480)[1:])
    assert got.flows == []
    assert got.problems == {"fragment_unattributed": 2}
    assert got.tally.rows()[0].loses_payload


def test_fail_a_datagram_that_stays_incomplete_gives_its_beginning() -> None:
    first, _, last = cut(TEXT[:4000], 1480)
    got = net.assemble([first, last])
    (segment,) = got.segments
    assert (segment.data, segment.truncated_len) == (TEXT[:1472], 4000 - 1472)
    assert got.problems == {"fragment_missing": 1}
    assert net.assemble([first]).segments[0].truncated_len == 1  # how much came behind it is not known


def test_fail_fragments_with_other_bounds_are_an_overlap_and_the_first_copy_wins() -> None:
    first, second, third = cut(TEXT[:32], 16)
    forged = second._replace(frag_at=8, data=b"X" * 24)
    got = net.assemble([first, second, forged, third])
    assert got.problems == {"fragment_overlap": 1}
    assert [s.data for s in got.segments] == [TEXT[:32]]
    early = net.assemble([forged, first, second, third])
    assert early.problems == {"fragment_overlap": 2}
    assert [s.data for s in early.segments] == [b"X" * 24 + TEXT[24:32]]


def test_a_fragment_recorded_twice_counts_twice_and_changes_nothing_else() -> None:
    parts = cut(TEXT[:3000], 1480)
    got = net.assemble([part for part in parts for _ in (1, 2)])
    assert got.flows[0]["packets_out"] == 6
    assert [s.data for s in got.segments] == [TEXT[:3000]]
    assert got.problems == {}
    other = parts[1]._replace(data=bytes(1480))
    assert net.assemble([*parts[:2], other, parts[2]]).problems == {"fragment_overlap": 1}


def test_an_identification_used_again_makes_another_datagram() -> None:
    again = cut(TEXT[100:2900], 1480)
    got = net.assemble(cut(TEXT[:3000], 1480) + again)
    assert [s.data for s in got.segments] == [TEXT[:3000], TEXT[100:2900]]
    late = [part._replace(ms=100_000) for part in again]
    stale = net.assemble([*cut(TEXT[:3000], 1480)[:2], *late])
    assert [s.data for s in stale.segments] == [TEXT[: 1472 + 1480], TEXT[100:2900]]
    assert stale.problems == {"fragment_missing": 1}
    other = cut(TEXT[:2000], 1480, UDP._replace(sport=2))
    assert len(net.assemble([cut(TEXT[:3000], 1480)[0], *other]).segments) == 2


def test_tcp_in_fragments_joins_its_stream() -> None:
    talk = net.handshake()
    parts = cut(TEXT[:3000], 1480, talk[2], header=20)
    after = talk[2]._replace(seq=1001 + 3000, data=b"after")
    got = net.assemble([*talk, *parts, after])
    assert got.stream() == [TEXT[:3000] + b"after"]
    assert len(got.flows) == 1
    lost = net.assemble([*talk, *parts[:2], after])
    assert lost.stream() == [TEXT[: 1460 + 1480], 60, b"after"]


def test_inconclusive_a_fragment_cut_by_the_snap_length_ends_what_is_known() -> None:
    first, second, third = cut(TEXT[:4000], 1480)
    got = net.assemble([first, second._replace(cut=1000), third])
    (segment,) = got.segments
    assert (segment.data, segment.truncated_len) == (TEXT[: 1472 + 480], 4000 - 1472 - 480)
    assert got.problems == {}


def test_protocols_without_ports_need_no_first_fragment() -> None:
    got = net.assemble([p._replace(proto="gre") for p in cut(TEXT[:3000], 1480)[1:]])
    assert [(f["protocol"], f["packets_out"]) for f in got.flows] == [(47, 2)]
    assert got.problems == {}


def test_fragments_of_an_unwanted_direction_are_only_counted() -> None:
    assembler = Assembler(ProblemTally())
    list(assembler.feed(net.build([UDP._replace(data=b"x")])))
    assembler.want(0, (NOTHING, ALL))
    assert list(assembler.feed(net.build(cut(TEXT[:3000], 1480)))) == []
    assert list(assembler.flush()) == []
    assert net.flow_dicts(assembler.table())[0]["packets_out"] == 4


def test_open_datagrams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "DATAGRAM_LIMIT", 2)
    parts = [cut(TEXT[:3000], 1480, frag_id=i)[1] for i in range(5)]
    table = net.build(parts)
    tally = ProblemTally()
    assembler = Assembler(tally)
    list(assembler.feed(table))
    assert [(row.kind, row.count) for row in tally.rows()] == [("fragment_unattributed", 3)]


def test_a_datagram_in_too_many_parts_is_not_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "PIECE_LIMIT", 4)
    got = net.assemble(cut(TEXT[:800], 80))
    assert got.problems == {"fragment_missing": 1}
    assert got.flows[0]["payload_out"] == 800
    assert got.segments[0].truncated_len > 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 6), st.binary(max_size=24), st.booleans(), st.integers(0, 2), st.booleans()
        ),
        max_size=30,
    ),
    st.lists(st.integers(0, 30), max_size=4).map(tuple),
)
@settings(max_examples=100, deadline=None)
def test_any_fragments_give_sums_and_no_exception(
    parts: list[tuple[int, int, bytes, bool, int, bool]], places: tuple[int, ...]
) -> None:
    packets = [
        UDP._replace(
            proto="tcp" if tcp else "udp",
            frag=frag,
            frag_at=8 * at if frag == 2 else 0,
            data=data,
            more=more or frag == 1,
            frag_id=frag_id,
        )
        for frag, at, data, more, frag_id, tcp in parts
    ]
    got = net.assemble(packets, places)
    whole = net.assemble(packets)
    assert got.flows == whole.flows
    assert got.segments == whole.segments
    counted = sum(flow["packets_out"] + flow["packets_in"] for flow in got.flows)
    assert counted + got.problems.get("fragment_unattributed", 0) == len(packets)
