"""Conversations: the engine groups and adds up as plain Python does."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.native import library as module
from iotaudit.native.library import Engine

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "assemble" / "packets.py")))
P = net.Packet
WORDS = st.sampled_from([0, 1, 2, 1 << 31, 1 << 32, (1 << 63) + 1, (1 << 64) - 1])
ENDS = st.tuples(
    WORDS,
    WORDS,
    WORDS,
    WORDS,
    st.sampled_from([0, 1, 65535]),
    st.sampled_from([0, 1, 65535]),
    st.sampled_from([6, 17, 255]),
    st.sampled_from([4, 6]),
)


def as_columns(rows: list[tuple[int, ...]]) -> list[Any]:
    kinds = (np.uint64,) * 4 + (np.uint16,) * 2 + (np.uint8,) * 2
    return [np.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)]


def key_of(row: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Gives the key as `assemble.keys.Keys` has it, and the side of the sender."""
    src_hi, src_lo, dst_hi, dst_lo, src_port, dst_port, protocol, version = row
    swap = (src_hi, src_lo, src_port) > (dst_hi, dst_lo, dst_port)
    a, b = (src_hi, src_lo, src_port), (dst_hi, dst_lo, dst_port)
    if swap:
        a, b = b, a
    return (a[0], a[1], b[0], b[1], a[2] | b[2] << 16 | protocol << 32 | version << 40), int(swap)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ENDS, max_size=60))
def test_rows_are_grouped_by_their_whole_key(engine: Engine, rows: list[tuple[int, ...]]) -> None:
    found = engine.group(as_columns(rows))
    assert found is not None
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(key_of(row)[0], []).append(i)
    assert [tuple(key) for key in found.keys.tolist()] == list(groups)
    assert found.side.tolist() == [key_of(row)[1] for row in rows]
    parts = [part.tolist() for part in np.split(found.order, found.starts[1:])] if rows else []
    assert parts == list(groups.values())
    place = list(groups)
    assert found.group.tolist() == [place.index(key_of(row)[0]) for row in rows]


def test_many_conversations_are_told_apart(engine: Engine) -> None:
    count = 50_000
    columns = as_columns([(0, i, 0, 7, i % 7, 443, 6, 4) for i in range(count)])
    found = engine.group(columns)
    assert found is not None
    assert len(found.starts) == count
    assert (np.diff(found.order) == 1).all()


def test_a_crowded_hash_table_is_given_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBES_EACH", 0)
    monkeypatch.setattr(module, "PROBES_ANY", 3)
    assert engine.group(as_columns([(0, i, 0, 7, 1, 443, 6, 4) for i in range(5000)])) is None


def test_columns_of_other_lengths_are_an_error(engine: Engine) -> None:
    columns = as_columns([(0, 1, 0, 7, 1, 443, 6, 4)] * 3)
    columns[3] = columns[3][:2]
    with pytest.raises(IndexError):
        engine.group(columns)


ROWS = st.lists(
    st.tuples(
        st.integers(-2, 7),
        st.integers(0, 1 << 32),
        st.sampled_from([0, 0, 1, 1460, 1 << 32]),
        st.one_of(st.just(-1), st.integers(0, (1 << 63) - 1)),
        st.sampled_from([6, 17]),
        st.integers(0, 255),
        st.integers(0, (1 << 32) - 1),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS)
def test_rows_are_added_up_by_cell(engine: Engine, rows: list[tuple[int, ...]]) -> None:
    kinds = (np.int64, np.int64, np.int64, np.int64, np.uint8, np.uint8, np.uint32)
    cell, wire, payload, time_ns, *tcp = (
        np.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)
    )
    got = engine.add_up(cell, 4, (wire, payload), time_ns, (tcp[0], tcp[1], tcp[2]))
    for part in range(4):
        times = [row[3] for row in rows if row[0] >= 0 and row[0] >> 1 == part and row[3] >= 0]
        assert got.first_ns[part] == min(times, default=-1)
        assert got.last_ns[part] == max(times, default=-1)
        for side in (0, 1):
            mine = [(i, row) for i, row in enumerate(rows) if row[0] == 2 * part + side]
            assert got.packets[part, side] == len(mine)
            assert got.bytes[part, side] == sum(row[1] for _, row in mine)
            assert got.payload[part, side] == sum(row[2] for _, row in mine)
            assert got.first_payload[part, side] == min((i for i, row in mine if row[2]), default=len(rows))
            acks = [row[6] for _, row in mine if row[4] == 6 and row[5] & 0x14 == 0x10]
            assert got.ack[part, side] == (acks[-1] if acks else -1)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-2, 4), st.booleans(), st.integers(0, 2)), max_size=50),
    every=st.booleans(),
)
def test_senders_are_counted_under_the_link_address_of_the_first(
    engine: Engine,
    rows: list[tuple[int, bool, int]],
    every: bool,  # noqa: FBT001
) -> None:
    cell = np.array([row[0] for row in rows], np.int64)
    own = np.array([row[1] for row in rows], bool)
    mac = np.array([row[2] for row in rows], np.uint64)
    got = engine.count_hosts(cell, None if every else own, mac, 5)
    first: dict[int, int] = {}
    counts: dict[int, int] = {}
    others = []
    for i, (number, mine, link) in enumerate(rows):
        if not (mine or every):
            continue
        if number >= 0 and link == rows[first.setdefault(number, i)][2]:
            counts[number] = counts.get(number, 0) + 1
        else:
            others.append(i)
    assert got.first.tolist() == [first.get(number, -1) for number in range(5)]
    assert got.packets.tolist() == [counts.get(number, 0) for number in range(5)]
    assert got.others.tolist() == others


@pytest.mark.parametrize("bad", [4, 1 << 62])
def test_a_cell_outside_is_an_error(engine: Engine, bad: int) -> None:
    cell = np.array([0, bad], np.int64)
    flags, acks = np.zeros(2, np.uint8), np.zeros(2, np.uint32)
    with pytest.raises(IndexError):
        engine.add_up(cell, 2, (cell, cell), cell, (flags, flags, acks))
    with pytest.raises(IndexError):
        engine.count_hosts(cell, None, cell, 4)


@st.composite
def any_packet(draw: st.DrawFn) -> Any:
    src = draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", "::a00:1"]))
    dst = draw(
        st.sampled_from(["10.0.0.1", "10.0.0.2"] if ":" not in src else ["2001:db8::1", "2001:db8::2"])
    )
    proto = draw(st.sampled_from(["tcp", "tcp", "tcp", "udp", "icmp"]))
    frag = draw(st.sampled_from([0, 0, 0, 0, 0, 1, 2]))
    return P(
        src=src,
        dst=dst,
        sport=0 if frag == 2 or proto == "icmp" else draw(st.sampled_from([80, 5000])),
        dport=0 if frag == 2 or proto == "icmp" else draw(st.sampled_from([80, 5000])),
        proto=proto,
        flags=draw(st.sampled_from(["S", "S", "SA", "A", "FA", "R", "SF", "SR"])),
        seq=draw(st.sampled_from([0, 1, 2, 3, 4, (1 << 32) - 1])),
        ack=draw(st.sampled_from([0, 1, 2, 5])),
        data=draw(st.sampled_from([b"", b"", b"a", b"bc", b"xyz"])),
        ms=draw(st.integers(0, 300)),
        src_mac=draw(st.sampled_from([0, 1, 2])),
        layer=draw(st.sampled_from([0, 0, 0, 1])),
        frag=frag,
        frag_id=draw(st.integers(0, 1)) if frag else 0,
        frag_at=8 if frag == 2 else 0,
        more=frag == 1,
    )


@settings(max_examples=300, deadline=None)
@given(
    packets=st.lists(any_packet(), max_size=50),
    cuts=st.lists(st.integers(0, 60), max_size=4).map(tuple),
    limit=st.sampled_from([3, 1000]),
)
def test_flows_segments_and_senders_are_the_same(
    engine: Engine, packets: list[Any], cuts: tuple[int, ...], limit: int
) -> None:
    one = net.assemble(packets, cuts, accelerator=engine, flow_limit=limit, host_limit=limit)
    other = net.assemble(packets, cuts, flow_limit=limit, host_limit=limit)
    assert one.flows == other.flows
    assert one.segments == other.segments
    assert one.tally.rows() == other.tally.rows()
    assert one.assembler.hosts() == other.assembler.hosts()


def test_without_room_to_probe_the_sort_gives_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = [P(sport=1024 + i, src=f"10.0.{i % 7}.1") for i in range(500)]
    usual = net.assemble(packets, accelerator=engine)
    monkeypatch.setattr(module, "PROBES_EACH", 0)
    monkeypatch.setattr(module, "PROBES_ANY", 0)
    assert net.assemble(packets, accelerator=engine).flows == usual.flows == net.assemble(packets).flows
