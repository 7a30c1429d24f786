"""Capture files by hand: nanosecond pcap, and pcapng with any interfaces."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """An interface of a pcapng file; `resolution` is the byte of if_tsresol (None: microseconds)."""

    link_type: int = 1
    resolution: int | None = None
    offset_s: int = 0

    def ticks(self, time_ns: int) -> int:
        """Gives a time in units of the interface, rounded down."""
        after = time_ns - self.offset_s * 10**9
        resolution = 6 if self.resolution is None else self.resolution
        per_second = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
        return after * per_second // 10**9


@dataclass(frozen=True)
class Record:
    """A frame in a file; `wire_len` is its length before a snap length cut it (None: whole)."""

    data: bytes
    time_ns: int
    wire_len: int | None = None
    interface: int = 0

    @property
    def original(self) -> int:
        """Gives the length on the wire."""
        return len(self.data) if self.wire_len is None else self.wire_len


def pcap(records: Sequence[Record], link_type: int = 1) -> bytes:
    """Gives a file with nanoseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, link_type)]
    for record in records:
        seconds, rest = divmod(record.time_ns, 10**9)
        parts += [struct.pack("<IIII", seconds, rest, len(record.data), record.original), record.data]
    return b"".join(parts)


def pcapng(interfaces: Sequence[Interface], records: Sequence[Record]) -> bytes:
    """Gives a file of one section."""
    parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for interface in interfaces:
        options = b""
        if interface.resolution is not None:
            options += struct.pack("<HHB3x", 9, 1, interface.resolution)
        if interface.offset_s:
            options += struct.pack("<HHq", 14, 8, interface.offset_s)
        parts.append(_block(1, struct.pack("<HHI", interface.link_type, 0, 0) + options + bytes(4)))
    for record in records:
        ticks = interfaces[record.interface].ticks(record.time_ns)
        sizes = len(record.data), record.original
        head = struct.pack("<IIIII", record.interface, ticks >> 32, ticks & 0xFFFFFFFF, *sizes)
        parts.append(_block(6, head + record.data))
    return b"".join(parts)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size
