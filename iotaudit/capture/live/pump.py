"""Carries packets from a recorder's pipe into the files, in a thread of its own, so that nothing else holds it up."""

import os
import select
import threading
from collections.abc import Callable
from enum import StrEnum

from iotaudit.capture.live import pcapng
from iotaudit.capture.live.files import CaptureFiles
from iotaudit.capture.live.stream import Stream
from iotaudit.errors import InputError

READ_LEN = 1 << 18
SMALL_LEN = 1 << 15
"""After so little, the next reading waits: a recorder that writes each packet by itself is read in larger pieces."""
GATHER_S = 0.01
DRAIN_S = 0.2
"""When told to stop, what does not come within this time is not waited for."""


class End(StrEnum):
    """Why no more packets are taken."""

    STREAM = "end-of-stream"
    BOUND = "max-size"
    DISK = "disk"
    DAMAGE = "damage"
    STOPPED = "stopped"


class Pump:
    """The thread, and how it ended: `end` is None while it runs, `why` a sentence where something went wrong."""

    def __init__(self, source: int, stream: Stream, files: CaptureFiles, on_end: Callable[[], None]) -> None:
        self.stream = stream
        self.files = files
        self.end: End | None = None
        self.why = ""
        self._source = source
        self._on_end = on_end
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._look, self._nudge = os.pipe()
        self._thread = threading.Thread(target=self._run, name="packets", daemon=True)
        self._thread.start()

    def mark(self, comment: str, time_ns: int) -> None:
        """Puts a comment on the first packet from now on."""
        with self._lock:
            self.stream.mark(comment, time_ns)

    @property
    def packets(self) -> int:
        """Packets that are in the files, or were and have made room."""
        return self.stream.packets - self.files.packets_lost

    def finish(self, seconds: float, *, to_the_end: bool) -> bool:
        """Takes what is still to come and ends; with `to_the_end` until the pipe's end, for `seconds` at most."""
        if not to_the_end:
            self._stop()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._stop()
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self, *, received: int | None, dropped: int | None) -> None:
        """Ends the files, with the interface's statistics.

        Raises:
            OSError: the disk is full.
        """
        os.close(self._look)
        os.close(self._nudge)
        statistics = b""
        if self.stream.plain and self.stream.head:
            first = self.stream.last if self.stream.first is None else self.stream.first
            statistics = pcapng.statistics(
                first=first, last=self.stream.last, received=received, dropped=dropped
            )
        self.files.close(self.stream.head, statistics)

    def _stop(self) -> None:
        self._stopping.set()
        os.write(self._nudge, b"\0")

    def _run(self) -> None:
        end = End.STREAM
        try:
            end = self._carry()
        except InputError as error:
            end, self.why = End.DAMAGE, str(error)
        except OSError as error:
            end, self.why = End.DISK, f"{error.strerror or error}"
        self.end = end
        self._on_end()

    def _carry(self) -> End:
        while True:
            stopping = self._stopping.is_set()
            ready, _, _ = select.select([self._source, *(() if stopping else (self._look,))], [], [], DRAIN_S if stopping else None)
            if self._source not in ready:
                if stopping:
                    return End.STOPPED
                continue
            data = os.read(self._source, READ_LEN)
            if not data:
                return End.STREAM
            with self._lock:
                blocks = self.stream.feed(data)
            if blocks and not self.files.write(self.stream.head, blocks, self.stream.order):
                return End.BOUND
            if len(data) < SMALL_LEN and not stopping:
                self._stopping.wait(GATHER_S)
