"""Flows and segments of whole conversations, against a slow count, in any cut."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler, keys
from iotaudit.model.flows import Endpoint
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import ProblemTally
from iotaudit.model.want import ALL, NOTHING

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
slow = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("reference.py"))))
P = net.Packet


def counted(assembled: Any) -> list[dict[str, Any]]:
    """Gives the flows with the columns that the slow count has."""
    names = slow.count([P()])[0].keys()
    return [{name: flow[name] for name in names} for flow in assembled.flows]


def test_pass_a_handshake_tells_client_and_round_trip() -> None:
    got = net.assemble(net.handshake())
    (flow,) = got.flows
    assert flow["client"] == (net.CLIENT, 40000)
    assert flow["server"] == (net.SERVER, 443)
    assert (flow["packets_out"], flow["packets_in"]) == (2, 1)
    assert (flow["bytes_out"], flow["bytes_in"]) == (108, 54)
    assert flow["rtt_min_ns"] == 10_000_000
    assert flow["by_syn"]
    assert (flow["client_mac"], flow["server_mac"]) == (net.CLIENT_MAC, net.SERVER_MAC)
    assert got.assembler.endpoints(0) == (6, Endpoint(net.CLIENT, 40000), Endpoint(net.SERVER, 443))
    assert got.problems == {}


def test_pass_a_syn_on_used_ports_after_a_reset_is_a_second_flow() -> None:
    talk = net.handshake()
    reset = talk[0].back(flags="RA", seq=5001)
    again = net.handshake(client_isn=90_000, server_isn=7000)
    hello = again[2]._replace(data=b"second")
    for cuts in ((), (4,), (1, 2, 3, 4, 5, 6)):
        got = net.assemble([*talk, talk[2]._replace(data=b"first"), reset, *again, hello], cuts)
        assert [flow["packets_out"] + flow["packets_in"] for flow in got.flows] == [5, 4]
        assert got.flows[1]["first_packet"] == 6
        assert got.stream(0) == [b"first"]
        assert got.stream(1) == [b"second"]


def test_fail_a_repeated_syn_is_no_second_flow() -> None:
    syn = net.handshake()[0]
    refused = syn.back(flags="RA", seq=0)
    assert len(net.assemble([syn, refused, syn, refused, syn]).flows) == 1
    assert len(net.assemble([syn, syn._replace(seq=77)]).flows) == 1  # nothing ended the first


def test_inconclusive_without_a_handshake_the_higher_port_is_the_client() -> None:
    data = P(src=net.SERVER, sport=443, dst=net.CLIENT, dport=40000, data=b"late")
    (flow,) = net.assemble([data]).flows
    assert flow["client"] == (net.CLIENT, 40000)
    assert not flow["by_syn"]
    assert flow["payload_in"] == 4
    (same,) = net.assemble([data._replace(sport=5000, dport=5000)]).flows
    assert same["client"] == (net.SERVER, 5000)  # first sender where the ports tell nothing


def test_the_answer_to_a_syn_tells_the_client() -> None:
    answer = P(src=net.SERVER, sport=50000, dst=net.CLIENT, dport=443, flags="SA", seq=9, ack=5)
    got = net.assemble([answer])
    assert got.flows[0]["client"] == (net.CLIENT, 443)
    assert got.flows[0]["by_syn"]


def test_a_late_syn_turns_the_flow_round_from_there_on() -> None:
    early = P(sport=443, dport=40000, data=b"a")
    syn = early._replace(flags="S", seq=10, data=b"")
    after = early._replace(seq=11, data=b"b")
    for cuts in ((), (1,), (2,)):
        got = net.assemble([early, syn, after], cuts)
        assert got.flows[0]["client"] == (net.CLIENT, 443)
        assert (got.flows[0]["payload_out"], got.flows[0]["payload_in"]) == (2, 0)
        assert [(s.outbound, s.data) for s in got.segments] == [(False, b"a"), (True, b"b")]


def test_the_first_sender_of_datagrams_is_the_client() -> None:
    answer = P(src="192.168.1.1", sport=53, dst=net.CLIENT, dport=60000, proto="udp", data=b"x")
    got = net.assemble([answer, answer.back(data=b"yz")])
    assert got.flows[0]["client"] == ("192.168.1.1", 53)
    assert [(s.outbound, s.data, s.offset) for s in got.segments] == [(True, b"x", 0), (False, b"yz", 0)]


@pytest.mark.parametrize("repeat_ms", [30, 1000])
def test_a_repeated_syn_gives_no_round_trip_but_one_recorded_twice_does(repeat_ms: int) -> None:
    syn, answer, _ = net.handshake()
    packets = [syn, syn._replace(ms=1000 + repeat_ms), answer._replace(ms=1000 + repeat_ms + 5)]
    (flow,) = net.assemble(packets).flows
    assert flow["rtt_min_ns"] == (35_000_000 if repeat_ms == 30 else -1)
    assert [flow] == net.assemble(packets, (1, 2)).flows


def test_an_answer_to_another_number_gives_no_round_trip() -> None:
    syn, answer, _ = net.handshake()
    assert net.assemble([syn, answer._replace(ack=999)]).flows[0]["rtt_min_ns"] == -1
    assert net.assemble([syn, answer._replace(ms=1000)]).flows[0]["rtt_min_ns"] == -1  # no time passed


def test_packets_of_protocols_without_ports_are_segments_of_one_flow() -> None:
    advert = P(src="fe80::1", dst="ff02::1", proto="icmpv6", sport=0, dport=0, data=b"\x86 advertisement")
    got = net.assemble([advert, advert])
    assert [(f["protocol"], f["server"], f["packets_out"]) for f in got.flows] == [(58, ("ff02::1", 0), 2)]
    assert [s.data for s in got.segments] == [advert.data] * 2
    assert got.assembler.endpoints(0) == (58, Endpoint("fe80::1", 0), Endpoint("ff02::1", 0))


def test_layers_count_separately_and_equal_endpoints_once() -> None:
    outer = P(proto="gre", sport=0, dport=0, data=b"z" * 40)
    inner = P(src="10.8.0.2", dst="10.8.0.1", proto="udp", data=b"in", layer=1)
    plain = inner._replace(layer=0)
    got = net.assemble([outer, inner, plain])
    assert [(f["protocol"], f["layer"], f["packets_out"]) for f in got.flows] == [(47, 0, 1), (17, 1, 2)]


def test_an_ipv4_address_and_the_same_number_in_ipv6_are_two_hosts() -> None:
    four = P(src="0.0.0.1", dst="0.0.0.2", proto="udp")
    six = four._replace(src="::1", dst="::2")
    assert len(net.assemble([four, six]).flows) == 2


def test_a_snap_length_leaves_a_gap_in_a_stream_and_is_stated_for_a_datagram() -> None:
    talk = net.handshake()
    first = talk[2]._replace(data=b"0123456789", cut=4)
    second = first._replace(seq=1011, data=b"next", cut=0)
    datagram = P(proto="udp", data=b"0123456789", cut=7)
    got = net.assemble([*talk, first, second, datagram])
    assert got.stream(0) == [b"012345", 4, b"next"]
    (segment,) = [s for s in got.segments if s.flow == 1]
    assert (segment.data, segment.truncated_len) == (b"012", 7)
    assert got.flows[0]["payload_out"] == 14
    assert got.problems == {"stream_gap": 1}


def test_a_closed_direction_gives_nothing_more() -> None:
    talk = net.handshake()
    packets = [talk[2]._replace(seq=1001 + i, data=b"x") for i in range(10)]
    packets += [talk[1]._replace(flags="A", seq=5001, data=b"back")]
    tables = net.blocks([*talk, *packets], (5,))
    assembler = Assembler(ProblemTally())
    seen = []
    for table in tables:
        for segment in assembler.feed(table):
            seen.append(segment.data)
            if len(seen) == 2:
                assembler.want(segment.flow, (NOTHING, ALL))
    seen += [segment.data for segment in assembler.flush()]
    assert seen == [b"x", b"x", b"back"]
    assert net.flow_dicts(assembler.table())[0]["payload_out"] == 10


def test_conversations_beyond_the_bound_are_counted_as_a_problem() -> None:
    packets = [P(proto="udp", sport=port, data=b"x") for port in (1, 2, 3, 1, 3)]
    got = net.assemble(packets, (2,), flow_limit=2)
    assert len(got.flows) == 2
    assert got.flows[0]["packets_out"] == 2
    assert got.problems == {"flow_table_full": 2}
    assert got.tally.rows()[0].loses_payload


def test_several_inputs_are_one_set_of_conversations() -> None:
    assembler = Assembler(ProblemTally())
    list(assembler.feed(net.build([P(proto="udp", data=b"a")])))
    got = list(assembler.feed(net.build([P(proto="udp", data=b"b")], 1, 1)))
    assert (got[0].flow, got[0].packet, got[0].offset) == (0, packet_id(1, 1), 1)
    assert len(assembler.table().protocol) == 1


def test_a_socket_that_speaks_with_itself_is_one_flow() -> None:
    packet = P(src="127.0.0.1", dst="127.0.0.1", sport=5000, dport=5000, flags="S", data=b"x")
    (flow,) = net.assemble([packet, packet._replace(flags="SA", ack=1)]).flows
    assert flow["packets_out"] + flow["packets_in"] == 2


def test_no_packets_are_no_flows() -> None:
    got = net.assemble([])
    assert got.flows == got.segments == []
    assert list(got.assembler.feed(net.build([]))) == []


def test_a_packet_without_time_has_no_part_in_the_span() -> None:
    table = net.build([P(proto="udp"), P(proto="udp")])
    table.time_ns[0] = -1
    assembler = Assembler(ProblemTally())
    list(assembler.feed(table))
    (flow,) = net.flow_dicts(assembler.table())
    assert (flow["first_ns"], flow["last_ns"]) == (2 * net.SECOND, 2 * net.SECOND)


addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "::a00:1"])


@st.composite
def any_packet(draw: st.DrawFn) -> Any:
    proto = draw(st.sampled_from(["tcp", "tcp", "tcp", "udp", "icmp"]))
    src = draw(addresses)
    dst = draw(addresses.filter(lambda ip: (":" in ip) == (":" in src)))
    sport = draw(st.sampled_from([80, 5000]))
    dport = draw(st.sampled_from([80, 5000]).filter(lambda port: (src, sport) != (dst, port)))
    return P(
        src=src,
        dst=dst,
        sport=sport,
        dport=dport,
        proto=proto,
        flags=draw(st.sampled_from(["S", "S", "SA", "A", "FA", "R", "SF", "SR"])),
        seq=draw(st.sampled_from([0, 1, 2, 3, 4, (1 << 32) - 1])),
        ack=draw(st.sampled_from([0, 1, 2, 5])),
        data=draw(st.sampled_from([b"", b"", b"a", b"bc", b"xyz"])),
        ms=draw(st.integers(0, 300)),
    )


cuts = st.lists(st.integers(0, 60), max_size=6).map(tuple)


@given(st.lists(any_packet(), max_size=50), cuts)
@settings(max_examples=150, deadline=None)
def test_columns_count_as_the_slow_reference_does(packets: list[Any], places: tuple[int, ...]) -> None:
    got = net.assemble(packets, places)
    assert counted(got) == slow.count(packets)
    assert sum(f["packets_out"] + f["packets_in"] for f in got.flows) == len(packets)


@given(st.lists(any_packet(), max_size=50), cuts)
@settings(max_examples=100, deadline=None)
def test_any_cut_into_blocks_gives_the_same(packets: list[Any], places: tuple[int, ...]) -> None:
    whole, parts = net.assemble(packets), net.assemble(packets, places)
    assert whole.flows == parts.flows
    assert whole.segments == parts.segments
    assert whole.problems == parts.problems
    assert whole.assembler.hosts() == parts.assembler.hosts()


@given(st.lists(any_packet(), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_colliding_mixes_merge_nothing(packets: list[Any]) -> None:
    usual = net.assemble(packets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "mix", lambda columns: np.zeros(len(columns[0]), np.uint64))
        assert net.assemble(packets).flows == usual.flows
