"""The recording folder: its files, the log and the marks while it grows, and the manifest at the end.

docs/capture.md names the files; `session.json` is written last and cites the SHA-256 of all others. Until then it stands
there with `stopped_by: null`: a folder whose recording was killed says so.
"""

import datetime
import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iotaudit.capture.live.files import NAME as CAPTURE
from iotaudit.capture.live.privilege import User, invoking_user
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.vocabulary import STEPS

FLOWS = "proxy.flows"
KEYS = "keys.log"
MARKS = "marks.jsonl"
LOG = "log.jsonl"
MANIFEST = "session.json"
CA = "ca/mitmproxy-ca-cert.pem"
RESERVE = ".reserve"
RESERVE_LEN = 1 << 16
"""Kept free for the last words: log, statistics and manifest must fit when the disk is full."""
__all__ = ["CAPTURE", "Session", "check_folder", "default_name", "stamp"]


def stamp(time_ns: int) -> str:
    """Gives RFC 3339 UTC with nanoseconds."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def default_name() -> str:
    """Gives the folder's name where the user gave none."""
    return f"iotaudit-{datetime.datetime.now(tz=datetime.UTC):%Y%m%dT%H%M%SZ}"


def check_folder(path: Path) -> None:
    """Checks that a recording may go into a folder.

    Raises:
        UsageError: it is a file, or holds something already.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out {path} is a file; name a folder")
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"--out {path} is not empty; name a new folder, so that no recording is overwritten")


@dataclass(slots=True)
class Session:
    """A recording folder that is being filled; `path` is absolute, as children need it.

    Whatever takes part in a recording gets it: to log, to mark, to warn, and to write down what it changed on the host.
    All of its methods may be called from any thread, and none fails where the disk is full but `open` and `close`.
    """

    path: Path
    tell: Callable[[str], None] = print
    marks: int = 0
    warnings: list[str] = field(default_factory=list)
    host_changes: list[dict[str, object]] = field(default_factory=list)
    _log: "_Lines" = field(init=False)
    _marks: "_Lines" = field(init=False)
    _made: bool = field(init=False, default=False)
    _owner: User | None = field(init=False, default=None)
    _listeners: list[Callable[[str, str, int], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, beginning: dict[str, Any]) -> None:
        """Makes the folder (private: it will hold payload) with its log, its marks, and what is known of it.

        Raises:
            SetupError: the disk has no room for a recording.
            OSError: the folder cannot be made.
        """
        self._owner = invoking_user()
        self._made = not self.path.exists()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.own(self.path)
        self._log = _Lines(self.path / LOG)
        self._marks = _Lines(self.path / MARKS)
        try:
            self._reserve()
            self._write_manifest({"schema": "iotaudit-session/1", **beginning, "stopped_by": None})
        except OSError as error:
            self.discard()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SetupError(f"the disk of {self.path} is full; make room, or name another --out") from error
            raise
        for name in (LOG, MARKS):
            self.own(self.path / name)

    def own(self, path: Path) -> None:
        """Gives a new file of the folder to whom called sudo."""
        if self._owner:
            os.chown(path, self._owner.uid, self._owner.gid, follow_symlinks=False)

    def log(self, event: str, **facts: object) -> None:
        """Writes one line of the log, at once."""
        self._log.put({"time": stamp(time.time_ns()), "event": event, **facts})

    def warn(self, text: str) -> None:
        """Tells the user, and the manifest."""
        with self._lock:
            if text in self.warnings:
                return
            self.warnings.append(text)
        self.tell(f"warning: {text}")

    def changed(self, what: str, **facts: object) -> dict[str, object]:
        """Writes down a change to the host; gives the row, which gets `undone: true` when it has been taken back."""
        row: dict[str, object] = {"what": what, **facts, "undone": False}
        self.host_changes.append(row)
        self.log("host_changed", **row)
        return row

    def on_mark(self, listener: Callable[[str, str, int], None]) -> None:
        """Lets `listener(step, text, time_ns)` know of every mark."""
        self._listeners.append(listener)

    def mark(self, line: str) -> bool:
        """Writes a mark, "STEP TEXT"; False where the step is not in the vocabulary: then the log has it."""
        step, _, text = line.strip().partition(" ")
        if step not in STEPS:
            self.log("note", text=line.strip())
            return False
        now = time.time_ns()
        text = text.strip()
        for listener in self._listeners:
            listener(step, text, now)
        self._marks.put({"time": stamp(now), "step": step, "text": text})
        with self._lock:
            self.marks += 1
        return True

    def make_room(self) -> None:
        """Gives back what was kept for the last words."""
        (self.path / RESERVE).unlink(missing_ok=True)

    def close(self, manifest: dict[str, Any]) -> None:
        """Closes log and marks and writes the manifest, whole or not at all."""
        self.make_room()
        self._log.close()
        self._marks.close()
        names = sorted(p.name for p in self.path.iterdir() if p.is_file() and not p.name.startswith(".") and p.name != MANIFEST)
        names += [CA] if (self.path / CA).is_file() else []
        rows = {"warnings": self.warnings, "host_changes": self.host_changes}
        files = [_file(self.path, name) for name in names]
        self._write_manifest({"schema": "iotaudit-session/1", **manifest, **rows, "files": files})
        if self._owner:
            for path in self.path.rglob("*"):
                self.own(path)

    def discard(self) -> None:
        """Takes away what was made, after a start that failed; the folder was empty or not there before."""
        self._log.close()
        self._marks.close()
        for path in sorted(self.path.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        if self._made:
            self.path.rmdir()

    def _reserve(self) -> None:
        path = self.path / RESERVE
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, bytes(RESERVE_LEN))
            if os.fstat(descriptor).st_size < RESERVE_LEN:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def _write_manifest(self, document: dict[str, Any]) -> None:
        draft = self.path / f".{MANIFEST}"
        draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.rename(self.path / MANIFEST)


class _Lines:
    """A file of JSON lines, each written at once, whole or not at all."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._len = 0
        self._lock = threading.Lock()

    def put(self, row: dict[str, object]) -> None:
        data = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._lock, suppress(OSError):  # a full disk shows where packets are written
            if self._descriptor < 0:
                return
            if os.write(self._descriptor, data) == len(data):
                self._len += len(data)
            else:
                os.ftruncate(self._descriptor, self._len)

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _file(folder: Path, name: str) -> dict[str, object]:
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": name, "sha256": digest, "bytes": (folder / name).stat().st_size}
