"""The packet files of a recording: one, or a ring of several; bounded; whole at any moment but for the last block."""

import os
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NAME = "capture.pcapng"
RING_NAME = "capture-{:05d}.pcapng"
PACKET = 6
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
"""Appending: after a file was cut back, the next block stands at its end."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much disk a recording may take; `ring_files` 0: one file, `max_len` None: no bound.

    In a ring a new file is begun at `file_len`, and the oldest goes when there are more than `ring_files`.
    """

    ring_files: int = 0
    file_len: int = 0
    max_len: int | None = None


class CaptureFiles:
    """Takes whole blocks and writes them at once.

    `made` is told of each new file; `packets_lost` counts the packets that were taken and could not be written,
    `packets_removed` says whether a ring has let go of some.
    """

    def __init__(self, folder: Path, bounds: Bounds, made: Callable[[Path], None]) -> None:
        self.folder = folder
        self.bounds = bounds
        self.packets_lost = 0
        self.files_removed = 0
        self._made = made
        self._paths: deque[Path] = deque()
        self._number = 0
        self._descriptor = -1
        self._file_len = 0
        self._head = b""
        self._total_len = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The files that there are, oldest first."""
        return tuple(path.name for path in self._paths)

    def write(self, head: bytes, blocks: bytes, order: str = "<") -> bool:
        """Writes blocks; False where the bound is reached and some did not fit.

        Raises:
            OSError: the disk is full or fails; what stands in the files then is whole.
        """
        self._head = head
        if self._descriptor < 0 or (
            self.bounds.ring_files and self._file_len > len(head) and self._file_len + len(blocks) > self.bounds.file_len
        ):
            self._next(head)
        room = None if self.bounds.max_len is None else self.bounds.max_len - self._total_len
        if room is not None and len(blocks) > room:
            fits = sum(size for _, size in _whole(blocks, room, order))
            self._put(blocks[:fits], order)
            self.packets_lost += _packets(blocks[fits:], order)
            return False
        self._put(blocks, order)
        return True

    def close(self, head: bytes, statistics: bytes) -> None:
        """Ends the last file with the statistics (which count to no bound)."""
        if self._descriptor < 0 and head:
            self._next(head)
        if self._descriptor >= 0:
            try:
                self._put(statistics, "<")
            finally:
                os.close(self._descriptor)
                self._descriptor = -1

    def _next(self, head: bytes) -> None:
        """Begins a file; the oldest of a full ring is removed before, so that the bound holds."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self.bounds.ring_files and len(self._paths) >= self.bounds.ring_files:
            oldest = self._paths.popleft()
            self._total_len -= oldest.stat().st_size
            oldest.unlink()
            self.files_removed += 1
        self._number += 1
        path = self.folder / (RING_NAME.format(self._number) if self.bounds.ring_files else NAME)
        self._descriptor = os.open(path, FLAGS, 0o600)
        self._paths.append(path)
        self._made(path)
        self._file_len = 0
        self._put(head, "<")

    def _put(self, blocks: bytes, order: str) -> None:
        """Writes all, or cuts the file back to the last whole block."""
        done = 0
        view = memoryview(blocks)
        try:
            while done < len(blocks):
                done += os.write(self._descriptor, view[done:])
        except OSError:
            kept = sum(size for _, size in _whole(blocks, done, order))
            os.ftruncate(self._descriptor, self._file_len + kept)
            self.packets_lost += _packets(blocks[kept:], order)
            self._file_len += kept
            self._total_len += kept
            raise
        self._file_len += done
        self._total_len += done


def _whole(blocks: bytes, room: int, order: str) -> Iterator[tuple[int, int]]:
    """Gives kind and length of the blocks that lie whole in the first `room` bytes."""
    at = 0
    while at + 12 <= min(room, len(blocks)):
        kind, size = struct.unpack_from(f"{order}II", blocks, at)
        if size < 12 or at + size > room:
            return
        yield kind, size
        at += size


def _packets(blocks: bytes, order: str) -> int:
    return sum(kind == PACKET for kind, _ in _whole(blocks, len(blocks), order))
