"""What a faster implementation of the loops over packets gives: the same as the code that it stands in for.

Pure stages take one as a value and know no more of it than this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from iotaudit.model.flows import Column


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows grouped by conversation; groups are in order of their first row.

    keys: (g, 5) uint64, the lower end, the higher end and the rest, as `assemble.keys.Keys` has them · side: (n,)
    uint8 · group: (n,) int64 · order: (n,) int64, rows by group, then row · starts: (g,) int64, where in `order` each
    group starts.
    """

    keys: Column
    side: Column
    group: Column
    order: Column
    starts: Column


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of p parts of flows, all int64.

    By part and side (p, 2): packets, bytes, payload, first_payload (the first row with payload; the number of rows:
    none) and ack (the last acknowledgement, -1: none). By part (p,): first_ns and last_ns (-1: no time).
    """

    packets: Column
    bytes: Column
    payload: Column
    first_payload: Column
    ack: Column
    first_ns: Column
    last_ns: Column


@dataclass(frozen=True, slots=True)
class HostCounts:
    """Packets of c cells by link address.

    first: (c,) int64, the first row of each cell, -1 none · packets: (c,) int64, the cell's rows with that row's link
    address · others: rows with another one, or without a cell, ascending.
    """

    first: Column
    packets: Column
    others: Column


class Accelerator(Protocol):
    """Counts rows. Arguments are documented where it is implemented."""

    def group(self, ends: Sequence[Column], /) -> Grouped | None:
        """Groups rows by conversation; None where it cannot in bounded time."""

    def add_up(
        self,
        cell: Column,
        parts: int,
        lengths: tuple[Column, Column],
        time_ns: Column,
        tcp: tuple[Column, Column, Column],
        /,
    ) -> Sums:
        """Adds up rows by cell."""

    def count_hosts(self, cell: Column, own: Column | None, src_mac: Column, cells: int, /) -> HostCounts:
        """Counts the senders of cells."""
