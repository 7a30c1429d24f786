"""Records an interface with a socket that scapy opens, as classic pcap to standard output: the last resort.

Run as a process of its own (`python -m iotaudit.capture.live.scapy_recorder INTERFACE [UID GID]`), so that scapy, which
is under the GPL, is loaded nowhere else. It says and does what `ring.py` does.
"""

import select
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any

from iotaudit.capture.live.own_recorder import put, record
from iotaudit.capture.live.ring import close_inlet

SOL_PACKET, STATISTICS = 263, 6
ETHERNET = 1
BUFFER_LEN = 32 << 20
READ_LEN = 1 << 16
DRAIN_S = 0.1
SO_RCVBUFFORCE = 33


@dataclass(frozen=True, slots=True)
class _Listening:
    """scapy's socket, and the one of the system below it."""

    socket: Any
    handle: socket.socket
    link_type: int = ETHERNET


def _open(interface: str) -> _Listening:
    import scapy.layers.l2  # noqa: F401 - the socket asks it what frames are
    from scapy.arch.linux import L2ListenSocket
    from scapy.error import Scapy_Exception

    try:
        listening = L2ListenSocket(iface=interface)
    except Scapy_Exception as error:
        raise OSError(str(error)) from error
    handle = listening.ins
    handle.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_LEN)
    return _Listening(listening, handle)


def _carry(listening: _Listening, stop: int) -> tuple[int, int]:
    """Writes packets as they come; after `stop`, those that wait, and then ends."""
    handle = listening.handle
    stopping = False
    while True:
        ready, _, _ = select.select([handle, *(() if stopping else (stop,))], [], [], DRAIN_S if stopping else None)
        if stop in ready:
            stopping = True
            close_inlet(handle)
        if handle in ready:
            _, frame, time_s = listening.socket.recv_raw(READ_LEN)
            if frame:
                seconds = int(time_s)
                nanoseconds = min(int((time_s - seconds) * 1_000_000_000), 999_999_999)
                put(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
        elif stopping:
            break
    received, dropped = struct.unpack("=II", handle.getsockopt(SOL_PACKET, STATISTICS, 8))
    return received, dropped


if __name__ == "__main__":
    sys.exit(record(sys.argv[1:], _open, _carry))
