"""Rows to flows: whose, which way, in which order, with which names and destination."""

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from iotaudit.assemble.conversation import Conversation
from iotaudit.assemble.devices import Census
from iotaudit.assemble.inside import find_inside
from iotaudit.assemble.table import FlowRows
from iotaudit.locate.names import NameBook
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.flows import (
    Direction,
    Endpoint,
    Flow,
    FlowName,
    FlowSummary,
    FlowTable,
    HttpExchange,
)
from iotaudit.pipeline import flow_list
from iotaudit.pipeline.flow_list import FlowList, Rows, Sided

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "assemble" / "packets.py")))
DEVICE, PHONE, CLOUD = Endpoint("192.168.1.20", 40000), Endpoint("192.168.1.33", 50000), Endpoint("203.0.113.9", 443)
CENSUS = Census((), find_inside((), (), ()), {"192.168.1.20": "dev1"}, {}, ())
ROW = Conversation(0, "tcp", DEVICE, CLOUD, 3, 300, 100, 2, 900, 800, 10, 20, 5, 7, 8, None)


EMPTY = FlowRows().table()
NOBODY_SAID = NameBook((), {})


def listed(
    *rows: Conversation,
    table: FlowTable = EMPTY,
    summaries: dict[int, FlowSummary] | None = None,
    book: NameBook = NOBODY_SAID,
    all_hosts: bool = False,
) -> FlowList:
    return Sided(Rows(table, rows), CENSUS).flows(summaries or {}, book, all_hosts=all_hosts)


def flows(*rows: Conversation, all_hosts: bool = False, summary: FlowSummary | None = None) -> tuple[Flow, ...]:
    return tuple(listed(*rows, all_hosts=all_hosts, summaries={0: summary} if summary else None))


def test_pass_a_device_that_asks_is_outbound() -> None:
    (flow,) = flows(ROW)
    assert (flow.id, flow.device, flow.direction) == ("f1", "dev1", Direction.OUTBOUND)
    assert (flow.device_sent, flow.first_device_payload_packet) == (100, 7)
    assert flow.tags == ()


def test_fail_a_device_that_is_asked_is_inbound_and_serves() -> None:
    (flow,) = flows(replace(ROW, client=CLOUD, server=DEVICE))
    assert flow.direction is Direction.INBOUND
    assert (flow.device_sent, flow.first_device_payload_packet) == (800, 8)
    assert flow.tags == ("device_serves",)


def test_inconclusive_hosts_that_are_not_audited_appear_only_where_all_are_asked_for() -> None:
    row = replace(ROW, client=PHONE)
    assert flows(row) == ()
    (flow,) = flows(row, all_hosts=True)
    assert (flow.device, flow.direction, flow.device_sent) == (None, Direction.OUTBOUND, 0)
    assert flow.first_device_payload_packet is None
    (inward,) = flows(replace(row, client=CLOUD, server=PHONE), all_hosts=True)
    assert inward.direction is Direction.INBOUND


def test_between_inside_hosts_is_local_and_to_a_group_is_multicast() -> None:
    (local,) = flows(replace(ROW, server=PHONE))
    assert local.direction is Direction.LOCAL
    for ip in ("224.0.0.251", "ff02::fb", "255.255.255.255"):
        (group,) = flows(replace(ROW, server=Endpoint(ip, 5353)))
        assert (group.direction, group.device) == (Direction.MULTICAST, "dev1")
    (strangers,) = flows(replace(ROW, client=PHONE, server=PHONE), all_hosts=True)
    assert strangers.direction is Direction.LOCAL


def test_flows_are_sorted_by_first_packet_then_protocol_and_endpoints() -> None:
    late = replace(ROW, number=1, first_packet=9)
    udp = replace(ROW, number=2, protocol="udp")
    other = replace(ROW, number=3, server=Endpoint("203.0.113.8", 443))
    got = flows(late, udp, other, ROW)
    assert [flow.number for flow in got] == [3, 0, 2, 1]
    assert [flow.id for flow in got] == ["f1", "f2", "f3", "f4"]
    assert flows(ROW, other, udp, late) == got


def test_tunnels_proxied_requests_and_web_logs_are_tagged() -> None:
    assert flows(replace(ROW, protocol="gre"))[0].tags == ("tunnel",)
    assert flows(ROW, summary=FlowSummary(application="wireguard"))[0].tags == ("tunnel",)
    connect = FlowSummary(http=(HttpExchange("CONNECT", None, "example.org:443", None, None, 5),))
    absolute = FlowSummary(http=(HttpExchange("GET", None, "http://example.org/", None, None, 5),))
    plain = FlowSummary(http=(HttpExchange("GET", None, "/?next=http://example.org/", None, None, 5),))
    assert flows(ROW, summary=connect)[0].tags == ("proxied",)
    assert flows(ROW, summary=absolute)[0].tags == ("proxied",)
    assert flows(ROW, summary=plain)[0].tags == ()
    assert flows(replace(ROW, web_log=True), summary=absolute)[0].tags == ("web_log",)


def test_a_web_log_without_the_servers_address_goes_out() -> None:
    (flow,) = flows(replace(ROW, server=Endpoint("", 443), web_log=True))
    assert flow.direction is Direction.OUTBOUND


def test_rows_of_a_flow_table_and_of_a_web_log_are_one_list() -> None:
    talk = net.handshake()
    got = net.assemble([*talk, talk[2]._replace(data=b"hello"), net.Packet(proto="gre")])
    log = replace(ROW, number=1 << 32, protocol="http", first_packet=2, web_log=True)
    tcp, logged, gre = listed(log, table=got.assembler.table())
    assert (tcp.id, tcp.number, tcp.protocol, tcp.client, tcp.server) == ("f1", 0, "tcp", DEVICE, CLOUD)
    assert (tcp.device_sent, tcp.first_device_payload_packet, tcp.rtt_min_ns) == (5, 4, 10_000_000)
    assert (logged.id, logged.number, logged.tags) == ("f2", 1 << 32, ("web_log",))
    assert (gre.id, gre.number, gre.protocol, gre.client.port, gre.rtt_min_ns) == ("f3", 1, "gre", 0, None)


def test_names_come_from_the_flow_and_from_who_was_told() -> None:
    told = DnsAnswer(9, 4, 9, False, "a.example", "A", (CLOUD.ip,), ("a.example",), "192.168.1.1", DEVICE.ip, "NOERROR", 60, "dns")
    own = FlowSummary(names=(FlowName("sni.example", "sni", 6),))
    book = NameBook((told,), {})
    early = replace(ROW, number=1, first_packet=1, first_ns=1)
    first, second = listed(ROW, early, summaries={0: own}, book=book)
    assert first.names == ()
    assert [(n.name, n.source) for n in second.names] == [("sni.example", "sni"), ("a.example", "dns")]


def test_flows_get_destination_and_mask_without_change_of_the_first_list() -> None:
    first = listed(ROW, replace(ROW, number=1, first_packet=9), summaries={1: FlowSummary(application="tls")})
    placed = first.placed((SimpleNamespace(id="dst1", flows=("f2",)),))  # type: ignore[arg-type]
    final = placed.masked(lambda flow: replace(flow, application="masked"))
    assert [flow.destination for flow in first] == [None, None]
    assert [flow.destination for flow in final] == [None, "dst1"]
    assert [flow.application for flow in placed] == [None, "tls"]
    assert [flow.application for flow in final] == ["masked", "masked"]
    refs = placed.refs()
    assert list(refs) == [1]  # in the other flow nothing was read
    assert (refs[1].flow_id, refs[1].destination, refs[1].local, refs[1].device_is_client) == ("f2", "dst1", False, True)


def test_many_flows_are_made_when_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [replace(ROW, number=at, first_packet=at) for at in range(1, 8)]
    kept = listed(*rows).masked(lambda flow: flow)
    monkeypatch.setattr(flow_list, "KEPT", 3)
    monkeypatch.setattr(flow_list, "CHUNK", 2)
    made = listed(*rows).masked(lambda flow: flow)
    assert kept[0] is kept[0]
    assert made[0] is not made[0]
    assert made == kept
    assert [flow.id for flow in made] == ["f1", "f2", "f3", "f4", "f5", "f6", "f7"]
    assert made[-1].id == "f7"
    assert [flow.id for flow in made[2:6:2]] == ["f3", "f5"]


def test_payload_from_a_devices_link_address_with_a_strange_address_is_told() -> None:
    census = replace(CENSUS, devices=(Device("dev1", "02:00:00:00:00:20", ("192.168.1.20",), None, None, ()),))
    mine = replace(ROW, client=Endpoint("198.51.100.7", 1), macs=(0x020000000020, 9))
    silent = replace(mine, payload_out=0)
    (problem,) = Sided(Rows(EMPTY, (ROW, mine, silent)), census).unattributed()
    assert (problem.kind, problem.input, problem.packet, problem.count) == ("unattributed_bytes", 0, 5, 1)
    assert Sided(Rows(EMPTY, (ROW, silent)), census).unattributed() == ()


def test_senders_are_who_sent_payload_to_a_global_address() -> None:
    quiet = replace(ROW, payload_out=0, payload_in=0)
    assert Rows(EMPTY, (replace(ROW, server=Endpoint("8.8.4.4", 443)),)).senders() == {DEVICE.ip}
    assert Rows(EMPTY, (replace(quiet, server=Endpoint("8.8.4.4", 443)), replace(ROW, server=PHONE))).senders() == frozenset()
