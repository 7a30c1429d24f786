"""The recording folder: its files, the log and the marks while it grows, and the manifest at the end.

docs/capture.md names the files; `session.json` is written last and cites the SHA-256 of all others.
"""

import datetime
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from iotaudit.errors import UsageError
from iotaudit.model.vocabulary import STEPS

CAPTURE = "capture.pcapng"
FLOWS = "proxy.flows"
KEYS = "keys.log"
MARKS = "marks.jsonl"
LOG = "log.jsonl"
MANIFEST = "session.json"
CA = "ca/mitmproxy-ca-cert.pem"


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
class Folder:
    """A recording folder that is being filled; `path` is absolute, as children need it."""

    path: Path
    marks: int = 0
    _log: IO[str] = field(init=False)
    _marks: IO[str] = field(init=False)
    _made: bool = field(init=False, default=False)

    def open(self) -> None:
        """Makes the folder (private: it will hold payload) with its log and marks."""
        self._made = not self.path.exists()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log = (self.path / LOG).open("x", encoding="utf-8", buffering=1)
        self._marks = (self.path / MARKS).open("x", encoding="utf-8", buffering=1)

    def log(self, event: str, **facts: object) -> None:
        """Writes one line of the log, at once."""
        if not self._log.closed:
            self._log.write(json.dumps({"time": stamp(time.time_ns()), "event": event, **facts}) + "\n")

    def mark(self, line: str) -> bool:
        """Writes a mark, "STEP TEXT"; False where the step is not in the vocabulary: then the log has it."""
        step, _, text = line.strip().partition(" ")
        if step not in STEPS:
            self.log("note", text=line.strip())
            return False
        row = {"time": stamp(time.time_ns()), "step": step, "text": text.strip()}
        self._marks.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.marks += 1
        return True

    def close(self, manifest: dict[str, Any]) -> None:
        """Closes log and marks and writes the manifest, whole or not at all."""
        self._log.close()
        self._marks.close()
        names = sorted(p.name for p in self.path.iterdir() if p.is_file() and p.name != MANIFEST)
        names += [CA] if (self.path / CA).is_file() else []
        document = {
            "schema": "iotaudit-session/1",
            **manifest,
            "files": [_file(self.path, name) for name in names],
        }
        draft = self.path / f".{MANIFEST}"
        draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.rename(self.path / MANIFEST)

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


def _file(folder: Path, name: str) -> dict[str, object]:
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": name, "sha256": digest, "bytes": (folder / name).stat().st_size}
