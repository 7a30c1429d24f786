"""Rows to flows: whose, which way, in which order."""

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from iotaudit.assemble.devices import Census
from iotaudit.assemble.flow_rows import Conversation, conversations, make_flows
from iotaudit.assemble.inside import find_inside
from iotaudit.model.flows import Direction, Endpoint, Flow, FlowSummary, HttpExchange

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
DEVICE, PHONE, CLOUD = Endpoint("192.168.1.20", 40000), Endpoint("192.168.1.33", 50000), Endpoint("203.0.113.9", 443)
CENSUS = Census((), find_inside((), (), ()), {"192.168.1.20": "dev1"}, {}, ())
ROW = Conversation(0, "tcp", DEVICE, CLOUD, 3, 300, 100, 2, 900, 800, 10, 20, 5, 7, 8, None)


def flows(*rows: Conversation, all_hosts: bool = False, summary: FlowSummary | None = None) -> tuple[Flow, ...]:
    return make_flows(rows, {0: summary} if summary else {}, CENSUS, lambda _, own: own, all_hosts=all_hosts)


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


def test_rows_of_a_flow_table_are_conversations() -> None:
    talk = net.handshake()
    got = net.assemble([*talk, talk[2]._replace(data=b"hello"), net.Packet(proto="gre")])
    tcp, gre = conversations(got.assembler.table())
    assert (tcp.number, tcp.protocol, tcp.client, tcp.server) == (0, "tcp", DEVICE, CLOUD)
    assert (tcp.first_payload_out, tcp.first_payload_in, tcp.rtt_min_ns) == (4, None, 10_000_000)
    assert (gre.number, gre.protocol, gre.client.port, gre.rtt_min_ns) == (1, "gre", 0, None)
