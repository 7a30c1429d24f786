"""A recording from start to end: checks, starts, waits, stops, and writes down what happened."""

import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from iotaudit.capture.live.interface import check_interface, driver_of, warnings_for
from iotaudit.capture.live.proxy import Proxy, check_mode, find_engine
from iotaudit.capture.live.recorder import Counts, Program, Recorder, find_program
from iotaudit.capture.live.session import CAPTURE, Folder, check_folder, stamp
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.vocabulary import STEPS

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LINE_LEN = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record; at least one of `interface` and `proxy` is set. `duration_s` None: until stopped.

    `version` is that of this tool, for the manifest.
    """

    out: Path
    interface: str | None = None
    proxy: str | None = None
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    upstream_ca: Path | None = None
    duration_s: float | None = None
    device: str | None = None
    marks: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a recording gave; packets and drops are None where there was no recorder, or it does not tell."""

    folder: Path
    packets: int | None
    dropped: int | None
    marks: int
    stopped_by: str


def record(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Records until the time is up, a signal comes or a program fails; in all cases the folder is complete.

    Args:
        plan: what to record.
        tell: gets lines for the user.

    Raises:
        UsageError: the plan cannot be.
        SetupError: the host lacks something, or a program ended before it should.
    """
    if plan.interface is None and plan.proxy is None:
        raise UsageError("name what to record: --interface IF, --proxy regular, or both")
    if plan.proxy is not None:
        check_mode(plan.proxy)
    check_folder(plan.out)
    engine = find_engine() if plan.proxy else None
    program = find_program() if plan.interface else None
    if plan.interface:
        check_interface(plan.interface)
    folder = Folder(plan.out.absolute())
    with _Waker() as waker:
        return _Recording(plan, folder, waker, tell, program, engine).run()


class _Recording:
    """The state of one recording."""

    def __init__(
        self,
        plan: Plan,
        folder: Folder,
        waker: "_Waker",
        tell: Callable[[str], None],
        program: Program | None,
        engine: str | None,
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.waker = waker
        self.tell = tell
        self.engine = engine
        self.proxy = Proxy(folder.path, *plan.listen, plan.upstream_ca) if plan.proxy else None
        self.recorder = (
            Recorder(program, plan.interface, folder.path / CAPTURE) if program and plan.interface else None
        )
        self.warnings = warnings_for(plan.interface) if plan.interface else ()
        self._log_lock = threading.Lock()

    def run(self) -> Outcome:
        """Gives the outcome of the whole recording."""
        for text in self.warnings:
            self.tell(f"warning: {text}")
        self.folder.open()
        started = False
        try:
            self._start()
            started = True
        finally:
            if not started:
                self._stop()
                self.folder.discard()
        with self.waker.holding_signals():
            start = time.time_ns()
            try:
                self._say_started()
                stopped_by = self._wait()
                end = time.time_ns()
                why_not = self._failure()
            finally:
                counts = self._stop()
            why_not = why_not or self._bad_end()
            self._log("stopped", by=stopped_by, packets=counts.packets, dropped=counts.dropped)
            self._finish(start, end, stopped_by, counts)
        if why_not:
            raise SetupError(f"{why_not}; what was recorded until then is in {self.plan.out}")
        return Outcome(self.plan.out, counts.packets, counts.dropped, self.folder.marks, stopped_by)

    def _start(self) -> None:
        if self.proxy:
            self.proxy.start(lambda line: self._take_line("mitmproxy", line), self.waker.wake)
        if self.recorder:
            name = self.recorder.program.name
            self.recorder.start(lambda line: self._take_line(name, line), self.waker.wake)

    def _stop(self) -> Counts:
        """Ends what was started: the proxy first, so that its last packets are recorded too."""
        counts = Counts(None, None)
        if self.proxy and hasattr(self.proxy, "child"):
            self.proxy.stop()
        if self.recorder and hasattr(self.recorder, "child"):
            counts = self.recorder.stop()
        return counts

    def _failure(self) -> str | None:
        """Gives one line about a program that ended before it was told to."""
        if self.recorder and not self.recorder.child.running:
            return self.recorder.why_not()
        if self.proxy and not self.proxy.child.running:
            return self.proxy.why_not()
        return None

    def _bad_end(self) -> str | None:
        """Gives one line about a program that ended when told to but not well: its last writes may lack."""
        if self.recorder and self.recorder.child.exit_code != 0:
            return self.recorder.why_not()
        if self.proxy and self.proxy.child.exit_code != 0:
            return self.proxy.why_not()
        return None

    def _wait(self) -> str:
        """Waits for the end and gives its reason; takes marks on the way."""
        deadline = None if self.plan.duration_s is None else time.monotonic() + self.plan.duration_s
        lines = _Lines(sys.stdin.fileno()) if self.plan.marks else None
        while True:
            if self.waker.signalled:
                return signal.Signals(self.waker.signalled).name
            if self._failure():
                return "failure"
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return "duration"
            self.waker.wait(left, lines)
            for line in lines.take() if lines else ():
                if not self.folder.mark(line):
                    self.tell(f"not a step, noted in the log only; steps: {', '.join(STEPS)}")

    def _say_started(self) -> None:
        ends = "" if self.plan.duration_s is None else f" for {self.plan.duration_s:g} s"
        if self.recorder:
            self.tell(
                f"recording {self.plan.interface} with {self.recorder.program.name}{ends}; Ctrl-C ends it"
            )
        if self.proxy:
            self.tell(f"proxy listens on {self.proxy.host}:{self.proxy.port}{ends}; Ctrl-C ends it")
            shown = self.plan.out / self.proxy.ca.relative_to(self.folder.path)
            self.tell(f"to be read, the device must trust {shown}")
        self._log("started", interface=self.plan.interface, proxy=self.plan.proxy)

    def _take_line(self, source: str, line: str) -> None:
        """Logs what a child printed; the proxy's addon prints facts of its own.

        A full disk must not end the listening: it shows where the main thread writes.
        """
        with suppress(OSError):
            if line.startswith("iotaudit {"):
                facts = json.loads(line.removeprefix("iotaudit "))
                self._log(facts.pop("event"), **facts)
            elif source != "mitmproxy" and not line.startswith("File: "):
                self._log("printed", source=source, text=line)

    def _log(self, event: str, **facts: object) -> None:
        with self._log_lock:
            self.folder.log(event, **facts)

    def _finish(self, start: int, end: int, stopped_by: str, counts: Counts) -> None:
        plan = self.plan
        listen = [self.proxy.host, self.proxy.port] if self.proxy else None
        recorder = self.recorder.program if self.recorder else None
        self.folder.close(
            {
                "tool": {"name": "iotaudit", "version": plan.version},
                "options": {
                    "duration_s": plan.duration_s,
                    "proxy": plan.proxy,
                    "listen": listen,
                    "marks": plan.marks,
                },
                "device": plan.device,
                "interface": {"name": plan.interface, "driver": driver_of(plan.interface)}
                if plan.interface
                else None,
                "recorder": {
                    "name": recorder.name,
                    "version": recorder.version,
                    "packets": counts.packets,
                    "dropped": counts.dropped,
                }
                if recorder
                else None,
                "proxy": {"name": "mitmproxy", "version": self.engine} if self.engine else None,
                "start": stamp(start),
                "end": stamp(end),
                "stopped_by": stopped_by,
                "host_changes": [],
                "warnings": list(self.warnings),
                "model": None,
                "firmware": None,
                "tester": None,
                "purpose": None,
                "delete_after": None,
            }
        )


class _Lines:
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


class _Waker:
    """A pipe that ends a wait: signals and ended children write to it."""

    def __init__(self) -> None:
        self.signalled = 0
        self._held = False
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

    @contextmanager
    def holding_signals(self) -> Iterator[None]:
        """Signals are noted and no longer interrupt: the recording must come to its end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if not self._held:
            raise KeyboardInterrupt
        self.signalled = self.signalled or number
        self.wake()

    def wake(self) -> None:
        """Ends the wait that runs, or the next one."""
        with suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._write, b"\0")

    def wait(self, seconds: float | None, lines: _Lines | None) -> None:
        """Waits until something happens or the time is up."""
        sources = [self._read, *([lines.descriptor] if lines and not lines.over else ())]
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._read in ready:
            os.read(self._read, 4096)
