"""Events: what a dissector saw, with the packet that shows it. Frozen, sealed: add one only if none fits."""

from dataclasses import dataclass

from iotaudit.model.quick import quick


@dataclass(frozen=True, slots=True)
class Event:
    """The fields that every event has: flow number, packet id, time (ns since the epoch, UTC), direction."""

    flow: int
    packet: int
    time_ns: int
    outbound: bool


@quick
@dataclass(frozen=True, slots=True)
class NameSeen(Event):
    """The flow's server was called by this name. `source` is one of the contract's `names[].source`."""

    name: str
    source: str


@quick
@dataclass(frozen=True, slots=True)
class DnsQuery(Event):
    """A client asked for a name; `protocol` is dns, mdns or llmnr, `type` the RR type's text ("A")."""

    name: str
    type: str
    client: str
    resolver: str
    protocol: str


@quick
@dataclass(frozen=True, slots=True)
class DnsAnswer(Event):
    """A resolver answered one question: `answers` are the addresses, names or texts at the end of the chain.

    `chain` is the CNAME chain from the question to the owner of the addresses, both ends included.
    `ttl_s` is the lowest TTL. `rcode` is the text ("NOERROR", "NXDOMAIN").
    """

    name: str
    type: str
    answers: tuple[str, ...]
    chain: tuple[str, ...]
    resolver: str
    client: str
    rcode: str
    ttl_s: int
    protocol: str


@dataclass(frozen=True, slots=True)
class DhcpSeen(Event):
    """A DHCP message. `mac` is the client's, texts are as sent; `ip` is the leased (or asked-for) address.

    `subnet` is CIDR text where the answer tells it; `routers` and `resolvers` are addresses of options 3 and 6.
    """

    kind: str
    mac: str
    ip: str | None
    hostname: str | None
    vendor_class: str | None
    parameters: tuple[int, ...]
    subnet: str | None
    routers: tuple[str, ...]
    resolvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostNamed(Event):
    """A host announced a name for itself. `source`: mdns, llmnr, netbios, ssdp."""

    ip: str
    name: str
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class RouterAdvertised(Event):
    """An IPv6 router advertised a prefix (CIDR text) or itself; `router` is "" where it routes for nobody."""

    router: str
    prefix: str | None
    resolvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Oddity(Event):
    """Something that a sound peer would not send. `kind` is one of `PROBLEM_KINDS`; no payload in `detail`."""

    kind: str
    detail: str
