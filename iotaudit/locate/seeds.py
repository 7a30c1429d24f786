"""From flows to destination seeds: one per peer address, name and side (inside or outside)."""

from collections import defaultdict
from collections.abc import Mapping

from iotaudit.locate.names import best_name, is_address
from iotaudit.model.copies import changed
from iotaudit.model.destinations import Destination, DestinationSeed
from iotaudit.model.flows import Direction, Flow, FlowName

Key = tuple[str, str | None, bool]
LOCAL_NAMES = ("mdns", "dhcp", "llmnr", "netbios", "ssdp")


def seed_key(flow: Flow, logged: Mapping[str, str]) -> Key:
    """Gives what a flow's peer is grouped by: address, name (lower case), and whether it is local.

    A request that a proxy passes on goes to the host that it names, whose address the capture does not show: the
    address is then that of a proxy's log (`logged`: host name to address) or "" (unknown place).
    """
    local = flow.direction in (Direction.LOCAL, Direction.MULTICAST)
    peer = flow.client.ip if _device_is_server(flow) else flow.server.ip
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


def make_seeds(flows: tuple[Flow, ...]) -> tuple[DestinationSeed, ...]:
    """Gives the seeds of all peers, sorted by address text, name."""
    groups: dict[Key, list[Flow]] = defaultdict(list)
    logged: dict[str, str] = {}
    for flow in flows:
        name = best_name(flow) if "web_log" in flow.tags else None
        if name and flow.server.ip:
            logged.setdefault(name.name, flow.server.ip)
    for flow in flows:
        groups[seed_key(flow, logged)].append(flow)
    return tuple(_seed(key, groups[key]) for key in sorted(groups, key=lambda k: (k[0], k[1] or "", k[2])))


def _seed(key: Key, flows: list[Flow]) -> DestinationSeed:
    ip, name, local = key
    best = _first_called(name, flows) if name is not None else None
    named = {(n.name, n.source) for f in flows for n in f.names}
    aliases = {other for other, _ in named if other != name and not is_address(other)}
    served = [_device_is_server(f) for f in flows]
    rtts = [f.rtt_min_ns for f in flows if f.rtt_min_ns is not None]
    payload = [f.first_device_payload_packet for f in flows if f.first_device_payload_packet is not None]
    return DestinationSeed(
        ip=ip,
        name=name,
        name_source=best.source if best else None,
        name_packet=best.packet if best else None,
        aliases=tuple(sorted(aliases)),
        outer_name=any(source == "ech_outer" for _, source in named),
        local=local,
        rtt_min_ns=min(rtts, default=None),
        bytes_out=sum(f.bytes_in if s else f.bytes_out for f, s in zip(flows, served, strict=True)),
        bytes_in=sum(f.bytes_out if s else f.bytes_in for f, s in zip(flows, served, strict=True)),
        payload_out=sum(f.device_sent for f in flows),
        flows=tuple(f.id for f in flows),
        applications=tuple(sorted({f.application for f in flows if f.application})),
        ports=tuple(sorted({f.client.port if s else f.server.port for f, s in zip(flows, served, strict=True)})),
        first_packet=min(f.first_packet for f in flows),
        payload_packet=min(payload, default=None),
        devices=tuple(sorted({f.device for f in flows if f.device})),
        name_sources=tuple(sorted({source for other, source in named if other == name})),
        dns_aliases=tuple(sorted({other for other, source in named if source == "dns"} & aliases)),
    )


def _first_called(name: str, flows: list[Flow]) -> FlowName | None:
    """Gives the earliest sighting of a name as the best one of a flow."""
    found = [best for flow in flows if (best := best_name(flow)) and best.name == name]
    return min(found, key=lambda n: n.packet, default=None)


def attach(flows: tuple[Flow, ...], destinations: tuple[Destination, ...]) -> tuple[Flow, ...]:
    """Gives the flows with the id of their destination."""
    by_flow = {flow_id: d.id for d in destinations for flow_id in d.flows}
    return tuple(changed(flow, destination=by_flow.get(flow.id)) for flow in flows)
