"""Satellite positions: pairs of fields, GeoJSON, pairs in a text, NMEA sentences, EXIF of pictures.

Source: NMEA 0183 (sentence and checksum), RFC 7946 section 3.1.1 (longitude first), CIPA DC-008 table 15 (EXIF).
"""

import re
from collections.abc import Iterator

from iotaudit.codec import picture
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import scalars, seen
from iotaudit.model.exposures import Confidence

ID = "geo.gps"
LATITUDE = KeySet(
    "lat, latitude, breitengrad, latitud, 纬度, широта",
)
LONGITUDE = KeySet(
    "lon, lng, =long, longitude, laengengrad, längengrad, longitud, 经度, долгота",
)
PLACE = KeySet(
    "location, gps, coords, coordinates, position, =ll, geo, latlng, lat lng, lat lon",
    "=loc, standort, latlon",
)
LATITUDE_FIRST = KeySet("latlng, lat lng, lat lon, latlon, =ll")
"""Names of lists that begin with the latitude; GeoJSON, and most others, begin with the longitude."""
WANTS = Wants(keys=PLACE, record_keys=LATITUDE, shapes=frozenset({"nmea"}), binary=True)
reasoning = (
    "Two numbers in the range of latitude and longitude under their names; with fewer than "
    "three decimals they are "
    "only inferred. An NMEA sentence has a checksum; a picture's EXIF names its position as such. Poses in a map (x, y) are not positions on Earth."
)
FINE = 3
MOST = 16
NO_FIX = 0.01
_DECIMAL = re.compile(r"[+-]?\d{1,3}\.\d+")
_PAIR = re.compile(
    r"(?<![\d.])([+-]?\d{1,2}\.\d{4,12})\s{0,3}[,;/ ]\s{0,3}([+-]?1?\d{1,2}\.\d{4,12})(?![\d.])"
)
_NMEA = re.compile(r"\$((?:G[NPLABQ]|BD)(?:GGA|RMC|GLL|GNS),[^*$\r\n]{10,90})\*([0-9A-Fa-f]{2})")
_NMEA_PAIR = re.compile(r",(\d{2})(\d\d\.\d+),([NS]),(\d{3})(\d\d\.\d+),([EW])")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives positions in any of the forms."""
    if node.kind is Kind.BINARY:
        told = picture.exif_of(node.data)
        if told is not None and told.place is not None:
            latitude, longitude = (f"{degrees:.5f}" for degrees in told.place)
            yield _hit(latitude, longitude, Confidence.PROVEN, "the position in a picture's EXIF")
    elif node.kind is Kind.RECORD:
        yield from _record(node)
    elif node.kind is Kind.TEXT:
        if node.key in PLACE:
            for number, match in enumerate(_PAIR.finditer(node.text)):
                if number < MOST and _in_range(match[1], match[2]):
                    ground = "a pair of decimals in range under a name for a place"
                    yield _hit(match[1], match[2], Confidence.DETECTED, ground)
        yield from _sentences(node.text)


def _record(node: Node) -> Iterator[Hit]:
    value = node.value
    if isinstance(value, list):
        if (
            node.key in PLACE
            and 2 <= len(value) <= 3
            and all(isinstance(v, float) for v in value[:2])
        ):
            first, second = str(value[0]), str(value[1])
            latitude, longitude = (first, second) if node.key in LATITUDE_FIRST else (second, first)
            if _decimals(latitude) >= FINE and _in_range(latitude, longitude):
                ground = "a pair of decimals in range under a name for a place"
                yield _hit(latitude, longitude, Confidence.DETECTED, ground)
        return
    fields = scalars(node)
    latitude = next((v for k, v in fields if k in LATITUDE and _DECIMAL.fullmatch(v.strip())), "")
    longitude = next((v for k, v in fields if k in LONGITUDE and _DECIMAL.fullmatch(v.strip())), "")
    if latitude and longitude and _in_range(latitude, longitude):
        fine = min(_decimals(latitude), _decimals(longitude)) >= FINE
        sure = Confidence.DETECTED if fine else Confidence.INFERRED
        yield _hit(
            latitude.strip(),
            longitude.strip(),
            sure,
            "latitude and longitude in range under their names",
        )


def _sentences(text: str) -> Iterator[Hit]:
    for number, match in enumerate(_NMEA.finditer(text)):
        if number >= MOST:
            return
        check = 0
        for char in match[1]:
            check ^= ord(char)
        pair = _NMEA_PAIR.search(match[1])
        if check == int(match[2], 16) and pair:
            latitude = _degrees(pair[1], pair[2], pair[3] == "S")
            longitude = _degrees(pair[4], pair[5], pair[6] == "W")
            hit = _hit(
                latitude, longitude, Confidence.PROVEN, "an NMEA sentence with a right checksum"
            )
            yield Hit(
                ID, hit.value, hit.confidence, hit.reasoning, (match[0], pair[1] + pair[2], pair[4] + pair[5]),
                hit.sample, "position",
            )  # fmt: skip


def _degrees(whole: str, minutes: str, negative: bool) -> str:  # noqa: FBT001 - a sign
    return f"{'-' if negative else ''}{int(whole) + float(minutes) / 60:.5f}"


def _hit(latitude: str, longitude: str, confidence: Confidence, ground: str) -> Hit:
    """Gives the hit of one position."""
    return seen(ID, f"{latitude}, {longitude}", confidence, ground, texts=(latitude, longitude))


def _in_range(latitude: str, longitude: str) -> bool:
    """True on Earth, and not at the zero point that stands for "no fix"."""
    north, east = float(latitude), float(longitude)
    return abs(north) <= 90 and abs(east) <= 180 and max(abs(north), abs(east)) > NO_FIX


def _decimals(text: str) -> int:
    return len(text.strip().partition(".")[2])
