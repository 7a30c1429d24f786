"""Which names a flow's server had, in the order in which sources are trusted.

A name in the flow itself (SNI, Host) comes first; DNS binds a name to an address for the host that asked, from
the answer on: never for another client, never backwards in time. Answers of several names for one address are all
kept, the one last seen before the flow began first; after them the names that their CNAME chains went through.

Source: docs/formats/json.md, "Names".
"""

import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile

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
LAST_NAME = chr(0x10FFFF)
"""Sorts behind every name."""
NAMES_KEPT = 16
ANSWERS_HEARD = 64
"""Answers looked back on from the beginning of a flow."""
ADDRESS_TYPES = frozenset(("A", "AAAA", "HTTPS", "SVCB", "ANY"))
_Answer = tuple[int, int, str]
"""Time (ns), packet id, name."""
Begun = tuple[int, int]
"""When a flow began: time (ns), packet id."""


class NameBook:
    """What was said of addresses: per asker and address answers in time order, per address announcements."""

    def __init__(self, events: Iterable[Event], group_by_ip: Mapping[str, str]) -> None:
        """Notes DNS answers, mDNS/LLMNR/SSDP announcements and DHCP messages.

        Args:
            events: in any order.
            group_by_ip: a key for each inside address, equal for addresses of one host.
        """
        self._group_by_ip = group_by_ip
        self._asked = _Table("dns")
        self._chained = _Table("dns")
        self._reverse = _Table("reverse_dns")
        self._announced: dict[str, list[FlowName]] = defaultdict(list)
        self._leased: dict[str, list[FlowName]] = defaultdict(list)
        for event in events:
            self._take(event)
        for table in (self._asked, self._chained, self._reverse):
            table.sort()
        answered = {ip for table in (self._asked, self._chained, self._reverse) for _, ip in table}
        self._named = frozenset((*answered, *self._announced, *self._leased))

    def knows(self, ip: str) -> bool:
        """Tells whether anybody said a name of an address."""
        return ip in self._named

    def names(self, client: str, server: str, begun: Begun, own: tuple[FlowName, ...]) -> tuple[FlowName, ...]:
        """Gives all names that hold for a flow, best first; `own` are those that it showed itself."""
        asker = self._group_by_ip.get(client, client), server
        if server not in self._named:
            return _ranked(list(own)) if len(own) > 1 else own
        names = list(own)
        if asker in self._asked:
            names += self._asked[asker].before(begun)
        if asker in self._chained:
            names += self._chained[asker].before(begun)
        if server in self._announced:
            names += self._announced[server]
        if server in self._leased:
            names += self._leased[server]
        if asker in self._reverse:
            names += self._reverse[asker].before(begun)
        return _ranked(names) if len(names) > 1 else tuple(names)

    def _take(self, event: Event) -> None:
        match event:
            case DnsAnswer(protocol="dns"):
                self._answer(event, self._group_by_ip.get(event.client, event.client))
            case HostNamed():
                self._announced[event.ip].append(FlowName(event.name, event.source, event.packet))
            case DhcpSeen(ip=str(ip), hostname=str(hostname)) if ip and hostname:
                self._leased[ip].append(FlowName(hostname.lower(), "dhcp", event.packet))
            case _:
                pass

    def _answer(self, event: DnsAnswer, client: str) -> None:
        if event.type in ADDRESS_TYPES:
            for address in event.answers:
                self._asked[client, address].rows.append((event.time_ns, event.packet, event.name))
                for name in event.chain:
                    if name != event.name:
                        self._chained[client, address].rows.append((event.time_ns, event.packet, name))
        elif event.type == "PTR" and (target := _reverse_target(event.name)):
            for name in event.answers:
                self._reverse[client, target].rows.append((event.time_ns, event.packet, name))


@dataclass(slots=True)
class _Answers:
    """The answers for one asker and address in time order, and the names that held when last looked up.

    Conversations come in time order, mostly: names are then worked out from the answers in between alone.
    """

    source: str
    rows: list[_Answer] = field(default_factory=list)
    _end: int = 0
    _last: dict[str, int] = field(default_factory=dict)
    """Index of the last answer up to `_end` that gave a name, the latest at the end."""
    _names: tuple[FlowName, ...] = ()

    def before(self, begun: Begun) -> tuple[FlowName, ...]:
        """Gives the names answered before a flow began, latest first, each once."""
        end = bisect_right(self.rows, (*begun, LAST_NAME))
        if end != self._end:
            self._move(end)
        return self._names

    def _move(self, end: int) -> None:
        if end < self._end:
            self._end = 0
            self._last.clear()
        oldest = max(0, end - ANSWERS_HEARD)
        for at in range(max(self._end, oldest), end):
            name = self.rows[at][2]
            self._last.pop(name, None)
            self._last[name] = at
        heard = takewhile(lambda item: item[1] >= oldest, reversed(self._last.items()))
        self._names = tuple(FlowName(name, self.source, self.rows[at][1]) for name, at in heard)
        self._end = end


class _Table(dict[tuple[str, str], _Answers]):
    """Answers by asker and address."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def __missing__(self, key: tuple[str, str]) -> _Answers:
        """Starts the answers of an asker and address."""
        self[key] = answers = _Answers(self._source)
        return answers

    def sort(self) -> None:
        """Puts answers in time order, so that names never flow backwards."""
        for answers in self.values():
            answers.rows.sort()


def _ranked(names: list[FlowName]) -> tuple[FlowName, ...]:
    """Gives each name of each source once, the best source first."""
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


@lru_cache(1 << 14)
def is_address(text: str) -> bool:
    """Tells whether a text is an IP address, with or without brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
