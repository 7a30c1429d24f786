"""A program that a recording starts, listens to and ends; nothing else is ever signalled."""

import fcntl
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO

LINES_KEPT = 1000
LINE_LEN = 2000
LAST_WORDS_S = 1.0
"""How long the last lines of a program that has ended may take to be read."""
PIPE_LEN = 1 << 20
LOOK_S = 0.1
"""How often a wait looks whether it has been given up."""


def never() -> bool:
    """Says no: a wait that nobody gives up."""
    return False


class Child:
    """A running program with what it prints, line by line.

    It has a session of its own, so that Ctrl-C in the terminal reaches the recording alone, which ends its
    children in order. Should the recording itself be killed, the kernel ends them (where setpriv is there to
    ask it to, and the program keeps its user), and the broken pipe ends those that write packets into one.

    With `packets` standard output is no text: it is `output`, for the caller to read, and the lines are those of
    standard error.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
        on_exit: Callable[[], None] | None = None,
        packets: bool = False,
    ) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._news = threading.Condition()
        self._ended = False
        self._on_line = on_line
        self._on_exit = on_exit
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours, no shell
            [*_ends_with_parent(command), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if packets else subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
        )
        self.output: BinaryIO | None = self._process.stdout if packets else None  # type: ignore[assignment]
        if self.output is not None:
            with suppress(OSError):  # the bound of an unprivileged user
                fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, PIPE_LEN)
        self._reader = threading.Thread(target=self._listen, name=f"{name} output", daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        output = self._process.stderr or self._process.stdout
        if output is None:
            return
        with output:
            for raw in output:
                line = raw.decode("utf-8", "replace").strip()[:LINE_LEN]
                if not line:
                    continue
                with self._news:
                    self.lines.append(line)
                    self._news.notify_all()
                if self._on_line:
                    self._on_line(line)
        self._process.wait()
        if self._on_exit:
            self._on_exit()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the program ended, None while it runs."""
        return self._process.poll()

    def await_line(
        self, pattern: re.Pattern[str], seconds: float, halted: Callable[[], bool] = never
    ) -> re.Match[str] | None:
        """Waits until a line fits; None where the program ended, the time was up before, or the user gave it up."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines if (match := pattern.search(line))), None)

        deadline = time.monotonic() + seconds
        with self._news:
            while found() is None and not self._ended and not halted():
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(min(left, LOOK_S))
            return found()

    def await_exit(self, seconds: float) -> bool:
        """Waits until the program has ended and all that it printed was read; False where the time was up."""
        with self._news:
            return self._news.wait_for(lambda: self._ended, timeout=seconds)

    def stop(self, seconds: float) -> bool:
        """Asks the program to end, more firmly each time; True where the first request was enough."""
        polite = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(number)
            if self.await_exit(seconds):
                return polite
            polite = False
        return False


def _ends_with_parent(command: Sequence[str]) -> list[str]:
    """Gives the prefix of a command that the kernel ends when this process is gone (PR_SET_PDEATHSIG)."""
    setpriv = shutil.which("setpriv")
    if setpriv is None or command[0] == setpriv:  # such a command asks for it itself
        return []
    return [setpriv, "--pdeathsig", "TERM", "--"]
