"""What a recording waits for: signals, lines of standard input, a clock that jumps."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LINE_LEN = 1000
JUMP_NS = 500_000_000
"""A smaller step of the clock is the work of time synchronisation."""


class Lines:
    """Lines of standard input, as far as they have come."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.over = False
        self._held = b""

    def take(self) -> Iterator[str]:
        """Gives the whole lines that are there; never waits."""
        while not self.over and select.select([self.descriptor], [], [], 0)[0]:
            piece = os.read(self.descriptor, 4096)
            self.over = not piece
            self._held += piece
        *whole, self._held = self._held.split(b"\n")
        if len(self._held) > LINE_LEN or self.over:
            whole.append(self._held)
            self._held = b""
        for line in whole:
            text = line.decode("utf-8", "replace").strip()
            if text:
                yield text[:LINE_LEN]


class Waker:
    """A pipe that ends a wait: signals, and parts with news, write to it.

    A signal is noted and interrupts nothing, so that a recording comes to its end at whatever moment it is told to.
    """

    def __init__(self) -> None:
        self.signalled = 0
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)

    def __enter__(self) -> Self:
        self._old = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.signalled = self.signalled or number
        self.wake()

    def wake(self) -> None:
        """Ends the wait that runs, or the next one."""
        with suppress(OSError):  # a full pipe wakes as well; after the end there is none to wake
            os.write(self._write, b"\0")

    def halted(self) -> bool:
        """Says whether a signal has come."""
        return bool(self.signalled)

    def wait(self, seconds: float, lines: Lines | None) -> None:
        """Waits until something happens or the time is up."""
        sources = [self._read, *([lines.descriptor] if lines and not lines.over else ())]
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._read in ready:
            os.read(self._read, 4096)


class ClockWatch:
    """Compares the clock that stamps packets with one that never jumps."""

    def __init__(self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()

    def jump_ns(self) -> int:
        """Gives by how much the clock was set since the last question; 0: not, or by very little."""
        offset = self._wall() - self._steady()
        jump = offset - self._offset
        if abs(jump) < JUMP_NS:
            return 0
        self._offset = offset
        return jump
