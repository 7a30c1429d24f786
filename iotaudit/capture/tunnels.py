"""Tunnels: what carries an IP packet or an Ethernet frame inside an IP packet.

The row of the outer packet exists already, so bytes that are no tunnel after all (a client that happens to use port
4789) stay that flow's payload and are no problem.

**Source:** GRE: RFC 2784, RFC 2890, PPTP's variant RFC 2637 section 4.1; EtherIP: RFC 3378; VXLAN: RFC 7348; Geneve:
RFC 8926; GTP-U: 3GPP TS 29.281 section 5; Teredo: RFC 4380 section 5.1.1; L2TP: RFC 2661 section 3.1; ERSPAN:
draft-foschiano-erspan-03 section 4.
"""

from dataclasses import replace

import numpy as np

from iotaudit.capture.link import by_ethertype
from iotaudit.capture.walk import Heads, Kind, Walk, number_at, pick
from iotaudit.model.flows import Column

MAX_GTP_EXTENSIONS = 8
"""Extension headers of one GTP-U packet."""


def gre(walk: Walk, heads: Heads) -> None:
    """Reads GRE with checksum, key and sequence number, and PPTP's variant with its acknowledgement."""
    heads = walk.whole(heads, 4, "GRE")
    window = walk.masked(heads, 8)
    flags, types = number_at(window, 0, 2), number_at(window, 2, 2)
    version = flags & 7
    good = (version <= 1) & ((flags & 0x4000) == 0)  # source routing was never used (RFC 2784 appendix A)
    heads = walk.checked(heads, good, "GRE version or routing is not read")
    window, flags, types, version = window[good], flags[good], types[good], version[good]
    size = np.full(len(heads), 4)
    for bit in (0x8000, 0x2000, 0x1000):  # checksum, key, sequence number
        size += 4 * ((flags & bit) > 0)
    size += 4 * ((version == 1) & ((flags & 0x0080) > 0))  # acknowledgement number
    empty = (version == 1) & (number_at(window, 4, 2) == 0)  # PPTP's key field holds the payload's length
    bare = (types == 0x88BE) & ((flags & 0x1000) == 0)  # ERSPAN type I has no header of its own
    body = heads.moved(size)
    walk.malformed(pick(heads, ~empty & (body.at > body.end)), "GRE header is cut")
    carries = ~empty & (body.at < body.end)
    walk.push(Kind.ETHERNET, pick(body, carries & bare))
    small = carries & (types > 0) & (types <= 1500)
    walk.report("unknown_ethertype", pick(body, small), "GRE protocol", loses_payload=True)
    rest = carries & ~bare & (types > 1500)
    by_ethertype(walk, pick(body, rest), types[rest])


def erspan(walk: Walk, heads: Heads) -> None:
    """Skips the mirror header (types II and III); an Ethernet frame follows."""
    heads = walk.whole(heads, 12, "ERSPAN")
    window = walk.window(heads.at, 12)
    third = window[:, 0] >> 4 == 2
    size = np.where(third, 12 + 8 * (window[:, 11] & 1).astype(np.int64), 8)
    walk.push(Kind.ETHERNET, heads.moved(size))


def etherip(walk: Walk, heads: Heads) -> None:
    """Skips the two bytes of EtherIP; an Ethernet frame follows."""
    walk.push(Kind.ETHERNET, walk.whole(heads, 2, "EtherIP").moved(2))


def vxlan(walk: Walk, heads: Heads) -> None:
    """Skips a VXLAN header (flag "network id valid", last byte zero); an Ethernet frame follows."""
    heads, window = _long(walk, heads, 8)
    looks = ((window[:, 0] & 0x7F) == 8) & (window[:, 7] == 0)  # the first bit: group policy extension
    walk.push(Kind.ETHERNET, pick(heads, looks & (heads.end - heads.at >= 22)).moved(8))


def geneve(walk: Walk, heads: Heads) -> None:
    """Skips a Geneve header with its options."""
    heads, window = _long(walk, heads, 8)
    size = 8 + 4 * (window[:, 0] & 0x3F).astype(np.int64)
    types = number_at(window, 2, 2)
    looks = (window[:, 0] >> 6 == 0) & np.isin(types, (0x6558, 0x0800, 0x86DD)) & (window[:, 7] == 0)
    looks &= heads.at + size <= heads.end
    by_ethertype(walk, pick(heads.moved(size), looks), types[looks])


def gtp(walk: Walk, heads: Heads) -> None:
    """Reads GTP-U version 1 user packets (message 255) with their optional and extension headers."""
    heads, window = _long(walk, heads, 8)
    looks = (window[:, 0] >> 4 == 3) & (window[:, 1] == 0xFF)
    heads, window = pick(heads, looks), window[looks]
    limit = np.minimum(heads.limit, heads.at + 8 + number_at(window, 2, 2))
    heads = replace(heads, limit=limit, end=np.minimum(heads.end, limit))
    optional = (window[:, 0] & 7) != 0
    extended = (window[:, 0] & 4) != 0
    heads = heads.moved(8)
    fit = ~optional | (heads.end - heads.at >= 4)
    heads, optional, extended = pick(heads, fit), optional[fit], extended[fit]
    heads = heads.moved(4 * optional)
    at = heads.at.copy()
    rows = np.flatnonzero(extended)
    rows = rows[walk.window(at[rows] - 1, 1)[:, 0] != 0] if len(rows) else rows
    for _ in range(MAX_GTP_EXTENSIONS):
        rows = rows[at[rows] < heads.end[rows]]
        if not len(rows):
            break
        at[rows] += 4 * walk.window(at[rows], 1)[:, 0].astype(np.int64)
        rows = rows[(at[rows] <= heads.end[rows])]
        rows = rows[walk.window(at[rows] - 1, 1)[:, 0] != 0] if len(rows) else rows
    deep = np.zeros(len(heads), bool)
    deep[rows] = True
    walk.report("too_deep", pick(heads, deep), "GTP extension headers", loses_payload=True)
    _push_ip(walk, pick(replace(heads, at=at), ~deep))


def teredo(walk: Walk, heads: Heads) -> None:
    """Skips Teredo's authentication and origin indications; IPv6 follows."""
    heads, window = _long(walk, heads, 2)
    signed = number_at(window, 0, 2) == 1
    walk.push(Kind.IPV6, _ipv6_after_origin(walk, pick(heads, ~signed)))
    heads = pick(heads, signed)
    heads, window = _long(walk, heads, 4)
    size = 4 + window[:, 2].astype(np.int64) + window[:, 3] + 9
    walk.push(Kind.IPV6, _ipv6_after_origin(walk, heads.moved(size)))


def _ipv6_after_origin(walk: Walk, heads: Heads) -> Heads:
    heads, window = _long(walk, heads, 2)
    heads = heads.moved(8 * (number_at(window, 0, 2) == 0))
    heads, window = _long(walk, heads, 40)
    fits = heads.at + 40 + number_at(window, 4, 2) <= heads.limit
    return pick(heads, (window[:, 0] >> 4 == 6) & fits)


def l2tp(walk: Walk, heads: Heads) -> None:
    """Reads L2TP version 2 data messages; PPP follows."""
    heads, window = _long(walk, heads, 6)
    flags = number_at(window, 0, 2)
    looks = (flags & 0x800F) == 2
    heads, flags = pick(heads, looks), flags[looks]
    size = 6 + 2 * ((flags & 0x4000) > 0) + 4 * ((flags & 0x0800) > 0)
    padded = (flags & 0x0200) > 0
    fit = heads.at + size + 2 * padded <= heads.end
    heads, size, padded = pick(heads, fit), size[fit], padded[fit]
    at = heads.at + size
    offset = number_at(walk.window(at, 2), 0, 2) + 2
    heads = replace(heads, at=at + np.where(padded, offset, 0))
    walk.push(Kind.PPP, pick(heads, heads.at < heads.end))


def _long(walk: Walk, heads: Heads, length: int) -> tuple[Heads, Column]:
    """Gives the heads that have `length` readable bytes, and these bytes."""
    long = heads.end - heads.at >= length
    heads = pick(heads, long)
    return heads, walk.window(heads.at, length)


def _push_ip(walk: Walk, heads: Heads) -> None:
    heads, window = _long(walk, heads, 1)
    version = window[:, 0] >> 4
    walk.push(Kind.IPV4, pick(heads, version == 4))
    walk.push(Kind.IPV6, pick(heads, version == 6))
