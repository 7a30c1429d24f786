"""From the rows of the flow table to the flows that are judged and written: device, direction, names, destination.

Rows stay in columns, and a `Flow` is made of one when somebody reads it: half a million of them would not fit in memory.
What is the same for many rows (an address as text, its side, the name of a protocol) is worked out once.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import overload

import numpy as np

from iotaudit.assemble.conversation import Conversation, is_asked_to_pass_on
from iotaudit.assemble.devices import Census
from iotaudit.assemble.twins import Twin
from iotaudit.detect import FlowRef
from iotaudit.locate.names import NameBook
from iotaudit.model.destinations import Destination
from iotaudit.model.flows import (
    NO_SUMMARY,
    Column,
    Direction,
    Endpoint,
    Flow,
    FlowName,
    FlowSummary,
    FlowTable,
)
from iotaudit.model.packets import input_of, ip_text, protocol_name
from iotaudit.model.problems import Problem

TUNNELS = frozenset(
    ("6in4", "ipip", "gre", "esp", "ah", "wireguard", "openvpn", "ipsec", "teredo", "gtp", "vxlan", "l2tp", "socks")
)
"""Protocols and applications whose peer is not where the data ends: a relay's place settles nothing."""
DIRECTIONS = tuple(Direction)
OUTBOUND, INBOUND, LOCAL, MULTICAST = map(DIRECTIONS.index, Direction)
NOBODY = -1
"""Code of no device, of no destination."""
CHUNK = 1024
"""Rows whose cells are Python values at once."""
KEPT = 1 << 16
"""So many flows are made once and kept, at some 600 bytes each; of more, each is made whenever it is read."""
COUNTED = (
    "packets_out",
    "bytes_out",
    "packets_in",
    "bytes_in",
    "payload_out",
    "payload_in",
    "first_ns",
    "last_ns",
    "first_packet",
)
"""Columns that a flow has as they are, in the order of its fields."""
PLAIN = (
    *COUNTED,
    "first_payload_out",
    "first_payload_in",
    "rtt_min_ns",
    "layer",
    "client_port",
    "server_port",
)
"""Columns that are the same in the flow table, here, and in a conversation (-1: none)."""


class Rows:
    """All conversations as counted, of packets and of web logs, in columns of n rows.

    `cells` has, beside `PLAIN`: number (what events cite) · client, server (index into `addresses`, which are sorted) ·
    protocol (index into `protocols`, sorted) · web_log (bool: a proxy's log shows it) · peer (as server, but where a
    proxy was spoken to, the server that it reached) · client_mac, server_mac.

    Args:
        table: the conversations of packets.
        logged: those of web logs.
        twins: the conversations of packets that a web log shows as well, which are not among `logged`.
    """

    def __init__(
        self, table: FlowTable, logged: Sequence[Conversation] = (), twins: Sequence[Twin] = ()
    ) -> None:
        count = len(table.protocol)
        ends = _Ends(table)
        seen = np.flatnonzero(np.bincount(table.protocol, minlength=256))  # `np.unique` would load numpy.ma
        protocols = {number: protocol_name(number) for number in seen.tolist()}
        self.reached = {twin.packets: twin.reached for twin in twins if twin.reached is not None}
        told = [end.ip for row in logged for end in (row.client, row.server)]
        told += [end.ip for end in self.reached.values()]
        self.addresses = sorted({*ends.texts, *told})
        self.protocols = sorted({*protocols.values(), *(row.protocol for row in logged)})
        address = {text: code for code, text in enumerate(self.addresses)}
        protocol = {text: code for code, text in enumerate(self.protocols)}
        code_of = np.array([address[text] for text in ends.texts], np.int32)
        known = np.zeros(256, np.int16)
        for number, text in protocols.items():
            known[number] = protocol[text]

        self.cells: dict[str, Column] = {
            "number": _joined(np.arange(count), [row.number for row in logged]),
            "client": _joined(code_of[ends.code[:count]], [address[row.client.ip] for row in logged]),
            "server": _joined(code_of[ends.code[count:]], [address[row.server.ip] for row in logged]),
            "protocol": _joined(known[table.protocol], [protocol[row.protocol] for row in logged]),
            "web_log": _joined(np.zeros(count, bool), [row.web_log for row in logged]),
            "client_mac": _joined(table.client_mac, [row.macs[0] for row in logged]),
            "server_mac": _joined(table.server_mac, [row.macs[1] for row in logged]),
        }
        for name in PLAIN:
            self.cells[name] = _joined(getattr(table, name), [_cell(row, name) for row in logged])
        self.cells["peer"] = self.cells["server"]
        if twins:
            same = [twin.packets for twin in twins]
            self.cells["web_log"][same] = True
            self.cells["rtt_min_ns"] = self.cells["rtt_min_ns"].copy()
            self.cells["rtt_min_ns"][same] = -1  # it was the proxy that answered
            self.cells["peer"] = self.cells["server"].copy()
            self.cells["peer"][list(self.reached)] = [address[end.ip] for end in self.reached.values()]

    def __len__(self) -> int:
        """Gives the number of conversations."""
        return len(self.cells["number"])

    def senders(self) -> frozenset[str]:
        """Gives the addresses that sent payload to a global address."""
        cells = self.cells
        is_global = np.array([_is_global(ip) for ip in self.addresses], bool)
        found = {
            *cells["client"][(cells["payload_out"] > 0) & is_global[cells["peer"]]].tolist(),
            *cells["server"][(cells["payload_in"] > 0) & is_global[cells["client"]]].tolist(),
        }
        return frozenset(self.addresses[code] for code in found)


class Sided:
    """The conversations with what their addresses mean: whose they are, and the direction as seen from the device.

    device: (n,) index into `devices` or `NOBODY` · direction: (n,) index into `DIRECTIONS` · serves: (n,) bool, the
    audited device is the server.
    """

    def __init__(self, rows: Rows, census: Census) -> None:
        self.rows = rows
        self.census = census
        self.devices = [device.id for device in census.devices]
        self.devices += sorted({*census.by_ip.values()}.difference(self.devices))
        code = {ident: at for at, ident in enumerate(self.devices)}
        addresses = rows.addresses
        device = np.array([code[census.by_ip[ip]] if ip in census.by_ip else NOBODY for ip in addresses], np.int32)
        inside = np.array([bool(ip) and census.inside.holds(ip) for ip in addresses], bool)
        group = np.array([census.inside.is_group(ip) for ip in addresses], bool)
        unnamed = np.array([not ip for ip in addresses], bool)
        client, server, peer = (rows.cells[name] for name in ("client", "server", "peer"))
        asks = device[client] >= 0
        self.serves: Column = ~asks & (device[server] >= 0)
        self.device: Column = np.where(asks, device[client], device[server])
        self._near: Column = inside[client] | inside[server]
        self.direction: Column = np.select(
            [
                group[server] | group[client],
                asks & rows.cells["web_log"] & unnamed[peer],
                asks,
                self.serves,
                inside[client] & inside[server],
                inside[server],
            ],
            [
                MULTICAST,
                OUTBOUND,
                np.where(inside[peer], LOCAL, OUTBOUND),
                np.where(inside[client], LOCAL, INBOUND),
                LOCAL,
                INBOUND,
            ],
            OUTBOUND,
        ).astype(np.uint8)

    def unattributed(self) -> tuple[Problem, ...]:
        """Gives a problem for each input with conversations that may be an audited device's though none of their ends is inside.

        A device may have a public address that no router advertisement or DHCP answer told of: its packets then look
        like those of a gateway. Packets with payload from the link address of an audited device are never passed over.
        """
        cells = self.rows.cells
        macs = [int(device.mac.replace(":", ""), 16) for device in self.census.devices if device.mac]
        theirs = np.isin(cells["client_mac"], macs) & (cells["payload_out"] > 0)
        theirs |= np.isin(cells["server_mac"], macs) & (cells["payload_in"] > 0)
        theirs &= (cells["layer"] == 0) & ~self._near & (self.device == NOBODY) & (self.direction != MULTICAST)
        first: dict[int, int] = {}
        count: dict[int, int] = {}
        for packet in np.sort(cells["first_packet"][theirs]).tolist():
            index = input_of(packet)
            first.setdefault(index, packet)
            count[index] = count.get(index, 0) + 1
        detail = "conversations of public addresses behind an audited device; name them with --inside or --device"
        return tuple(
            Problem("unattributed_bytes", index, first[index], None, detail, count[index], loses_payload=True)
            for index in sorted(first)
        )

    def flows(self, summaries: Mapping[int, FlowSummary], names: NameBook, *, all_hosts: bool) -> "FlowList":
        """Gives the flows of the audited devices (of everyone with `all_hosts`), in the contract's order, with ids."""
        cells = self.rows.cells
        keys = ("server_port", "server", "client_port", "client", "protocol", "first_packet")
        order = np.lexsort([cells[key] for key in keys])  # addresses and protocols are numbered as they sort
        if not all_hosts:
            order = order[self.device[order] != NOBODY]
        return FlowList(self, order, summaries, names)


class FlowList(Sequence[Flow]):  # noqa: PLW1641 - as a list, it is equal to others and no key
    """Flows in the contract's order, each made when it is read, or once and for all where they are few.

    At first they have no destination, and their names are not masked.
    """

    def __init__(
        self, sided: Sided, order: Column, summaries: Mapping[int, FlowSummary], names: NameBook
    ) -> None:
        self._addresses = sided.rows.addresses
        self._protocols = sided.rows.protocols
        self._reached = sided.rows.reached
        self._devices: list[str | None] = [*sided.devices, None]
        self._relays = [protocol in TUNNELS for protocol in self._protocols]
        self._cells = {
            name: column[order] for name, column in sided.rows.cells.items() if not name.endswith("_mac")
        }
        self._cells |= {name: getattr(sided, name)[order] for name in ("device", "direction", "serves")}
        self._cells["destination"] = np.full(len(order), NOBODY, np.int32)
        self._destinations: list[str | None] = [None]
        self._summaries = summaries
        self._names = self._resolve(names)
        self._mask: Callable[[Flow], Flow] | None = None
        self._kept: tuple[Flow, ...] | None = None

    def placed(self, destinations: Iterable[Destination]) -> "FlowList":
        """Gives the flows with the ids of their destinations."""
        ids: list[str | None] = []
        column = np.full(len(self), NOBODY, np.int32)
        for code, destination in enumerate(destinations):
            ids.append(destination.id)
            column[[int(flow[1:]) - 1 for flow in destination.flows]] = code
        found = copy(self)
        found._cells = {**self._cells, "destination": column}
        found._destinations = [*ids, None]
        return found

    def masked(self, mask: Callable[[Flow], Flow]) -> "FlowList":
        """Gives the flows as `mask` turns them out; from now on they may be kept."""
        found = copy(self)
        found._mask = mask
        found._kept = tuple(found._made(0, len(self))) if len(self) <= KEPT else None
        return found

    def refs(self) -> dict[int, FlowRef]:
        """Gives by number what became of the flows in which something was read."""
        cells = {
            name: self._cells[name].tolist() for name in ("number", "device", "direction", "serves", "destination")
        }
        columns = enumerate(zip(*cells.values(), strict=True), 1)
        return {
            number: FlowRef(
                flow_id=f"f{row}",
                destination=self._destinations[destination] if device != NOBODY else None,
                local=direction in (LOCAL, MULTICAST),
                device_is_client=not serves,
            )
            for row, (number, device, direction, serves, destination) in columns
            if number in self._summaries
        }

    @property
    def cells(self) -> Mapping[str, Column]:
        """The columns of the flows in their order, as `Rows` and `Sided` have them.

        destination: (n,) int32, index into `destination_ids`.
        """
        return self._cells

    @property
    def destination_ids(self) -> Sequence[str | None]:
        """The ids of the destinations; the last one, which `NOBODY` leads to, is None."""
        return self._destinations

    @property
    def has_web_log(self) -> bool:
        """Some flows are from a proxy's log."""
        return bool(self._cells["web_log"].any())

    def __len__(self) -> int:
        """Gives the number of flows."""
        return len(self._cells["number"])

    def __eq__(self, other: object) -> bool:
        """Tells whether two lists hold the same flows."""
        if not isinstance(other, FlowList):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    @overload
    def __getitem__(self, at: int) -> Flow: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Flow, ...]: ...
    def __getitem__(self, at: int | slice) -> Flow | tuple[Flow, ...]:
        """Gives one flow, or some."""
        if self._kept is not None:
            return self._kept[at]
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        row = range(len(self))[at]
        return next(self._made(row, row + 1))

    def __iter__(self) -> Iterator[Flow]:
        """Gives flow by flow."""
        return iter(self._kept) if self._kept is not None else self._made(0, len(self))

    def _resolve(self, book: NameBook) -> dict[int, tuple[FlowName, ...]]:
        """Gives the names of the flows by row, where they have others than those that they showed themselves."""
        cells, addresses, summaries = self._cells, self._addresses, self._summaries
        answered = np.array([book.knows(ip) for ip in addresses], bool)[cells["peer"]]
        own = {}
        for row, number in enumerate(cells["number"].tolist()):
            summary = summaries.get(number)
            if summary is not None and (len(summary.names) > 1 or answered[row]):
                own[row] = summary.names
        rows = sorted({*own, *np.flatnonzero(answered).tolist()})
        columns = (cells[name][rows].tolist() for name in ("client", "peer", "first_ns", "first_packet"))
        return {
            row: book.names(addresses[client], addresses[peer], (time_ns, packet), own.get(row, ()))
            for row, client, peer, time_ns, packet in zip(rows, *columns, strict=True)
        }

    def _made(self, begin: int, end: int) -> Iterator[Flow]:
        for start in range(begin, end, CHUNK):
            yield from self._chunk(start, min(start + CHUNK, end))

    def _chunk(self, start: int, stop: int) -> Iterator[Flow]:
        """Gives the flows of some rows: columns side by side, each flow made as it is asked for."""
        cells = {name: column[start:stop].tolist() for name, column in self._cells.items()}
        summaries = [self._summaries.get(number, NO_SUMMARY) for number in cells["number"]]
        address, names = self._addresses.__getitem__, self._names
        audited = [device >= 0 for device in cells["device"]]
        sent = zip(audited, cells["serves"], cells["payload_out"], cells["payload_in"], strict=True)
        first = zip(audited, cells["serves"], cells["first_payload_out"], cells["first_payload_in"], strict=True)
        made = map(
            Flow,
            [f"f{row}" for row in range(start + 1, stop + 1)],
            cells["number"],
            map(self._devices.__getitem__, cells["device"]),
            map(DIRECTIONS.__getitem__, cells["direction"]),
            map(self._protocols.__getitem__, cells["protocol"]),
            map(Endpoint, map(address, cells["client"]), cells["client_port"]),
            map(Endpoint, map(address, cells["server"]), cells["server_port"]),
            [summary.application for summary in summaries],
            *(cells[name] for name in COUNTED),
            [None if rtt < 0 else rtt for rtt in cells["rtt_min_ns"]],
            [names.get(row, summary.names) for row, summary in enumerate(summaries, start)],
            [summary.encryption for summary in summaries],
            [summary.tls for summary in summaries],
            [summary.http for summary in summaries],
            [summary.mqtt for summary in summaries],
            map(self._destinations.__getitem__, cells["destination"]),
            [(into if serves else out) if mine else 0 for mine, serves, out, into in sent],
            [
                packet if mine and (packet := into if serves else out) >= 0 else None
                for mine, serves, out, into in first
            ],
            cells["layer"],
            map(_tags, cells["serves"], map(self._relays.__getitem__, cells["protocol"]), cells["web_log"], summaries),
            map(self._reached.get, cells["number"]),
        )
        return map(self._mask, made) if self._mask else made


class _Ends:
    """The distinct addresses of a flow table. code: (2n,) index into `texts` of each client, then of each server."""

    def __init__(self, table: FlowTable) -> None:
        version = np.concatenate((table.ip_version, table.ip_version))
        hi = np.concatenate((table.client_hi, table.server_hi))
        lo = np.concatenate((table.client_lo, table.server_lo))
        order = np.lexsort((lo, hi, version))
        version, hi, lo = version[order], hi[order], lo[order]
        new = np.ones(len(order), bool)
        new[1:] = (lo[1:] != lo[:-1]) | (hi[1:] != hi[:-1]) | (version[1:] != version[:-1])
        self.code: Column = np.empty(len(order), np.int32)
        self.code[order] = np.cumsum(new) - 1
        self.texts = list(map(ip_text, version[new].tolist(), hi[new].tolist(), lo[new].tolist()))


def _joined(cells: Column, more: list[int]) -> Column:
    """Gives a column with more cells at its end."""
    return np.concatenate((cells, np.array(more, cells.dtype))) if more else cells


def _cell(row: Conversation, name: str) -> int:
    """Gives a cell of `PLAIN` for a conversation of a web log."""
    if name.endswith("_port"):
        return row.client.port if name == "client_port" else row.server.port
    value: int | None = getattr(row, name)
    return -1 if value is None else value


def _is_global(ip: str) -> bool:
    if not ip:
        return True
    address = ipaddress.ip_address(ip)
    return not (address.is_private or address.is_multicast or address.is_unspecified or address.is_link_local)


def _tags(serves: bool, relays: bool, web_log: bool, summary: FlowSummary) -> tuple[str, ...]:  # noqa: FBT001 - cells of columns
    """Gives what later stages must know of a flow beside its counts.

    `device_serves`: the audited device is the server. `tunnel`: what it carries goes on to somewhere else.
    `proxied`: the server is asked to pass requests on. `web_log`: a proxy's log shows it.
    """
    relays = relays or summary.application in TUNNELS
    if not (serves or relays or web_log or summary.http):
        return ()
    tags = []
    if serves:
        tags.append("device_serves")
    if relays:
        tags.append("tunnel")
    if not web_log and is_asked_to_pass_on(summary):
        tags.append("proxied")
    if web_log:
        tags.append("web_log")
    return tuple(tags)
