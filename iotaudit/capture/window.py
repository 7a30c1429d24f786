"""A reused buffer that slides over a stream, and the search for a sound record behind a damaged place."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import numpy as np

from iotaudit import native
from iotaudit.model.flows import Column

FIRST_LEN = 1 << 20
BLOCK_LEN = 1 << 23
"""Bytes of a window: a small first one, so that a small file is quick, then the fastest size measured."""
WINDOW_MAX = 1 << 26
"""Hard bound of a window: no length field of a file makes it larger."""
PADDING = 256
"""Bytes behind the valid ones, so that a header that is gathered whole never runs over the end."""
SEARCH_LEN = 1 << 24
"""How far a sound record is looked for behind a damaged place."""
SEARCH_STEP = 1 << 16
CHAIN = 3
"""So many records in a row must be sound before reading goes on."""
CHAIN_ROOM = 1 << 20
"""Bytes that are wanted behind a place where such a chain may begin."""
MAX_DAMAGES = 1000
"""Damaged places of one input; behind the last one it is not read further."""


class Stop(StrEnum):
    """Why a scan ended: the next record is not whole in the buffer, or its length cannot be true."""

    NEED_MORE = "need_more"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan for records found.

    at: (n,) int64, offsets of whole records · sizes: (n,) int64, their lengths in bytes · next_at: the end of
    the last one · stop: why the scan ended · need_len: how long the record at `next_at` is (its header's
    length where that is not whole either).
    """

    at: Column
    sizes: Column
    next_at: int
    stop: Stop
    need_len: int


class Window:
    """The bytes `buffer[:end]` of a stream, from its offset `base` on; PADDING zeros follow."""

    __slots__ = ("_source", "base", "buffer", "end", "ended")

    def __init__(self, source: io.BufferedReader) -> None:
        self._source = source
        self.base = 0
        self.end = 0
        self.ended = False
        self.buffer: Column = np.empty(FIRST_LEN + PADDING, np.uint8)
        self._fill()

    @property
    def view(self) -> memoryview:
        """The valid bytes."""
        return memoryview(self.buffer)[: self.end]

    @property
    def padded(self) -> Column:
        """The valid bytes and the padding behind them: (end + PADDING,) uint8."""
        return self.buffer[: self.end + PADDING]

    def slide(self, keep_from: int, need_len: int = 0) -> bool:
        """Drops the bytes before `keep_from` and reads on; grows to hold `need_len` where the bound allows.

        Gives whether there is more than before. Offsets into the buffer are `keep_from` less afterwards.
        """
        kept = self.end - keep_from
        target = min(max(BLOCK_LEN, need_len), WINDOW_MAX)
        if len(self.buffer) < target + PADDING:
            buffer = np.empty(target + PADDING, np.uint8)
            buffer[:kept] = self.buffer[keep_from : self.end]
            self.buffer = buffer
        elif keep_from:
            self.buffer[:kept] = self.buffer[keep_from : self.end].copy()
        self.base += keep_from
        self.end = kept
        self._fill()
        return self.end > kept

    def skip(self, at: int, size: int) -> None:
        """Moves on by `size` bytes from `at`, reading over what is not in the buffer."""
        while at + size > self.end and not self.ended:
            size -= self.end - at
            self.slide(self.end)
            at = 0
        self.slide(min(at + size, self.end))

    def _fill(self) -> None:
        room = len(self.buffer) - PADDING
        view = memoryview(self.buffer)
        before = self.end
        while self.end < room and not self.ended:
            size = cast("int | None", self._source.readinto1(view[self.end : room]))
            if size is None and self.end > before:  # a file that still grows: what came is looked at first
                break
            self.end += size or 0
            self.ended = size == 0
        self.buffer[self.end : self.end + PADDING] = 0


def find_chain(
    window: Window,
    damaged_at: int,
    candidates: Callable[[Column, int, int], Column],
    step: Callable[[memoryview, int], int],
) -> int:
    """Gives the offset of the next sound record behind a damaged place, -1: none within SEARCH_LEN.

    The window may slide meanwhile, so offsets may move: `window.base` tells. `candidates(buffer, lo, hi)`
    gives offsets in [lo, hi) where a record may start; `step(view, at)` gives the end of the record at `at`,
    -1 where it is not sound, 0 where it is cut.
    """
    searched = 0
    lo = damaged_at + 1
    while searched < SEARCH_LEN:
        while window.end - lo < CHAIN_ROOM and not window.ended:
            grew = window.slide(lo)
            lo = 0
            if not grew:  # the buffer is full
                break
        hi = min(lo + SEARCH_STEP, window.end)
        if lo >= hi:
            return -1
        for at in candidates(window.buffer, lo, hi).tolist():
            if _holds(window, at, step):
                return int(at)
        searched += hi - lo
        lo = hi
    return -1


def _holds(window: Window, at: int, step: Callable[[memoryview, int], int]) -> bool:
    """Says whether CHAIN records follow each other from `at`, or fewer up to the very end of the stream."""
    view = window.view
    for done in range(CHAIN):
        if at == window.end and window.ended and done:
            return True
        after = step(view, at)
        if after <= 0:
            return False
        at = after
    return True


def u32(buffer: Column, at: Column, *, big_endian: bool) -> Column:
    """Gives the 32-bit words at byte offsets `at`: (n,) uint32."""
    return words(buffer, at, 1, big_endian=big_endian)[:, 0]


def word_columns(buffer: Column, at: Column, count: int, *, big_endian: bool) -> Column:
    """Gives `count` 32-bit words from each byte offset in `at`, one row for each word: (count, n) int64."""
    engine = native.engine()
    if engine is not None:
        return engine.words(buffer, at, count, big_endian=big_endian)
    return words(buffer, at, count, big_endian=big_endian).astype(np.int64).T


def words(buffer: Column, at: Column, count: int, *, big_endian: bool) -> Column:
    """Gives `count` 32-bit words from each byte offset in `at`: (n, count) uint32."""
    rows = np.lib.stride_tricks.sliding_window_view(buffer, 4 * count)[at]
    return rows.view(">u4" if big_endian else "<u4").astype(np.uint32, copy=False)
