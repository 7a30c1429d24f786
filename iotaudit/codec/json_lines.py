"""Files with one JSON value a line. Source: https://jsonlines.org."""

from collections.abc import Callable
from typing import Any, TypeVar

from iotaudit.codec.guard import Fault, guarded

T = TypeVar("T")


def read(
    data: bytes, load: Callable[[bytes], Any], make: Callable[[Any], T | None], most: int
) -> tuple[list[T], int]:
    """Gives what `make` makes of the lines, `most` of them, and how many lines could not be read or found no room.

    Args:
        data: the lines; empty ones do not count.
        load: reads one JSON value; whatever it raises makes the line unreadable.
        make: gives None for a value of another form.
        most: how many are kept.
    """
    found: list[T] = []
    unread = 0
    for line in data.splitlines():
        if not line.strip():
            continue
        value = guarded("json_lines", load, line)
        row = None if isinstance(value, Fault) else make(value)
        if row is None or len(found) >= most:
            unread += 1
        else:
            found.append(row)
    return found, unread
