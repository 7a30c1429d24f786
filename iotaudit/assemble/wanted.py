"""What is wanted of each side of each flow: one code for each cell (twice the flow number plus the side)."""

from collections.abc import Collection

import numpy as np

from iotaudit.model.flows import Column
from iotaudit.model.lanes import ALL_LANES
from iotaudit.model.raw import PacketTable
from iotaudit.model.want import ALL, NOTHING, Want

LIMIT = 128
"""Different wants that are told apart; what is wanted beyond them counts as `ALL`."""
WANTED, UNWANTED = 0, 1
"""Codes of `ALL` and `NOTHING`; a higher one is the place in `Wanted.wants` of another."""


class Wanted:
    """What is wanted, at first all of the flows of some lanes and nothing of others.

    codes: one byte for each cell, the place in `wants` of what is wanted of it. `extend` makes a new one, so that an
    unfinished iteration may look at the old one.
    """

    __slots__ = ("_flags", "_new", "codes", "wants")

    def __init__(self, lanes: Collection[int]) -> None:
        self._new = b"".join(bytes(2) if lane in lanes else b"\1\1" for lane in ALL_LANES)
        self.codes = bytearray(self._new * 128)
        self.wants: list[Want] = [ALL, NOTHING]
        self._flags = np.zeros((LIMIT, 256), np.bool_)
        self._flags[WANTED] = True

    def extend(self, flows: int) -> None:
        """Makes room for so many flows."""
        room = 2 * flows
        if room > len(self.codes):
            self.codes = self.codes + self._new * (max(room, len(self.codes)) // len(self._new))

    def set(self, cell: int, want: Want) -> None:
        """Notes what is wanted of a cell from now on."""
        self.codes[cell] = WANTED if want is ALL else UNWANTED if want is NOTHING else self._code(want)

    def rejects(self, cell: int, data: bytes) -> bool:
        """Says whether a datagram with these captured bytes is left out."""
        code = self.codes[cell]
        return code != WANTED and not (data and self.wants[code][data[0]])

    def rows(self, table: PacketTable, rows: Column, cells: Column) -> Column:
        """Gives which of some rows are wanted, (m,) bool; `cells` are theirs."""
        codes = np.frombuffer(self.codes, np.uint8)[cells]
        wanted: Column = codes != UNWANTED
        if len(self.wants) > UNWANTED + 1:
            some = np.flatnonzero(codes > UNWANTED)
            at = rows[some]
            first = np.where(table.payload_captured[at] > 0, table.payload_at[at], 0)
            wanted[some] = self._flags[codes[some], table.buffer[first]] & (table.payload_captured[at] > 0)
        return wanted

    def sides(self, flows: int) -> Column:
        """Gives which sides are wanted in any way, (flows, 2) bool."""
        wanted: Column = np.frombuffer(self.codes, np.uint8)[: 2 * flows] != UNWANTED
        return wanted.reshape(-1, 2)

    def _code(self, want: Want) -> int:
        if want in self.wants:
            return self.wants.index(want)
        if len(self.wants) == LIMIT:
            return WANTED
        self._flags[len(self.wants)] = np.frombuffer(want, np.bool_)
        self.wants.append(want)
        return len(self.wants) - 1
