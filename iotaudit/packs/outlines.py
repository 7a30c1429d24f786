"""Country outlines, from `outlines.bin` (see `tools/knowledge/build_outlines.py`): how near a country can be.

Distances are lower bounds, since they may exclude a place: to edges, not corners, 0 inside, less what the form of
the earth and the coarseness of the outlines can hide.
"""

from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from iotaudit.packs.columns import Column, read_columns

EARTH_KM = 6371.0
"""Mean radius."""
FLATTENING = 0.006
"""Share by which a distance on the sphere may exceed the one on the ellipsoid."""
MARGIN_KM = 25.0
"""What generalised outlines (1:50 million) and left-out islets may hide."""
POSITIONS_KEPT = 8


class Outlines:
    """Lower bounds of distances from a position to every country; opened on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.around = lru_cache(POSITIONS_KEPT)(self._around)
        self.distances = lru_cache(POSITIONS_KEPT)(self._distances)

    @cached_property
    def _edges(self) -> tuple[list[str], Column, Column, Column]:
        """Codes; per edge the row of its code, its begin and its end as (n, 2) float64, degrees, lon and lat."""
        columns = read_columns(self._path)
        text = bytes(columns["codes"]).decode("ascii")
        codes = [text[at : at + 2] for at in range(0, len(text), 2)]
        lengths = columns["ring_len"].astype(np.int64)
        corners = np.stack(
            [np.cumsum(columns["lon_step"]), np.cumsum(columns["lat_step"])], axis=1
        ).astype(np.float64)
        corners /= 100
        row = np.repeat(columns["ring_code"], lengths)
        inner = np.ones(len(corners), bool)
        inner[np.cumsum(lengths) - 1] = False
        begin = np.flatnonzero(inner)
        return codes, row[begin], corners[begin], corners[begin + 1]

    def _distances(self, lat: float, lon: float) -> dict[str, float]:
        """Gives the least distance in km by country."""
        return {code: km for km, code in self.around(lat, lon)}

    def _around(self, lat: float, lon: float) -> tuple[tuple[float, str], ...]:
        """Gives the least distance in km to each country, nearest first."""
        codes, row, begin, end = self._edges
        nearest = np.full(len(codes), np.pi)
        np.minimum.at(nearest, row, _angles(lat, lon, begin, end))
        bound = nearest * EARTH_KM * (1 - FLATTENING) - MARGIN_KM
        inside = np.bincount(row[_crossed(lat, lon, begin, end)], minlength=len(codes)) % 2 == 1
        bound = np.where(inside, 0.0, np.maximum(bound, 0.0))
        return tuple(sorted((round(float(km), 1), code) for km, code in zip(bound, codes, strict=True)))


def _angles(lat: float, lon: float, begin: Column, end: Column) -> Column:
    """Gives the angle between a position and each edge, in radians."""
    here = _vectors(np.array([[lon, lat]]))[0]
    a, b = _vectors(begin), _vectors(end)
    normal = np.cross(a, b)
    size = np.linalg.norm(normal, axis=1)
    ends = np.arccos(np.clip(np.maximum(a @ here, b @ here), -1, 1))
    beside = (np.cross(normal, a) @ here >= 0) & (np.cross(b, normal) @ here >= 0) & (size > 0)
    across = np.arcsin(np.clip(np.abs(normal @ here) / np.where(size > 0, size, 1), 0, 1))
    found: Column = np.where(beside, np.minimum(across, ends), ends)
    return found


def _vectors(degrees: Column) -> Column:
    lon, lat = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _crossed(lat: float, lon: float, begin: Column, end: Column) -> Column:
    """Gives which edges a line from the position to the east crosses (an odd number of a country's: inside it)."""
    (x0, y0), (x1, y1) = begin.T, end.T
    spans = (y0 > lat) != (y1 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (lat - y0) * (x1 - x0) / (y1 - y0)
    found: Column = spans & (lon < x)
    return found
