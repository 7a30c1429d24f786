"""From flows to destination seeds: one per peer address, name and side (inside or outside)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from iotaudit.locate.names import best_name, is_address
from iotaudit.locate.round_trip import PROXY
from iotaudit.model.destinations import DestinationSeed
from iotaudit.model.flows import Direction, Flow, FlowName

Key = tuple[str, str | None, bool]
LOCAL_NAMES = ("mdns", "dhcp", "llmnr", "netbios", "ssdp")


def seed_key(flow: Flow, logged: Mapping[str, str]) -> Key:
    """Gives what a flow's peer is grouped by: address, name (lower case), and whether it is local.

    A request that a proxy passes on goes to the host that it names, whose address the capture does not show: the
    address is then that of a proxy's log (`logged`: host name to address) or "" (unknown place).
    """
    local = flow.direction in (Direction.LOCAL, Direction.MULTICAST)
    peer = flow.client.ip if _device_is_server(flow) else (flow.reached or flow.server).ip
    if _device_is_server(flow):
        return peer, None, local
    name = best_name(flow)
    if "proxied" in flow.tags:
        target = name.name if name and name.source not in LOCAL_NAMES else None
        return logged.get(target or "", ""), target, False
    if name is None or (not local and name.source in LOCAL_NAMES):
        # what a host says of itself by multicast names no peer outside
        return peer, None, local
    return peer, name.name, local


def _device_is_server(flow: Flow) -> bool:
    return flow.direction is Direction.INBOUND or "device_serves" in flow.tags


def make_seeds(flows: Iterable[Flow]) -> tuple[DestinationSeed, ...]:
    """Gives the seeds of all peers, sorted by address text, name; the flows pass by one by one, in their order."""
    peers: dict[Key, _Peer] = defaultdict(_Peer)
    logged: dict[str, str] = {}
    passed_on = []
    for flow in flows:
        if "proxied" in flow.tags:
            passed_on.append(flow)
            continue
        if "web_log" in flow.tags and (ip := (flow.reached or flow.server).ip) and (name := best_name(flow)):
            logged.setdefault(name.name, ip)
        peers[seed_key(flow, logged)].add(flow)
    for flow in passed_on:  # any web log may tell their addresses
        peers[seed_key(flow, logged)].add(flow)
    return tuple(peers[key].seed(*key) for key in sorted(peers, key=lambda k: (k[0], k[1] or "", k[2])))


@dataclass(slots=True)
class _Peer:
    """What the flows of one peer, name and side add up to."""

    flows: list[str] = field(default_factory=list)
    bytes_out: int = 0
    bytes_in: int = 0
    payload_out: int = 0
    rtt_min_ns: int | None = None
    answered_by_proxy: bool = False
    first_packet: int | None = None
    payload_packet: int | None = None
    applications: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    named: set[tuple[str, str]] = field(default_factory=set)
    certificates: dict[str, int] = field(default_factory=dict)
    best: dict[str, FlowName] = field(default_factory=dict)
    """The earliest sighting of each name as the best one of a flow."""

    def add(self, flow: Flow) -> None:
        """Adds a flow."""
        out, back, port = flow.bytes_out, flow.bytes_in, (flow.reached or flow.server).port
        if _device_is_server(flow):
            out, back, port = back, out, flow.client.port
        self.flows.append(flow.id)
        self.bytes_out += out
        self.bytes_in += back
        self.payload_out += flow.device_sent
        if "proxied" in flow.tags:
            self.answered_by_proxy |= flow.rtt_min_ns is not None
        elif not _device_is_server(flow):
            # where the device answers, the round trip is its own
            self.rtt_min_ns = _least(self.rtt_min_ns, flow.rtt_min_ns)
        self.first_packet = _least(self.first_packet, flow.first_packet)
        self.payload_packet = _least(self.payload_packet, flow.first_device_payload_packet)
        self.ports.add(port)
        if flow.application:
            self.applications.add(flow.application)
        if flow.device:
            self.devices.add(flow.device)
        if flow.tls and (shown := flow.tls.certificate) and shown.subject_o and not (shown.self_signed or _device_is_server(flow)):
            packet = self.certificates.get(shown.subject_o)
            self.certificates[shown.subject_o] = shown.packet if packet is None else min(packet, shown.packet)
        if flow.names:
            self.named.update([(name.name, name.source) for name in flow.names])
            best = best_name(flow)
            if best and (best.name not in self.best or best.packet < self.best[best.name].packet):
                self.best[best.name] = best

    def seed(self, ip: str, name: str | None, local: bool) -> DestinationSeed:  # noqa: FBT001 - parts of a key
        """Gives the seed."""
        best = self.best.get(name) if name is not None else None
        aliases = {other for other, _ in self.named if other != name and not is_address(other)}
        return DestinationSeed(
            ip=ip,
            name=name,
            name_source=best.source if best else None,
            name_packet=best.packet if best else None,
            aliases=tuple(sorted(aliases)),
            outer_name=any(source == "ech_outer" for _, source in self.named),
            local=local,
            rtt_min_ns=self.rtt_min_ns,
            bytes_out=self.bytes_out,
            bytes_in=self.bytes_in,
            payload_out=self.payload_out,
            flows=tuple(sorted(self.flows, key=_natural)),
            applications=tuple(sorted(self.applications)),
            ports=tuple(sorted(self.ports)),
            first_packet=self.first_packet or 0,
            payload_packet=self.payload_packet,
            devices=tuple(sorted(self.devices)),
            name_sources=tuple(sorted({source for other, source in self.named if other == name})),
            dns_aliases=tuple(sorted({other for other, source in self.named if source == "dns"} & aliases)),
            certificates=tuple(sorted(self.certificates.items())),
            reverse_aliases=tuple(sorted(aliases - {other for other, source in self.named if source != "reverse_dns"})),
            rtt_unused=PROXY if self.answered_by_proxy and self.rtt_min_ns is None else "",
        )


def _least(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None or other < one else one


def _natural(ident: str) -> tuple[int, str]:
    """Gives the order of ids that end in a running number: f2 before f10."""
    return len(ident), ident
