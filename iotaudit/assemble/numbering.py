"""Gives each row of a block the number of its flow, and adds the block's sums to the flow rows.

Source: docs/formats/json.md, "What is counted"; conversations are told apart as tshark's `conv` does, by addresses, ports
and protocol alone.
"""

from dataclasses import dataclass

import numpy as np

from iotaudit.assemble import handshake
from iotaudit.assemble.handshake import ACK, FIN, RST, SYN, Control
from iotaudit.assemble.keys import Keys, group_rows
from iotaudit.assemble.table import FlowRows
from iotaudit.model.accelerator import Accelerator, Sums
from iotaudit.model.flows import Column
from iotaudit.model.raw import PacketTable

FLOW_LIMIT = 1 << 19
"""Conversations that are listed: at some 500 bytes each (row and key) they stay within the memory we promise."""
TCP = 6
BY_ID_ALONE = np.zeros(256, bool)
BY_ID_ALONE[[6, 17, 33, 132, 136, 0, 43, 51, 60, 135, 139, 140]] = True
"""Protocols whose later fragments say too little to be attributed: with ports (TCP, UDP, DCCP, SCTP, UDP-Lite), and
IPv6 extension headers, behind which one of these may be."""
LATER_FRAGMENT = 2
NEVER = np.int64(np.iinfo(np.int64).max)
NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A block with flow numbers.

    flow: (n,) int64, -1 for later fragments and beyond the bound · side: (n,) uint8 as in `Keys` · cell: (n,) int64,
    equal for rows of one side of one flow, -1 for later fragments · ends: row of the SYN that ended a flow, and that
    flow's number · turns: see `handshake.decide_clients` · syns: see `handshake.set_bases` · later:
    rows of later fragments.
    """

    flow: Column
    side: Column
    cell: Column
    ends: dict[int, int]
    turns: dict[int, list[int]]
    syns: Column
    later: Column


@dataclass(frozen=True, slots=True)
class _Parts:
    """The conversations within a block.

    `start` says where each starts in `order` (rows by key and packet), `key` which key it has, `fresh` whether a SYN
    on used ports began it.
    """

    order: Column
    start: Column
    key: Column
    fresh: Column

    def each(self) -> Column:
        """Gives the part of each place in `order`."""
        return np.repeat(np.arange(len(self.start)), np.diff(self.start, append=len(self.order)))


class Numbering:
    """The conversations so far. One serves all inputs, one after the other."""

    __slots__ = ("_accelerator", "_limit", "_numbers", "rows")

    def __init__(self, limit: int = FLOW_LIMIT, accelerator: Accelerator | None = None) -> None:
        self.rows = FlowRows()
        self._numbers: dict[bytes, int] = {}
        self._limit = limit
        self._accelerator = accelerator

    def number(self, table: PacketTable) -> Numbered:
        """Numbers and counts one block (n > 0); later fragments are left to `fragments`."""
        count = len(table.number)
        flow, side, cell = np.full(count, -1), np.zeros(count, np.uint8), np.full(count, -1)
        is_later = table.frag == LATER_FRAGMENT
        is_later &= BY_ID_ALONE[table.protocol]
        later = np.flatnonzero(is_later)
        if len(later) == count:
            return Numbered(flow, side, cell, {}, {}, NO_ROWS, later)
        picked = np.flatnonzero(~is_later) if later.size else None
        keys, order, starts, heads = group_rows(table, picked, self._accelerator)
        texts = keys.texts(heads)
        get = self._numbers.get
        known = np.fromiter((get(text, -1) for text in texts), np.int64, len(texts))
        if picked is not None:
            side[picked] = keys.side
            order = picked[order]
        else:
            side = keys.side

        control, begun = self._control(table, order, starts, side, known)
        parts = _cut(order, starts, begun)
        begin = self.rows.count
        numbers, ends = self._assign(parts, known, texts)
        self._describe(table, parts, numbers, begin, side, (keys, heads))
        each = parts.each()
        flow[order] = numbers[each]
        cell[order] = each * 2
        cell[order] += side[order]

        sums = self._sum_up(table, cell, parts)
        listed = numbers >= 0
        turns: dict[int, list[int]] = {}
        syns = NO_ROWS
        if len(control.row):
            control = control.by(flow[control.row])
            by_flow = np.full((self.rows.count, 2), count)
            by_flow[numbers[listed]] = sums.first_payload[listed]
            turns = handshake.decide_clients(self.rows, control)
            syns = handshake.set_bases(self.rows, control, by_flow)
            handshake.note_control(self.rows, control)
        self._add(table, numbers, sums)
        return Numbered(flow, side, cell, ends, turns, syns, later)

    def forget_keys(self) -> None:
        """Takes note that no more packets come: what finds a conversation again is let go, its row stays."""
        self._numbers = {}

    def _control(
        self, table: PacketTable, order: Column, starts: Column, side: Column, known: Column
    ) -> tuple[Control, Column]:
        """Gives the control rows (by key), and where in `order` a SYN begins a new conversation on used ports."""
        wanted = (table.tcp_flags & (SYN | FIN | RST)) != 0
        wanted &= (table.protocol == TCP) & (table.frag != LATER_FRAGMENT)
        rows = np.flatnonzero(wanted)
        key_of = np.zeros(len(wanted), np.int64)
        if rows.size:
            key_of[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
        control = handshake.control_rows(table, rows, key_of, side)
        if not rows.size:
            return control, NO_ROWS
        old = np.maximum(known, 0)
        last_seq = np.where(known < 0, -1, self.rows.syn_seq[old])
        restarts = handshake.find_restarts(control, last_seq, (known >= 0) & self.rows.closed[old])
        if not restarts.any():
            return control, NO_ROWS
        place = np.empty(len(wanted), np.int64)
        place[order] = np.arange(len(order))
        return control, np.sort(place[control.row[restarts]])

    def _assign(self, parts: _Parts, known: Column, texts: list[bytes]) -> tuple[Column, dict[int, int]]:
        """Gives the flow number of each part, new ones in order of their first row, and what SYNs ended."""
        numbers = np.where(parts.fresh, -1, known[parts.key])
        new = np.flatnonzero(numbers < 0)
        new = new[np.argsort(parts.order[parts.start[new]])]
        begin = self.rows.count
        room = max(0, min(len(new), self._limit - begin))
        new = new[:room]
        self.rows.extend(room)
        numbers[new] = np.arange(begin, begin + room)
        for key, number in zip(parts.key[new].tolist(), range(begin, begin + room), strict=True):
            self._numbers[texts[key]] = number
        ends: dict[int, int] = {}
        for part in np.flatnonzero(parts.fresh).tolist():
            same = part > 0 and parts.key[part - 1] == parts.key[part]
            before = int(numbers[part - 1] if same else known[parts.key[part]])
            if before >= 0:
                ends[int(parts.order[parts.start[part]])] = before
        return numbers, ends

    def _describe(
        self,
        table: PacketTable,
        parts: _Parts,
        numbers: Column,
        begin: int,
        side: Column,
        keys: tuple[Keys, Column],
    ) -> None:
        """Fills in what a flow's first packet tells; `keys` come with the row in them of each key of `parts`."""
        new = np.flatnonzero(numbers >= begin)
        if not new.size:
            return
        rows, number = self.rows, numbers[new]
        first = parts.order[parts.start[new]]
        ends, head = keys[0], keys[1][parts.key[new]]
        rows.protocol[number] = table.protocol[first]
        rows.ip_version[number] = table.ip_version[first]
        rows.layer[number] = table.layer[first]
        rows.first_packet[number] = table.number[first]
        rows.ip_hi[number, 0], rows.ip_hi[number, 1] = ends.a_hi[head], ends.b_hi[head]
        rows.ip_lo[number, 0], rows.ip_lo[number, 1] = ends.a_lo[head], ends.b_lo[head]
        a_port = ends.meta[head].astype(np.uint16)
        b_port = (ends.meta[head] >> np.uint64(16)).astype(np.uint16)
        rows.port[number, 0], rows.port[number, 1] = a_port, b_port
        sender = side[first]
        rows.mac[number, sender] = table.src_mac[first]
        rows.mac[number, 1 - sender] = table.dst_mac[first]
        guessed = (table.protocol[first] == TCP) & (a_port != b_port)
        rows.client[number] = np.where(guessed, b_port > a_port, sender)

    def _sum_up(self, table: PacketTable, cell: Column, parts: _Parts) -> Sums:
        """Gives the sums of a block."""
        if self._accelerator is None:
            return _sum_up(table, cell, parts)
        lengths, tcp = (table.wire_len, table.payload_len), (table.protocol, table.tcp_flags, table.tcp_ack)
        return self._accelerator.add_up(cell, len(parts.start), lengths, table.time_ns, tcp)

    def _add(self, table: PacketTable, numbers: Column, sums: Sums) -> None:
        """Adds the sums of a block to the rows of its flows."""
        rows = self.rows
        listed = numbers >= 0
        number = numbers[listed]
        rows.packets[number] += sums.packets[listed]
        rows.bytes[number] += sums.bytes[listed]
        rows.payload[number] += sums.payload[listed]
        rows.add_times(number, sums.first_ns[listed], sums.last_ns[listed])
        unseen = sums.first_payload[listed]
        packets = table.number[np.minimum(unseen, len(table.number) - 1)]
        old = rows.first_payload[number]
        rows.first_payload[number] = np.where((old < 0) & (unseen < len(table.number)), packets, old)
        ack = sums.ack[listed]
        rows.ack[number] = np.where(ack >= 0, ack, rows.ack[number])


def _sum_up(table: PacketTable, cell: Column, parts: _Parts) -> Sums:
    """Gives the sums of a block; what `Accelerator.add_up` gives, too."""
    size = 2 * len(parts.start)
    mine, wire, payload = cell, table.wire_len, table.payload_len
    if len(parts.order) < len(cell):
        rows = np.flatnonzero(cell >= 0)
        mine, wire, payload = cell[rows], wire[rows], payload[rows]
    time_ns = table.time_ns[parts.order]
    last = np.maximum.reduceat(time_ns, parts.start)
    time_ns[time_ns < 0] = NEVER
    first = np.minimum.reduceat(time_ns, parts.start)
    first[first == NEVER] = -1
    return Sums(
        packets=np.bincount(mine, minlength=size).reshape(-1, 2),
        bytes=np.bincount(mine, wire, size).astype(np.int64).reshape(-1, 2),
        payload=np.bincount(mine, payload, size).astype(np.int64).reshape(-1, 2),
        first_payload=_first_payload(table, cell, len(parts.start)),
        ack=_last_acks(table, cell, len(parts.start)),
        first_ns=first,
        last_ns=last,
    )


def _last_acks(table: PacketTable, cell: Column, parts: int) -> Column:
    """Gives the last acknowledgement of each side of each part, (parts, 2); -1 where none."""
    last = np.full(2 * parts, -1)
    acks = np.flatnonzero(((table.tcp_flags & (ACK | RST)) == ACK) & (table.protocol == TCP) & (cell >= 0))
    last[cell[acks]] = table.tcp_ack[acks]
    return last.reshape(-1, 2)


def _cut(order: Column, starts: Column, begun: Column) -> _Parts:
    """Cuts the rows of each key where a SYN began a new conversation."""
    if not begun.size:
        return _Parts(order, starts, np.arange(len(starts)), np.zeros(len(starts), bool))
    start = np.union1d(starts, begun)
    fresh = np.isin(start, begun)
    return _Parts(order, start, np.searchsorted(starts, start, side="right") - 1, fresh)


def _first_payload(table: PacketTable, cell: Column, parts: int) -> Column:
    """Gives the row of the first payload of each side of each part, (parts, 2); the number of rows where none."""
    count = len(cell)
    first = np.full(2 * parts, count)
    with_payload = np.flatnonzero((table.payload_len > 0) & (cell >= 0))[::-1]
    first[cell[with_payload]] = with_payload  # of equal cells the last written, so the earliest row, stays
    return first.reshape(-1, 2)
