"""Records packets into the folder: of an interface by one of the engines, or from a pipe."""

import os
import re
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from iotaudit.capture.live import device, engines, privilege
from iotaudit.capture.live.child import LAST_WORDS_S, Child, never
from iotaudit.capture.live.engines import Counts, Engine, Program, Request
from iotaudit.capture.live.files import Bounds, CaptureFiles
from iotaudit.capture.live.interface import (
    ANY,
    LinkWatch,
    check_interface,
    description_of,
    driver_of,
    warnings_for,
)
from iotaudit.capture.live.part import FAILURE, Ending
from iotaudit.capture.live.pcapng import Source
from iotaudit.capture.live.pump import End, Pump
from iotaudit.capture.live.session import Session
from iotaudit.capture.live.stream import Stream
from iotaudit.errors import SetupError

START_S = 15.0
STOP_S = 15.0
DENIED = re.compile(r"permission|not permitted", re.IGNORECASE)
NOISE = re.compile(
    r"^(Capturing on|File:|Packets |recording$|Running as user|tcpdump: (verbose|listening)|dumpcap: cap_set_proc)"
)
STDIN = 0


@dataclass(frozen=True, slots=True)
class Want:
    """What to record and how: `only` is the device that alone is recorded ("": all), `filtered` a filter of libpcap."""

    interface: str = ""
    engine: str = engines.AUTO
    only: str = ""
    filtered: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    program: str = ""
    """This tool with its version, for the section header."""

    @property
    def expression(self) -> str:
        """The whole filter."""
        own = device.expression(self.only) if self.only else ""
        return f"({own}) and ({self.filtered})" if own and self.filtered else own or self.filtered


class _Packets:
    """What recorders share: the pump, its end, and what the manifest says."""

    def __init__(self, want: Want) -> None:
        self.want = want
        self.counts = Counts(None, None)
        self.pump: Pump | None = None
        self.files: CaptureFiles | None = None

    @property
    def packets(self) -> int:
        """Packets recorded."""
        return self.pump.packets if self.pump else 0

    @property
    def names(self) -> tuple[str, ...]:
        """The packet files that there are."""
        return self.files.names if self.files else ()

    def open(self, session: Session, stream: Stream, descriptor: int, wake: Callable[[], None]) -> Pump:
        """Starts to take packets."""
        self.files = CaptureFiles(session.path, self.want.bounds, session.own)
        self.pump = Pump(descriptor, stream, self.files, wake)
        session.on_mark(self._mark)
        return self.pump

    def _mark(self, step: str, text: str, time_ns: int) -> None:
        if self.pump:
            self.pump.mark(f"iotaudit:step={step} {text}".strip(), time_ns)

    def ending(self) -> Ending | None:
        """Gives why the pump took no more, in so far as it was not told to stop."""
        if self.pump is None or self.pump.end is None:
            return None
        match self.pump.end:
            case End.BOUND:
                return Ending(End.BOUND.value)
            case End.DISK:
                return Ending(FAILURE, f"the recording could not be written: {self.pump.why}")
            case End.DAMAGE:
                return Ending(FAILURE, self.pump.why)
            case End.STREAM | End.STOPPED:
                return None

    def lost(self) -> str | None:
        """Gives why packets were lost, also where that happened only while the recording was ended."""
        ending = self.ending()
        return ending.why if ending and ending.why else None

    def close(self, session: Session) -> str | None:
        """Ends the files."""
        session.make_room()
        if self.pump is None:
            return None
        try:
            self.pump.close(received=self.counts.received, dropped=self.counts.dropped)
        except OSError as error:
            return f"the recording could not be ended well: {error.strerror or error}"
        return None

    def rows(self) -> dict[str, object]:
        """Gives the packets and their files for the manifest."""
        files = self.files
        return {
            "packets": self.packets,
            "received": self.counts.received,
            "dropped": self.counts.dropped,
            "filter": self.want.expression or None,
            "captures": list(self.names),
            "captures_removed": files.files_removed if files else 0,
        }


class InterfaceRecorder:
    """One interface, recorded by the first engine that can."""

    name = "recorder"

    def __init__(self, want: Want) -> None:
        check_interface(want.interface)
        self.want = want
        self.kernel_filters = False
        self.choices = engines.choose(want.engine, Request(want.interface, want.filtered))
        self.engine: Engine | None = None
        self.program: Program | None = None
        self.child: Child | None = None
        self.user = privilege.recording_user()
        self._packets = _Packets(want)
        self._link: _LinkThread | None = None
        self._trouble = ""
        self._change: dict[str, object] | None = None

    @property
    def packets(self) -> int:
        """Packets recorded so far."""
        return self._packets.packets

    @property
    def dropped(self) -> int | None:
        """Packets that the kernel dropped; known at the end."""
        return self._packets.counts.dropped

    @property
    def captures(self) -> tuple[str, ...]:
        """Names of the packet files."""
        return self._packets.names

    def start(self, session: Session, wake: Callable[[], None], halted: Callable[[], bool] = never) -> None:
        """Tries the engines in order; see `Part.start`."""
        for text in warnings_for(self.want.interface):
            session.warn(text)
        why_not: list[str] = []
        for engine, program in self.choices:
            if halted() or self._begin(session, engine, program, wake, halted):
                break
            why_not.append(self._why_not())
        if self.child is None or not self.child.running:
            if halted():
                return
            raise SetupError(self._refusal(why_not))
        if self.want.interface != ANY:
            self._link = _LinkThread(self.want.interface, self._lost, session, wake)
            self._change = session.changed("promiscuous mode while recording", interface=self.want.interface)

    def _begin(
        self, session: Session, engine: Engine, program: Program, wake: Callable[[], None], halted: Callable[[], bool]
    ) -> bool:
        """Starts one engine; False where it does not record."""
        self.engine, self.program = engine, program
        self.kernel_filters = engine.filters
        expression = self.want.expression if engine.filters else ""
        command = engine.command(program, Request(self.want.interface, expression), self.user)

        def log_line(line: str) -> None:
            if not line.startswith("File: "):
                session.log("printed", source=engine.name, text=line)

        self.child = Child(
            engine.name, command, environment=engines.environment(), on_line=log_line, on_exit=wake, packets=True
        )
        output = self.child.output
        ready = self.child.await_line(engine.ready, START_S, halted)
        if output is None or ready is None or not self.child.running:
            self.child.stop(STOP_S)
            if output is not None:
                output.close()
            return False
        source = Source(
            self.want.interface,
            description_of(self.want.interface),
            self.want.expression,
            f"{self.want.program} ({engine.name} {program.version})".strip(),
            "Linux",
        )
        keep = device.test_of(self.want.only) if self.want.only and not engine.filters else None
        self._packets.open(session, Stream(source, own_clock=True, keep=keep), output.fileno(), wake)
        return True

    def started(self) -> tuple[str, ...]:
        """Says with what is recorded."""
        filtered = f", only {self.want.expression}" if self.want.expression else ""
        return (f"recording {self.want.interface} with {self.engine.name if self.engine else ''}{filtered}",)

    def ending(self) -> Ending | None:
        """Gives why the recording must end; the interface's end comes before what follows from it."""
        if self._trouble:
            return Ending(FAILURE, self._trouble)
        ending = self._packets.ending()
        if ending is None and self.child is not None and not self.child.running:
            ending = Ending(FAILURE, self._why_not())
        return ending

    def stop(self, session: Session) -> str | None:
        """Ends the engine when the kernel has handed over what it holds, and closes the files."""
        if self._link:
            self._link.stop()
        before = self.ending()
        well = True
        pump, child = self._packets.pump, self.child
        asked = child is not None and child.running
        if child is not None and self.engine is not None:
            if asked and pump is not None and pump.end is None and not self._trouble:
                child.await_exit(self.engine.settle_s)
            well = self._end(child, pump)
            self._packets.counts = self.engine.counts(child.lines)
        if self._change is not None:
            self._change["undone"] = True
        closed = self._packets.close(session)
        unwell = (before.why if before else "") or self._packets.lost() or closed
        if not unwell and asked and not (well and child is not None and child.exit_code == 0):
            return None if self._ended_by_us() else self._why_not()
        return unwell or None

    def _end(self, child: Child, pump: Pump | None) -> bool:
        """Asks the engine to end while its packets are still taken; True where it did so at once."""
        if pump is None or pump.end is not None:
            if child.output is not None:
                with suppress(OSError):
                    child.output.close()
            return child.stop(STOP_S)
        well = child.stop(STOP_S)
        pump.finish(STOP_S, to_the_end=True)
        if child.output is not None:
            child.output.close()
        return well

    def _ended_by_us(self) -> bool:
        """Says whether no more was taken from the engine before it was told to end: its complaint is no news."""
        pump = self._packets.pump
        return pump is not None and pump.end in (End.BOUND, End.DISK, End.DAMAGE)

    def _lost(self, why: str) -> None:
        self._trouble = why

    def _why_not(self) -> str:
        """Gives one line about a program that ended too early."""
        if self.child is None or self.program is None or self.engine is None:
            return "no recorder was started"
        self.child.await_exit(LAST_WORDS_S)
        said = [line for line in self.child.lines if not NOISE.match(line)]
        text = " ".join(said[:2]).removeprefix(f"{self.engine.name}: ")
        if not text:
            code = self.child.exit_code
            text = f"it was ended from outside (signal {-code})" if code and code < 0 else "it said nothing"
        return f"{self.engine.name} does not record {self.want.interface}: {text}"

    def _refusal(self, why_not: list[str]) -> str:
        """Gives the line for the user when no engine records: what they said, or which right they lack."""
        said = "; ".join(why_not) or "nothing records"
        if all(DENIED.search(text) for text in why_not) or (why_not and not privilege.may_record() and DENIED.search(said)):
            names = " and ".join(engine.name for engine, _ in self.choices)
            return f"{names} may not record {self.want.interface}: {privilege.how_to_grant(privilege.find_dumpcap())}"
        return said

    def facts(self) -> dict[str, object]:
        """Gives what the manifest says."""
        return {
            "name": self.engine.name if self.engine else None,
            "version": self.program.version if self.program else None,
            "runs_as": self.user.name or str(self.user.uid) if self.user else None,
            **self._packets.rows(),
        }

    def interface_facts(self) -> dict[str, object]:
        """Gives what the manifest says of the interface."""
        return {"name": self.want.interface, "driver": driver_of(self.want.interface)}


class PipeRecorder:
    """A capture that comes through standard input, such as a router's by SSH."""

    name = "recorder"

    def __init__(self, want: Want) -> None:
        self.want = want
        self._packets = _Packets(want)

    @property
    def packets(self) -> int:
        """Packets recorded so far."""
        return self._packets.packets

    @property
    def dropped(self) -> int | None:
        """What the other side dropped is not told through a pipe."""
        return None

    @property
    def captures(self) -> tuple[str, ...]:
        """Names of the packet files."""
        return self._packets.names

    def start(self, session: Session, wake: Callable[[], None], halted: Callable[[], bool] = never) -> None:  # noqa: ARG002
        """Starts to take what comes."""
        if os.isatty(STDIN):
            raise SetupError("standard input is a terminal; pipe a capture into it: ssh ROUTER tcpdump -U -w - | ...")
        keep = device.test_of(self.want.only) if self.want.only else None
        source = Source("pipe", "standard input", self.want.expression, self.want.program)
        self._packets.open(session, Stream(source, own_clock=False, keep=keep, plain=False), STDIN, wake)

    def started(self) -> tuple[str, ...]:
        """Says what is recorded."""
        return ("recording standard input",)

    def ending(self) -> Ending | None:
        """Gives the end of the stream, good or bad."""
        pump = self._packets.pump
        if pump is None or pump.end is None:
            return None
        if pump.end is not End.STREAM:
            return self._packets.ending()
        if not pump.stream.head:
            return Ending(FAILURE, "no capture came through standard input; does the other side run tcpdump -U -w -?")
        if not pump.stream.whole:
            return Ending(End.STREAM.value, "the stream ended inside a packet")
        return Ending(End.STREAM.value)

    def stop(self, session: Session) -> str | None:
        """Takes what has come and closes the files."""
        if self._packets.pump:
            self._packets.pump.finish(STOP_S, to_the_end=False)
        closed = self._packets.close(session)
        return self._packets.lost() or closed

    def facts(self) -> dict[str, object]:
        """Gives what the manifest says."""
        return {"name": "pipe", "version": None, "runs_as": None, **self._packets.rows()}


class _LinkThread:
    """Watches an interface until stopped."""

    def __init__(self, name: str, lost: Callable[[str], None], session: Session, wake: Callable[[], None]) -> None:
        self._watch = LinkWatch(name)
        self._end, self._nudge = os.pipe()
        self._tell = (lost, session, wake)
        self._thread = threading.Thread(target=self._run, name=f"{name} state", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        lost, session, wake = self._tell
        with self._watch as watch:
            trouble, carrier = watch.trouble(), watch.carrier
            while trouble is None:
                ready, _, _ = select.select([watch.fileno(), self._end], [], [])
                if self._end in ready:
                    return
                trouble = watch.trouble()
                if watch.carrier != carrier:
                    carrier = watch.carrier
                    session.log("carrier", interface=watch.name, there=carrier)
            lost(trouble)
            wake()

    def stop(self) -> None:
        """Ends the thread."""
        os.write(self._nudge, b"\0")
        self._thread.join()
        os.close(self._end)
        os.close(self._nudge)
