"""The rows of the flow table while they are counted: growing columns, two sides each."""

import numpy as np

from iotaudit.assemble.fragments import Fragment
from iotaudit.model.flows import Column, FlowTable
from iotaudit.model.packets import input_of

COLUMNS: tuple[tuple[str, str, int, int], ...] = (
    ("protocol", "u1", 0, 0),
    ("ip_version", "u1", 0, 0),
    ("ip_hi", "u8", 2, 0),
    ("ip_lo", "u8", 2, 0),
    ("port", "u2", 2, 0),
    ("mac", "u8", 2, 0),
    ("layer", "u1", 0, 0),
    ("packets", "i8", 2, 0),
    ("bytes", "i8", 2, 0),
    ("payload", "i8", 2, 0),
    ("first_payload", "i8", 2, -1),
    ("first_ns", "i8", 0, -1),
    ("last_ns", "i8", 0, -1),
    ("first_packet", "i8", 0, -1),
    ("rtt_ns", "i8", 0, -1),
    ("client", "u1", 0, 0),
    ("client_rank", "u1", 0, 0),
    ("syn_seq", "i8", 0, -1),
    ("syn_ns", "i8", 0, -1),
    ("syn_last_ns", "i8", 0, -1),
    ("syn_side", "u1", 0, 0),
    ("syn_open", "?", 0, 0),
    ("closed", "?", 0, 0),
    ("base", "i8", 2, -1),
    ("ack", "i8", 2, -1),
    ("fin", "?", 2, 0),
    ("end", "i8", 2, -1),
    ("ended", "?", 0, 0),
)
"""Name, numpy type, width (2: one cell for side a and one for side b, as in `keys.Keys`), first value.

`client` is the side of the client and `client_rank` how we know (`GUESSED`, `BY_ANSWER`, `BY_SYN`). The rest from
`syn_seq` on is what TCP needs across blocks: the last pure SYN (its number, first and last copy, side; `syn_open`
while nothing answered it), whether FIN or RST was seen since, and for each side the number of its first stream byte
(`base`), its last acknowledgement, whether it sent FIN, and the number of the last FIN (`end`; not of one in a
fragmented packet). `ended`: no more bytes of the flow are looked for, those that were wanted were given to their ends.
"""
GUESSED, BY_ANSWER, BY_SYN = 0, 1, 2
GROWTH = 1 << 16
"""Rows that are made room for at once, once there are as many."""


class FlowRows:
    """Growing columns; about 240 bytes a row."""

    __slots__ = ("_room", "count", *(name for name, *_ in COLUMNS))

    protocol: Column
    ip_version: Column
    ip_hi: Column
    ip_lo: Column
    port: Column
    mac: Column
    layer: Column
    packets: Column
    bytes: Column
    payload: Column
    first_payload: Column
    first_ns: Column
    last_ns: Column
    first_packet: Column
    rtt_ns: Column
    client: Column
    client_rank: Column
    syn_seq: Column
    syn_ns: Column
    syn_last_ns: Column
    syn_side: Column
    syn_open: Column
    closed: Column
    base: Column
    ack: Column
    fin: Column
    end: Column
    ended: Column

    def __init__(self) -> None:
        self.count = 0
        self._room = 0
        self._resize(1024)

    def extend(self, count: int) -> None:
        """Adds `count` rows with first values."""
        self.count += count
        if self.count > self._room:
            self._resize(max(self.count, self._room + min(self._room, GROWTH)))

    def add_times(self, rows: Column, first: Column, last: Column) -> None:
        """Widens the span of distinct rows; -1 is no time."""
        old = self.first_ns[rows]
        known = (first >= 0) & ((old < 0) | (first < old))
        self.first_ns[rows] = np.where(known, first, old)
        self.last_ns[rows] = np.maximum(self.last_ns[rows], last)

    def add_fragment(self, row: int, side: int, fragment: Fragment) -> None:
        """Adds a later fragment to one side of a row."""
        self.packets[row, side] += 1
        self.bytes[row, side] += fragment.wire_len
        self.payload[row, side] += fragment.payload_len
        known = int(self.first_packet[row])
        if input_of(known) == input_of(fragment.packet):
            self.first_packet[row] = min(known, fragment.packet)
        elif 0 <= fragment.time_ns < self.first_ns[row]:
            self.first_packet[row] = fragment.packet
        before = self.first_payload[row, side]
        if fragment.payload_len and (before < 0 or fragment.packet < before):
            self.first_payload[row, side] = fragment.packet
        time_ns = np.array([fragment.time_ns])
        self.add_times(np.array([row]), time_ns, time_ns)

    def table(self) -> FlowTable:
        """Gives the flow table: sides turned into client and server."""
        n = self.count
        rows = np.arange(n)
        out = self.client[:n].astype(np.intp)
        back = 1 - out
        return FlowTable(
            protocol=self.protocol[:n].copy(),
            ip_version=self.ip_version[:n].copy(),
            client_hi=self.ip_hi[rows, out],
            client_lo=self.ip_lo[rows, out],
            server_hi=self.ip_hi[rows, back],
            server_lo=self.ip_lo[rows, back],
            client_port=self.port[rows, out],
            server_port=self.port[rows, back],
            packets_out=self.packets[rows, out],
            bytes_out=self.bytes[rows, out],
            payload_out=self.payload[rows, out],
            packets_in=self.packets[rows, back],
            bytes_in=self.bytes[rows, back],
            payload_in=self.payload[rows, back],
            first_ns=self.first_ns[:n].copy(),
            last_ns=self.last_ns[:n].copy(),
            first_packet=self.first_packet[:n].copy(),
            first_payload_out=self.first_payload[rows, out],
            first_payload_in=self.first_payload[rows, back],
            rtt_min_ns=self.rtt_ns[:n].copy(),
            client_mac=self.mac[rows, out],
            server_mac=self.mac[rows, back],
            layer=self.layer[:n].copy(),
            by_syn=self.client_rank[:n] != GUESSED,
        )

    def _resize(self, room: int) -> None:
        for name, dtype, width, value in COLUMNS:
            column = np.full((room, width) if width else room, value, dtype)
            if self._room:
                column[: self._room] = getattr(self, name)
            setattr(self, name, column)
        self._room = room
