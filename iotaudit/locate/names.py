"""Which names a flow's server had, in the order in which sources are trusted.

A name in the flow itself (SNI, Host) comes first; DNS binds a name to an address for the host that asked, from
the answer on: never for another client, never backwards in time. Answers of several names for one address are all
kept, the one last seen before the flow began first.

Source: contract of `audit.json`, rules of counting.
"""

import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from iotaudit.model.events import DhcpSeen, DnsAnswer, Event, HostNamed
from iotaudit.model.flows import Flow, FlowName

TRUST = (
    "sni",
    "quic_sni",
    "http_host",
    "certificate",
    "dns",
    "mdns",
    "dhcp",
    "proxy",
    "reverse_dns",
    "llmnr",
    "netbios",
    "ssdp",
    "ech_outer",
)
"""`names[].source`, best first."""
RANK = {source: rank for rank, source in enumerate(TRUST)}
NAMES_KEPT = 16


def bind_names(
    flows: tuple[Flow, ...], events: tuple[Event, ...], group_by_ip: Mapping[str, str]
) -> tuple[Flow, ...]:
    """Gives the flows with all names that hold for them, best first.

    Args:
        flows: flows with the names that they showed themselves.
        events: DNS answers, mDNS/LLMNR/SSDP announcements and DHCP messages are used.
        group_by_ip: a key for each inside address, equal for addresses of one host.
    """
    asked: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    reverse: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    announced: dict[str, list[FlowName]] = defaultdict(list)
    leased: dict[str, list[FlowName]] = defaultdict(list)
    for event in events:
        if isinstance(event, DnsAnswer) and event.protocol == "dns":
            client = group_by_ip.get(event.client, event.client)
            if event.type in ("A", "AAAA", "HTTPS", "SVCB", "ANY"):
                for address in event.answers:
                    asked[client, address].append((event.time_ns, event.packet, event.name))
            elif event.type == "PTR":
                target = _reverse_target(event.name)
                if target:
                    for name in event.answers:
                        reverse[client, target].append((event.time_ns, event.packet, name))
        elif isinstance(event, HostNamed):
            announced[event.ip].append(FlowName(event.name, event.source, event.packet))
        elif isinstance(event, DhcpSeen) and event.ip and event.hostname:
            leased[event.ip].append(FlowName(event.hostname, "dhcp", event.packet))
    for table in (asked, reverse):
        for answers in table.values():
            answers.sort()
    bound = []
    for flow in flows:
        client = group_by_ip.get(flow.client.ip, flow.client.ip)
        names = list(flow.names)
        names += _bound_before(asked.get((client, flow.server.ip), []), flow, "dns")
        names += announced.get(flow.server.ip, [])
        names += leased.get(flow.server.ip, [])
        names += _bound_before(reverse.get((client, flow.server.ip), []), flow, "reverse_dns")
        bound.append(replace(flow, names=_ranked(names)) if names else flow)
    return tuple(bound)


def _bound_before(answers: list[tuple[int, int, str]], flow: Flow, source: str) -> list[FlowName]:
    """Gives the names answered before the flow began, latest first."""
    end = bisect_right(answers, (flow.first_ns, flow.first_packet, chr(0x10FFFF)))
    return [FlowName(name, source, packet) for _, packet, name in reversed(answers[max(0, end - 64) : end])]


def _ranked(names: list[FlowName]) -> tuple[FlowName, ...]:
    unique: dict[tuple[str, str], FlowName] = {}
    for name in names:
        unique.setdefault((name.source, name.name), name)
    kept = sorted(unique.values(), key=lambda n: RANK.get(n.source, len(RANK)))
    return tuple(kept[:NAMES_KEPT])


def _reverse_target(name: str) -> str | None:
    """Gives the address that a PTR question asks about (RFC 1035 section 3.5, RFC 3596 section 2.5)."""
    labels = name.split(".")
    try:
        if labels[-2:] == ["in-addr", "arpa"] and len(labels) == 6:
            return str(ipaddress.IPv4Address(".".join(reversed(labels[:4]))))
        if labels[-2:] == ["ip6", "arpa"] and len(labels) == 34:
            digits = "".join(reversed(labels[:32]))
            return str(ipaddress.IPv6Address(int(digits, 16)))
    except ValueError:
        return None
    return None


def best_name(flow: Flow) -> FlowName | None:
    """Gives the name that a destination is called by: the most trusted that is a host name and not only a front."""
    for name in flow.names:
        if name.source != "ech_outer" and name.name and not is_address(name.name):
            return name
    return None


def is_address(text: str) -> bool:
    """Tells whether a text is an IP address, with or without brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
