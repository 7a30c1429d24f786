"""The rhythm of each conversation: payload bytes and packets of both sides by second, kept small while batches stream by.

What is kept depends on the packets alone, not on how they came in batches: bins are sums, and the coarser width is taken
where the bins of the finer one are too many, which more packets never undo.
"""

from typing import NamedTuple

import numpy as np

from iotaudit.model.flows import Column
from iotaudit.model.raw import PacketTable
from iotaudit.model.shapes import WIDTHS_S, Shapes

BINS_KEPT = 1 << 19
"""Bins of all conversations that are kept, at 40 bytes each."""
PENDING = 1 << 17
"""Bins of single batches that pile up before they are joined with the others."""
NS = 1_000_000_000
BIN_BITS = 34
"""Bits of a key that hold seconds since the epoch (any that fits in ns); the number of the flow is above them."""
BIN = (1 << BIN_BITS) - 1


class _Bins(NamedTuple):
    """Columns of n bins.

    key: flow and second (10 s, 60 s where coarser) · payload, packets: (2, n), by side · first: twice the first packet,
    plus its side.
    """

    key: Column
    payload: Column
    packets: Column
    first: Column


class FlowShapes:
    """The bins so far, by flow number and side as `table.FlowRows` has them."""

    __slots__ = ("_bins", "_level", "_pending", "_pending_len", "_room", "_unkept")

    def __init__(self, room: int = BINS_KEPT) -> None:
        self._room = room
        self._bins = _no_bins()
        self._pending: list[_Bins] = []
        self._pending_len = 0
        self._level = 0
        self._unkept: int | None = None

    def add(self, table: PacketTable, flow: Column, side: Column) -> None:
        """Adds a batch; rows without flow, payload or time are left out."""
        rows = np.flatnonzero((table.payload_len > 0) & (flow >= 0) & (table.time_ns >= 0))
        if not rows.size:
            return
        key = flow[rows] << BIN_BITS
        key |= table.time_ns[rows] // NS // WIDTHS_S[self._level]
        self._pending.append(_counted(key, side[rows], table.payload_len[rows], table.number[rows]))
        self._pending_len += len(self._pending[-1].key)
        if self._pending_len > PENDING:
            self._settle()

    def shapes(self, client: Column) -> Shapes:
        """Gives what was kept; `client` is the side of each flow's client."""
        self._settle()
        key, payload, packets, first = self._bins
        flow = key >> BIN_BITS
        out = client[flow].astype(np.intp)
        row = np.arange(len(key))
        return Shapes(
            flow=flow,
            start_s=(key & BIN) * WIDTHS_S[self._level],
            out=payload[out, row],
            into=payload[1 - out, row],
            packets_out=packets[out, row].astype(np.int64),
            packets_into=packets[1 - out, row].astype(np.int64),
            first=first >> 1,
            begins_out=(first & 1) == out,
            width_s=WIDTHS_S[self._level],
            unkept=self._unkept,
        )

    def _settle(self) -> None:
        """Joins what is pending with the rest, and makes room where that is too much."""
        parts = [self._bins, *self._pending]
        self._pending, self._pending_len = [], 0
        columns = zip(*parts, strict=True)
        self._bins = _summed(_Bins(*(np.concatenate(column, axis=-1) for column in columns)))
        if self._unkept is not None:
            self._cut(self._unkept)
        while len(self._bins.key) > self._room and self._level + 1 < len(WIDTHS_S):
            key = self._bins.key
            ratio = WIDTHS_S[self._level + 1] // WIDTHS_S[self._level]
            self._level += 1
            self._bins = _summed(self._bins._replace(key=(key & ~BIN) | ((key & BIN) // ratio)))
        if len(self._bins.key) > self._room:
            self._cut(int(self._bins.key[self._room] >> BIN_BITS))

    def _cut(self, flow: int) -> None:
        """Leaves out this flow and all later ones."""
        end = int(np.searchsorted(self._bins.key, flow << BIN_BITS))
        self._unkept = flow
        self._bins = _Bins(*(column[..., :end] for column in self._bins))


def _no_bins() -> _Bins:
    none = np.zeros(0, np.int64)
    return _Bins(none, np.zeros((2, 0), np.int64), np.zeros((2, 0), np.int32), none)


def _counted(key: Column, side: Column, length: Column, number: Column) -> _Bins:
    """Gives the bins of rows (at least one)."""
    order = np.argsort(key, kind="stable")
    key, side = key[order], side[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    cell = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(key)))
    cell += side.astype(np.int64) * len(starts)
    size = 2 * len(starts)
    return _Bins(
        key[starts],
        np.bincount(cell, length[order], size).astype(np.int64).reshape(2, -1),
        np.bincount(cell, minlength=size).astype(np.int32).reshape(2, -1),
        np.minimum.reduceat(number[order] * 2 + side, starts),
    )


def _summed(bins: _Bins) -> _Bins:
    """Gives the bins in the order of their keys, each key once."""
    if not len(bins.key):
        return bins
    order = np.argsort(bins.key, kind="stable")
    key = bins.key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    return _Bins(
        key[starts],
        np.add.reduceat(bins.payload[:, order], starts, axis=1),
        np.add.reduceat(bins.packets[:, order], starts, axis=1, dtype=np.int32),
        np.minimum.reduceat(bins.first[order], starts),
    )
