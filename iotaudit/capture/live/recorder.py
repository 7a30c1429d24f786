"""Records an interface with a program that is made for it: dumpcap, else tcpdump."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from iotaudit.capture.live import pcapng
from iotaudit.capture.live.child import LAST_WORDS_S, Child
from iotaudit.errors import SetupError

PROGRAMS = ("dumpcap", "tcpdump")
"""In order of preference: only dumpcap writes pcapng with drop counts of its own."""
START_S = 15.0
STOP_S = 15.0
BLOCK_S = 0.5
"""The kernel hands a half-filled ring block over after 250 ms at the latest; that must still be written."""
BUFFER_MIB = 32
DUMPCAP_READY = re.compile(r"^File: ")
DUMPCAP_COUNT = re.compile(r"received/dropped on interface .*: (\d+)/(\d+) ")
TCPDUMP_READY = re.compile(r"listening on ")
TCPDUMP_DROPPED = re.compile(r"^(\d+) packets? dropped by (?:kernel|interface)")
DENIED = re.compile(r"permission|not permitted", re.IGNORECASE)
NOISE = re.compile(
    r"^(Capturing on|File:|Packets |Running as user|tcpdump: (verbose|listening)|dumpcap: cap_set_proc)"
)


@dataclass(frozen=True, slots=True)
class Program:
    """A recording program of this host."""

    name: str
    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the program says at its end: packets written, packets dropped by the kernel (None: not told)."""

    packets: int | None
    dropped: int | None


def find_program() -> Program:
    """Gives the best program that is installed and answers.

    Raises:
        SetupError: there is none.
    """
    for name in PROGRAMS:
        path = shutil.which(name)
        version = _version(path) if path else None
        if path and version:
            return Program(name, path, version)
    raise SetupError(
        "neither dumpcap nor tcpdump can be run; install one (apt-get install wireshark-common or tcpdump), "
        "and for dumpcap join its group (usermod -aG wireshark USER)"
    )


def _version(path: str) -> str | None:
    try:
        asked = [path, "--version"]
        done = subprocess.run(asked, capture_output=True, timeout=START_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0].decode() if found and done.returncode == 0 else None


@dataclass(slots=True)
class Recorder:
    """One interface being recorded into one file."""

    program: Program
    interface: str
    target: Path
    child: Child = field(init=False)

    def start(self, on_line: Callable[[str], None], on_exit: Callable[[], None]) -> None:
        """Starts the program and returns when it records.

        Raises:
            SetupError: it does not, with its own words and what helps.
        """
        self.child = Child(self.program.name, self._command(), on_line=on_line, on_exit=on_exit)
        ready = DUMPCAP_READY if self.program.name == "dumpcap" else TCPDUMP_READY
        if self.child.await_line(ready, START_S) is None or not self.child.running:
            self.child.stop(STOP_S)
            raise SetupError(self.why_not())

    def _command(self) -> list[str]:
        if self.program.name == "dumpcap":
            return [
                self.program.path,
                "-q",
                "-n",
                "-i",
                self.interface,
                "-B",
                str(BUFFER_MIB),
                "-w",
                str(self.target),
            ]
        return [
            *(self.program.path, "-n", "-U", "--immediate-mode", "-s", "0", "-i", self.interface),
            *("-B", str(BUFFER_MIB << 10), "-w", str(self._raw)),
        ]

    @property
    def _raw(self) -> Path:
        """Where tcpdump writes until its file is rewritten."""
        return self.target.with_suffix(".pcap.part")

    def why_not(self) -> str:
        """Gives one line about a program that ended too early."""
        self.child.await_exit(LAST_WORDS_S)
        said = [line for line in self.child.lines if not NOISE.match(line)]
        text = " ".join(said[:2]).removeprefix(f"{self.program.name}: ") or "it said nothing"
        if any(DENIED.search(line) for line in said):
            return (
                f"{self.program.name} may not record {self.interface}; run as root, or give it the right: "
                f"setcap cap_net_raw,cap_net_admin=eip {self.program.path}"
            )
        return f"{self.program.name} does not record {self.interface}: {text}"

    def stop(self) -> Counts:
        """Ends the program when the kernel has handed over what it holds, and gives its counts."""
        if self.child.running:
            self.child.await_exit(BLOCK_S)
        self.child.stop(STOP_S)
        if self.program.name == "dumpcap":
            found = _last(self.child, DUMPCAP_COUNT)
            return Counts(int(found[1]), int(found[2])) if found else Counts(None, None)
        dropped = _last(self.child, TCPDUMP_DROPPED)
        lost = int(dropped[1]) if dropped else None
        version = f"tcpdump {self.program.version}"
        written = pcapng.rewrite(
            self._raw, self.target, interface=self.interface, program=version, dropped=lost
        )
        self._raw.unlink()
        return Counts(written, lost)


def _last(child: Child, pattern: re.Pattern[str]) -> re.Match[str] | None:
    return next((match for line in reversed(child.lines) if (match := pattern.search(line))), None)
