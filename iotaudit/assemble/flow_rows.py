"""From rows of the flow table to the flows that are judged and written: device, direction, names, summary."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

from iotaudit.assemble.devices import Census
from iotaudit.model.flows import (
    Direction,
    Endpoint,
    Flow,
    FlowName,
    FlowSummary,
    FlowTable,
    HttpExchange,
)
from iotaudit.model.packets import ip_text, protocol_name
from iotaudit.model.quick import quick

NO_SUMMARY = FlowSummary()
TUNNELS = frozenset(
    ("6in4", "ipip", "gre", "esp", "ah", "wireguard", "openvpn", "ipsec", "teredo", "gtp", "vxlan", "l2tp", "socks")
)
"""Protocols and applications whose peer is not where the data ends: a relay's place settles nothing."""

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://")
"""How a target begins that only a proxy is asked for (RFC 9112 section 3.2.2)."""
PORT = re.compile(r":[0-9]*\Z")


@quick
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


@dataclass(frozen=True, slots=True)
class Side:
    """What an address means: the audited device that has it, whether it is inside, whether it names a group."""

    device: str | None
    inside: bool
    group: bool


class Sides(dict[str, Side]):
    """The side of every address that was asked for, each worked out once."""

    def __init__(self, census: Census) -> None:
        super().__init__()
        self._census = census

    def __missing__(self, ip: str) -> Side:
        """Works out the side of an address ("" where a web log names none)."""
        inside = self._census.inside
        side = Side(self._census.by_ip.get(ip), bool(ip) and inside.holds(ip), inside.is_group(ip))
        self[ip] = side
        return side


def conversations(table: FlowTable) -> Iterator[Conversation]:
    """Gives the rows of a flow table one by one."""
    cells = {name: getattr(table, name).tolist() for name in FlowTable.__slots__}
    version = cells["ip_version"]
    return map(
        Conversation,
        range(len(version)),
        map(protocol_name, cells["protocol"]),
        map(Endpoint, map(ip_text, version, cells["client_hi"], cells["client_lo"]), cells["client_port"]),
        map(Endpoint, map(ip_text, version, cells["server_hi"], cells["server_lo"]), cells["server_port"]),
        cells["packets_out"],
        cells["bytes_out"],
        cells["payload_out"],
        cells["packets_in"],
        cells["bytes_in"],
        cells["payload_in"],
        cells["first_ns"],
        cells["last_ns"],
        cells["first_packet"],
        _seen(cells["first_payload_out"]),
        _seen(cells["first_payload_in"]),
        _seen(cells["rtt_min_ns"]),
        cells["layer"],
        repeat(False),
        zip(cells["client_mac"], cells["server_mac"], strict=True),
    )


def _seen(cells: list[int]) -> list[int | None]:
    return [None if cell < 0 else cell for cell in cells]


def make_flows(
    rows: Iterable[Conversation],
    summaries: Mapping[int, FlowSummary],
    census: Census,
    names_of: Callable[[Conversation, tuple[FlowName, ...]], tuple[FlowName, ...]],
    *,
    all_hosts: bool,
) -> tuple[Flow, ...]:
    """Gives the flows of the audited devices (of everyone with `all_hosts`), in the contract's order, with ids.

    Args:
        rows: the conversations as counted.
        summaries: what dissection read, by number.
        census: who is who.
        names_of: gives all names that hold for a conversation, of those that it showed itself.
        all_hosts: nobody's conversations are left out.
    """
    sides = Sides(census)
    listed: list[tuple[Conversation, str | None, Direction]] = []
    for row in rows:
        device, direction = _whose(row, sides)
        if device is not None or all_hosts:
            listed.append((row, device, direction))
    listed.sort(key=_order)
    flows: list[Flow] = []
    for row, device, direction in listed:
        summary = summaries.get(row.number, NO_SUMMARY)
        sends_out = device is not None and sides[row.client.ip].device == device
        flows.append(
            Flow(
                id=f"f{len(flows) + 1}",
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
                names=names_of(row, summary.names),
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
    return tuple(flows)


def unattributed(rows: Iterable[Conversation], census: Census) -> tuple[Conversation, ...]:
    """Gives the conversations that may be an audited device's though neither end is known to be inside.

    A device may have a public address that no router advertisement or DHCP answer told of: its packets then look
    like those of a gateway. Packets with payload from the link address of an audited device are never passed over.
    """
    sides = Sides(census)
    macs = {int(device.mac.replace(":", ""), 16) for device in census.devices if device.mac}
    return tuple(
        row
        for row in rows
        if not row.layer
        and ((row.macs[0] in macs and row.payload_out > 0) or (row.macs[1] in macs and row.payload_in > 0))
        and not (sides[row.client.ip].inside or sides[row.server.ip].inside)
        and _whose(row, sides) in ((None, Direction.OUTBOUND), (None, Direction.INBOUND))
    )


def is_asked_to_pass_on(summary: FlowSummary) -> bool:
    """Says whether requests were seen that only a proxy is asked for."""
    return any(asked_host(one) is not None for one in summary.http)


def asked_host(request: HttpExchange) -> str | None:
    """Gives the host (lower case, "" where there is none) of a request that only a proxy is asked for, else None."""
    if request.method == "CONNECT":
        authority = request.uri
    elif scheme := ABSOLUTE.match(request.uri):
        authority = re.split(r"[/?#]", request.uri[scheme.end() :], maxsplit=1)[0]
    else:
        return None
    host = PORT.sub("", authority.rpartition("@")[2])
    return host.strip("[]").rstrip(".").lower()


def _tags(row: Conversation, summary: FlowSummary, *, serves: bool) -> tuple[str, ...]:
    """Gives what later stages must know of a flow beside its counts.

    `device_serves`: the audited device is the server. `tunnel`: what it carries goes on to somewhere else.
    `proxied`: the server is asked to pass requests on. `web_log`: from a proxy's log, not from packets.
    """
    if not (serves or row.web_log or summary.http) and row.protocol not in TUNNELS and summary.application not in TUNNELS:
        return ()
    tags = []
    if serves:
        tags.append("device_serves")
    if row.protocol in TUNNELS or summary.application in TUNNELS:
        tags.append("tunnel")
    if not row.web_log and is_asked_to_pass_on(summary):
        tags.append("proxied")
    if row.web_log:
        tags.append("web_log")
    return tuple(tags)


def _order(listed: tuple[Conversation, str | None, Direction]) -> tuple[int, str, str, int, str, int]:
    row = listed[0]
    return row.first_packet, row.protocol, row.client.ip, row.client.port, row.server.ip, row.server.port


def _whose(row: Conversation, sides: Sides) -> tuple[str | None, Direction]:
    """Gives the audited device of a conversation and the direction as seen from it."""
    client, server = sides[row.client.ip], sides[row.server.ip]
    device = client.device or server.device
    if server.group or client.group:
        return device, Direction.MULTICAST
    if client.device and row.web_log and not row.server.ip:
        return device, Direction.OUTBOUND
    if device is None:
        if client.inside and server.inside:
            return None, Direction.LOCAL
        return None, Direction.INBOUND if server.inside and not client.inside else Direction.OUTBOUND
    other = server if client.device else client
    if other.inside:
        return device, Direction.LOCAL
    return device, Direction.OUTBOUND if client.device else Direction.INBOUND
