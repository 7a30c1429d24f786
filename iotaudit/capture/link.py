"""Link types and what stands between them and the network layer: Ethernet and its tags, PPP, cooked, raw.

See docs/formats/link-types.md. **Source:** link types: https://www.tcpdump.org/linktypes.html; ethertypes: IEEE 802.3
clause 3.2.6 and https://www.iana.org/assignments/ieee-802-numbers; VLAN: IEEE 802.1Q-2018 clause 9; LLC and SNAP:
IEEE 802-2014 clause 9; PPP: RFC 1661, RFC 1662; PPPoE: RFC 2516; MPLS: RFC 3032; frame relay: RFC 2427.
"""

from dataclasses import replace

import numpy as np

from iotaudit.capture.walk import ArpRows, Heads, Kind, Walk, mac_at, number_at, number_at_le, pick
from iotaudit.model.flows import Column

LINK_KINDS = {
    0: Kind.NULL,
    1: Kind.ETHERNET,
    9: Kind.PPP,
    11: Kind.LLC,
    12: Kind.IP,
    13: Kind.ENC,
    14: Kind.IP,
    50: Kind.PPP,
    51: Kind.PPPOE,
    100: Kind.LLC,
    101: Kind.IP,
    104: Kind.CHDLC,
    105: Kind.WIFI,
    107: Kind.FRAME_RELAY,
    108: Kind.NULL,
    109: Kind.ENC,
    113: Kind.SLL,
    119: Kind.PRISM,
    127: Kind.RADIOTAP,
    163: Kind.AVS,
    192: Kind.PPI,
    228: Kind.IPV4,
    229: Kind.IPV6,
    239: Kind.NFLOG,
    258: Kind.PKTAP,
    276: Kind.SLL2,
}
"""LINKTYPE_ value to what a frame of it starts with; 11 and 13 are what some systems write for 100 and 109."""

VLAN_TYPES = (0x8100, 0x88A8, 0x9100, 0x9200)
QUIET_TYPES = (
    0x0060,  # loopback of old cards
    0x0200,  # PUP
    0x0842,  # wake-on-LAN
    0x2000,  # CDP
    0x22EA,  # stream reservation
    0x22F0,  # AVTP
    0x6002,  # DEC MOP
    0x6003,  # DECnet
    0x8035,  # RARP, SLARP
    0x809B,  # AppleTalk
    0x80F3,  # AppleTalk ARP
    0x8137,  # IPX
    0x8138,  # IPX
    0x8808,  # Ethernet flow control
    0x8809,  # slow protocols (LACP)
    0x8863,  # PPPoE discovery
    0x886D,  # teaming probes
    0x887B,  # HomePlug 1.0
    0x888E,  # EAPOL
    0x8892,  # PROFINET
    0x8899,  # Realtek switch protocol
    0x88A4,  # EtherCAT
    0x88B8,  # GOOSE
    0x88BA,  # sampled values
    0x88C7,  # 802.11i pre-authentication
    0x88CC,  # LLDP
    0x88D9,  # LLTD
    0x88E1,  # HomePlug AV
    0x88F5,  # MVRP
    0x88F6,  # MMRP
    0x88F7,  # PTP
    0x8902,  # connectivity fault management
    0x890D,  # 802.11 TDLS and the like
    0x8912,  # mediaxtream
    0x893A,  # IEEE 1905.1
    0x9000,  # Ethernet loopback test
)
"""Protocols of the local link: they carry no payload of an application and leave no network."""

QUIET_SAPS = (0x00, 0x42, 0xE0, 0xF0, 0xF4, 0xFE, 0xFF)
"""LLC: null, spanning tree, IPX, NetBIOS, LAN management, ISO network layer, global (Novell raw)."""


def _table(size: int, known: dict[int, Kind]) -> Column:
    table = np.full(size, Kind.UNREAD, np.uint8)
    for value, kind in known.items():
        table[value] = kind
    return table


_LINKS = _table(65536, LINK_KINDS)
_LINKS[_LINKS == Kind.UNREAD] = Kind.UNKNOWN_LINK
_ETHERTYPES = _table(
    65536,
    dict.fromkeys(VLAN_TYPES, Kind.VLAN)
    | dict.fromkeys(QUIET_TYPES, Kind.QUIET)
    | {
        0x0800: Kind.IPV4,
        0x0806: Kind.ARP,
        0x6558: Kind.ETHERNET,
        0x86DD: Kind.IPV6,
        0x880B: Kind.PPP,
        0x8847: Kind.MPLS,
        0x8848: Kind.MPLS,
        0x8864: Kind.PPPOE,
        0x88BE: Kind.ERSPAN,
        0x22EB: Kind.ERSPAN,
        0x88E7: Kind.BACKBONE,
    },
)
_PPP_TYPES = _table(65536, {0x0021: Kind.IPV4, 0x0057: Kind.IPV6, 0x0281: Kind.MPLS, 0x0283: Kind.MPLS})
_PPP_TYPES[0x4000:] = Kind.QUIET  # control protocols and those with low traffic (RFC 1661 section 2)
_FAMILIES = _table(65536, {2: Kind.IPV4, 10: Kind.IPV6, 24: Kind.IPV6, 28: Kind.IPV6, 30: Kind.IPV6})
_FAMILIES[1536:] = _ETHERTYPES[1536:]  # some drivers put an ethertype there


def by_link_type(walk: Walk, heads: Heads, types: Column) -> None:
    """Queues frames by LINKTYPE_ value."""
    walk.push_each(_LINKS[np.clip(types, 0, 65535)], heads, types, "link type")


def unknown_link(walk: Walk, heads: Heads) -> None:
    """Counts frames of link types that are not read."""
    walk.report_each("unknown_link_type", heads, walk.batch.link_type[heads.row], "link type")


def by_ethertype(walk: Walk, heads: Heads, types: Column) -> None:
    """Queues what an ethertype announces; `types` up to 1500 are lengths of an 802.3 frame."""
    length = types <= 1500
    if length.any():
        framed = pick(heads, length)
        ends = framed.at + types[length]
        known = types[length] > 0
        limit = np.where(known, np.minimum(framed.limit, ends), framed.limit)
        walk.push(Kind.LLC, replace(framed, limit=limit, end=np.minimum(framed.end, limit)))
        heads, types = pick(heads, ~length), types[~length]
    walk.push_each(_ETHERTYPES[types], heads, types, "ethertype")


def ethernet(walk: Walk, heads: Heads) -> None:
    """Reads Ethernet headers: two addresses, then an ethertype or a length."""
    heads = walk.whole(heads, 14, "Ethernet")
    window = walk.window(heads.at, 14)
    heads = replace(heads, at=heads.at + 14, dst_mac=mac_at(window, 0), src_mac=mac_at(window, 6))
    by_ethertype(walk, heads, number_at(window, 12, 2))


def vlan(walk: Walk, heads: Heads) -> None:
    """Reads the two bytes of a tag and the ethertype behind them."""
    heads = walk.whole(heads, 4, "VLAN")
    by_ethertype(walk, heads.moved(4), number_at(walk.window(heads.at, 4), 2, 2))


def backbone(walk: Walk, heads: Heads) -> None:
    """Skips the service tag of 802.1ah; an Ethernet frame follows."""
    walk.push(Kind.ETHERNET, walk.whole(heads, 4, "802.1ah").moved(4))


def llc(walk: Walk, heads: Heads) -> None:
    """Reads LLC: SNAP carries an ethertype, some access points are known, the rest is counted."""
    heads = walk.whole(heads, 3, "LLC")
    window = walk.masked(heads, 8)
    snap = (window[:, 0] == 0xAA) & (window[:, 1] == 0xAA) & (window[:, 2] == 3)
    saps = number_at(window[~snap], 0, 2)
    kinds = np.where(np.isin(saps >> 8, QUIET_SAPS), Kind.QUIET, Kind.UNREAD)
    kinds[saps == 0x0606] = Kind.IPV4
    kinds[saps == 0xAAAA] = Kind.QUIET  # SNAP in a frame that carries no data (XID, TEST)
    walk.push_each(kinds, pick(heads, ~snap).moved(3), saps, "LLC access points")
    _snap(walk, pick(heads, snap), window[snap])


def _snap(walk: Walk, heads: Heads, window: Column) -> None:
    long = heads.end - heads.at >= 8
    heads, window = walk.checked(heads, long, "SNAP header is cut"), window[long]
    owner, types = number_at(window, 3, 3), number_at(window, 6, 2)
    encapsulated = (owner == 0) | (owner == 0xF8)
    known = encapsulated | (owner == 0x0C)  # 0x0C: Cisco's own, of the local link
    unread = ~known
    kinds = np.full(int(unread.sum()), Kind.UNREAD)
    walk.push_each(kinds, pick(heads, unread), owner[unread], "SNAP organisation")
    walk.push_each(
        _ETHERTYPES[types[encapsulated]], pick(heads, encapsulated).moved(8), types[encapsulated], "ethertype"
    )


def pppoe(walk: Walk, heads: Heads) -> None:
    """Skips a PPPoE session header. Its length is not used: the IP header inside says the same."""
    heads = walk.whole(heads, 6, "PPPoE")
    window = walk.window(heads.at, 6)
    data = window[:, 1] == 0
    walk.push(Kind.PPP, pick(heads.moved(6), data))


def ppp(walk: Walk, heads: Heads) -> None:
    """Reads PPP with or without the HDLC bytes; protocols of one byte are those with an odd first byte."""
    heads = walk.whole(heads, 1, "PPP")
    window = walk.masked(heads, 4)
    start = np.where((window[:, 0] == 0xFF) & (window[:, 1] == 0x03), 2, 0)
    cisco = ((window[:, 0] == 0x0F) | (window[:, 0] == 0x8F)) & (window[:, 1] == 0)
    walk.push(Kind.CHDLC, pick(heads, cisco))
    rows = np.arange(len(heads))
    first = window[rows, start].astype(np.int64)
    short = (first & 1) == 1
    types = np.where(short, first, first << 8 | window[rows, start + 1])
    heads = heads.moved(start + np.where(short, 1, 2))
    good = (heads.at <= heads.end) & ~cisco
    walk.malformed(pick(heads, ~good & ~cisco), "PPP header is cut")
    walk.push_each(_PPP_TYPES[types[good]], pick(heads, good), types[good], "PPP protocol")


def chdlc(walk: Walk, heads: Heads) -> None:
    """Reads Cisco HDLC: address, control, ethertype."""
    heads = walk.whole(heads, 4, "Cisco HDLC")
    types = number_at(walk.window(heads.at, 4), 2, 2)
    walk.push_each(_ETHERTYPES[types], heads.moved(4), types, "ethertype")


def sll(walk: Walk, heads: Heads) -> None:
    """Reads the cooked header of Linux' "any" device; it has the sender's address alone."""
    heads = walk.whole(heads, 16, "Linux cooked")
    window = walk.window(heads.at, 16)
    mac = np.where(number_at(window, 4, 2) == 6, mac_at(window, 6), np.uint64(0))
    _cooked(walk, replace(heads.moved(16), src_mac=mac), number_at(window, 14, 2))


def sll2(walk: Walk, heads: Heads) -> None:
    """Reads the second version of the cooked header."""
    heads = walk.whole(heads, 20, "Linux cooked v2")
    window = walk.window(heads.at, 20)
    mac = np.where(window[:, 11] == 6, mac_at(window, 12), np.uint64(0))
    _cooked(walk, replace(heads.moved(20), src_mac=mac), number_at(window, 0, 2))


def _cooked(walk: Walk, heads: Heads, types: Column) -> None:
    kinds = _ETHERTYPES[types]
    kinds[types == 1] = Kind.QUIET  # Novell's frames without LLC
    kinds[types == 4] = Kind.LLC
    walk.push_each(kinds, heads, types, "ethertype")


def null(walk: Walk, heads: Heads) -> None:
    """Reads the address family of a loopback, in the byte order of whoever recorded it."""
    heads = walk.whole(heads, 4, "loopback")
    _by_family(walk, heads.moved(4), walk.window(heads.at, 4))


def enc(walk: Walk, heads: Heads) -> None:
    """Reads OpenBSD's header of decrypted IPsec: address family, SPI, flags."""
    heads = walk.whole(heads, 12, "ENC")
    _by_family(walk, heads.moved(12), walk.window(heads.at, 12))


def _by_family(walk: Walk, heads: Heads, window: Column) -> None:
    big, little = number_at(window, 0, 4), number_at_le(window, 0, 4)
    family = np.minimum(big, little)
    family = np.where(family > 65535, big & 0xFFFF, family)  # an ethertype behind two bytes of another use
    walk.push_each(_FAMILIES[family], heads, family, "address family")


def ip(walk: Walk, heads: Heads) -> None:
    """Tells IPv4 from IPv6 by the first four bits."""
    heads = walk.whole(heads, 1, "IP")
    version = walk.window(heads.at, 1)[:, 0] >> 4
    walk.push(Kind.IPV4, pick(heads, version == 4))
    walk.push(Kind.IPV6, pick(heads, version == 6))
    walk.malformed(pick(heads, (version != 4) & (version != 6)), "neither IPv4 nor IPv6")


def frame_relay(walk: Walk, heads: Heads) -> None:
    """Reads an address of two to four bytes, then RFC 2427 (NLPID) or Cisco's plain ethertype."""
    heads = walk.whole(heads, 4, "frame relay")
    window = walk.masked(heads, 8)
    length = np.where(window[:, 1] & 1, 2, np.where(window[:, 2] & 1, 3, 4))
    rows = np.arange(len(heads))
    control = window[rows, length]
    cisco = control != 3
    types = number_at(np.stack((control, window[rows, length + 1]), axis=1), 0, 2)
    by_ethertype(walk, pick(heads.moved(length + 2), cisco), types[cisco])
    pad = window[rows, length + 1] == 0
    nlpid = np.where(pad, window[rows, length + 2], window[rows, length + 1]).astype(np.int64)
    kinds = np.full(len(heads), Kind.UNREAD)
    kinds[nlpid == 0xCC] = Kind.IPV4
    kinds[nlpid == 0x8E] = Kind.IPV6
    kinds[(nlpid == 0x08) | (nlpid == 0xB1) | (nlpid == 0x81)] = Kind.QUIET  # Q.933, fragments' control, ISO
    snap = (nlpid == 0x80) & ~cisco
    plain = ~cisco & ~snap
    heads = heads.moved(length + 2 + pad)
    walk.push_each(kinds[plain], pick(heads, plain), nlpid[plain], "NLPID")
    heads = walk.whole(pick(heads, snap), 5, "SNAP")
    inner = walk.window(heads.at, 5)
    _snap(walk, heads.moved(-3), np.concatenate((inner[:, :3], inner), axis=1))


def mpls(walk: Walk, heads: Heads) -> None:
    """Reads one label; below the bottom of the stack the first four bits tell what follows."""
    heads = walk.whole(heads, 4, "MPLS")
    bottom = (walk.window(heads.at, 4)[:, 2] & 1) == 1
    heads = heads.moved(4)
    walk.push(Kind.MPLS, pick(heads, ~bottom))
    heads = walk.whole(pick(heads, bottom), 1, "MPLS payload")
    nibble = walk.window(heads.at, 1)[:, 0].astype(np.int64) >> 4
    kinds = np.full(len(heads), Kind.UNREAD)
    kinds[nibble == 4] = Kind.IPV4
    kinds[nibble == 6] = Kind.IPV6
    kinds[nibble == 1] = Kind.QUIET  # associated channel (RFC 5586): operation and maintenance
    wire = nibble == 0  # control word of an Ethernet pseudowire (RFC 4448)
    walk.push(Kind.ETHERNET, pick(heads, wire).moved(4))
    walk.push_each(kinds[~wire], pick(heads, ~wire), nibble[~wire], "MPLS payload")


def ppi(walk: Walk, heads: Heads) -> None:
    """Skips a PPI header; it names the link type of what follows."""
    heads = walk.whole(heads, 8, "PPI")
    window = walk.window(heads.at, 8)
    _nested(walk, heads, number_at_le(window, 2, 2), number_at_le(window, 4, 4), 8)


def pktap(walk: Walk, heads: Heads) -> None:
    """Skips Apple's packet tap header; it names the link type of what follows."""
    heads = walk.whole(heads, 12, "packet tap")
    window = walk.window(heads.at, 12)
    _nested(walk, heads, number_at_le(window, 0, 4), number_at_le(window, 8, 4), 12)


def _nested(walk: Walk, heads: Heads, length: Column, types: Column, least: int) -> None:
    good = (length >= least) & (length <= heads.end - heads.at)
    heads = walk.checked(heads.moved(length), good, "header length is impossible")
    types = np.minimum(types[good], 65535)
    kinds = _LINKS[types]
    kinds[kinds == Kind.UNKNOWN_LINK] = Kind.UNREAD
    walk.push_each(kinds, heads, types, "inner link type")


def nflog(walk: Walk, heads: Heads) -> None:
    """Reads the attributes of a Linux log packet up to its payload (attribute 9; at most 32 are looked at)."""
    heads = walk.whole(heads, 4, "nflog")
    family = walk.window(heads.at, 1)[:, 0]
    heads = heads.moved(4)
    for _ in range(32):
        long = heads.end - heads.at >= 4
        heads, family = walk.checked(heads, long, "nflog attribute is cut"), family[long]
        if not len(heads):
            return
        window = walk.window(heads.at, 4)
        length, kind = number_at_le(window, 0, 2), number_at_le(window, 2, 2) & 0x7FFF
        payload = kind == 9
        packets, families = pick(heads.moved(4), payload), family[payload].astype(np.int64)
        walk.push_each(_FAMILIES[families], packets, families, "nflog family")
        good = (length >= 4) & ~payload
        walk.malformed(pick(heads, ~good & ~payload), "nflog attribute length is impossible")
        heads, family = pick(heads.moved((length + 3) & ~3), good), family[good]
    walk.report("too_deep", heads, "nflog attributes", loses_payload=True)


def arp_rows(walk: Walk, heads: Heads) -> ArpRows:
    """Gives the senders of ARP packets of Ethernet and IPv4 that have an address (RFC 826)."""
    heads = walk.whole(heads, 8, "ARP")
    window = walk.masked(heads, 18)
    usual = (number_at(window, 2, 2) == 0x0800) & (window[:, 4] == 6) & (window[:, 5] == 4)
    heads, window = walk.whole(pick(heads, usual), 18, "ARP"), window[usual & (heads.end - heads.at >= 18)]
    mac, address = mac_at(window, 8), number_at(window, 14, 4).astype(np.uint64)
    told = (mac != 0) & (address != 0)
    return ArpRows(heads.row[told], mac[told], address[told])
