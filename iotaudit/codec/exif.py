"""What a picture says of its camera and its place: EXIF, a TIFF directory inside the picture's file.

Source: CIPA DC-008 (EXIF 2.32) sections 4.5 and 4.6, tables 4 (tags of the camera) and 15 (tags of the position);
TIFF 6.0 section 2 (directories).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
MARK = b"Exif\0\0"
MAKE, MODEL, EXIF_AT, GPS_AT, SERIAL = 0x010F, 0x0110, 0x8769, 0x8825, 0xA431
NORTH, LATITUDE, EAST, LONGITUDE = 1, 2, 3, 4
TEXT, SHORT, LONG, RATIONAL = 2, 3, 4, 5
SIZES = {1: 1, TEXT: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 7: 1, 9: 4, 10: 8}
ENTRIES = 256
"""Entries of one directory that are read."""
TEXT_LEN = 64
BLOCK_LEN = 1 << 16
"""A block of EXIF in a JPEG file is never longer."""


@dataclass(frozen=True, slots=True, repr=False)
class Exif:
    """The camera's maker, model and number ("" where not told) and its place in degrees (None where not told)."""

    make: str = ""
    model: str = ""
    serial: str = ""
    place: tuple[float, float] | None = None

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Exif(place={self.place is not None})"


def parse(block: bytes) -> Exif | None:
    """Gives what a TIFF block tells, None where it is none; places out of range or at the zero point are none."""
    data = block[:BLOCK_LEN]
    order = ORDERS.get(data[:4])
    if order is None:
        return None
    tiff = _Tiff(data, order)
    first = dict(tiff.entries(tiff.number(4, 4)))
    if not first:
        return None
    inner = dict(tiff.entries(tiff.pointer(first.get(EXIF_AT))))
    gps = dict(tiff.entries(tiff.pointer(first.get(GPS_AT))))
    return Exif(
        tiff.text(first.get(MAKE)), tiff.text(first.get(MODEL)), tiff.text(inner.get(SERIAL)), _place(tiff, gps)
    )


_Entry = tuple[int, int, int]
"""Type, count, and where the value stands."""


class _Tiff:
    """Reads a TIFF block; whatever stands outside of it is not there."""

    __slots__ = ("_data", "_order")

    def __init__(self, data: bytes, order: Literal["little", "big"]) -> None:
        self._data = data
        self._order = order

    def number(self, at: int, length: int) -> int:
        """Gives a number; what is outside counts as zero."""
        part = self._data[at : at + length]
        return int.from_bytes(part, self._order) if len(part) == length else 0

    def entries(self, at: int) -> Iterator[tuple[int, _Entry]]:
        """Gives the entries of a directory by tag."""
        if at < 8 or at + 2 > len(self._data):
            return
        for row in range(min(self.number(at, 2), ENTRIES)):
            here = at + 2 + row * 12
            if here + 12 > len(self._data):
                return
            kind, count = self.number(here + 2, 2), self.number(here + 4, 4)
            size = SIZES.get(kind, 0) * count
            if size:
                yield self.number(here, 2), (kind, count, here + 8 if size <= 4 else self.number(here + 8, 4))

    def pointer(self, entry: _Entry | None) -> int:
        """Gives where another directory begins, 0 where nowhere."""
        return self.number(entry[2], 4) if entry and entry[0] == LONG else 0

    def text(self, entry: _Entry | None) -> str:
        """Gives a text without what is not printable, "" where there is none."""
        if entry is None or entry[0] != TEXT or entry[2] + entry[1] > len(self._data):
            return ""
        plain = self._data[entry[2] : entry[2] + min(entry[1], TEXT_LEN)].partition(b"\0")[0]
        text = plain.decode("ascii", errors="replace").strip()
        return text if text.isprintable() and "\ufffd" not in text else ""

    def angle(self, entry: _Entry | None) -> float | None:
        """Gives degrees, minutes and seconds as degrees."""
        if entry is None or entry[:2] != (RATIONAL, 3) or entry[2] + 24 > len(self._data):
            return None
        parts = []
        for at in range(entry[2], entry[2] + 24, 8):
            below = self.number(at + 4, 4)
            if not below:
                return None
            parts.append(self.number(at, 4) / below)
        if parts[1] >= 60 or parts[2] >= 60:
            return None
        return math.fsum((parts[0], parts[1] / 60, parts[2] / 3600))


def _place(tiff: _Tiff, gps: dict[int, _Entry]) -> tuple[float, float] | None:
    latitude, longitude = tiff.angle(gps.get(LATITUDE)), tiff.angle(gps.get(LONGITUDE))
    north, east = tiff.text(gps.get(NORTH)), tiff.text(gps.get(EAST))
    if latitude is None or longitude is None or north not in ("N", "S") or east not in ("E", "W"):
        return None
    if latitude > 90 or longitude > 180 or not (latitude or longitude):
        return None
    return -latitude if north == "S" else latitude, -longitude if east == "W" else longitude
