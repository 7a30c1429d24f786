"""One lock file: many may read at once, one may write, and whoever dies lets go (the system's own file locks).

Windows knows no shared lock through the standard library, so a reader locks one of many bytes there and a writer all.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

SLOTS = 512
"""Readers at once on Windows."""

if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO, *, alone: bool) -> bool:
        for slot in (0,) if alone else range(SLOTS):
            file.seek(slot)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, SLOTS if alone else 1)
            except OSError:
                continue
            return True
        return False

else:
    import fcntl

    def _take(file: BinaryIO, *, alone: bool) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@contextmanager
def held(path: Path, *, alone: bool) -> Iterator[bool]:
    """Holds a lock file, `alone` or beside others; gives whether it could be had, and never waits.

    Raises:
        OSError: the file cannot be made.
    """
    with _opened(path, alone=alone) as file:
        yield _take(file, alone=alone)


def _opened(path: Path, *, alone: bool) -> BinaryIO:
    """Opens the file; who only reads may do so in a folder that somebody else keeps."""
    try:
        return path.open("ab")
    except PermissionError:
        if alone or not path.is_file():
            raise
        return path.open("rb")
