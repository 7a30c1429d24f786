"""Options of pcapng blocks: one by one for the rare blocks, as columns for the packets.

Source: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html, section 3.5.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from iotaudit.capture.window import words
from iotaudit.model.flows import Column

OPTIONS = 64
"""Options of one block that are looked at."""
COMMENT = 1
PACKET_FLAGS, PACKET_DROPS = 2, 4


def options(body: bytes, *, big_endian: bool) -> Iterator[tuple[int, bytes] | None]:
    """Gives the options (code, value) of a block; None, and no more, where a length cannot be true."""
    form = ">HH" if big_endian else "<HH"
    at = 0
    for _ in range(OPTIONS):
        if at + 4 > len(body):
            return
        code, size = struct.unpack_from(form, body, at)
        if not code:
            return
        if at + 4 + size > len(body):
            yield None
            return
        yield code, body[at + 4 : at + 4 + size]
        at += 4 + (size + 3 & ~3)


@dataclass(frozen=True, slots=True)
class PacketOptions:
    """What the options of n packet blocks say: columns of n rows, and the comments.

    fcs_len: (n,) int64, -1 where no flags say it · dropped: the sum of their drop counts, None where none has
    one · bad: (n,) bool, an impossible length · comments: (row, offset in the buffer, length).
    """

    fcs_len: Column
    dropped: int | None
    bad: Column
    comments: tuple[tuple[int, int, int], ...]


def packet_options(buffer: Column, at: Column, end: Column, *, big_endian: bool) -> PacketOptions:
    """Reads the options in `buffer[at:end]` of each packet block, one step for all of them at a time."""
    count = len(at)
    fcs_len = np.full(count, -1, np.int64)
    bad = np.zeros(count, bool)
    dropped: int | None = None
    comments: list[tuple[int, int, int]] = []
    rows = np.flatnonzero(at + 4 <= end)
    at = at.copy()
    for _ in range(OPTIONS):
        if not len(rows):
            break
        here = at[rows]
        head, low, high = words(buffer, here, 3, big_endian=big_endian).astype(np.int64).T
        code, size = (head >> 16, head & 0xFFFF) if big_endian else (head & 0xFFFF, head >> 16)
        over = (code != 0) & (here + 4 + size > end[rows])
        bad[rows[over]] = True
        live = (code != 0) & ~over
        flags = live & (code == PACKET_FLAGS) & (size == 4)
        stated = low[flags] >> 5 & 0xF
        fcs_len[rows[flags]] = np.where(stated > 0, stated, -1)
        drops = live & (code == PACKET_DROPS) & (size == 8)
        first, second = low[drops], high[drops]
        lost = first << 32 | second if big_endian else second << 32 | first
        if len(lost):
            dropped = (dropped or 0) + sum(int(n) & (1 << 63) - 1 for n in lost.tolist())
        noted = live & (code == COMMENT)
        comments += zip(rows[noted].tolist(), (here[noted] + 4).tolist(), size[noted].tolist(), strict=True)
        at[rows] = here + 4 + (size + 3 & ~3)
        rows = rows[live]
        rows = rows[at[rows] + 4 <= end[rows]]
    return PacketOptions(fcs_len, dropped, bad, tuple(sorted(comments)))
