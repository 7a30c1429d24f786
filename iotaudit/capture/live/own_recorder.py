"""What the recorders of our own have alike, each a process that writes classic pcap to its standard output.

On standard error they say `recording` when they do, and `counts RECEIVED DROPPED` at the end; SIGINT or SIGTERM ends them.
"""

import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Protocol, TypeVar

from iotaudit.capture.live.privilege import User, give_up

SNAP_LEN = 1 << 18


class Inlet(Protocol):
    """What packets come in by."""

    @property
    def link_type(self) -> int:
        """The LINKTYPE_ of its frames."""


Opened = TypeVar("Opened", bound=Inlet)


def record(
    arguments: list[str],
    open_inlet: Callable[[str], Opened],
    carry: Callable[[Opened, int], tuple[int, int]],
) -> int:
    """Records until told to stop; 0 where that ended well.

    Args:
        arguments: the interface, and the user and group to become once it is open.
        open_inlet: opens the interface; may raise OSError.
        carry: writes records to `put` until its second argument, a descriptor, can be read, and then what waits; gives
            how many packets were received and dropped. May raise OSError.
    """
    interface, *ids = arguments
    stop, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(wake, b"\0"))
    try:
        inlet = open_inlet(interface)
        give_up(User(int(ids[0]), int(ids[1]), "") if ids else None)
        put(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, SNAP_LEN, inlet.link_type))
        _say("recording")
        received, dropped = carry(inlet, stop)
    except OSError as error:
        _say(f"{error.strerror or error}")
        return 1
    _say(f"counts {received} {dropped}")
    return 0


def put(data: bytes) -> None:
    """Writes all of some bytes to standard output."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the pipe to the recording
