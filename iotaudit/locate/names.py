"""Which names a flow's server had, in the order in which sources are trusted.

A name in the flow itself (SNI, Host) comes first; DNS binds a name to an address for the host that asked, from
the answer on: never for another client, never backwards in time. Answers of several names for one address are all
kept, the one last seen before the flow began first; after them the names that their CNAME chains went through.

Source: contract of `audit.json`, rules of counting.
"""

import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
ADDRESS_TYPES = frozenset(("A", "AAAA", "HTTPS", "SVCB", "ANY"))
_Answer = tuple[int, int, str]
"""Time (ns), packet id, name."""


def bind_names(
    flows: tuple[Flow, ...], events: tuple[Event, ...], group_by_ip: Mapping[str, str]
) -> tuple[Flow, ...]:
    """Gives the flows with all names that hold for them, best first.

    Args:
        flows: flows with the names that they showed themselves.
        events: DNS answers, mDNS/LLMNR/SSDP announcements and DHCP messages are used.
        group_by_ip: a key for each inside address, equal for addresses of one host.
    """
    book = _Book()
    for event in events:
        book.take(event, group_by_ip)
    book.sort()
    return tuple(
        replace(flow, names=_ranked(names)) if (names := book.names(flow, group_by_ip)) else flow for flow in flows
    )


@dataclass(slots=True)
class _Book:
    """What was said of addresses: per asker and address answers in time order, per address announcements."""

    asked: dict[tuple[str, str], list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    chained: dict[tuple[str, str], list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    reverse: dict[tuple[str, str], list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    announced: dict[str, list[FlowName]] = field(default_factory=lambda: defaultdict(list))
    leased: dict[str, list[FlowName]] = field(default_factory=lambda: defaultdict(list))

    def take(self, event: Event, group_by_ip: Mapping[str, str]) -> None:
        """Notes an event."""
        match event:
            case DnsAnswer(protocol="dns"):
                self._answer(event, group_by_ip.get(event.client, event.client))
            case HostNamed():
                self.announced[event.ip].append(FlowName(event.name, event.source, event.packet))
            case DhcpSeen(ip=str(ip), hostname=str(hostname)) if ip and hostname:
                self.leased[ip].append(FlowName(hostname.lower(), "dhcp", event.packet))
            case _:
                pass

    def _answer(self, event: DnsAnswer, client: str) -> None:
        if event.type in ADDRESS_TYPES:
            for address in event.answers:
                self.asked[client, address].append((event.time_ns, event.packet, event.name))
                for name in event.chain:
                    if name != event.name:
                        self.chained[client, address].append((event.time_ns, event.packet, name))
        elif event.type == "PTR" and (target := _reverse_target(event.name)):
            for name in event.answers:
                self.reverse[client, target].append((event.time_ns, event.packet, name))

    def sort(self) -> None:
        """Puts answers in time order, so that names never flow backwards."""
        for table in (self.asked, self.chained, self.reverse):
            for answers in table.values():
                answers.sort()

    def names(self, flow: Flow, group_by_ip: Mapping[str, str]) -> list[FlowName]:
        """Gives the flow's own names, then those of the question, of its chain, and what the server says of itself."""
        asker = group_by_ip.get(flow.client.ip, flow.client.ip), flow.server.ip
        return [
            *flow.names,
            *_bound_before(self.asked.get(asker, []), flow, "dns"),
            *_bound_before(self.chained.get(asker, []), flow, "dns"),
            *self.announced.get(flow.server.ip, []),
            *self.leased.get(flow.server.ip, []),
            *_bound_before(self.reverse.get(asker, []), flow, "reverse_dns"),
        ]


def _bound_before(answers: list[_Answer], flow: Flow, source: str) -> list[FlowName]:
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
