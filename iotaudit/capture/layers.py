"""Frames to IP packets: `decode` gives the packet table of a batch, `arp_senders` who said which address is his.

The usual frame (Ethernet, IPv4 without options, TCP or UDP, whole) is read for all frames at once from one gather of
54 bytes; every other frame walks from header to header with its like (`walk`). Which link types, network protocols
and tunnels are read, and what is counted as a problem, stands in docs/formats/link-types.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from iotaudit import native
from iotaudit.capture import link, network, tunnels, wifi
from iotaudit.capture.walk import Heads, IpRows, Kind, Walk, gather, join, pick
from iotaudit.model.flows import Column
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import ArpTable, FrameBatch, PacketTable
from iotaudit.native.library import Frames

Handlers = Mapping[Kind, Callable[[Walk, Heads], None]]


def _leave(walk: Walk, heads: Heads) -> None:
    """Reads no further."""


def _keep_arp(walk: Walk, heads: Heads) -> None:
    walk.arps.append(heads)


_LINK: Handlers = {
    Kind.ARP: _leave,
    Kind.UNKNOWN_LINK: link.unknown_link,
    Kind.ETHERNET: link.ethernet,
    Kind.VLAN: link.vlan,
    Kind.PPPOE: link.pppoe,
    Kind.PPP: link.ppp,
    Kind.CHDLC: link.chdlc,
    Kind.SLL: link.sll,
    Kind.SLL2: link.sll2,
    Kind.NULL: link.null,
    Kind.ENC: link.enc,
    Kind.FRAME_RELAY: link.frame_relay,
    Kind.PPI: link.ppi,
    Kind.PKTAP: link.pktap,
    Kind.NFLOG: link.nflog,
    Kind.LLC: link.llc,
    Kind.MPLS: link.mpls,
    Kind.BACKBONE: link.backbone,
    Kind.WIFI: wifi.wifi,
    Kind.WIFI_PADDED: wifi.padded_wifi,
    Kind.RADIOTAP: wifi.radiotap,
    Kind.PRISM: wifi.prism,
    Kind.AVS: wifi.avs,
    Kind.IP: link.ip,
}
_IP: Handlers = {
    Kind.IPV4: network.ipv4,
    Kind.IPV6: network.ipv6,
    Kind.GRE: tunnels.gre,
    Kind.ERSPAN: tunnels.erspan,
    Kind.ETHERIP: tunnels.etherip,
    Kind.VXLAN: tunnels.vxlan,
    Kind.GENEVE: tunnels.geneve,
    Kind.GTP: tunnels.gtp,
    Kind.TEREDO: tunnels.teredo,
    Kind.L2TP: tunnels.l2tp,
}


READERS: Handlers = {**_LINK, **_IP}
_ARP_ONLY: Handlers = {**_LINK, **dict.fromkeys(_IP, _leave), Kind.ARP: _keep_arp, Kind.UNKNOWN_LINK: _leave}
"""What is inside IP packets is left alone."""

_USUAL_FIELDS = (
    ("dst_mac", ">u8", 0),
    ("src_mac", ">u8", 4),
    ("type", ">u2", 12),
    ("version", "u1", 14),
    ("total", ">u2", 16),
    ("cut", ">u2", 20),
    ("protocol", "u1", 23),
    ("src", ">u4", 26),
    ("dst", ">u4", 30),
    ("src_port", ">u2", 34),
    ("dst_port", ">u2", 36),
    ("seq", ">u4", 38),
    ("udp_len", ">u2", 38),
    ("ack", ">u4", 42),
    ("offset", "u1", 46),
    ("flags", "u1", 47),
)
_USUAL = np.dtype(
    {
        "names": [name for name, _, _ in _USUAL_FIELDS],
        "formats": [kind for _, kind, _ in _USUAL_FIELDS],
        "offsets": [offset for _, _, offset in _USUAL_FIELDS],
        "itemsize": 54,
    }
)
"""The usual frame; a MAC is 6 bytes, so its field takes two neighbours along that are shifted or masked off."""
_OF_THE_FRAME = ("number", "time_ns", "wire_len", "captured_len", "frame_at")
_OF_THE_PACKET = tuple(name for name in IpRows.__slots__ if name != "row")
_BLOCK = 16384
"""Frames that are read at once: their headers stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """What the usual reading gives for each frame of a batch; only rows where `good` mean anything."""

    good: Column
    protocol: Column
    src_lo: Column
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


def decode(batch: FrameBatch, problems: ProblemTally) -> PacketTable:
    """Gives one row per IP packet of the batch: in frame order, those of one frame outermost first.

    Problems (frames that are not read, headers that are cut or contradict themselves) are counted in `problems`.
    """
    engine = native.engine()
    if engine is not None:
        frames = engine.frames(batch, network.IS_UDP_TUNNEL)
        return _filled(batch, frames, _walked(batch, frames.usual, problems))
    usual = _read_usual(batch)
    return _table(batch, usual, _walked(batch, usual.good, problems))


def _walked(batch: FrameBatch, good: Column, problems: ProblemTally) -> IpRows | None:
    """Gives the rows of the frames that are not usual, by frame, layer and place; None where there are none."""
    walk = Walk(batch, problems)
    others = np.flatnonzero(~good)
    if len(others):
        link.by_link_type(walk, walk.frames(others), batch.link_type[others])
        walk.run(READERS)
    if not walk.rows:
        return None
    rows = join(walk.rows)
    return pick(rows, np.lexsort((rows.payload_at, rows.layer, rows.row)))


def arp_senders(batch: FrameBatch, problems: ProblemTally) -> ArpTable:
    """Gives the senders of the batch's ARP packets, in frame order; of problems, only those of ARP are counted.

    What is wrong below ARP is `decode`'s to count, and counted once.
    """
    which = np.flatnonzero(_other_than_ip(batch))
    walk = Walk(batch, ProblemTally())
    if len(which):
        link.by_link_type(walk, walk.frames(which), batch.link_type[which])
        walk.run(_ARP_ONLY)
    walk.problems = problems
    found = [link.arp_rows(walk, heads) for heads in walk.arps]
    if not found:
        none = np.zeros(0, np.uint64)
        return ArpTable(np.zeros(0, np.int64), none, none)
    rows = join(found)
    rows = pick(rows, np.argsort(rows.row, kind="stable"))
    return ArpTable(batch.number[rows.row], rows.mac, rows.ip)


def _other_than_ip(batch: FrameBatch) -> Column:
    """Marks all frames but those that are IPv4 or IPv6 at first sight."""
    engine = native.engine()
    if engine is not None:
        return ~engine.frames(batch, network.IS_UDP_TUNNEL).is_ip
    high, low = batch.buffer[batch.frame_at + 12], batch.buffer[batch.frame_at + 13]
    is_ip = (batch.link_type == 1) & (((high == 0x08) & (low == 0x00)) | ((high == 0x86) & (low == 0xDD)))
    return ~is_ip


def _read_usual(batch: FrameBatch) -> _Usual:
    count = len(batch.number)
    usual = _Usual(
        good=np.empty(count, bool),
        protocol=np.empty(count, np.uint8),
        src_lo=np.empty(count, np.uint64),
        dst_lo=np.empty(count, np.uint64),
        src_port=np.empty(count, np.uint16),
        dst_port=np.empty(count, np.uint16),
        tcp_flags=np.empty(count, np.uint8),
        tcp_seq=np.empty(count, np.uint32),
        tcp_ack=np.empty(count, np.uint32),
        payload_at=np.empty(count, np.int64),
        payload_len=np.empty(count, np.int64),
        payload_captured=np.empty(count, np.int64),
        src_mac=np.empty(count, np.uint64),
        dst_mac=np.empty(count, np.uint64),
    )
    if not (batch.link_type == 1).any():
        usual.good[:] = False
        return usual
    for start in range(0, count, _BLOCK):
        _read_block(batch, slice(start, min(start + _BLOCK, count)), usual)
    return usual


def _read_block(batch: FrameBatch, block: slice, usual: _Usual) -> None:
    """Reads the frames of one block as if all were usual, and marks those that are.

    The gather may run into the next frame or the padding; `good` is only set where the captured length holds all
    that is read.
    """
    at = batch.frame_at[block]
    captured = batch.captured_len[block]
    head = gather(batch.buffer, at, _USUAL.itemsize).view(_USUAL)[:, 0]
    total = head["total"].astype(np.int64)
    protocol = usual.protocol[block]
    protocol[:] = head["protocol"]
    is_tcp = protocol == 6
    source, target = usual.src_port[block], usual.dst_port[block]
    source[:], target[:] = head["src_port"], head["dst_port"]

    header = (head["offset"] >> 4).astype(np.int64)
    header <<= 2
    right = (header >= 20) & is_tcp
    right &= header + 20 <= total
    right &= captured >= 54
    udp_len = head["udp_len"].astype(np.int64)
    is_udp = (protocol == 17) & (udp_len >= 8)
    is_udp &= udp_len + 20 == total
    is_udp &= captured >= 42
    is_udp &= ~(network.IS_UDP_TUNNEL[source] | network.IS_UDP_TUNNEL[target])
    right |= is_udp
    right &= head["type"] == 0x0800
    right &= head["version"] == 0x45
    right &= (head["cut"] & 0x3FFF) == 0
    right &= total + 14 <= batch.wire_len[block]
    right &= batch.link_type[block] == 1
    usual.good[block] = right

    np.copyto(header, 8, where=~is_tcp)
    header += 20
    usual.payload_len[block] = total - header
    header += 14
    usual.payload_at[block] = at + header
    usual.payload_captured[block] = np.maximum(np.minimum(captured - 14, total) + (14 - header), 0)
    usual.src_lo[block] = head["src"]
    usual.dst_lo[block] = head["dst"]
    usual.tcp_seq[block] = head["seq"] * is_tcp
    usual.tcp_ack[block] = head["ack"] * is_tcp
    usual.tcp_flags[block] = head["flags"] * is_tcp
    usual.dst_mac[block] = head["dst_mac"] >> 16
    usual.src_mac[block] = head["src_mac"] & 0xFFFFFFFFFFFF


def _arrange(good: Column, other: IpRows | None) -> tuple[Column, Column, Column]:
    """Gives how many rows each frame has, where in the table they start, and where the rows of `other` stand."""
    per_frame = good.astype(np.int64)
    if other is None:
        return per_frame, np.cumsum(per_frame) - per_frame, np.zeros(0, np.int64)
    per_frame += np.bincount(other.row, minlength=len(per_frame))
    starts = np.cumsum(per_frame) - per_frame
    nth = np.arange(len(other.row)) - np.searchsorted(other.row, other.row)
    return per_frame, starts, starts[other.row] + nth


def _filled(batch: FrameBatch, frames: Frames, other: IpRows | None) -> PacketTable:
    """Gives the usual rows, as the engine reads them, and the others, merged in the order of their frames."""
    per_frame, starts, places = _arrange(frames.usual, other)
    table = frames.table(int(per_frame.sum()), starts)
    if other is not None:
        for name in _OF_THE_FRAME:
            getattr(table, name)[places] = getattr(batch, name)[other.row]
        for name in _OF_THE_PACKET:
            getattr(table, name)[places] = getattr(other, name)
    return table


def _table(batch: FrameBatch, usual: _Usual, other: IpRows | None) -> PacketTable:
    """Gives the usual rows and the others, merged in the order of their frames."""
    per_frame, _, places = _arrange(usual.good, other)
    same = bool((per_frame == 1).all())
    frame = np.repeat(np.arange(len(per_frame)), per_frame)
    size = len(frame)

    def taken(column: Column) -> Column:
        return column if same else column[frame]

    def merged(name: str) -> Column:
        column: Column = taken(getattr(usual, name))
        if other is not None:
            column[places] = getattr(other, name)
        return column

    def rare(name: str, value: int, dtype: type) -> Column:
        column: Column = np.full(size, value, dtype) if value else np.zeros(size, dtype)
        if other is not None:
            column[places] = getattr(other, name)
        return column

    return PacketTable(
        number=taken(batch.number),
        time_ns=taken(batch.time_ns),
        wire_len=taken(batch.wire_len),
        captured_len=taken(batch.captured_len),
        frame_at=taken(batch.frame_at),
        layer=rare("layer", 0, np.uint8),
        ip_version=rare("ip_version", 4, np.uint8),
        protocol=merged("protocol"),
        src_hi=rare("src_hi", 0, np.uint64),
        src_lo=merged("src_lo"),
        dst_hi=rare("dst_hi", 0, np.uint64),
        dst_lo=merged("dst_lo"),
        src_port=merged("src_port"),
        dst_port=merged("dst_port"),
        tcp_flags=merged("tcp_flags"),
        tcp_seq=merged("tcp_seq"),
        tcp_ack=merged("tcp_ack"),
        payload_at=merged("payload_at"),
        payload_len=merged("payload_len"),
        payload_captured=merged("payload_captured"),
        src_mac=merged("src_mac"),
        dst_mac=merged("dst_mac"),
        frag=rare("frag", 0, np.uint8),
        frag_id=rare("frag_id", 0, np.uint32),
        frag_at=rare("frag_at", 0, np.int64),
        frag_more=rare("frag_more", 0, bool),
        flow=np.full(size, -1, np.int64),
        buffer=batch.buffer,
    )
