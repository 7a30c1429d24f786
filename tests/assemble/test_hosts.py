"""Senders and the link addresses that they were seen behind."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from iotaudit.assemble import Assembler
from iotaudit.model.flows import HostSeen
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import ProblemTally

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
P = net.Packet
ASK = P(proto="udp", sport=5000, dport=53)


def test_pass_senders_are_counted_by_link_address() -> None:
    got = net.assemble([ASK, ASK, ASK.back(), ASK._replace(sport=5001)], (2,))
    assert got.assembler.hosts() == (
        HostSeen(net.CLIENT_MAC, net.CLIENT, 3, 1, "frame"),
        HostSeen(net.SERVER_MAC, net.SERVER, 1, 3, "frame"),
    )


def test_an_address_behind_two_link_addresses_is_seen_twice() -> None:
    got = net.assemble([ASK, ASK._replace(src_mac=0xBAD), ASK, ASK._replace(src_mac=0xBAD)])
    assert got.assembler.hosts() == (
        HostSeen(net.CLIENT_MAC, net.CLIENT, 2, 1, "frame"),
        HostSeen(0xBAD, net.CLIENT, 2, 2, "frame"),
    )


def test_later_fragments_are_sent_by_somebody_too() -> None:
    (host,) = net.assemble([ASK._replace(frag=2, frag_at=800, data=b"x")]).assembler.hosts()
    assert (host.ip, host.packets) == (net.CLIENT, 1)


def test_what_comes_through_an_ip_tunnel_has_no_link_address() -> None:
    outer = P(proto="gre")
    inner = ASK._replace(src="10.8.0.2", layer=1)
    bridged = inner._replace(src="10.9.0.2", src_mac=0x0200000000FF)
    got = net.assemble([outer, inner, outer, bridged])
    assert [(host.ip, host.mac) for host in got.assembler.hosts()] == [
        (net.CLIENT, net.CLIENT_MAC),
        ("10.9.0.2", 0x0200000000FF),
    ]


def test_arp_senders_are_hosts_but_not_those_without_an_address() -> None:
    assembler = Assembler(ProblemTally())
    ip = np.array([0xC0A80105, 0, 0xC0A80105], np.uint64)
    assembler.arp(np.array([3, 4, 9]), np.array([7, 8, 7], np.uint64), ip)
    assert assembler.hosts() == (HostSeen(7, "192.168.1.5", 2, 3, "arp"),)


def test_senders_beyond_the_bound_are_counted_as_a_problem() -> None:
    packets = [ASK._replace(src=f"10.0.0.{i}") for i in (1, 2, 3, 1, 3)]
    got = net.assemble(packets, (3,), host_limit=2)
    assert [(host.ip, host.packets) for host in got.assembler.hosts()] == [("10.0.0.1", 2), ("10.0.0.2", 1)]
    assert got.problems == {"flow_table_full": 2}
    assert got.tally.rows()[0].loses_payload


def test_the_same_sender_of_two_inputs_is_one() -> None:
    assembler = Assembler(ProblemTally())
    list(assembler.feed(net.build([ASK], 5, 1)))
    list(assembler.feed(net.build([ASK], 2, 0)))
    (host,) = assembler.hosts()
    assert (host.packets, host.first_packet) == (2, packet_id(0, 2))
