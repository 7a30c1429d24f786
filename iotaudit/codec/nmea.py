"""NMEA 0183 sentences with a position, as records in decimal degrees.

A sentence counts where its check sum is right. Source: NMEA 0183 version 4, sentences GGA, RMC, GLL, GNS.
"""

import re
from functools import reduce
from operator import xor

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.leaves import leaves

ID = "nmea"
SENTENCES = 1024
DECIMALS = 5
_SENTENCE = re.compile(rb"\$((?:G[NPLABQ]|BD)(GGA|RMC|GLL|GNS),[^*$\r\n]{10,90})\*([0-9A-Fa-f]{2})")
_POSITION = re.compile(rb",(\d{2})(\d\d\.\d{1,9}),([NS]),(\d{3})(\d\d\.\d{1,9}),([EW])")


def parse(data: bytes) -> list[object] | None:
    """Gives the positions of all sentences in a text, None where there is none."""
    if b"$" not in data:
        return None
    found: list[object] = []
    for match in _SENTENCE.finditer(data):
        position = _POSITION.search(match[1])
        if position is None or reduce(xor, match[1]) != int(match[3], 16):
            continue
        found.append(
            {
                "sentence": match[2].decode(),
                "latitude": _degrees(position[1], position[2], position[3] == b"S"),
                "longitude": _degrees(position[4], position[5], position[6] == b"W"),
            }
        )
        if len(found) >= SENTENCES:
            break
    return found or None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the positions with their names."""
    value = parse(data)
    return leaves(value, budget) if value is not None else ()


def _degrees(whole: bytes, minutes: bytes, negative: bool) -> float:  # noqa: FBT001 - a sign
    value = round(int(whole) + float(minutes) / 60, DECIMALS)
    return -value if negative else value
