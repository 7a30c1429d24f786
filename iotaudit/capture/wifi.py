"""Wi-Fi: radio headers, and the data frames that are not encrypted, or are no longer (`wpa`).

**Source:** IEEE 802.11-2020 section 9.2 (frame formats) and 9.3.2.2 (A-MSDU); https://www.radiotap.org; Prism and AVS
headers as libpcap describes them at https://www.tcpdump.org/linktypes.html.
"""

from dataclasses import dataclass, replace

import numpy as np

from iotaudit.capture.walk import Heads, Kind, Walk, mac_at, number_at, number_at_le, pick
from iotaudit.model.flows import Column

MAX_SUBFRAMES = 64
"""Subframes of one aggregate; the standard's sizes allow fewer."""
MAX_BITMAPS = 8
"""Words of radiotap presence bits."""
AVS_MAGIC = 0x80211


@dataclass(frozen=True, slots=True)
class DataFrames:
    """Data frames that have data and a whole MAC header, one per row.

    heads: at the MAC header · distribution: to-DS and from-DS bits · quality: bool, the header has QoS control ·
    length: int64, bytes of the header, HT control and padding included · closed: bool, the body is protected.
    """

    heads: Heads
    distribution: Column
    quality: Column
    length: Column
    closed: Column

    @property
    def plain_len(self) -> Column:
        """Bytes of the header up to QoS control: without HT control and padding."""
        length: Column = 24 + 6 * (self.distribution == 3) + 2 * self.quality
        return length


def radiotap(walk: Walk, heads: Heads) -> None:
    """Skips a radiotap header and cuts the frame check sequence where its flags say that there is one."""
    heads = walk.whole(heads, 8, "radiotap")
    window = walk.window(heads.at, 8)
    length = number_at_le(window, 2, 2)
    good = (length >= 8) & (length <= heads.end - heads.at)
    heads = walk.checked(heads, good, "radiotap length is impossible")
    window, length = window[good], length[good]
    flags = _flags(walk, heads, length, number_at_le(window, 4, 4))
    limit = np.where(flags & 0x10, np.maximum(heads.limit - 4, heads.at + length), heads.limit)
    moved = replace(heads, at=heads.at + length, limit=limit, end=np.minimum(heads.end, limit))
    padded = (flags & 0x20) != 0
    walk.push(Kind.WIFI, pick(moved, ~padded))
    walk.push(Kind.WIFI_PADDED, pick(moved, padded))


def _flags(walk: Walk, heads: Heads, length: Column, present: Column) -> Column:
    """Gives the byte of flags, 0 where there is none: it stands after the bitmaps and the 8-byte clock."""
    offset = np.full(len(heads), 8)
    word = present
    for _ in range(MAX_BITMAPS):
        more = (word >> 31) == 1
        if not more.any():
            break
        more &= offset + 4 <= length
        word = np.where(more, number_at_le(walk.window(heads.at + np.where(more, offset, 0), 4), 0, 4), 0)
        offset = offset + 4 * more
    clock = (present & 1) == 1
    offset = np.where(clock, ((offset + 7) & ~7) + 8, offset)
    there = ((present & 2) == 2) & (offset < length)
    values = walk.window(heads.at + np.where(there, offset, 0), 1)[:, 0]
    return np.where(there, values, 0)


def prism(walk: Walk, heads: Heads) -> None:
    """Skips a Prism header; link type 119 may also hold AVS headers."""
    heads = walk.whole(heads, 8, "Prism")
    window = walk.window(heads.at, 8)
    is_avs = number_at(window, 0, 4) >> 12 == AVS_MAGIC
    walk.push(Kind.AVS, pick(heads, is_avs))
    heads, window = pick(heads, ~is_avs), window[~is_avs]
    big, little = number_at(window, 4, 4), number_at_le(window, 4, 4)
    _skip(walk, heads, np.minimum(big, little))


def avs(walk: Walk, heads: Heads) -> None:
    """Skips an AVS header."""
    heads = walk.whole(heads, 8, "AVS")
    _skip(walk, heads, number_at(walk.window(heads.at, 8), 4, 4))


def _skip(walk: Walk, heads: Heads, length: Column) -> None:
    good = (length >= 8) & (length <= heads.end - heads.at)
    walk.push(Kind.WIFI, walk.checked(heads.moved(length), good, "radio header length is impossible"))


def wifi(walk: Walk, heads: Heads) -> None:
    """Reads 802.11 frames without a radio header."""
    _bodies(walk, data_frames(walk, heads, padded=False))


def padded_wifi(walk: Walk, heads: Heads) -> None:
    """Reads 802.11 frames whose header is padded to a multiple of four bytes."""
    _bodies(walk, data_frames(walk, heads, padded=True))


def data_frames(walk: Walk, heads: Heads, *, padded: bool) -> DataFrames:
    """Finds the data frames; management, control and frames without data carry none."""
    heads = walk.checked(heads, heads.end - heads.at >= 2, "802.11 header is cut")
    control = walk.window(heads.at, 2)
    data = (control[:, 0] & 0x4C) == 0x08  # type 2, and not one of the subtypes without data
    heads, control = pick(heads, data), control[data]
    distribution = control[:, 1] & 3
    quality = (control[:, 0] & 0x80) != 0
    length = 24 + 6 * (distribution == 3) + 2 * quality + 4 * (quality & ((control[:, 1] & 0x80) != 0))
    if padded:
        length = (length + 3) & ~3
    fit = length <= heads.end - heads.at
    heads = walk.checked(heads, fit, "802.11 header is cut")
    closed = (control[fit, 1] & 0x40) != 0
    return DataFrames(heads, distribution[fit], quality[fit], length[fit], closed)


def _bodies(walk: Walk, data: DataFrames) -> None:
    """Passes on what the data frames carry."""
    heads, closed = data.heads, data.closed
    walk.report("encrypted_wifi", pick(heads, closed), "protected data frames", loses_payload=True)
    window = walk.masked(heads, 32)
    piece = ~closed & ((window[:, 22] & 0x0F) != 0)
    walk.malformed(pick(heads, piece), "later fragment of an 802.11 frame")
    source, target = _addresses(window, data.distribution)
    rows = np.arange(len(heads))
    aggregate = data.quality & ((window[rows, data.plain_len - 2] & 0x80) != 0)
    readable = ~closed & ~piece
    heads = replace(heads, at=heads.at + data.length, src_mac=source, dst_mac=target)
    walk.push(Kind.LLC, pick(heads, readable & ~aggregate))
    _subframes(walk, pick(heads, readable & aggregate))


def _addresses(window: Column, distribution: Column) -> tuple[Column, Column]:
    """Gives sender and receiver: which of the four fields they are depends on the to-DS and from-DS bits."""
    first, second, third, fourth = (mac_at(window, offset) for offset in (4, 10, 16, 24))
    source = np.select([distribution <= 1, distribution == 2], [second, third], fourth)
    target = np.where(distribution & 1, third, first)
    return source, target


def _subframes(walk: Walk, heads: Heads) -> None:
    """Reads the frames of an aggregate: two addresses, a length, data, padding to four bytes."""
    for _ in range(MAX_SUBFRAMES):
        heads = pick(heads, heads.end > heads.at)
        if not len(heads):
            return
        heads = walk.whole(heads, 14, "A-MSDU subframe")
        window = walk.window(heads.at, 14)
        length = number_at(window, 12, 2)
        body = heads.moved(14)
        limit = np.minimum(heads.limit, body.at + length)
        inner = replace(
            body,
            limit=limit,
            end=np.minimum(heads.end, limit),
            dst_mac=mac_at(window, 0),
            src_mac=mac_at(window, 6),
        )
        walk.push(Kind.LLC, pick(inner, length > 0))
        heads = heads.moved((14 + length + 3) & ~3)
    walk.report("too_deep", pick(heads, heads.end > heads.at), "A-MSDU subframes", loses_payload=True)
