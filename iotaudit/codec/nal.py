"""Elementary streams of H.264 and H.265 by their parameter sets: the pictures' size is read, not a start code alone.

Source: ITU-T H.264 (08/2021) sections 7.3.1, 7.3.2.1.1 and annex B; ITU-T H.265 (08/2021) sections 7.3.1.2, 7.3.2.2,
7.3.3 and annex B.
"""

from dataclasses import dataclass

START = b"\0\0\1"
SEARCH_LEN = 1 << 16
"""Parameter sets are looked for in so many bytes."""
UNITS = 64
SET_LEN = 512
LEAST_SIDE, MOST_SIDE = 32, 8192
SPS_264, PPS_264, SPS_265, PPS_265, VPS_265 = 7, 8, 33, 34, 32
PROFILES = frozenset({44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 138, 139, 134, 135, 244})
HIGH = PROFILES - {66, 77, 88}
LEVELS = frozenset({9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62})
LEADING_ZEROS = 31


@dataclass(frozen=True, slots=True)
class Film:
    """The coding ("H.264") and the width and height of its pictures."""

    name: str
    size: tuple[int, int]


class _Broken(Exception):  # noqa: N818 - never leaves this module
    """The bits are no parameter set."""


def read(data: bytes) -> Film | None:
    """Gives the stream whose parameter sets stand in bytes: one of the sequence, and one of the picture behind it."""
    at = data.find(START, 0, SEARCH_LEN)
    film: Film | None = None
    for _ in range(UNITS):
        if at < 0 or at + 5 > len(data):
            return None
        unit = data[at + 3 : at + 3 + SET_LEN]
        follow = unit.find(START)
        unit = unit[:follow] if follow >= 0 else unit
        if film is not None and _is_picture_set(film, unit):
            return film
        film = sequence(unit) or (film if follow >= 0 else None)
        at = data.find(START, at + 3, SEARCH_LEN)
    return None


def sequence(unit: bytes) -> Film | None:
    """Gives the stream that a unit describes, None where it is no sound sequence parameter set."""
    if len(unit) < 8 or unit[0] & 0x80:
        return None
    try:
        if unit[0] & 0x1F == SPS_264 and unit[0] & 0x60 and unit[1] in PROFILES and unit[3] in LEVELS:
            size = _size_264(_Bits(unit[4:]), unit[1])
            return Film("H.264", size) if _is_sane(size) else None
        if unit[0] >> 1 == SPS_265 and not unit[0] & 1 and unit[1] == 1:
            size = _size_265(_Bits(unit[2:]))
            return Film("H.265", size) if _is_sane(size) else None
    except _Broken:
        return None
    return None


def is_counted(data: bytes, at: int, end: int) -> bool:
    """True where units follow each other by lengths of four bytes, as files have them (ISO/IEC 14496-15)."""
    seen = 0
    while seen < 4 and at + 5 <= len(data) and at < end:
        length, first = int.from_bytes(data[at : at + 4]), data[at + 4]
        if not 2 <= length <= end - at - 4 or first & 0x80 or not _is_unit(first):
            return False
        seen += 1
        at += 4 + length
    return seen > 0


def _is_unit(first: int) -> bool:
    """True for the first byte of a slice, message, parameter set or delimiter of either coding."""
    return first & 0x1F in (1, 5, 6, 7, 8, 9) or (not first & 1 and first >> 1 in (0, 1, 19, 20, 21, 32, 33, 34, 35, 39))


def _is_picture_set(film: Film, unit: bytes) -> bool:
    if len(unit) < 2 or unit[0] & 0x80:
        return False
    if film.name == "H.264":
        return unit[0] & 0x1F == PPS_264 and unit[0] & 0x60 != 0
    return unit[0] >> 1 == PPS_265 and unit[1] == 1


def _is_sane(size: tuple[int, int]) -> bool:
    return min(size) >= LEAST_SIDE and max(size) <= MOST_SIDE


class _Bits:
    """Reads bits of a unit, without the bytes that keep start codes out of it."""

    __slots__ = ("_bits", "_left")

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self._bits = int.from_bytes(plain)
        self._left = len(plain) * 8

    def take(self, count: int) -> int:
        """Gives a number of so many bits."""
        self._left -= count
        if self._left < 0:
            raise _Broken
        return self._bits >> self._left & (1 << count) - 1

    def ue(self, most: int) -> int:
        """Gives an Exp-Golomb number that is at most `most`."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > LEADING_ZEROS:
                raise _Broken
        value = (1 << zeros) - 1 + self.take(zeros)
        if value > most:
            raise _Broken
        return value


def _scaling(bits: _Bits, lists: int) -> None:
    """Reads over scaling lists of H.264."""
    for number in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                code = bits.ue(256)
                following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
            last = following or last


def _size_264(bits: _Bits, profile: int) -> tuple[int, int]:
    bits.ue(31)
    chroma = 1
    if profile in HIGH:
        chroma = bits.ue(3)
        if chroma == 3:
            bits.take(1)
        bits.ue(6)
        bits.ue(6)
        bits.take(1)
        if bits.take(1):
            _scaling(bits, 12 if chroma == 3 else 8)
    bits.ue(12)
    order = bits.ue(2)
    if order == 0:
        bits.ue(12)
    elif order == 1:
        bits.take(1)
        bits.ue(1 << 31)
        bits.ue(1 << 31)
        for _ in range(bits.ue(255)):
            bits.ue(1 << 31)
    bits.ue(16)
    bits.take(1)
    width, height = (bits.ue(1024) + 1) * 16, (bits.ue(1024) + 1) * 16
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
        height *= 2
    bits.take(1)
    if bits.take(1):
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        width -= across * (bits.ue(width) + bits.ue(width))
        height -= down * (bits.ue(height) + bits.ue(height))
    return width, height


def _size_265(bits: _Bits) -> tuple[int, int]:
    bits.take(4)
    layers = bits.take(3)
    if layers > 6:
        raise _Broken
    bits.take(1)
    bits.take(3)
    if bits.take(5) > 11:  # general_profile_idc: 0 to 11 are assigned
        raise _Broken
    bits.take(80)
    bits.take(8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.ue(15)
    if bits.ue(3) == 3:
        bits.take(1)
    return bits.ue(MOST_SIDE), bits.ue(MOST_SIDE)
