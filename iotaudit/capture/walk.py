"""The state of walking from header to header, for many frames at once.

A handler takes the heads of one kind (`Heads`: one row per header, columns of equal length), reads them with a few
array operations and pushes what they carry under its kind. No handler loops over packets; what it loops over
(subframes, extension headers) is bounded. Bytes past `end` belong to a neighbour and are never looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, auto
from typing import TypeVar

import numpy as np

from iotaudit.model.flows import Column
from iotaudit.model.packets import NUMBER_BITS
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch

MAX_LAYERS = 8
"""IP layers in one frame."""
MAX_HEADERS = 32
"""Headers in one frame, tags and labels included (IPv6 extension headers and subframes have bounds of their own)."""
DETAILS_NAMED = 16
"""Unknown types that one batch names one by one."""


class Kind(IntEnum):
    """What stands at a head."""

    UNREAD = 0
    QUIET = auto()
    UNKNOWN_LINK = auto()
    ETHERNET = auto()
    VLAN = auto()
    PPPOE = auto()
    PPP = auto()
    CHDLC = auto()
    SLL = auto()
    SLL2 = auto()
    NULL = auto()
    ENC = auto()
    FRAME_RELAY = auto()
    PPI = auto()
    PKTAP = auto()
    NFLOG = auto()
    WIFI = auto()
    WIFI_PADDED = auto()
    RADIOTAP = auto()
    PRISM = auto()
    AVS = auto()
    LLC = auto()
    MPLS = auto()
    BACKBONE = auto()
    ARP = auto()
    IP = auto()
    IPV4 = auto()
    IPV6 = auto()
    GRE = auto()
    ERSPAN = auto()
    ETHERIP = auto()
    VXLAN = auto()
    GENEVE = auto()
    GTP = auto()
    TEREDO = auto()
    L2TP = auto()


@dataclass(frozen=True, slots=True)
class Heads:
    """Headers to read, one per row.

    row: index of the frame in the batch · at: where the header starts in the buffer · end: first byte that is not
    captured or not the carrier's · limit: where the carrier says that its data ends (may lie past `end`) · layer:
    uint8, number of IP headers before · src_mac dst_mac: uint64, the innermost link addresses so far, 0 none. The
    other columns are int64.
    """

    row: Column
    at: Column
    end: Column
    limit: Column
    layer: Column
    src_mac: Column
    dst_mac: Column

    def __len__(self) -> int:
        return len(self.row)

    def moved(self, by: Column | int) -> "Heads":
        """Gives the heads that start `by` bytes further on."""
        return replace(self, at=self.at + by)


@dataclass(frozen=True, slots=True)
class IpRows:
    """Rows of the packet table to be, the columns of a batch left out: names and dtypes as in `PacketTable`."""

    row: Column
    layer: Column
    ip_version: Column
    protocol: Column
    src_hi: Column
    src_lo: Column
    dst_hi: Column
    dst_lo: Column
    src_port: Column
    dst_port: Column
    tcp_flags: Column
    tcp_seq: Column
    tcp_ack: Column
    payload_at: Column
    payload_len: Column
    payload_captured: Column
    src_mac: Column
    dst_mac: Column
    frag: Column
    frag_id: Column
    frag_at: Column
    frag_more: Column


@dataclass(frozen=True, slots=True)
class ArpRows:
    """Senders of ARP packets: frame, MAC, IPv4 address."""

    row: Column
    mac: Column
    ip: Column


Columns = TypeVar("Columns", Heads, IpRows, ArpRows)


def pick(rows: Columns, which: Column) -> Columns:
    """Gives the rows that a boolean mask (or an index array) picks."""
    return type(rows)(*[getattr(rows, name)[which] for name in rows.__slots__])


def join(parts: list[Columns]) -> Columns:
    """Gives the rows of all parts (at least one) in their order."""
    if len(parts) == 1:
        return parts[0]
    kind = type(parts[0])
    return kind(*[np.concatenate([getattr(part, name) for part in parts]) for name in kind.__slots__])


class Walk:
    """One batch on its way through its headers: heads still to read, rows found so far, problems."""

    __slots__ = ("arps", "batch", "buffer", "problems", "queue", "rows")

    def __init__(self, batch: FrameBatch, problems: ProblemTally) -> None:
        self.batch = batch
        self.buffer = batch.buffer
        self.problems = problems
        self.queue: dict[Kind, list[Heads]] = {}
        self.rows: list[IpRows] = []
        self.arps: list[Heads] = []

    def frames(self, which: Column) -> Heads:
        """Gives the heads of frames: `which` is an index array into the batch."""
        at = self.batch.frame_at[which].astype(np.int64)
        captured = self.batch.captured_len[which]
        return Heads(
            row=which.astype(np.int64),
            at=at,
            end=at + captured,
            limit=at + np.maximum(captured, self.batch.wire_len[which]),
            layer=np.zeros(len(at), np.uint8),
            src_mac=np.zeros(len(at), np.uint64),
            dst_mac=np.zeros(len(at), np.uint64),
        )

    def run(self, handlers: Mapping[Kind, Callable[["Walk", Heads], None]]) -> None:
        """Reads header after header until none is left or the bound is reached."""
        for _ in range(MAX_HEADERS):
            if not self.queue:
                return
            todo, self.queue = self.queue, {}
            for kind in sorted(todo):
                handlers[kind](self, join(todo[kind]))
        for kind in sorted(self.queue):
            self.report("too_deep", join(self.queue[kind]), "nested headers", loses_payload=True)
        self.queue = {}

    def push(self, kind: Kind, heads: Heads) -> None:
        """Queues heads of one kind."""
        if len(heads) and kind is not Kind.QUIET:
            self.queue.setdefault(kind, []).append(heads)

    def push_each(self, kinds: Column, heads: Heads, types: Column, what: str) -> None:
        """Queues each head under its own kind; `types` and `what` name those that are `Kind.UNREAD`."""
        found = np.flatnonzero(np.bincount(kinds, minlength=len(Kind)))
        for code in found:
            kind = Kind(int(code))
            mine = kinds == code
            if kind is Kind.UNREAD:
                self.report_each("unknown_ethertype", pick(heads, mine), types[mine], what, "0x{:04x}".format)
            elif len(found) == 1:
                self.push(kind, heads)
            else:
                self.push(kind, pick(heads, mine))

    def report_each(
        self, kind: str, heads: Heads, types: Column, what: str, form: Callable[[int], str] = str
    ) -> None:
        """Counts a problem per type that loses payload; the rarest beyond a bound are summed up."""
        values, counts = np.unique(types, return_counts=True)
        for value in values[np.lexsort((values, -counts))][:DETAILS_NAMED]:
            mine = types == value
            self.report(kind, pick(heads, mine), f"{what} {form(int(value))}", loses_payload=True)
            heads, types = pick(heads, ~mine), types[~mine]
        self.report(kind, heads, f"{what}, others", loses_payload=True)

    def report(self, kind: str, heads: Heads, detail: str, *, loses_payload: bool) -> None:
        """Counts one problem for all these heads of an input, at the first of their packets."""
        numbers = self.batch.number[heads.row]
        inputs, counts = np.unique(numbers >> NUMBER_BITS, return_counts=True)
        for index, count in zip(inputs.tolist(), counts.tolist(), strict=True):
            first = int(numbers[numbers >> NUMBER_BITS == index].min())
            self.problems.add(Problem(kind, index, first, None, detail, count, loses_payload))

    def malformed(self, heads: Heads, detail: str) -> None:
        """Counts heads whose bytes are cut or contradict themselves."""
        self.report("malformed_packet", heads, detail, loses_payload=True)

    def whole(self, heads: Heads, need: int, what: str) -> Heads:
        """Gives the heads that have `need` readable bytes; the others are counted as malformed."""
        return self.checked(heads, heads.end - heads.at >= need, f"{what} header is cut")

    def checked(self, heads: Heads, good: Column, detail: str) -> Heads:
        """Gives the heads where `good`; the others are counted as malformed."""
        if good.all():
            return heads
        self.malformed(pick(heads, ~good), detail)
        return pick(heads, good)

    def window(self, at: Column, length: int) -> Column:
        """Gives `length` bytes from each offset, (n, length) uint8. The caller has checked or masks them."""
        return gather(self.buffer, at, length)

    def masked(self, heads: Heads, length: int) -> Column:
        """Gives `length` bytes from each head, zero where they are not the packet's or not captured."""
        # an IPv6 extension header may claim to end beyond the captured bytes, and beyond the buffer
        window = self.window(np.minimum(heads.at, heads.end), length)
        short = np.flatnonzero(heads.end - heads.at < length)
        if len(short):
            readable = np.arange(length) < (heads.end - heads.at)[short, None]
            window[short] *= readable
        return window


def gather(buffer: Column, at: Column, length: int) -> Column:
    """Gives `length` bytes of the buffer from each offset, (n, length) uint8.

    Items of a void type that overlap byte by byte are copied whole: half the time of `sliding_window_view` and an
    eighth of an index matrix.
    """
    items: Column = np.ndarray((len(buffer) - length + 1,), f"V{length}", buffer, strides=(1,))
    return items[at].view(np.uint8).reshape(len(at), length)


def number_at(window: Column, offset: int, length: int) -> Column:
    """Gives the big-endian number of 1 to 6 bytes at `offset` of each row, int64."""
    value = window[:, offset].astype(np.int64)
    for i in range(offset + 1, offset + length):
        value <<= 8
        value |= window[:, i]
    return value


def number_at_le(window: Column, offset: int, length: int) -> Column:
    """Gives the little-endian number of 1 to 6 bytes at `offset` of each row, int64."""
    return number_at(window[:, offset : offset + length][:, ::-1], 0, length)


def word_at(window: Column, offset: int) -> Column:
    """Gives the big-endian 64-bit number at `offset` of each row, uint64."""
    return np.ascontiguousarray(window[:, offset : offset + 8]).view(">u8")[:, 0].astype(np.uint64)


def mac_at(window: Column, offset: int) -> Column:
    """Gives the 48-bit MAC at `offset` of each row, uint64."""
    return number_at(window, offset, 6).astype(np.uint64)
