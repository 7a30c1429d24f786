"""Recording folders: what `iotaudit capture --out` leaves, taken as one input set.

See docs/formats/recording-folder.md.
"""

from dataclasses import dataclass
from pathlib import Path

from iotaudit.errors import InputError

CAPTURE, FLOWS, MARKS, KEYS, MANIFEST = (
    "capture.pcapng",
    "proxy.flows",
    "marks.jsonl",
    "keys.log",
    "session.json",
)
SIDE_FILE_LEN = 1 << 24
"""Bound of the marks and of the key log."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording folder: the files that are inputs of their own, and the bytes beside them (empty: none)."""

    name: str
    inputs: tuple[Path, ...]
    marks: bytes
    keys: bytes


def open_recording(path: Path) -> Recording:
    """Gives what a recording folder holds.

    Raises:
        InputError: it is no recording folder, or it holds no capture.
    """
    try:
        names = {entry.name for entry in path.iterdir()}
        inputs = tuple(path / name for name in (CAPTURE, FLOWS) if name in names)
        if not inputs:
            raise InputError(_why_not(path, names))
        return Recording(
            name=path.resolve().name,
            inputs=inputs,
            marks=_side_file(path / MARKS) if MARKS in names else b"",
            keys=_side_file(path / KEYS) if KEYS in names else b"",
        )
    except OSError as error:
        raise InputError(
            f"{path}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from error


def _why_not(path: Path, names: set[str]) -> str:
    if MANIFEST in names:
        return (
            f"{path}: the recording holds neither {CAPTURE} nor {FLOWS}; give a recording that was finished"
        )
    return (
        f"{path} is a folder but no recording ({CAPTURE} or {FLOWS} is missing); name the capture files in it"
    )


def _side_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SIDE_FILE_LEN)
