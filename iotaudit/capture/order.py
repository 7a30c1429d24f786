"""Several inputs as one: read in the order of time, whatever order they were named in.

An input is opened when its first packet is due, so files of a ring are open one at a time. Where inputs overlap, their
frames are put into one batch, sorted by time; those of one input keep their order, a clock that went back included.
What has no time goes with what came before it; an input that cannot be looked at before it is read (a pipe) is begun
first.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import fields
from heapq import heapify, heappop, heappush

import numpy as np

from iotaudit.capture.source import InputReader, Item
from iotaudit.capture.window import PADDING
from iotaudit.model.flows import Column
from iotaudit.model.packets import NUMBER_BITS
from iotaudit.model.raw import Exchange, FrameBatch


class TimeOrder:
    """Gives the items of all inputs, each with its reader. Equal times go by the order in which inputs were named."""

    def __init__(self, readers: Sequence[InputReader]) -> None:
        self._sources = [_Source(reader) for reader in readers]
        self._due: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[tuple[InputReader, Item]]:
        """Gives the items; a batch is only valid until the next item is asked for.

        A batch of several inputs comes with the reader of the first of them; `by_input` takes it apart.
        """
        if len(self._sources) > 1:
            for source in self._sources:
                source.due_ns = source.reader.begins_ns()
        self._due = [(source.due_ns, k) for k, source in enumerate(self._sources)]
        heapify(self._due)
        while self._due:
            _, k = heappop(self._due)
            first = self._sources[k]
            if first.item is None:
                self._advance(k)
            elif isinstance(first.item, FrameBatch):
                group, until_ns = self._group(k)
                parts = [part for k in group for part in self._sources[k].take(until_ns)]
                yield first.reader, _merged(parts)
                for k in group:
                    self._advance(k)
            else:
                yield first.reader, first.item
                first.item = None
                self._advance(k)

    def unfinished(self) -> Iterator[tuple[InputReader, bool]]:
        """Gives the inputs that were not read to their ends, and whether they were begun."""
        for source in self._sources:
            if not source.ended:
                yield source.reader, source.begun

    def close(self) -> None:
        """Closes the inputs that were not read to their ends."""
        for source in self._sources:
            source.close()

    def _advance(self, k: int) -> None:
        if self._sources[k].advance():
            heappush(self._due, (self._sources[k].due_ns, k))

    def _group(self, first: int) -> tuple[list[int], int]:
        """Gives the inputs whose batches overlap with that of the first one, and up to when all of them are known."""
        group, until_ns = [first], self._sources[first].last_ns
        while self._due and self._due[0][0] <= until_ns:
            due_ns, k = heappop(self._due)
            source = self._sources[k]
            if source.item is None:
                self._advance(k)
            elif isinstance(source.item, FrameBatch):
                group.append(k)
                until_ns = min(until_ns, source.last_ns)
            else:
                heappush(self._due, (due_ns, k))
                until_ns = due_ns
                break
        return sorted(group), until_ns


class _Source:
    """One input with the item that is next, and the time that it is due."""

    def __init__(self, reader: InputReader) -> None:
        self.reader = reader
        self.item: Item | None = None
        self.due_ns = -1
        self.begun = False
        self.ended = False
        self._items = reader.read()
        self._times: Column = np.zeros(0, np.int64)

    @property
    def last_ns(self) -> int:
        """The latest time in the batch that is next."""
        return int(self._times[-1]) if len(self._times) else self.due_ns

    def advance(self) -> bool:
        """Gets the next item where none is waiting; says whether there is one."""
        self.begun = True
        if self.item is None:
            self.item = next(self._items, None)
            if isinstance(self.item, FrameBatch):
                # never back, so that sorting by it keeps the order within the input
                self._times = np.maximum.accumulate(np.maximum(self.item.time_ns, self.due_ns))
            elif isinstance(self.item, Exchange):
                self.due_ns = max(self.due_ns, self.item.time_ns)
        if isinstance(self.item, FrameBatch) and len(self._times):
            self.due_ns = int(self._times[0])
        self.ended = self.item is None
        return not self.ended

    def close(self) -> None:
        """Ends reading."""
        if isinstance(self._items, Generator):
            self._items.close()

    def take(self, until_ns: int) -> Iterator[tuple[FrameBatch, Column]]:
        """Gives what the batch has up to a time, with the times to sort by; the rest waits."""
        batch, times = self.item, self._times
        if not isinstance(batch, FrameBatch):
            return
        cut = int(np.searchsorted(times, until_ns, "right"))
        if cut < len(times):
            self.item, self._times = rows_of(batch, slice(cut, None)), times[cut:]
            batch, times = rows_of(batch, slice(cut)), times[:cut]
        else:
            self.item, self.due_ns = None, self.last_ns
        yield batch, times


def by_input(batch: FrameBatch) -> Iterator[FrameBatch]:
    """Gives the frames of each input of a batch."""
    inputs = batch.number >> NUMBER_BITS
    if bool((inputs == batch.input).all()):
        yield batch
        return
    for index in np.unique(inputs).tolist():
        yield rows_of(batch, np.flatnonzero(inputs == index), index)


def rows_of(batch: FrameBatch, rows: Column | slice, index: int | None = None) -> FrameBatch:
    """Gives some frames of a batch, of input `index` where that is another."""
    columns = {field.name: getattr(batch, field.name) for field in fields(batch)}
    buffer = columns.pop("buffer")
    old = columns.pop("input")
    picked = {name: column[rows] for name, column in columns.items()}
    return FrameBatch(input=old if index is None else index, buffer=buffer, **picked)


def _merged(parts: list[tuple[FrameBatch, Column]]) -> FrameBatch:
    """Gives one batch of all parts, in the order of time; of one part, that itself."""
    parts = [(batch, times) for batch, times in parts if len(times)] or parts[:1]
    if len(parts) == 1:
        return parts[0][0]
    order = np.argsort(np.concatenate([times for _, times in parts]), kind="stable")
    buffers, places, at = [], [], 0
    for batch, _ in parts:
        begin = int(batch.frame_at.min())
        end = int((batch.frame_at + batch.captured_len).max()) + PADDING
        buffers.append(batch.buffer[begin:end])
        places.append(batch.frame_at - begin + at)
        at += len(buffers[-1])
    names = [field.name for field in fields(FrameBatch) if field.name not in {"input", "buffer", "frame_at"}]
    columns = {name: np.concatenate([getattr(batch, name) for batch, _ in parts])[order] for name in names}
    return FrameBatch(
        input=parts[0][0].input, buffer=np.concatenate(buffers), frame_at=np.concatenate(places)[order], **columns
    )
