"""Exact grouping of rows by several columns, and the key that both directions of a conversation share.

Rows are sorted once, by a 64-bit mix of their columns with the row number in the low bits, so that rows of a group
stay in packet order. A mix alone could merge conversations, by chance or because a capture was built to collide:
every row is compared with the first of its group, and a block with any difference is sorted by the columns
themselves, which is slower and always right.
"""

from dataclasses import dataclass

import numpy as np

from iotaudit.model.accelerator import Accelerator
from iotaudit.model.flows import Column
from iotaudit.model.raw import PacketTable

FACTORS = tuple(
    np.uint64(factor)
    for factor in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD)
)
"""Odd 64-bit factors with well spread bits (golden ratio and the like); any would do, since groups are checked."""
FOLD = np.uint64(29)
COMPARED = ("src_hi", "src_lo", "dst_hi", "dst_lo", "src_port", "dst_port", "protocol", "ip_version")
"""Columns that tell conversations apart."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The two ends of each row, the lower one first.

    a_hi a_lo b_hi b_lo: (n,) uint64 · meta: (n,) uint64, port of a, port of b << 16, protocol << 32, IP version << 40
    · side: (n,) uint8, 0 where the sender is a, 1 where it is b.
    """

    a_hi: Column
    a_lo: Column
    b_hi: Column
    b_lo: Column
    meta: Column
    side: Column

    def columns(self) -> tuple[Column, ...]:
        """Gives the columns that tell conversations apart (the high halves only where there is IPv6)."""
        if self.a_hi.any() or self.b_hi.any():
            return self.a_lo, self.b_lo, self.meta, self.a_hi, self.b_hi
        return self.a_lo, self.b_lo, self.meta

    def texts(self, rows: Column) -> list[bytes]:
        """Gives 40 bytes for each of these rows, equal for rows of one conversation alone."""
        packed = np.empty((len(rows), 5), np.uint64)
        for i, column in enumerate((self.a_hi, self.a_lo, self.b_hi, self.b_lo, self.meta)):
            packed[:, i] = column[rows]
        whole = packed.tobytes()
        return [whole[at : at + 40] for at in range(0, len(whole), 40)]


def group_rows(
    table: PacketTable, rows: Column | None, accelerator: Accelerator | None
) -> tuple[Keys, Column, Column, Column]:
    """Groups some rows of a table (all where None, n > 0) by conversation.

    Returns:
        Keys; the rows (counted within those picked) sorted by group and within it by row; where in them each group
        starts; and where in the ends of the keys each group has its own. `side` has one cell for each row.
    """
    if accelerator is not None:
        columns = (getattr(table, name) for name in COMPARED)
        grouped = accelerator.group([column if rows is None else column[rows] for column in columns])
        if grouped is not None:
            a_hi, a_lo, b_hi, b_lo, meta = grouped.keys.T
            keys = Keys(a_hi, a_lo, b_hi, b_lo, meta, grouped.side)
            return keys, grouped.order, grouped.starts, np.arange(len(grouped.starts))
    keys = make_keys(table, rows)
    order, starts = group(keys.columns())
    return keys, order, starts, order[starts]


def make_keys(table: PacketTable, rows: Column | None = None) -> Keys:
    """Gives the keys of some rows of a table (of all where None)."""

    def pick(column: Column, dtype: type = np.uint64) -> Column:
        return (column if rows is None else column[rows]).astype(dtype, copy=False)

    src_hi, src_lo = pick(table.src_hi), pick(table.src_lo)
    dst_hi, dst_lo = pick(table.dst_hi), pick(table.dst_lo)
    src_port, dst_port = pick(table.src_port), pick(table.dst_port)
    swap = (src_lo > dst_lo) | ((src_lo == dst_lo) & (src_port > dst_port))
    if src_hi.any() or dst_hi.any():
        swap = (src_hi > dst_hi) | ((src_hi == dst_hi) & swap)
    meta: Column = np.where(swap, src_port, dst_port)
    meta <<= np.uint64(16)
    meta |= np.where(swap, dst_port, src_port)
    meta |= pick(table.protocol) << np.uint64(32)
    meta |= pick(table.ip_version) << np.uint64(40)
    return Keys(
        a_hi=np.where(swap, dst_hi, src_hi),
        a_lo=np.where(swap, dst_lo, src_lo),
        b_hi=np.where(swap, src_hi, dst_hi),
        b_lo=np.where(swap, src_lo, dst_lo),
        meta=meta,
        side=swap.astype(np.uint8),
    )


def group(columns: tuple[Column, ...]) -> tuple[Column, Column]:
    """Groups rows that are equal in all columns.

    Args:
        columns: (n,) uint64 each, n > 0.

    Returns:
        The rows sorted by group and within it by row, and where in them each group starts (int64 both).
    """
    count = len(columns[0])
    bits = np.uint64(max(1, (count - 1).bit_length()))
    mixed = mix(columns) >> bits << bits
    mixed |= np.arange(count, dtype=np.uint64)
    mixed.sort()
    order = (mixed & np.uint64((1 << int(bits)) - 1)).astype(np.int64)
    mixed >>= bits
    starts = _starts(mixed[1:] != mixed[:-1])
    sorted_columns = tuple(column[order] for column in columns)
    sizes = np.diff(starts, append=count)
    if all(np.array_equal(column, np.repeat(column[starts], sizes)) for column in sorted_columns):
        return order, starts
    order = np.lexsort(columns)
    differs = np.zeros(count - 1, bool)
    for column in columns:
        ranked = column[order]
        differs |= ranked[1:] != ranked[:-1]
    return order, _starts(differs)


def mix(columns: tuple[Column, ...]) -> Column:
    """Gives a well spread 64-bit number for each row."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column, factor in zip(columns, FACTORS, strict=False):
        mixed += column
        mixed *= factor
        mixed ^= mixed >> FOLD
    mixed *= FACTORS[0]
    return mixed


def by_group(groups: Column, rows: Column) -> Column:
    """Gives the order that sorts by group, then by row (both below 2^31)."""
    packed = groups.astype(np.int64) << 32 | rows
    return np.argsort(packed)


def _starts(differs: Column) -> Column:
    return np.concatenate(([0], np.flatnonzero(differs) + 1)).astype(np.int64, copy=False)
