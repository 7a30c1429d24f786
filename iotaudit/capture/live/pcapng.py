"""Rewrites a classic pcap as pcapng: tcpdump writes the former, the recording folder holds the latter.

Source: draft-ietf-opsawg-pcap (file and record header), draft-ietf-opsawg-pcapng sections 4.1 to 4.3 and 4.6.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from iotaudit.errors import SetupError

RECORD_LEN = 1 << 18
"""Longest record that tcpdump writes (its largest snap length)."""
ORDERS = {
    b"\xd4\xc3\xb2\xa1": ("<", 6),
    b"\xa1\xb2\xc3\xd4": (">", 6),
    b"\x4d\x3c\xb2\xa1": ("<", 9),
    b"\xa1\xb2\x3c\x4d": (">", 9),
}


def rewrite(source: Path, target: Path, *, interface: str, program: str, dropped: int | None) -> int:
    """Writes the packets of `source` to `target`, a cut last record left out, and gives their number.

    Args:
        source: the classic pcap.
        target: the pcapng that is made.
        interface: the name that the interface description gets.
        program: who recorded, for the section header.
        dropped: packets that the kernel dropped, for the interface statistics; None: not known.

    Raises:
        SetupError: the source is no classic pcap.
    """
    with source.open("rb") as read, target.open("wb") as write:
        head = read.read(24)
        if len(head) < 24 or head[:4] not in ORDERS:
            raise SetupError(f"{program} wrote no capture that could be read")
        order, digits = ORDERS[head[:4]]
        snap_len, link_type = struct.unpack(f"{order}16xII", head)
        write.write(
            _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(4, program.encode()))
        )
        options = _option(2, interface.encode()) + _option(9, bytes((digits,)))
        write.write(_block(1, struct.pack("<HHI", link_type & 0xFFFF, 0, snap_len) + options))
        count, last = _copy(read, write, order, 10**digits)
        if dropped is not None:
            numbers = _option(4, struct.pack("<Q", count)) + _option(5, struct.pack("<Q", dropped))
            write.write(_block(5, struct.pack("<III", 0, last >> 32, last & 0xFFFFFFFF) + numbers))
    return count


def _copy(read: BinaryIO, write: BinaryIO, order: str, ticks: int) -> tuple[int, int]:
    """Copies all records as enhanced packet blocks; gives their number and the last time stamp."""
    count, last = 0, 0
    while len(head := read.read(16)) == 16:
        seconds, rest, captured, original = struct.unpack(f"{order}4I", head)
        data = read.read(captured) if captured <= RECORD_LEN else b""
        if len(data) < captured:
            break
        last = seconds * ticks + rest
        body = struct.pack("<5I", 0, last >> 32, last & 0xFFFFFFFF, captured, original) + _padded(data)
        write.write(_block(6, body, ended=True))
        count += 1
    return count, last


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes, *, ended: bool = False) -> bytes:
    """Gives a block; its options are closed unless it has none (`ended`)."""
    content = body if ended else body + struct.pack("<I", 0)
    length = struct.pack("<I", len(content) + 12)
    return struct.pack("<I", kind) + length + content + length
