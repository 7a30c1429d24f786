"""Builds `outlines.bin` (country outlines) from the npm package `world-atlas` (Natural Earth 4.1.0, 1:50 million).

Run: `python tools/knowledge/build_outlines.py DOWNLOADED.tgz iotaudit/packs/data/outlines.bin`

Rings are stored as longitudes and latitudes in hundredths of a degree (1.1 km at most; the look-up subtracts more
than that). Codes come from the numbers of ISO 3166-1; the five outlines without a number get the code below. Places
that the 1:50 million file lacks are added as points with a radius that covers them, from general knowledge of the
map (`POINTS`): too large a radius only lowers a distance, which is the cautious way.
"""

import json
import math
import sys
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import iso3166
import numpy as np
from columns import write

WITHOUT_NUMBER = {
    "Kosovo": "XK",
    "N. Cyprus": "CY",
    "Somaliland": "SO",
    "Siachen Glacier": "IN",
    "Indian Ocean Ter.": "CX",
}
POINTS = {
    "BQ": ((12.2, -68.3, 40), (17.6, -63.1, 40)),
    "BV": ((-54.4, 3.4, 20),),
    "CC": ((-12.2, 96.9, 40),),
    "CX": ((-10.5, 105.6, 40),),
    "GF": ((4.0, -53.0, 260),),
    "GI": ((36.14, -5.35, 10),),
    "GP": ((16.2, -61.5, 60),),
    "MQ": ((14.65, -61.0, 50),),
    "RE": ((-21.1, 55.5, 60),),
    "SJ": ((78.5, 18.0, 420), (71.0, -8.5, 60)),
    "TK": ((-9.2, -171.8, 120),),
    "TV": ((-8.0, 178.4, 450),),
    "UM": (
        (28.2, -177.4, 20), (16.7, -169.5, 20), (19.3, 166.6, 20), (0.5, -176.5, 100),
        (6.1, -162.3, 80), (-0.4, -160.0, 20), (18.4, -75.0, 20),
    ),
    "YT": ((-12.8, 45.2, 50),),
}  # fmt: skip
POINT_CORNERS = 12
KM_PER_DEGREE = 111.2
LONGEST_EDGE = 100
"""Hundredths of a degree."""


def main() -> None:
    """Reads the package named first and writes the file named second."""
    package, target = Path(sys.argv[1]), Path(sys.argv[2])
    with tarfile.open(package) as tar:
        file = tar.extractfile("package/countries-50m.json")
        if file is None:
            raise SystemExit("the countries are not in the package")
        topology = json.load(file)
    rings = _outlines(topology) + [
        (code, _circle(*point)) for code, points in POINTS.items() for point in points
    ]
    rings.sort(key=lambda row: row[0])
    codes = sorted({code for code, _ in rings})
    corners = np.concatenate([ring for _, ring in rings])
    write(
        target,
        {
            "codes": np.frombuffer("".join(codes).encode("ascii"), np.uint8),
            "ring_code": np.array([codes.index(code) for code, _ in rings], np.uint16),
            "ring_len": np.array([len(ring) for _, ring in rings], np.uint32),
            "lon_step": np.diff(corners[:, 0], prepend=np.int32(0)),
            "lat_step": np.diff(corners[:, 1], prepend=np.int32(0)),
        },
    )
    sys.stdout.write(f"{len(codes)} codes, {len(rings)} rings, {len(corners)} corners\n")


def _outlines(topology: dict[str, Any]) -> list[tuple[str, np.ndarray]]:
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]
    by_number = {c.numeric: c.alpha2 for c in iso3166.countries}
    found = []
    for shape in topology["objects"]["countries"]["geometries"]:
        name = shape["properties"]["name"]
        code = by_number[shape["id"]] if "id" in shape else WITHOUT_NUMBER[name]
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        for polygon in polygons:
            for ring in polygon:
                line = np.concatenate([arcs[a] if a >= 0 else arcs[~a][::-1] for a in ring])
                found.append((code, _fine(np.round(line * 100).astype(np.int32))))
    return found


def _fine(ring: np.ndarray) -> np.ndarray:
    """Gives a ring with corners at most a degree apart: a border along a parallel is no great circle."""
    parts = []
    for begin, end in pairwise(ring):
        cuts = max(1, -(-int(np.abs(end - begin).max()) // LONGEST_EDGE))
        parts.append(begin + np.outer(np.arange(cuts), end - begin) // cuts)
    return np.concatenate([*parts, ring[-1:]]).astype(np.int32)


def _circle(lat: float, lon: float, radius_km: float) -> np.ndarray:
    """Gives a ring of corners around a point, a little farther out than the radius."""
    out = radius_km / math.cos(math.pi / POINT_CORNERS) / KM_PER_DEGREE
    turns = [2 * math.pi * n / POINT_CORNERS for n in range(POINT_CORNERS + 1)]
    rows = [
        (lon + out * math.sin(t) / math.cos(math.radians(lat)), lat + out * math.cos(t))
        for t in turns
    ]
    return np.round(np.array(rows) * 100).astype(np.int32)


if __name__ == "__main__":
    main()
