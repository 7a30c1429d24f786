"""Records an interface with the kernel's packet ring alone (AF_PACKET, TPACKET_V3), as classic pcap to standard output.

Run as a process of its own: `python -m iotaudit.capture.live.ring INTERFACE [UID GID]`. It opens the socket, becomes
that user, drops every capability, says `recording`, and at SIGINT or SIGTERM hands out what the kernel still holds and
says `counts RECEIVED DROPPED`.

Source: packet(7); Documentation/networking/packet_mmap.rst of Linux; linux/if_packet.h for the structures.
"""

import ctypes
import fcntl
import mmap
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from iotaudit.capture.live.own_recorder import put, record

SOL_PACKET = 263
ADD_MEMBERSHIP, RX_RING, STATISTICS, VERSION, IGNORE_OUTGOING = 1, 5, 6, 10, 23
TPACKET_V3 = 2
MR_PROMISC = 1
ETH_P_ALL = 3
BLOCK_LEN, BLOCKS = 1 << 20, 64
FRAME_LEN = 1 << 16
RETIRE_MS = 60
"""A block that is not full is handed over after this time."""
DRAIN_MS = 3 * RETIRE_MS
STATUS_USER, STATUS_VLAN, STATUS_TPID = 1, 1 << 4, 1 << 6
BLOCK_HEAD = struct.Struct("=III")
"""Status, packets, offset of the first packet; at byte 8 of a block."""
FRAME_HEAD = struct.Struct("=IIIIIIHH4xIH")
"""Offset of the next, s, ns, captured and wire length, status, offset of the frame; tag and its type after the hash."""
RECORD = struct.Struct("<IIII")
SO_ATTACH_FILTER, SIOCGIFHWADDR = 26, 0x8927
LINK_TYPES = {1: 1, 772: 1, 801: 105, 802: 119, 803: 127, 65534: 101, 512: 101, 778: 101}
"""ARPHRD_* to LINKTYPE_*: Ethernet and loopback, 802.11 (plain, Prism, radiotap), raw IP (tunnels, PPP)."""
LOOPBACK = 772


@dataclass(slots=True)
class Ring:
    """An open ring; `link_type` is the LINKTYPE_ of its frames."""

    socket: socket.socket
    memory: mmap.mmap
    link_type: int
    received: int = 0
    dropped: int = 0

    def count(self) -> None:
        """Adds what the kernel counted since the last call; received ones include the dropped."""
        received, dropped, _ = struct.unpack("=III", self.socket.getsockopt(SOL_PACKET, STATISTICS, 12))
        self.received += received
        self.dropped += dropped


def close_inlet(handle: socket.socket) -> None:
    """Lets no packet into a socket any more; what waits in it stays."""
    program = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0), 8)  # BPF: return 0
    handle.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


def open_ring(interface: str) -> Ring:
    """Opens the ring of an interface.

    Raises:
        OSError: the kernel does not let it, or has no such ring.
    """
    kind = _hardware_type(interface)
    if kind not in LINK_TYPES:
        raise OSError(f"{interface} has frames of a kind that this recorder does not know ({kind})")
    handle = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    handle.setsockopt(SOL_PACKET, VERSION, TPACKET_V3)
    shape = (BLOCK_LEN, BLOCKS, FRAME_LEN, BLOCK_LEN // FRAME_LEN * BLOCKS, RETIRE_MS, 0, 0)
    handle.setsockopt(SOL_PACKET, RX_RING, struct.pack("=7I", *shape))
    memory = mmap.mmap(handle.fileno(), BLOCK_LEN * BLOCKS)
    index = socket.if_nametoindex(interface)
    if kind == LOOPBACK:  # there each packet goes out and comes in
        handle.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
    else:
        handle.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("=iHH8s", index, MR_PROMISC, 0, b""))
    handle.bind((interface, ETH_P_ALL))
    return Ring(handle, memory, LINK_TYPES[kind])


def _hardware_type(interface: str) -> int:
    """Gives the ARPHRD_ number of an interface. Source: netdevice(7), SIOCGIFHWADDR."""
    request = struct.pack("16sH", interface.encode()[:15], 0).ljust(40, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        kind: int = struct.unpack_from("H", fcntl.ioctl(handle, SIOCGIFHWADDR, request), 16)[0]
    return kind


def blocks(ring: Ring, stop: int) -> Iterator[bytes]:
    """Gives the records of each block, until `stop` can be read and the ring is empty.

    Raises:
        OSError: the interface went down, or is gone.
    """
    at, stopping = 0, False
    waiting = select.poll()
    waiting.register(ring.socket, select.POLLIN | select.POLLERR)
    waiting.register(1, select.POLLERR)
    waiting.register(stop, select.POLLIN)
    while True:
        start = at * BLOCK_LEN
        status, packets, offset = BLOCK_HEAD.unpack_from(ring.memory, start + 8)
        if status & STATUS_USER:
            yield _records(ring.memory, start + offset, packets)
            struct.pack_into("=I", ring.memory, start + 8, 0)
            at = (at + 1) % BLOCKS
            continue
        ready = dict(waiting.poll(DRAIN_MS if stopping else None))
        if stop in ready and not stopping:
            stopping = True
            close_inlet(ring.socket)
            waiting.unregister(stop)
        elif stopping and not ready:
            return
        if ready.get(1):
            raise BrokenPipeError("nobody takes the packets")
        if ready.get(ring.socket.fileno(), 0) & select.POLLERR:
            number = ring.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number and not stopping:
                raise OSError(number, os.strerror(number))


def _records(memory: mmap.mmap, at: int, packets: int) -> bytes:
    """Gives the packets of a block as records of a classic pcap with nanoseconds."""
    out: list[bytes] = []
    for _ in range(packets):
        after, seconds, nanoseconds, captured, wire, status, start, _, tag, tag_type = FRAME_HEAD.unpack_from(memory, at)
        frame = memory[at + start : at + start + captured]
        if status & STATUS_VLAN and captured >= 12:  # the kernel took the tag out of the frame
            kind = tag_type if status & STATUS_TPID else 0x8100
            frame = frame[:12] + struct.pack(">HH", kind, tag) + frame[12:]
            captured, wire = captured + 4, wire + 4
        out += (RECORD.pack(seconds, nanoseconds, captured, wire), frame)
        at += after
    return b"".join(out)


def _carry(ring: Ring, stop: int) -> tuple[int, int]:
    for records in blocks(ring, stop):
        put(records)
    ring.count()
    return ring.received, ring.dropped


if __name__ == "__main__":
    sys.exit(record(sys.argv[1:], open_ring, _carry))
