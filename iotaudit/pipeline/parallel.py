"""The other processes of an audit, where one core is not enough.

Each reads, decodes and counts everything, which is cheap and gives every flow the same number everywhere, and looks into
the flows of its own lanes. Nothing is shared: at the end each sends what it gathered. Which process has which lane
never shows in the result (`model.lanes`).
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from iotaudit import detect
from iotaudit.capture import InputReader, open_inputs
from iotaudit.capture.wpa import WifiOpener
from iotaudit.codec.keylog import KeyLog
from iotaudit.errors import IotauditError, UsageError
from iotaudit.model.data_types import DataType, KnownValue
from iotaudit.model.lanes import ALL_LANES, LANES
from iotaudit.pipeline.cycles import SELDOM, searched
from iotaudit.pipeline.reading import Gathered, Reading

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext

FROM_LEN = 64 << 20
"""Inputs of so many bytes are read by several processes unless the user says otherwise."""
USUAL_JOBS = 2
"""The most processes that are taken without being asked for: each has a flow table and a buffer of its own."""
START: Literal["fork", "spawn"] = "fork" if sys.platform == "linux" else "spawn"
GONE_WAIT_S = 5.0
FAULTS = (
    IotauditError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a worker's fault is raised as in the first process, where it is told as if it had happened there."""


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """What every process must know."""

    names: tuple[str, ...]
    data_types: tuple[DataType, ...]
    known: tuple[KnownValue, ...]
    wifi_masters: tuple[bytes, ...] = ()
    key_logs: tuple[bytes, ...] = ()

    def reading(self, lanes: tuple[int, ...], *, shaped: bool = True) -> Reading:
        """Gives a new reading of some lanes; `shaped`: it keeps the rhythm of all flows."""
        wifi = WifiOpener(self.wifi_masters) if self.wifi_masters else None
        keys = KeyLog()
        for text in self.key_logs:
            keys.add(text)
        return Reading(detect.Detector(self.data_types, self.known), lanes, wifi=wifi, keys=keys, shaped=shaped)


def choose_jobs(wanted: int | None, readers: Sequence[InputReader]) -> int:
    """Gives the number of processes: what is wanted, None for what suits the inputs and the machine.

    It is one where an input is a pipe, which can be read only once, or still grows, and at most the number of lanes.

    Raises:
        UsageError: less than one is wanted.
    """
    if wanted is not None and wanted < 1:
        raise UsageError(f"--jobs takes a number of processes from 1 on, not {wanted}")
    lens = [reader.total_len for reader in readers]
    if None in lens:
        return 1
    if wanted is None:
        large = sum(length or 0 for length in lens) > FROM_LEN
        return min(_cores(), USUAL_JOBS) if large else 1
    return min(wanted, LANES)


def lanes_of(job: int, jobs: int) -> tuple[int, ...]:
    """Gives the lanes of a process; the first one, which has more to do besides, has never more than another."""
    return tuple(lane for lane in ALL_LANES if jobs - 1 - lane % jobs == job)


class Workers:
    """The processes beside this one. Used as a context manager: none of them outlives it."""

    def __init__(self, task: Task, jobs: int, start: Literal["fork", "spawn"] = START) -> None:
        self._forks = start == "fork"
        self._context: ForkContext | SpawnContext = (
            multiprocessing.get_context("fork") if self._forks else multiprocessing.get_context("spawn")
        )
        self._task = task
        self._jobs = jobs
        self._workers: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []

    def __enter__(self) -> Self:
        """Starts them."""
        for job in range(1, self._jobs):
            mine, its = self._context.Pipe()
            # a forked process has copies of this side's ends, and would not see this process end while it holds them
            copies = (mine, *(end for _, end in self._workers)) if self._forks else ()
            process = self._context.Process(
                target=_work, args=(its, self._task, lanes_of(job, self._jobs), copies), daemon=True
            )
            process.start()
            its.close()
            self._workers.append((process, mine))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends those that still run; they have nothing to tidy up."""
        for process, end in self._workers:
            end.close()
            process.kill()
        for process, _ in self._workers:
            process.join()
            process.close()

    def watch(self, _items: int = 0) -> None:
        """Looks whether all are well.

        Raises:
            IotauditError: one of them died.
        """
        for process, _ in self._workers:
            if process.exitcode:
                raise _died(process.exitcode)

    def collect(self, reading: Reading) -> None:
        """Joins to the reading of this process what the others gathered; where it was stopped, they stop there too.

        Raises:
            IotauditError: one of them died, or read something else.
            Exception: what one of them failed with.
        """
        if reading.interrupted:
            for _, end in self._workers:
                _tell(end, reading.items)
        for process, end in self._workers:
            try:
                got = end.recv()
            except (EOFError, OSError):
                process.join(GONE_WAIT_S)
                raise _died(process.exitcode) from None
            if isinstance(got, FAULTS):
                raise got
            if got.packets != reading.packets and not reading.interrupted:
                raise IotauditError(
                    "an input changed while it was read; audit it once it is complete, or with --jobs 1"
                )
            reading.join(got)


class _Leash:
    """A worker's look at its connection: stops it where the first process was stopped, ends it where that is gone."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._last: int | None = None

    def __call__(self, items: int) -> None:
        if self._last is None and self._connection.poll():
            try:
                self._last = self._connection.recv()
            except (EOFError, OSError):
                sys.exit(1)
        if self._last is not None and items >= self._last:
            raise KeyboardInterrupt


def _work(
    connection: "Connection", task: Task, lanes: tuple[int, ...], copies: "tuple[Connection, ...]"
) -> None:
    """Is what a worker does: reads the inputs, looks into the flows of its lanes, and sends what it gathered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells where to stop
    for end in copies:
        end.close()
    result: Gathered | Exception
    try:
        with searched(SELDOM):
            reading = task.reading(lanes, shaped=False)  # the first process counts all flows, too
            reading.read(open_inputs(task.names, hashed=False), watch=_Leash(connection))
            result = reading.gathered()
    except FAULTS as error:
        if os.environ.get("IOTAUDIT_DEBUG"):
            raise
        result = error
    _tell(connection, result)


def _tell(connection: "Connection", message: object) -> None:
    """Sends a message, unless the other side is gone."""
    try:
        connection.send(message)
    except OSError:
        return


def _died(exit_code: int | None) -> IotauditError:
    how = f"signal {-exit_code}" if exit_code and exit_code < 0 else f"exit code {exit_code}"
    return IotauditError(
        f"a process of this audit ended early ({how}); where memory ran out, --jobs 1 needs the least"
    )


def _cores() -> int:
    """Gives the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
