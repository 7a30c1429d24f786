"""IPv4, IPv6 and what they carry: ports of TCP and UDP, fragments, the way into tunnels.

**Source:** IPv4: RFC 791; IPv6 and its extension headers: RFC 8200, RFC 4302 (AH), RFC 7045 (list); TCP: RFC 9293;
UDP: RFC 768, RFC 2675 (length 0). Total length 0: what recorders see before segmentation offload.
"""

from dataclasses import dataclass, replace

import numpy as np

from iotaudit.capture.walk import MAX_LAYERS, Heads, IpRows, Kind, Walk, number_at, pick, word_at
from iotaudit.model.flows import Column

MAX_EXTENSIONS = 16
"""Extension headers of one IPv6 packet."""

_TCP, _UDP, _FRAGMENT, _AUTHENTICATION, _NOTHING = 6, 17, 44, 51, 59
_SKIPPED = np.zeros(256, bool)
_SKIPPED[[0, 43, 60, 135, 139, 140, _FRAGMENT, _AUTHENTICATION]] = True

_TUNNELS = np.full(256, Kind.QUIET, np.uint8)
for _number, _kind in {4: Kind.IPV4, 41: Kind.IPV6, 47: Kind.GRE, 97: Kind.ETHERIP, 137: Kind.MPLS}.items():
    _TUNNELS[_number] = _kind

UDP_TUNNELS = {
    1701: Kind.L2TP,
    2152: Kind.GTP,
    3544: Kind.TEREDO,
    4789: Kind.VXLAN,
    6081: Kind.GENEVE,
}
"""UDP ports of tunnels. A datagram that does not look like the tunnel's is the payload of its flow, no more."""
IS_UDP_TUNNEL = np.zeros(65536, bool)
"""(65536,) bool by port."""
IS_UDP_TUNNEL[list(UDP_TUNNELS)] = True
_UDP_KINDS = np.full(65536, Kind.QUIET, np.uint8)
for _number, _kind in UDP_TUNNELS.items():
    _UDP_KINDS[_number] = _kind


@dataclass(frozen=True, slots=True)
class _Packets:
    """IP packets whose payload is next: `heads.at` and `heads.limit` bound it; columns as in `PacketTable`."""

    heads: Heads
    version: int
    protocol: Column
    src_hi: Column
    src_lo: Column
    dst_hi: Column
    dst_lo: Column
    frag: Column
    frag_id: Column
    frag_at: Column
    frag_more: Column

    def pick(self, which: Column) -> "_Packets":
        return _Packets(
            pick(self.heads, which),
            self.version,
            self.protocol[which],
            self.src_hi[which],
            self.src_lo[which],
            self.dst_hi[which],
            self.dst_lo[which],
            self.frag[which],
            self.frag_id[which],
            self.frag_at[which],
            self.frag_more[which],
        )


def ipv4(walk: Walk, heads: Heads) -> None:
    """Reads IPv4 headers, options included, and what follows."""
    heads = walk.whole(heads, 20, "IPv4")
    window = walk.window(heads.at, 20)
    length = (window[:, 0] & 0x0F).astype(np.int64) * 4
    total = number_at(window, 2, 2)
    total = np.where(total == 0, heads.limit - heads.at, total)
    good = (window[:, 0] >> 4 == 4) & (length >= 20) & (total >= length)
    heads = walk.checked(heads, good, "IPv4 version or lengths are impossible")
    window, length, total = window[good], length[good], total[good]
    limit = heads.at + total
    _report_beyond(walk, heads, limit)
    cut = number_at(window, 6, 2)
    frag_at, more = (cut & 0x1FFF) * 8, (cut & 0x2000) != 0
    frag = _frag(frag_at, more)
    packets = _Packets(
        heads=replace(heads, at=heads.at + length, limit=limit, end=np.minimum(heads.end, limit)),
        version=4,
        protocol=window[:, 9],
        src_hi=np.zeros(len(heads), np.uint64),
        src_lo=number_at(window, 12, 4).astype(np.uint64),
        dst_hi=np.zeros(len(heads), np.uint64),
        dst_lo=number_at(window, 16, 4).astype(np.uint64),
        frag=frag,
        frag_id=np.where(frag > 0, number_at(window, 4, 2), 0).astype(np.uint32),
        frag_at=frag_at,
        frag_more=more,
    )
    _payload(walk, _skip_extensions(walk, packets, (window[:, 9] == _AUTHENTICATION) & (frag != 2)))


def ipv6(walk: Walk, heads: Heads) -> None:
    """Reads IPv6 headers, extension headers included, and what follows."""
    heads = walk.whole(heads, 40, "IPv6")
    window = walk.window(heads.at, 40)
    good = window[:, 0] >> 4 == 6
    heads, window = walk.checked(heads, good, "IPv6 version is impossible"), window[good]
    length = number_at(window, 4, 2)
    jumbo = (length == 0) & (window[:, 6] != _NOTHING)
    limit = np.where(jumbo, np.maximum(heads.limit, heads.at + 40), heads.at + 40 + length)
    _report_beyond(walk, heads, limit)
    nothing = np.zeros(len(heads), np.int64)
    packets = _Packets(
        heads=replace(heads, at=heads.at + 40, limit=limit, end=np.minimum(heads.end, limit)),
        version=6,
        protocol=window[:, 6].copy(),
        src_hi=word_at(window, 8),
        src_lo=word_at(window, 16),
        dst_hi=word_at(window, 24),
        dst_lo=word_at(window, 32),
        frag=nothing.astype(np.uint8),
        frag_id=nothing.astype(np.uint32),
        frag_at=nothing,
        frag_more=nothing.astype(bool),
    )
    _payload(walk, _skip_extensions(walk, packets, _SKIPPED[packets.protocol]))


def _frag(frag_at: Column, more: Column) -> Column:
    return np.where(frag_at > 0, 2, np.where(more, 1, 0)).astype(np.uint8)


def _report_beyond(walk: Walk, heads: Heads, limit: Column) -> None:
    """Counts packets that claim more bytes than their frame had on the wire (inner ones may be in fragments)."""
    beyond = (limit > heads.limit) & (heads.layer == 0)
    if beyond.any():
        walk.malformed(pick(heads, beyond), "IP length is beyond the frame")


def _skip_extensions(walk: Walk, packets: _Packets, which: Column) -> _Packets:
    """Moves the packets that `which` marks past their extension headers, the fragment header noted on the way.

    The columns are changed in place (they were made for these packets). A chain that cannot be followed leaves the
    packet without a readable payload: it is counted, and dropped.
    """
    rows = np.flatnonzero(which)
    if not len(rows):
        return packets
    at, protocol = packets.heads.at.copy(), packets.protocol.copy()
    frag, frag_id = packets.frag.copy(), packets.frag_id.copy()
    frag_at, frag_more = packets.frag_at.copy(), packets.frag_more.copy()
    lost = np.zeros(len(at), bool)
    for _ in range(MAX_EXTENSIONS):
        cut = packets.heads.end[rows] - at[rows] < 8
        lost[rows[cut]] = True
        rows = rows[~cut]
        if not len(rows):
            break
        window = walk.window(at[rows], 8)
        this = protocol[rows]
        size = (window[:, 1].astype(np.int64) + 1) * 8
        size[this == _AUTHENTICATION] = (window[this == _AUTHENTICATION, 1].astype(np.int64) + 2) * 4
        size[this == _FRAGMENT] = 8
        part = this == _FRAGMENT
        mine = rows[part]
        place = number_at(window[part], 2, 2)
        frag_at[mine], frag_more[mine] = place & 0xFFF8, (place & 1) == 1
        frag[mine] = _frag(frag_at[mine], frag_more[mine])
        frag_id[mine] = np.where(frag[mine] > 0, number_at(window[part], 4, 4), 0)
        at[rows] += size
        protocol[rows] = window[:, 0]
        further = _SKIPPED[protocol[rows]] if packets.version == 6 else protocol[rows] == _AUTHENTICATION
        rows = rows[further & (frag[rows] != 2)]
        if not len(rows):
            break
    walk.malformed(pick(packets.heads, lost), "extension header is cut")
    deep = np.zeros(len(at), bool)
    deep[rows] = True
    walk.report("too_deep", pick(packets.heads, deep), "extension headers", loses_payload=True)
    moved = replace(
        packets,
        heads=replace(packets.heads, at=at),
        protocol=protocol,
        frag=frag,
        frag_id=frag_id,
        frag_at=frag_at,
        frag_more=frag_more,
    )
    return moved.pick(~lost & ~deep)


def _payload(walk: Walk, packets: _Packets) -> None:
    """Gives each packet its row; TCP and UDP need readable ports for it, except in later fragments."""
    ported = packets.frag != 2
    tcp, udp = ported & (packets.protocol == _TCP), ported & (packets.protocol == _UDP)
    other = ~(tcp | udp)
    if tcp.any():
        _tcp(walk, packets.pick(tcp))
    if udp.any():
        _udp(walk, packets.pick(udp))
    if other.any():
        rest = packets.pick(other)
        _emit(walk, rest, None, 0)
        kinds = _TUNNELS[rest.protocol]
        kinds[rest.frag == 2] = Kind.QUIET
        if kinds.any():
            enter(walk, kinds, rest.heads)


def enter(walk: Walk, kinds: Column, heads: Heads) -> None:
    """Queues what an IP packet carries that may hold an IP packet again."""
    inside = kinds != Kind.QUIET
    if not inside.any():
        return
    kinds, heads = kinds[inside], pick(heads, inside)
    deep = heads.layer + 1 >= MAX_LAYERS
    if deep.any():
        walk.report("too_deep", pick(heads, deep), "nested IP headers", loses_payload=True)
        kinds, heads = kinds[~deep], pick(heads, ~deep)
    heads = replace(heads, layer=heads.layer + np.uint8(1))
    walk.push_each(kinds, heads, kinds, "tunnel")


def _tcp(walk: Walk, packets: _Packets) -> None:
    window = walk.masked(packets.heads, 20)
    captured = packets.heads.end - packets.heads.at
    length = (window[:, 12] >> 4).astype(np.int64) * 4
    room = packets.heads.limit - packets.heads.at
    good = (captured >= 4) & ((captured < 13) | (length >= 20)) & ((room >= 20) | (packets.frag == 1))
    if not good.all():
        walk.malformed(pick(packets.heads, ~good), "TCP header is cut or its length is impossible")
        _emit_unported(walk, packets.pick(~good))
        packets, window, length, room = packets.pick(good), window[good], length[good], room[good]
    length = np.maximum(length, 20)
    beyond = (length > room) & (packets.frag == 0)
    if beyond.any():
        walk.malformed(pick(packets.heads, beyond), "TCP header is longer than its packet")
    _emit(walk, packets, window, np.minimum(length, room))


def _udp(walk: Walk, packets: _Packets) -> None:
    window = walk.masked(packets.heads, 8)
    heads = packets.heads
    captured, room = heads.end - heads.at, heads.limit - heads.at
    length = number_at(window, 4, 2)
    length = np.where(captured < 6, room, length)  # not captured
    jumbo = (length == 0) & (packets.version == 6)
    good = (captured >= 4) & (jumbo | (length >= 8)) & (room >= 8)
    if not good.all():
        walk.malformed(pick(heads, ~good), "UDP header is cut or its length is impossible")
        _emit_unported(walk, packets.pick(~good))
        packets, window, length, jumbo = packets.pick(good), window[good], length[good], jumbo[good]
        heads = packets.heads
    limit = np.where(jumbo, heads.limit, np.minimum(heads.limit, heads.at + length))
    heads = replace(heads, limit=limit, end=np.minimum(heads.end, limit))
    packets = replace(packets, heads=heads)
    _emit(walk, packets, window, 8)
    source, target = number_at(window, 0, 2), number_at(window, 2, 2)
    kinds = np.where(IS_UDP_TUNNEL[target], _UDP_KINDS[target], _UDP_KINDS[source])
    enter(walk, kinds, heads.moved(8))


def _emit_unported(walk: Walk, packets: _Packets) -> None:
    """Adds rows of first fragments whose ports cannot be read: as fragments at offset 0, which no flow owns."""
    first = packets.frag == 1
    if first.any():
        packets = packets.pick(first)
        _emit(walk, replace(packets, frag=np.full(len(packets.heads), 2, np.uint8)), None, 0)


def _emit(walk: Walk, packets: _Packets, transport: Column | None, header_len: Column | int) -> None:
    """Adds rows. `transport` is the readable start of the TCP or UDP header, None where there are no ports."""
    heads = packets.heads
    none = np.zeros(len(heads), np.int64)
    is_tcp = transport is not None and transport.shape[1] >= 20
    at = heads.at + header_len
    walk.rows.append(
        IpRows(
            row=heads.row,
            layer=heads.layer,
            ip_version=np.full(len(heads), packets.version, np.uint8),
            protocol=packets.protocol,
            src_hi=packets.src_hi,
            src_lo=packets.src_lo,
            dst_hi=packets.dst_hi,
            dst_lo=packets.dst_lo,
            src_port=none if transport is None else number_at(transport, 0, 2),
            dst_port=none if transport is None else number_at(transport, 2, 2),
            tcp_flags=none if transport is None or not is_tcp else transport[:, 13],
            tcp_seq=none if transport is None or not is_tcp else number_at(transport, 4, 4),
            tcp_ack=none if transport is None or not is_tcp else number_at(transport, 8, 4),
            payload_at=at,
            payload_len=np.maximum(heads.limit - at, 0),
            payload_captured=np.maximum(np.minimum(heads.end, heads.limit) - at, 0),
            src_mac=heads.src_mac,
            dst_mac=heads.dst_mac,
            frag=packets.frag,
            frag_id=packets.frag_id,
            frag_at=packets.frag_at,
            frag_more=packets.frag_more,
        )
    )
