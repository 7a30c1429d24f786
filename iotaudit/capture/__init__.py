"""Captures and web logs, read as streams: one file for each format, known by content and never by suffix.

`READERS` is the one list; docs/formats/ has a page for each. Its order never decides a result.
"""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from iotaudit.capture import har, mitmproxy, pcap, pcapng, source
from iotaudit.capture.source import InputReader, Item, Reader

READERS: tuple[Reader, ...] = (
    pcap,
    pcapng,
    har,
    mitmproxy,
)
"""Every format that is read."""
GROWING: tuple[Reader, ...] = (pcap, pcapng)
"""Those that can be read while they are written."""


def open_inputs(
    names: Sequence[str], *, stdin: BinaryIO | None = None, hashed: bool = True
) -> tuple[InputReader, ...]:
    """Opens files, recording folders and "-" (`stdin`) as inputs of one audit, in the order given.

    Without `hashed` their SHA-256 is not worked out.

    Raises:
        UsageError: no name, or "-" twice, or without a standard input.
        InputError: none of them can be read; where one can, the others have the problem `not_opened`.
    """
    return source.open_inputs(names, READERS, stdin=stdin, hashed=hashed)


def follow_input(names: Sequence[str], wait: Callable[[], bool]) -> tuple[InputReader]:
    """Opens one plain packet file that still grows; `wait` waits a while for more, and gives False where it is to end.

    Raises:
        UsageError: not one such file.
        InputError: it is missing or may not be read.
    """
    return (source.follow_input(names, GROWING, wait),)


__all__ = ["READERS", "InputReader", "Item", "Reader", "follow_input", "open_inputs"]
