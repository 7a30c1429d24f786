"""From rows of the flow table to the flows that are judged and written: device, direction, names, summary."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from iotaudit.assemble.devices import Census
from iotaudit.model.flows import Direction, Endpoint, Flow, FlowSummary, FlowTable
from iotaudit.model.packets import ip_text, protocol_name

NO_SUMMARY = FlowSummary()
TUNNELS = frozenset(
    ("6in4", "ipip", "gre", "esp", "ah", "wireguard", "openvpn", "ipsec", "teredo", "gtp", "vxlan", "l2tp", "socks")
)
"""Protocols and applications whose peer is not where the data ends: a relay's place settles nothing."""

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://")
"""How a target begins that only a proxy is asked for (RFC 9112 section 3.2.2)."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as counted, of packets or of a web log, before anybody is named.

    `number` is what events cite. Sizes are bytes, times ns since the epoch, packets packet ids.
    """

    number: int
    protocol: str
    client: Endpoint
    server: Endpoint
    packets_out: int
    bytes_out: int
    payload_out: int
    packets_in: int
    bytes_in: int
    payload_in: int
    first_ns: int
    last_ns: int
    first_packet: int
    first_payload_out: int | None
    first_payload_in: int | None
    rtt_min_ns: int | None
    layer: int = 0
    web_log: bool = False
    macs: tuple[int, int] = (0, 0)
    """Link addresses that client and server were seen behind, 0 unknown."""


def conversations(table: FlowTable) -> Iterator[Conversation]:
    """Gives the rows of a flow table one by one."""
    columns = [getattr(table, name).tolist() for name in FlowTable.__slots__]
    names = {name: i for i, name in enumerate(FlowTable.__slots__)}
    for number, row in enumerate(zip(*columns, strict=True)):
        cell = {name: row[i] for name, i in names.items()}
        version = cell["ip_version"]
        yield Conversation(
            number=number,
            protocol=protocol_name(cell["protocol"]),
            client=Endpoint(ip_text(version, cell["client_hi"], cell["client_lo"]), cell["client_port"]),
            server=Endpoint(ip_text(version, cell["server_hi"], cell["server_lo"]), cell["server_port"]),
            packets_out=cell["packets_out"],
            bytes_out=cell["bytes_out"],
            payload_out=cell["payload_out"],
            packets_in=cell["packets_in"],
            bytes_in=cell["bytes_in"],
            payload_in=cell["payload_in"],
            first_ns=cell["first_ns"],
            last_ns=cell["last_ns"],
            first_packet=cell["first_packet"],
            first_payload_out=_seen(cell["first_payload_out"]),
            first_payload_in=_seen(cell["first_payload_in"]),
            rtt_min_ns=_seen(cell["rtt_min_ns"]),
            layer=cell["layer"],
            macs=(cell["client_mac"], cell["server_mac"]),
        )


def _seen(value: int) -> int | None:
    return None if value < 0 else value


def make_flows(
    rows: Iterable[Conversation],
    summaries: Mapping[int, FlowSummary],
    census: Census,
    *,
    all_hosts: bool,
) -> tuple[Flow, ...]:
    """Gives the flows of the audited devices (of everyone with `all_hosts`), in the contract's order, with ids.

    Names are those that the flow itself showed; `locate.names` adds the ones bound by DNS.
    """
    flows: list[Flow] = []
    for row in rows:
        device, direction = _whose(row, census)
        if device is None and not all_hosts:
            continue
        summary = summaries.get(row.number, NO_SUMMARY)
        sends_out = device is not None and census.by_ip.get(row.client.ip) == device
        flows.append(
            Flow(
                id="",
                number=row.number,
                device=device,
                direction=direction,
                protocol=row.protocol,
                client=row.client,
                server=row.server,
                application=summary.application,
                packets_out=row.packets_out,
                bytes_out=row.bytes_out,
                packets_in=row.packets_in,
                bytes_in=row.bytes_in,
                payload_out=row.payload_out,
                payload_in=row.payload_in,
                first_ns=row.first_ns,
                last_ns=row.last_ns,
                first_packet=row.first_packet,
                rtt_min_ns=row.rtt_min_ns,
                names=summary.names,
                encryption=summary.encryption,
                tls=summary.tls,
                http=summary.http,
                mqtt=summary.mqtt,
                device_sent=0 if device is None else row.payload_out if sends_out else row.payload_in,
                first_device_payload_packet=None
                if device is None
                else row.first_payload_out
                if sends_out
                else row.first_payload_in,
                layer=row.layer,
                tags=_tags(row, summary, serves=device is not None and not sends_out),
            )
        )
    flows.sort(key=_order)
    return tuple(_with_id(flow, f"f{number}") for number, flow in enumerate(flows, start=1))


def unattributed(rows: Iterable[Conversation], census: Census) -> tuple[Conversation, ...]:
    """Gives the conversations that may be an audited device's though neither end is known to be inside.

    A device may have a public address that no router advertisement or DHCP answer told of: its packets then look
    like those of a gateway. Packets with payload from the link address of an audited device are never passed over.
    """
    macs = {int(device.mac.replace(":", ""), 16) for device in census.devices if device.mac}
    return tuple(
        row
        for row in rows
        if not row.layer
        and _whose(row, census) in ((None, Direction.OUTBOUND), (None, Direction.INBOUND))
        and not (_inside(row.client.ip, census) or _inside(row.server.ip, census))
        and ((row.macs[0] in macs and row.payload_out > 0) or (row.macs[1] in macs and row.payload_in > 0))
    )


def _tags(row: Conversation, summary: FlowSummary, *, serves: bool) -> tuple[str, ...]:
    """Gives what later stages must know of a flow beside its counts.

    `device_serves`: the audited device is the server. `tunnel`: what it carries goes on to somewhere else.
    `proxied`: the server is asked to pass requests on. `web_log`: from a proxy's log, not from packets.
    """
    tags = []
    if serves:
        tags.append("device_serves")
    if row.protocol in TUNNELS or summary.application in TUNNELS:
        tags.append("tunnel")
    if not row.web_log and any(x.method == "CONNECT" or ABSOLUTE.match(x.uri) for x in summary.http):
        tags.append("proxied")
    if row.web_log:
        tags.append("web_log")
    return tuple(tags)


def _order(flow: Flow) -> tuple[int, str, str, int, str, int]:
    return flow.first_packet, flow.protocol, flow.client.ip, flow.client.port, flow.server.ip, flow.server.port


def _with_id(flow: Flow, flow_id: str) -> Flow:
    return replace(flow, id=flow_id)


def _whose(row: Conversation, census: Census) -> tuple[str | None, Direction]:
    """Gives the audited device of a conversation and the direction as seen from it."""
    client = census.by_ip.get(row.client.ip)
    server = census.by_ip.get(row.server.ip)
    device = client or server
    if census.inside.is_group(row.server.ip) or census.inside.is_group(row.client.ip):
        return device, Direction.MULTICAST
    other = row.server.ip if client else row.client.ip
    if client and row.web_log and not row.server.ip:
        return client, Direction.OUTBOUND
    if device is None:
        if _inside(row.client.ip, census) and _inside(row.server.ip, census):
            return None, Direction.LOCAL
        inward = _inside(row.server.ip, census) and not _inside(row.client.ip, census)
        return None, Direction.INBOUND if inward else Direction.OUTBOUND
    if _inside(other, census):
        return device, Direction.LOCAL
    return device, Direction.OUTBOUND if client else Direction.INBOUND


def _inside(ip: str, census: Census) -> bool:
    return bool(ip) and census.inside.holds(ip)
