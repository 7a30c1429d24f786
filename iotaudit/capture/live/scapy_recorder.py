"""Records an interface with a socket that scapy opens, as classic pcap to standard output: the last resort.

Run as a process of its own (`python -m iotaudit.capture.live.scapy_recorder INTERFACE [UID GID]`), so that scapy, which
is under the GPL, is loaded nowhere else. It says and does what `ring.py` does.
"""

import os
import select
import signal
import socket
import struct
import sys

from iotaudit.capture.live.privilege import User, give_up
from iotaudit.capture.live.ring import close_inlet

SOL_PACKET, STATISTICS = 263, 6
SNAP_LEN = 1 << 18
ETHERNET = 1
BUFFER_LEN = 32 << 20
READ_LEN = 1 << 16
DRAIN_S = 0.1
SO_RCVBUFFORCE = 33


def main(arguments: list[str]) -> int:
    """Records until told to stop; 0 where that ended well."""
    interface, *ids = arguments
    stop, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(wake, b"\0"))
    try:
        listening, handle = _open(interface)
        give_up(User(int(ids[0]), int(ids[1]), "") if ids else None)
        _write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, SNAP_LEN, ETHERNET))
        _say("recording")
        _record(listening, handle, stop)
        received, dropped = struct.unpack("=II", handle.getsockopt(SOL_PACKET, STATISTICS, 8))
    except OSError as error:
        _say(f"{error.strerror or error}")
        return 1
    _say(f"counts {received} {dropped}")
    return 0


def _open(interface: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - scapy has no types
    import scapy.layers.l2  # noqa: F401 - the socket asks it what frames are
    from scapy.arch.linux import L2ListenSocket
    from scapy.error import Scapy_Exception

    try:
        listening = L2ListenSocket(iface=interface)
    except Scapy_Exception as error:
        raise OSError(str(error)) from error
    handle = listening.ins
    handle.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_LEN)
    return listening, handle


def _record(listening, handle: socket.socket, stop: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Writes packets as they come; after `stop`, those that wait, and then ends."""
    stopping = False
    while True:
        ready, _, _ = select.select([handle, *(() if stopping else (stop,))], [], [], DRAIN_S if stopping else None)
        if stop in ready:
            stopping = True
            close_inlet(handle)
        if handle in ready:
            _, frame, time_s = listening.recv_raw(READ_LEN)
            if frame:
                seconds = int(time_s)
                nanoseconds = min(int((time_s - seconds) * 1_000_000_000), 999_999_999)
                _write(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
        elif stopping:
            return


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the pipe to the recording


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
