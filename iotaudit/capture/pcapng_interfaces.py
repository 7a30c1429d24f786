"""Interfaces of a pcapng section, and the time stamps that their resolution gives.

Source: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html, section 4.2.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

from iotaudit.capture.pcapng_options import options
from iotaudit.model.flows import Column

OFFSET_MAX_S = 9_000_000_000
"""Bound of a time offset: about what fits into a stamp in ns."""
TIME_MAX = (1 << 63) - 1
WORD_MAX = (1 << 64) - 1


@dataclass(slots=True)
class Interfaces:
    """The interfaces of one section, as lists that become columns when packets need them.

    A time stamp t of an interface is `t * mult // div` ns, where `shift` is 0; else seconds and a binary
    fraction of `shift` bits.
    """

    link_type: list[int] = field(default_factory=list)
    snap_len: list[int] = field(default_factory=list)
    fcs_len: list[int] = field(default_factory=list)
    mult: list[int] = field(default_factory=list)
    div: list[int] = field(default_factory=list)
    shift: list[int] = field(default_factory=list)
    offset_s: list[int] = field(default_factory=list)
    stands_at: list[int] = field(default_factory=list)
    """Offset of the description in the file: packets before it may not name the interface."""

    def add(self, body: bytes, place: int, *, big_endian: bool) -> bool:
        """Takes an Interface Description Block without its outer lengths; False where an option is bad."""
        form = ">HHI" if big_endian else "<HHI"
        link_type, _, snap_len = struct.unpack_from(form, body)
        resolution, offset_s, fcs_len, good = 6, 0, 0, True
        for option in options(body[8:], big_endian=big_endian):
            match option:
                case None:
                    good = False
                case (9, value) if len(value) == 1:
                    resolution = value[0]
                case (13, value) if len(value) == 1:
                    fcs_len = value[0]
                case (14, value) if len(value) == 8:
                    offset_s = int.from_bytes(value, "big" if big_endian else "little", signed=True)
        if abs(offset_s) > OFFSET_MAX_S:
            offset_s, good = 0, False
        power = resolution & 0x7F
        binary = bool(resolution & 0x80)
        self.link_type.append(link_type)
        self.snap_len.append(snap_len)
        self.fcs_len.append(fcs_len)
        self.mult.append(1 if binary else 10 ** max(9 - power, 0))
        self.div.append(1 if binary else min(10 ** max(power - 9, 0), WORD_MAX))
        self.shift.append(power if binary else 0)
        if binary and not power:
            self.mult[-1] = 1_000_000_000
        self.offset_s.append(offset_s)
        self.stands_at.append(place)
        return good


def times(ticks: Column, interface: Column, interfaces: Interfaces) -> Column:
    """Gives ns since the epoch of each stamp: (n,) int64, -1 where it is out of range.

    ticks: (n,) uint64 · interface: (n,) int64, all of them described.
    """
    mult = np.array(interfaces.mult, np.uint64)[interface]
    div = np.array(interfaces.div, np.uint64)[interface]
    shift = np.array(interfaces.shift, np.uint64)[interface]
    offset_ns = np.array(interfaces.offset_s, np.int64)[interface] * 1_000_000_000
    fits = ticks <= np.uint64(WORD_MAX) // mult
    ns = np.where(fits, ticks, np.uint64(0)) * mult // div
    binary = np.flatnonzero(shift)
    if len(binary):
        ns[binary], fits[binary] = _binary_times(ticks[binary], shift[binary])
    fits &= ns <= np.uint64(TIME_MAX)
    whole = np.where(fits, ns, np.uint64(0)).astype(np.int64)
    fits &= whole <= TIME_MAX - np.maximum(offset_ns, 0)
    whole = np.where(fits, whole, 0) + offset_ns
    return np.where(fits & (whole >= 0), whole, -1)


def _binary_times(ticks: Column, shift: Column) -> tuple[Column, Column]:
    """Gives ns of stamps in units of 2**-shift seconds, and where they are in range; exact, rounded down."""
    wide = shift > np.uint64(63)
    shift = np.minimum(shift, np.uint64(63))
    seconds = ticks >> shift
    fits = ~wide & (seconds <= np.uint64(TIME_MAX // 1_000_000_000 - 1))
    fraction = ticks - (seconds << shift)
    giga, half, low_mask = np.uint64(1_000_000_000), np.uint64(32), np.uint64(0xFFFFFFFF)
    high = (fraction >> half) * giga + ((fraction & low_mask) * giga >> half)
    part = np.where(
        shift >= half,
        high >> (np.maximum(shift, half) - half),
        (fraction & low_mask) * giga >> np.minimum(shift, half),
    )
    return np.where(fits, seconds, np.uint64(0)) * giga + part, fits
