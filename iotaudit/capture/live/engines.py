"""The programs that can record an interface: how each is found, called, and understood. `ENGINES` is the one list.

Each writes a classic pcap or pcapng to its standard output, and says on standard error that it began and what it counted.
"""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from iotaudit.capture.live.interface import ANY
from iotaudit.capture.live.privilege import User, as_user
from iotaudit.errors import SetupError, UsageError

ASK_S = 15.0
BUFFER_MIB = 64
PACKAGE_ROOT = Path(__file__).resolve().parents[3]
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Program:
    """A recording program of this host."""

    name: str
    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a program is to record; `expression` is a filter of libpcap, "" for everything."""

    interface: str
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the program saw and what the kernel dropped for want of room; None: not told."""

    received: int | None
    dropped: int | None


@dataclass(frozen=True, slots=True)
class Engine:
    """One kind of program.

    `find` gives it or says why not; `command` how to call it as an account (None: as it is); `counts` reads what it said
    at its end. `settle_s`: so long the kernel may hold packets back that the program has not seen. `filters`: whether it
    takes a filter of libpcap.
    """

    name: str
    find: Callable[[], Program | str]
    command: Callable[[Program, Request, User | None], list[str]]
    ready: re.Pattern[str]
    counts: Callable[[Iterable[str]], Counts]
    settle_s: float
    filters: bool


def choose(name: str, request: Request) -> tuple[tuple[Engine, Program], ...]:
    """Gives the programs to try, the best first.

    Raises:
        UsageError: there is no such engine, or it cannot do what is asked for.
        SetupError: none of them is there.
    """
    known = ", ".join((AUTO, *(engine.name for engine in ENGINES)))
    wanted = tuple(engine for engine in ENGINES if name in (AUTO, engine.name))
    if not wanted:
        raise UsageError(f"--engine takes one of {known}, not {name!r}")
    found: list[tuple[Engine, Program]] = []
    missing: list[str] = []
    for engine in wanted:
        if not engine.filters and (request.expression or request.interface == ANY):
            missing.append(f"{engine.name} takes neither a filter nor the interface {ANY!r}")
            continue
        program = engine.find()
        if isinstance(program, str):
            missing.append(program)
        else:
            found.append((engine, program))
    if not found:
        raise SetupError(f"nothing here can record that: {'; '.join(missing)}")
    return tuple(found)


def environment() -> dict[str, str]:
    """Gives the environment of a recorder of our own, which finds this package wherever it lies."""
    return os.environ | {"PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUNBUFFERED": "1"}


def _installed(name: str, oldest: tuple[int, int]) -> Callable[[], Program | str]:
    def find() -> Program | str:
        path = shutil.which(name)
        if path is None:
            return f"{name} is not installed, or not for this user"
        version = _version(path)
        if version is None:
            return f"{name} does not answer"
        if tuple(int(part) for part in version.split(".")[:2]) < oldest:
            return f"{name} {version} is too old ({oldest[0]}.{oldest[1]} is needed)"
        return Program(name, path, version)

    return find


def _version(path: str) -> str | None:
    try:
        asked = [path, "--version"]
        done = subprocess.run(asked, capture_output=True, timeout=ASK_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0].decode() if found and done.returncode == 0 else None


def _dumpcap(program: Program, request: Request, user: User | None) -> list[str]:
    filtered = ("-f", request.expression) if request.expression else ()
    return [
        *(*as_user(user, program.path), program.path, "-q", "-n", "-i", request.interface),
        *("-B", str(BUFFER_MIB), "-w", "-", *filtered),
    ]


def _dumpcap_counts(lines: Iterable[str]) -> Counts:
    found = _last(lines, re.compile(r"received/dropped on interface .*: (\d+)/(\d+) "))
    return Counts(int(found[1]) + int(found[2]), int(found[2])) if found else Counts(None, None)


def _tcpdump(program: Program, request: Request, user: User | None) -> list[str]:
    became = ("-Z", user.name) if user and user.name else ()
    return [
        *(program.path, "-n", "-U", "-s", "0", "-i", request.interface, "-B", str(BUFFER_MIB << 10), *became),
        *("--time-stamp-precision=nano", "-w", "-", *((request.expression,) if request.expression else ())),
    ]


def _tcpdump_counts(lines: Iterable[str]) -> Counts:
    lines = list(lines)
    received = _last(lines, re.compile(r"^(\d+) packets? received by filter"))
    dropped = [_last(lines, re.compile(rf"^(\d+) packets? dropped by {who}")) for who in ("kernel", "interface")]
    told = [int(found[1]) for found in dropped if found]
    return Counts(int(received[1]) if received else None, sum(told) if told else None)


def _own(module: str) -> Callable[[Program, Request, User | None], list[str]]:
    def command(program: Program, request: Request, user: User | None) -> list[str]:
        ids = (str(user.uid), str(user.gid)) if user else ()
        # -P: what lies in the working directory is not imported
        return [program.path, "-P", "-m", f"iotaudit.capture.live.{module}", request.interface, *ids]

    return command


def _own_counts(lines: Iterable[str]) -> Counts:
    found = _last(lines, re.compile(r"^counts (\d+) (\d+)$"))
    return Counts(int(found[1]), int(found[2])) if found else Counts(None, None)


def _kernel() -> Program | str:
    if not sys.platform.startswith("linux"):
        return "the packet ring is a thing of Linux"
    return Program("ring", sys.executable, platform.release())


def _scapy() -> Program | str:
    if importlib.util.find_spec("scapy") is None:
        return "scapy is not installed (pip install 'iotaudit-dataflow[live]')"
    return Program("scapy", sys.executable, importlib.metadata.version("scapy"))


def _last(lines: Iterable[str], pattern: re.Pattern[str]) -> re.Match[str] | None:
    return next((match for line in reversed(list(lines)) if (match := pattern.search(line))), None)


ENGINES = (
    Engine("dumpcap", _installed("dumpcap", (2, 6)), _dumpcap, re.compile(r"^File: "), _dumpcap_counts, 0.6, filters=True),
    Engine("tcpdump", _installed("tcpdump", (4, 9)), _tcpdump, re.compile("listening on "), _tcpdump_counts, 1.2, filters=True),
    Engine("ring", _kernel, _own("ring"), re.compile("^recording$"), _own_counts, 0.0, filters=False),
    Engine("scapy", _scapy, _own("scapy_recorder"), re.compile("^recording$"), _own_counts, 0.0, filters=False),
)
"""In order of preference."""
