"""The second embedded address database: IPFire Location, from `ipfire.bin` (see `tools/knowledge/build_ipfire.py`).

A file of its own under its own licence (CC BY-SA 4.0); opened on the first look-up.
"""

from bisect import bisect_left, bisect_right
from functools import cached_property
from pathlib import Path

import numpy as np

from iotaudit.model.knowledge import GeoAnswer, ZoneTable, address_of
from iotaudit.packs.columns import Begins, read_columns

LOW_BITS = 64
LOW = (1 << LOW_BITS) - 1
NOBODY = "??"
"""Code of ranges that the data leaves open on purpose."""


class IpfireTable:
    """Address to country. Every range of the data is kept; nothing else is in the file."""

    id = "ipfire"
    kind = "database"
    family = "ipfire"

    def __init__(self, path: Path, date: str, zones: ZoneTable) -> None:
        self.date = date
        self._path = path
        self._zones = zones
        self._answers: dict[str, GeoAnswer | None] = {}

    @cached_property
    def _columns_v4(self) -> dict[str, memoryview]:
        columns = read_columns(self._path, "v4_")
        columns["v4_start"] = np.cumsum(columns.pop("v4_step"), dtype=np.uint32)
        return {name: column.data for name, column in columns.items()}

    @cached_property
    def _begins_v4(self) -> Begins:
        return Begins(np.asarray(self._columns_v4["v4_start"]))

    @cached_property
    def _columns_v6(self) -> dict[str, memoryview]:
        columns = read_columns(self._path, "v6_")
        columns["v6_start"] = np.cumsum(columns.pop("v6_step"), dtype=np.uint64)
        return {name: column.data for name, column in columns.items()}

    @cached_property
    def _codes(self) -> str:
        return bytes(read_columns(self._path, "codes")["codes"]).decode("ascii")

    def look_up(self, ip: str) -> GeoAnswer | None:
        """Gives the answer for an address; those of one country are one object."""
        address = address_of(ip)
        if address is None:
            return None
        version, number = address
        code = self._v4(number) if version == 4 else self._v6(number)
        if code is None:
            return None
        if code not in self._answers:
            self._answers[code] = _answer(code, self._zones)
        return self._answers[code]

    def _v4(self, number: int) -> str | None:
        columns = self._columns_v4
        at = self._begins_v4.upto(number) - 1
        if at < 0 or number - columns["v4_start"][at] > columns["v4_len"][at]:
            return None
        return self._code(columns["v4_code"][at])

    def _v6(self, number: int) -> str | None:
        columns = self._columns_v6
        high, low = number >> LOW_BITS, number & LOW
        end = bisect_right(columns["v6_start"], high)
        begin = bisect_left(columns["v6_start"], high, 0, end)
        at = bisect_right(columns["v6_low"], low, begin, end) - 1
        if at < 0:
            return None
        last = (columns["v6_start"][at] + columns["v6_len"][at], columns["v6_last_low"][at])
        return self._code(columns["v6_code"][at]) if (high, low) <= last else None

    def _code(self, row: int) -> str:
        return self._codes[2 * row : 2 * row + 2]


def _answer(code: str, zones: ZoneTable) -> GeoAnswer | None:
    if code == NOBODY:
        return None
    country = zones.normal(code)
    return GeoAnswer(country) if country else GeoAnswer(vague="it names a region, not a country")
