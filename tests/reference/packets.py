"""A slow and obvious reader of one frame: what `iotaudit.capture.layers.decode` must give, header by header.

It shares no code with the reader under test: plain slices and `struct`, one frame at a time, one function per header.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_LAYERS = 8
MAX_HEADERS = 32
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140)


@dataclass(frozen=True)
class Row:
    """One IP packet; addresses as numbers, `payload_at` counted from the start of the frame."""

    layer: int
    ip_version: int
    protocol: int
    src: int
    dst: int
    src_port: int
    dst_port: int
    tcp_flags: int
    tcp_seq: int
    tcp_ack: int
    payload_at: int
    payload_len: int
    payload_captured: int
    src_mac: int
    dst_mac: int
    frag: int
    frag_id: int
    frag_at: int
    frag_more: bool


@dataclass(frozen=True)
class Here:
    """A place in a frame: readable up to `end`, said to go on to `limit`."""

    data: bytes
    at: int
    end: int
    limit: int
    layer: int = 0
    headers: int = 0
    src_mac: int = 0
    dst_mac: int = 0

    def take(self, length: int) -> bytes | None:
        """Gives the next bytes, None where they are not all readable."""
        if self.at + length > self.end:
            return None
        return self.data[self.at : self.at + length]

    def padded(self, length: int) -> bytes:
        """Gives the next bytes, zeros in place of those that are not readable."""
        return self.data[self.at : max(self.at, min(self.at + length, self.end))].ljust(length, b"\0")

    def on(self, by: int) -> "Here":
        """Gives the place behind a header."""
        return replace(self, at=self.at + by, headers=self.headers + 1)

    def within(self, limit: int) -> "Here":
        """Gives the same place with a nearer limit."""
        return replace(self, limit=limit, end=min(self.end, limit))


def read_frame(link_type: int, wire_len: int, data: bytes) -> list[Row]:
    """Gives the rows of one frame: by layer, then by place."""
    start = Here(data, 0, len(data), max(len(data), wire_len))
    return sorted(_link(link_type, start), key=lambda row: (row.layer, row.payload_at))


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _link(link_type: int, here: Here) -> Iterator[Row]:
    reader = {
        0: _null,
        1: _ethernet,
        9: _ppp,
        11: _llc,
        12: _raw,
        13: _enc,
        14: _raw,
        50: _ppp,
        51: _pppoe,
        100: _llc,
        101: _raw,
        104: _cisco,
        105: _wifi,
        107: _frame_relay,
        108: _null,
        109: _enc,
        113: _sll,
        119: _prism,
        127: _radiotap,
        163: _avs,
        192: _ppi,
        228: _ipv4,
        229: _ipv6,
        239: _nflog,
        258: _pktap,
        276: _sll2,
    }.get(link_type)
    if reader and here.headers < MAX_HEADERS:
        yield from reader(here)


def _ethertype(value: int, here: Here) -> Iterator[Row]:
    reader = {
        0x0800: _ipv4,
        0x86DD: _ipv6,
        0x8100: _vlan,
        0x88A8: _vlan,
        0x9100: _vlan,
        0x9200: _vlan,
        0x8864: _pppoe,
        0x8847: _mpls,
        0x8848: _mpls,
        0x6558: _ethernet,
        0x880B: _ppp,
        0x88E7: _backbone,
        0x88BE: _erspan,
        0x22EB: _erspan,
    }.get(value)
    if reader and here.headers < MAX_HEADERS:
        yield from reader(here)


def _type_or_length(value: int, here: Here) -> Iterator[Row]:
    if value > 1500:
        yield from _ethertype(value, here)
    elif here.headers < MAX_HEADERS:
        yield from _llc(here.within(min(here.limit, here.at + value)) if value else here)


def _ethernet(here: Here) -> Iterator[Row]:
    if here.headers >= MAX_HEADERS or (head := here.take(14)) is None:
        return
    here = replace(here, dst_mac=_int(head[:6]), src_mac=_int(head[6:12]))
    yield from _type_or_length(_int(head[12:14]), here.on(14))


def _vlan(here: Here) -> Iterator[Row]:
    if (head := here.take(4)) is not None:
        yield from _type_or_length(_int(head[2:]), here.on(4))


def _backbone(here: Here) -> Iterator[Row]:
    if here.take(4) is not None:
        yield from _ethernet(here.on(4))


def _pppoe(here: Here) -> Iterator[Row]:
    head = here.take(6)
    if head is not None and head[1] == 0:
        yield from _ppp(here.on(6))


def _ppp(here: Here) -> Iterator[Row]:
    if here.headers >= MAX_HEADERS or here.take(1) is None:
        return
    start = here.padded(4)
    if start[0] in (0x0F, 0x8F) and start[1] == 0:
        yield from _cisco(here.on(0))
        return
    skip = 2 if start[:2] == b"\xff\x03" else 0
    size = 1 if start[skip] & 1 else 2
    if here.take(skip + size) is None:
        return
    reader = {0x21: _ipv4, 0x57: _ipv6, 0x281: _mpls, 0x283: _mpls}.get(_int(start[skip : skip + size]))
    here = here.on(skip + size)
    if reader and here.headers < MAX_HEADERS:
        yield from reader(here)


def _cisco(here: Here) -> Iterator[Row]:
    if here.headers < MAX_HEADERS and (head := here.take(4)) is not None:
        yield from _ethertype(_int(head[2:]), here.on(4))


def _sll(here: Here) -> Iterator[Row]:
    if (head := here.take(16)) is not None:
        mac = _int(head[6:12]) if head[4:6] == b"\0\6" else 0
        yield from _cooked(_int(head[14:]), replace(here.on(16), src_mac=mac))


def _sll2(here: Here) -> Iterator[Row]:
    if (head := here.take(20)) is not None:
        mac = _int(head[12:18]) if head[11] == 6 else 0
        yield from _cooked(_int(head[:2]), replace(here.on(20), src_mac=mac))


def _cooked(value: int, here: Here) -> Iterator[Row]:
    if value != 4:
        yield from _ethertype(value, here)
    elif here.headers < MAX_HEADERS:
        yield from _llc(here)


def _null(here: Here) -> Iterator[Row]:
    if (head := here.take(4)) is not None:
        yield from _family(head, here.on(4))


def _enc(here: Here) -> Iterator[Row]:
    if (head := here.take(12)) is not None:
        yield from _family(head[:4], here.on(12))


def _family(head: bytes, here: Here) -> Iterator[Row]:
    big, little = struct.unpack(">I", head)[0], struct.unpack("<I", head)[0]
    family = min(big, little)
    if family > 65535:
        family = big & 0xFFFF
    if here.headers >= MAX_HEADERS:
        return
    if family == 2:
        yield from _ipv4(here)
    elif family in (10, 24, 28, 30):
        yield from _ipv6(here)
    elif family >= 1536:
        yield from _ethertype(family, here)


def _raw(here: Here) -> Iterator[Row]:
    if (head := here.take(1)) is not None:
        yield from _by_version(head[0] >> 4, here.on(0))


def _by_version(version: int, here: Here) -> Iterator[Row]:
    if here.headers < MAX_HEADERS and version in (4, 6):
        yield from (_ipv4 if version == 4 else _ipv6)(here)


def _llc(here: Here) -> Iterator[Row]:
    if (head := here.take(3)) is None:
        return
    if head == b"\xaa\xaa\x03":
        if here.take(8) is not None:
            yield from _snap(here.padded(8)[3:], here.on(8))
    elif head[:2] == b"\x06\x06" and here.headers + 1 < MAX_HEADERS:
        yield from _ipv4(here.on(3))


def _snap(head: bytes, here: Here) -> Iterator[Row]:
    if head[:3] in (b"\0\0\0", b"\0\0\xf8"):
        yield from _ethertype(_int(head[3:5]), here)


def _frame_relay(here: Here) -> Iterator[Row]:
    if here.take(4) is None:
        return
    head = here.padded(8)
    size = 2 if head[1] & 1 else 3 if head[2] & 1 else 4
    if head[size] != 3:
        yield from _type_or_length(_int(head[size : size + 2]), here.on(size + 2))
        return
    pad = head[size + 1] == 0
    nlpid = head[size + 1 + pad]
    here = here.on(size + 2 + pad)
    if nlpid == 0xCC:
        yield from _ipv4(here)
    elif nlpid == 0x8E:
        yield from _ipv6(here)
    elif nlpid == 0x80 and here.take(5) is not None:
        yield from _snap(here.padded(5), replace(here, at=here.at + 5))


def _mpls(here: Here) -> Iterator[Row]:
    if (head := here.take(4)) is None:
        return
    here = here.on(4)
    if not head[2] & 1:
        if here.headers < MAX_HEADERS:
            yield from _mpls(here)
    elif (first := here.take(1)) is not None:
        if first[0] >> 4 == 0:
            yield from _ethernet(replace(here, at=here.at + 4))
        else:
            yield from _by_version(first[0] >> 4, here)


def _ppi(here: Here) -> Iterator[Row]:
    if (head := here.take(8)) is not None:
        size, link_type = struct.unpack_from("<HI", head, 2)
        if size >= 8 and here.take(size) is not None:
            yield from _link(link_type, here.on(size))


def _pktap(here: Here) -> Iterator[Row]:
    if (head := here.take(12)) is not None:
        size, _, link_type = struct.unpack("<III", head)
        if size >= 12 and here.take(size) is not None:
            yield from _link(link_type, here.on(size))


def _nflog(here: Here) -> Iterator[Row]:
    if (head := here.take(4)) is None:
        return
    family = head[0]
    here = replace(here, at=here.at + 4)
    for _ in range(32):
        if (head := here.take(4)) is None:
            return
        size, kind = struct.unpack("<HH", head)
        if kind & 0x7FFF == 9:
            if family in (2, 10, 24, 28, 30):
                yield from (_ipv4 if family == 2 else _ipv6)(here.on(4))
            return
        if size < 4:
            return
        here = replace(here, at=here.at + (size + 3) // 4 * 4)


def _radiotap(here: Here) -> Iterator[Row]:
    if (head := here.take(8)) is None:
        return
    size, present = struct.unpack_from("<HI", head, 2)
    if size < 8 or here.take(size) is None:
        return
    header = here.padded(size)
    at, word = 8, present
    for _ in range(8):
        if not word >> 31 or at + 4 > size:
            break
        word = struct.unpack_from("<I", header, at)[0]
        at += 4
    if present & 1:
        at = (at + 7) // 8 * 8 + 8
    flags = header[at] if present & 2 and at < size else 0
    if flags & 0x10:
        here = here.within(max(here.limit - 4, here.at + size))
    yield from _wifi(here.on(size), padded=bool(flags & 0x20))


def _prism(here: Here) -> Iterator[Row]:
    if (head := here.take(8)) is None:
        return
    if _int(head[:4]) >> 12 == 0x80211:
        yield from _avs(here.on(0))
        return
    size = min(_int(head[4:]), struct.unpack("<I", head[4:])[0])
    if size >= 8 and here.take(size) is not None:
        yield from _wifi(here.on(size))


def _avs(here: Here) -> Iterator[Row]:
    if here.headers < MAX_HEADERS and (head := here.take(8)) is not None:
        size = _int(head[4:])
        if size >= 8 and here.take(size) is not None:
            yield from _wifi(here.on(size))


def _wifi(here: Here, *, padded: bool = False) -> Iterator[Row]:
    if here.headers >= MAX_HEADERS or (head := here.take(2)) is None or head[0] & 0x4C != 0x08:
        return
    way, quality = head[1] & 3, bool(head[0] & 0x80)
    size = 24 + (6 if way == 3 else 0) + (2 if quality else 0)
    control_at = size - 2
    size += 4 if quality and head[1] & 0x80 else 0
    size = (size + 3) // 4 * 4 if padded else size
    if (head := here.take(size)) is None or head[1] & 0x40 or head[22] & 0x0F:
        return
    first, second, third = _int(head[4:10]), _int(head[10:16]), _int(head[16:22])
    source = {0: second, 1: second, 2: third}.get(way)
    if source is None:
        source = _int(head[24:30])
    here = replace(here, src_mac=source, dst_mac=third if way & 1 else first)
    if not (quality and head[control_at] & 0x80):
        yield from _llc(here.on(size))
        return
    here = replace(here, at=here.at + size)
    for _ in range(64):
        if (head := here.take(14)) is None:
            return
        length = _int(head[12:])
        inner = replace(here.on(14), dst_mac=_int(head[:6]), src_mac=_int(head[6:12]))
        if length:
            yield from _llc(inner.within(min(here.limit, inner.at + length)))
        here = replace(here, at=here.at + (14 + length + 3) // 4 * 4)


def _ipv4(here: Here) -> Iterator[Row]:
    if (head := here.take(20)) is None:
        return
    size, total = (head[0] & 15) * 4, _int(head[2:4])
    total = total or here.limit - here.at
    if head[0] >> 4 != 4 or size < 20 or total < size:
        return
    cut = _int(head[6:8])
    more, offset = bool(cut & 0x2000), (cut & 0x1FFF) * 8
    frag = 2 if offset else 1 if more else 0
    packet = Packet(
        4, _int(head[12:16]), _int(head[16:20]), frag, _int(head[4:6]) if frag else 0, offset, more
    )
    inner = here.within(here.at + total)
    inner = replace(inner, end=min(here.end, here.at + total), at=here.at + size)
    yield from _upper(head[9], packet, inner, chain=(51,))


def _ipv6(here: Here) -> Iterator[Row]:
    if (head := here.take(40)) is None or head[0] >> 4 != 6:
        return
    length = _int(head[4:6])
    limit = here.at + 40 + length
    if not length and head[6] != 59:
        limit = max(here.limit, here.at + 40)
    packet = Packet(6, _int(head[8:24]), _int(head[24:40]), 0, 0, 0, more=False)
    inner = replace(here, limit=limit, end=min(here.end, limit), at=here.at + 40)
    yield from _upper(head[6], packet, inner, chain=EXTENSIONS)


@dataclass(frozen=True)
class Packet:
    """What an IP header says."""

    version: int
    src: int
    dst: int
    frag: int
    frag_id: int
    frag_at: int
    more: bool


def _upper(protocol: int, packet: Packet, here: Here, chain: tuple[int, ...]) -> Iterator[Row]:
    for _ in range(16):
        if protocol not in chain or packet.frag == 2:
            break
        if (head := here.take(8)) is None:
            return
        size = {44: 8, 51: (head[1] + 2) * 4}.get(protocol, (head[1] + 1) * 8)
        if protocol == 44:
            place = _int(head[2:4])
            offset, more = place & 0xFFF8, bool(place & 1)
            frag = 2 if offset else 1 if more else 0
            number = _int(head[4:8]) if frag else 0
            packet = replace(packet, frag=frag, frag_id=number, frag_at=offset, more=more)
        protocol, here = head[0], replace(here, at=here.at + size)
    else:
        if protocol in chain and packet.frag != 2:
            return
    if packet.frag == 2 or protocol not in (6, 17):
        yield _row(protocol, packet, here)
        reader = {4: _ipv4, 41: _ipv6, 47: _gre, 97: _etherip, 137: _mpls}.get(protocol)
        if reader and packet.frag != 2:
            yield from _inside(reader, here)
    elif protocol == 6:
        yield from _tcp(packet, here)
    else:
        yield from _udp(packet, here)


def _inside(reader: object, here: Here) -> Iterator[Row]:
    here = replace(here.on(0), layer=here.layer + 1)
    if here.layer < MAX_LAYERS and here.headers < MAX_HEADERS and callable(reader):
        yield from reader(here)


def _tcp(packet: Packet, here: Here) -> Iterator[Row]:
    head, room = here.padded(20), here.limit - here.at
    readable = here.end - here.at
    size = (head[12] >> 4) * 4
    if readable < 4 or (readable >= 13 and size < 20) or (room < 20 and packet.frag == 0):
        yield from _unported(6, packet, here)
        return
    size = min(max(size, 20), room)
    ports, seq, ack = struct.unpack_from(">HH", head), _int(head[4:8]), _int(head[8:12])
    yield _row(6, packet, replace(here, at=here.at + size), ports, (head[13], seq, ack))


def _udp(packet: Packet, here: Here) -> Iterator[Row]:
    head, room = here.padded(8), here.limit - here.at
    length = _int(head[4:6]) if here.end - here.at >= 6 else room
    jumbo = length == 0 and packet.version == 6
    if here.end - here.at < 4 or room < 8 or (length < 8 and not jumbo):
        yield from _unported(17, packet, here)
        return
    if not jumbo:
        here = here.within(min(here.limit, here.at + length))
    ports = struct.unpack_from(">HH", head)
    here = replace(here, at=here.at + 8)
    yield _row(17, packet, here, ports)
    tunnels = {1701: _l2tp, 2152: _gtp, 3544: _teredo, 4789: _vxlan, 6081: _geneve}
    reader = tunnels.get(ports[1]) or tunnels.get(ports[0])
    if reader:
        yield from _inside(reader, here)


def _unported(protocol: int, packet: Packet, here: Here) -> Iterator[Row]:
    if packet.frag == 1:
        yield _row(protocol, replace(packet, frag=2), here)


def _row(
    protocol: int,
    packet: Packet,
    here: Here,
    ports: tuple[int, ...] = (0, 0),
    tcp: tuple[int, int, int] = (0, 0, 0),
) -> Row:
    return Row(
        layer=here.layer,
        ip_version=packet.version,
        protocol=protocol,
        src=packet.src,
        dst=packet.dst,
        src_port=ports[0],
        dst_port=ports[1],
        tcp_flags=tcp[0],
        tcp_seq=tcp[1],
        tcp_ack=tcp[2],
        payload_at=here.at,
        payload_len=max(here.limit - here.at, 0),
        payload_captured=max(here.end - here.at, 0),
        src_mac=here.src_mac,
        dst_mac=here.dst_mac,
        frag=packet.frag,
        frag_id=packet.frag_id,
        frag_at=packet.frag_at,
        frag_more=packet.more,
    )


def _gre(here: Here) -> Iterator[Row]:
    if here.take(4) is None:
        return
    head = here.padded(8)
    flags, value = struct.unpack_from(">HH", head)
    version = flags & 7
    if version > 1 or flags & 0x4000 or (version == 1 and head[4:6] == b"\0\0"):
        return
    size = 4 + 4 * bool(flags & 0x8000) + 4 * bool(flags & 0x2000) + 4 * bool(flags & 0x1000)
    size += 4 * (version == 1 and bool(flags & 0x80))
    if here.take(size + 1) is None:
        return
    if value == 0x88BE and not flags & 0x1000:
        yield from _ethernet(here.on(size))
    elif value > 1500:
        yield from _ethertype(value, here.on(size))


def _erspan(here: Here) -> Iterator[Row]:
    if (head := here.take(12)) is not None:
        third = head[0] >> 4 == 2
        yield from _ethernet(here.on((20 if head[11] & 1 else 12) if third else 8))


def _etherip(here: Here) -> Iterator[Row]:
    if here.take(2) is not None:
        yield from _ethernet(here.on(2))


def _vxlan(here: Here) -> Iterator[Row]:
    head = here.take(22)
    if head is not None and head[0] & 0x7F == 8 and head[7] == 0:
        yield from _ethernet(here.on(8))


def _geneve(here: Here) -> Iterator[Row]:
    if (head := here.take(8)) is None:
        return
    size, value = 8 + 4 * (head[0] & 0x3F), _int(head[2:4])
    if (
        head[0] >> 6 == 0
        and head[7] == 0
        and value in (0x6558, 0x0800, 0x86DD)
        and here.take(size) is not None
    ):
        yield from _ethertype(value, here.on(size))


def _gtp(here: Here) -> Iterator[Row]:
    head = here.take(8)
    if head is None or head[0] >> 4 != 3 or head[1] != 0xFF:
        return
    here = here.within(min(here.limit, here.at + 8 + _int(head[2:4])))
    here = here.on(8)
    if head[0] & 7:
        if (optional := here.take(4)) is None:
            return
        here = replace(here, at=here.at + 4)
        following = optional[3] if head[0] & 4 else 0
        for _ in range(8):
            if not following or (size := here.take(1)) is None:
                break
            here = replace(here, at=here.at + 4 * size[0])
            if here.at > here.end:
                return
            following = here.data[here.at - 1]
        else:
            if following and here.at < here.end:
                return
    if (first := here.take(1)) is not None:
        yield from _by_version(first[0] >> 4, here)


def _teredo(here: Here) -> Iterator[Row]:
    head = here.take(2)
    if head == b"\0\1":
        if (sizes := here.take(4)) is None:
            return
        here = replace(here, at=here.at + 4 + sizes[2] + sizes[3] + 9)
        head = here.take(2)
    if head == b"\0\0":
        here = replace(here, at=here.at + 8)
    head = here.take(40)
    if head and head[0] >> 4 == 6 and here.at + 40 + _int(head[4:6]) <= here.limit:
        here = here.on(0)
        if here.headers < MAX_HEADERS:
            yield from _ipv6(here)


def _l2tp(here: Here) -> Iterator[Row]:
    if (head := here.take(6)) is None or _int(head[:2]) & 0x800F != 2:
        return
    flags = _int(head[:2])
    size = 6 + (2 if flags & 0x4000 else 0) + (4 if flags & 0x0800 else 0)
    if flags & 0x0200:
        if here.take(size + 2) is None:
            return
        size += 2 + _int(here.padded(size + 2)[size:])
    if here.take(size + 1) is not None:
        yield from _ppp(here.on(size))
