"""A recording from start to end: checks, starts its parts, waits, stops them, and writes down what happened."""

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from iotaudit.capture.live.files import Bounds
from iotaudit.capture.live.part import FAILURE, Ending, Part
from iotaudit.capture.live.proxy import Proxy
from iotaudit.capture.live.pump import End
from iotaudit.capture.live.recorder import InterfaceRecorder, PipeRecorder, Want
from iotaudit.capture.live.session import Session, check_folder, stamp
from iotaudit.capture.live.waiting import ClockWatch, Lines, Waker
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.vocabulary import STEPS

TICK_S = 1.0
"""How often the clock is looked at."""
DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the manifest says of the test, as the user gave it."""

    model: str | None = None
    firmware: str | None = None
    tester: str | None = None
    purpose: str | None = None
    delete_after: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record: an interface or a pipe, a proxy, or both. `duration_s` None: until stopped.

    `device` is in normal form; with `only_device` nothing of others is recorded. `version` is that of this tool.
    """

    out: Path
    interface: str | None = None
    pipe: bool = False
    engine: str = "auto"
    filtered: str = ""
    only_device: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    proxy: str | None = None
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    upstream_ca: Path | None = None
    duration_s: float | None = None
    device: str | None = None
    marks: bool = False
    purpose: Purpose = field(default_factory=Purpose)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a recording gave; packets and drops are None where there was no recorder, or it does not tell."""

    folder: Path
    packets: int | None
    dropped: int | None
    marks: int
    stopped_by: str
    captures: tuple[str, ...] = ()


def record(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Records until the time is up, a signal comes or a part ends it; in all cases the folder is complete.

    Args:
        plan: what to record.
        tell: gets lines for the user.

    Raises:
        UsageError: the plan cannot be.
        SetupError: the host lacks something, or the recording was cut short.
    """
    _check(plan)
    recorder = _recorder(plan)
    proxy = Proxy(plan.proxy, *plan.listen, plan.upstream_ca) if plan.proxy else None
    parts: tuple[Part, ...] = tuple(part for part in (recorder, proxy) if part is not None)
    session = Session(plan.out.absolute(), tell)
    with Waker() as waker:
        return _Recording(plan, session, waker, parts, recorder).run()


def _check(plan: Plan) -> None:
    if plan.interface is None and not plan.pipe and plan.proxy is None:
        raise UsageError("name what to record: --interface IF, - for a pipe, --proxy regular, or both")
    if plan.interface is not None and plan.pipe:
        raise UsageError("--interface and - are two sources; name one")
    if plan.pipe and plan.marks:
        raise UsageError("--marks takes standard input, and so does -; name one of them")
    if plan.pipe and plan.filtered:
        raise UsageError("a filter is for an interface; for a pipe give it to the other side's tcpdump")
    if plan.only_device and not plan.device:
        raise UsageError("--only-device needs --device MAC|IP")
    if plan.bounds.ring_files and plan.bounds.max_len is not None:
        raise UsageError("--ring bounds the disk already; leave --max-size out")
    check_folder(plan.out)


def _recorder(plan: Plan) -> InterfaceRecorder | PipeRecorder | None:
    want = Want(
        plan.interface or "",
        plan.engine,
        plan.device or "" if plan.only_device else "",
        plan.filtered,
        plan.bounds,
        f"iotaudit {plan.version}".strip(),
    )
    if plan.interface:
        return InterfaceRecorder(want)
    return PipeRecorder(want) if plan.pipe else None


class _Recording:
    """The state of one recording."""

    def __init__(
        self,
        plan: Plan,
        session: Session,
        waker: Waker,
        parts: tuple[Part, ...],
        recorder: InterfaceRecorder | PipeRecorder | None,
    ) -> None:
        self.plan = plan
        self.session = session
        self.waker = waker
        self.parts = parts
        self.recorder = recorder
        self.clock = ClockWatch()
        self.jumps: list[dict[str, object]] = []

    def run(self) -> Outcome:
        """Gives the outcome of the whole recording."""
        start = time.time_ns()
        self.session.open({**self._facts(start, None), "files": []})
        began = False
        try:
            began = self._start()
        finally:
            if not began:
                self._stop()
                self.session.discard()
        if not began:
            raise SetupError("stopped before the recording began; nothing was recorded")
        start = time.time_ns()
        try:
            ending = self._wait()
        except OSError as error:
            ending = Ending(FAILURE, f"waiting failed: {error.strerror or error}")
        end = time.time_ns()
        unwell = self._stop()
        why = ending.why or unwell or self._cut_short(ending.by)
        packets = self.recorder.packets if self.recorder else None
        dropped = self.recorder.dropped if self.recorder else None
        self.session.log("stopped", by=ending.by, why=why or None, packets=packets, dropped=dropped)
        self.session.close({**self._facts(start, end), "stopped_by": ending.by, "cut_short": why or None})
        if why:
            kept = "" if packets is None else f"{packets} packets, "
            raise SetupError(f"{why}; what was recorded until then ({kept}complete) is in {self.plan.out}")
        captures = self.recorder.captures if self.recorder else ()
        return Outcome(self.plan.out, packets, dropped, self.session.marks, ending.by, captures)

    def _start(self) -> bool:
        """Starts the parts; False where the user gave up meanwhile."""
        for part in self.parts:
            part.start(self.session, self.waker.wake, self.waker.halted)
            if self.waker.halted():
                return False
        ends = "" if self.plan.duration_s is None else f" for {self.plan.duration_s:g} s"
        for part in self.parts:
            for number, line in enumerate(part.started()):
                self.session.tell(line if number else f"{line}{ends}; Ctrl-C ends it")
        self.session.log("started", interface=self.plan.interface, proxy=self.plan.proxy)
        return True

    def _stop(self) -> str:
        """Ends the parts, the last one first: the recorder sees a proxy's last packets."""
        unwell = [part.stop(self.session) for part in reversed(self.parts)]
        return next((text for text in unwell if text), "")

    def _wait(self) -> Ending:
        """Waits for the end and gives its reason; takes marks on the way."""
        deadline = None if self.plan.duration_s is None else time.monotonic() + self.plan.duration_s
        lines = Lines(sys.stdin.fileno()) if self.plan.marks else None
        while True:
            ending = next((found for part in self.parts if (found := part.ending())), None)
            if ending:
                return ending
            if self.waker.signalled:
                return Ending(signal.Signals(self.waker.signalled).name)
            left = TICK_S if deadline is None else min(deadline - time.monotonic(), TICK_S)
            if left <= 0:
                return Ending(DURATION)
            self.waker.wait(left, lines)
            self._look_at_clock()
            for line in lines.take() if lines else ():
                if not self.session.mark(line):
                    self.session.tell(f"not a step, noted in the log only; steps: {', '.join(STEPS)}")

    def _look_at_clock(self) -> None:
        jump = self.clock.jump_ns()
        if jump:
            seconds = round(jump / 1e9, 3)
            self.jumps.append({"time": stamp(time.time_ns()), "seconds": seconds})
            self.session.log("clock_jumped", seconds=seconds)
            self.session.warn(f"the clock of this host was set by {seconds:+g} s: times before and after do not fit together")

    def _cut_short(self, by: str) -> str:
        """Gives a sentence where the recording ended before the time that was asked for."""
        if self.plan.duration_s is None or by not in (End.STREAM, End.BOUND):
            return ""
        what = "the other side ended the stream" if by == End.STREAM else "the bound of --max-size was reached"
        return f"{what} before the {self.plan.duration_s:g} s were over"

    def _facts(self, start: int, end: int | None) -> dict[str, object]:
        """Gives the manifest, as far as it is known."""
        plan, purpose = self.plan, self.plan.purpose
        facts = {part.name: part.facts() for part in self.parts}
        interface = self.recorder.interface_facts() if isinstance(self.recorder, InterfaceRecorder) else None
        return {
            "tool": {"name": "iotaudit", "version": plan.version},
            "options": {
                "duration_s": plan.duration_s,
                "engine": plan.engine,
                "only_device": plan.only_device,
                "filter": plan.filtered or None,
                "ring": [plan.bounds.ring_files, plan.bounds.file_len] if plan.bounds.ring_files else None,
                "max_size": plan.bounds.max_len,
                "proxy": plan.proxy,
                "marks": plan.marks,
            },
            "device": plan.device,
            "interface": interface,
            "recorder": None,
            "proxy": None,
            **facts,
            "start": stamp(start),
            "end": None if end is None else stamp(end),
            "clock_jumps": self.jumps,
            "model": purpose.model,
            "firmware": purpose.firmware,
            "tester": purpose.tester,
            "purpose": purpose.purpose,
            "delete_after": purpose.delete_after,
        }
