"""Writes a capture of a lab, or of a scan, of any size: the same bytes each time, in bounded memory, with its truth.

    python bench/make_capture.py --size 1G --out lab.pcap [--kind lab|scan] [--conversations-per-gib 40000] [--seed 1]

A lab's round (`traffic.py`, 16 MiB, five minutes) is made once and written again and again with later times, other
client ports, sequence numbers and RTP counters, and checksums that fit. A scan is one SYN to another port or address
in each packet. `--out -` writes to standard output. The truth goes to OUT.truth.json, without a file to standard error.

Known simplifications: names, bodies and ciphertext are the same in each round; the datagrams that look like QUIC hold
chance bytes; TLS handshakes hold no certificate that can be read.
"""

import argparse
import json
import struct
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.traffic import (
    PORTS_FROM,
    PORTS_TO,
    ROUND_LEN,
    ROUND_NS,
    TCP,
    Change,
    Frame,
    Lab,
    Traffic,
)

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
T0_NS = 1_790_000_000 * 10**9  # 2026-09-21T13:33:20Z
SCAN_BLOCK = 1 << 16
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

Column = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Truth:
    """What the capture holds. `tcp` and `udp` count conversations, `names` TCP conversations by the name in them."""

    packets: int = 0
    wire_bytes: int = 0
    bytes: int = len(FILE_HEADER)
    tcp: int = 0
    udp: int = 0
    names: dict[str, int] = field(default_factory=dict)


class Block:
    """The frames of a round in one buffer, ready to be written for any round."""

    def __init__(self, frames: list[Frame]) -> None:
        lengths = np.array([len(frame.data) for frame in frames], np.int64)
        self.ends = np.cumsum(lengths + 16)
        self.conversation = np.array([frame.conversation for frame in frames], np.int64)
        self._at = self.ends - lengths
        self._time_ns = np.array([frame.time_ns for frame in frames], np.int64)
        self._buffer = np.frombuffer(b"".join(bytes(16) + frame.data for frame in frames), np.uint8).copy()
        for shift in range(4):
            for place in (8, 4):
                self._buffer[self._at - place + shift] = lengths >> 8 * shift & 0xFF
        self._sum_at = self._at + np.array([frame.sum_at for frame in frames], np.int64)
        rows = [(row, *change) for row, frame in enumerate(frames) for change in frame.changes]
        columns = np.array(rows, np.int64).T
        self._changes = dict(zip(("row", *Change._fields), columns, strict=True))
        self._changed = np.unique(self._changes["row"])
        self._changed = self._changed[np.array([frames[row].sum_at >= 0 for row in self._changed.tolist()])]

    def turn(self, number: int) -> memoryview:
        """Gives the bytes of round `number`."""
        buffer, at, changes = self._buffer.copy(), self._at, self._changes
        time_us = (T0_NS + number * ROUND_NS + self._time_ns) // 1000
        for before, value in ((16, time_us // 10**6), (12, time_us % 10**6)):
            for shift in range(4):
                buffer[at - before + shift] = value >> 8 * shift & 0xFF
        low, span = changes["low"], changes["span"]
        old = changes["value"]
        new = low + (old - low + number * changes["step"]) % span
        place = at[changes["row"]] + changes["at"]
        wide = changes["wide"] > 0
        # a one's complement sum modulo 65535 grows by the difference, whichever 16-bit word it is in
        grown = np.bincount(changes["row"], (new - old).astype(np.float64) % 0xFFFF, len(at)).astype(np.int64)
        for rows, width in ((wide, 4), (~wide, 2)):
            for shift in range(width):
                buffer[place[rows] + width - 1 - shift] = new[rows] >> 8 * shift & 0xFF
        where = self._sum_at[self._changed]
        total = buffer[where].astype(np.int64) << 8 | buffer[where + 1]
        total = 0xFFFF - (0xFFFF - total + grown[self._changed]) % 0xFFFF
        buffer[where], buffer[where + 1] = total >> 8, total & 0xFF
        return buffer.data


def write_lab(out: BinaryIO, size: int, *, per_gib: int, seed: int) -> Truth:
    """Writes a lab's capture of at most `size` bytes (a few packets less) and gives its truth."""
    traffic = Lab(seed, max(per_gib * ROUND_LEN // (1 << 30), 1)).make()
    first, later = Block(traffic.frames), Block([frame for frame in traffic.frames if not frame.once])
    truth, number = Truth(), 0
    seen: Counter[int] = Counter()
    out.write(FILE_HEADER)
    while True:
        block = later if number else first
        count = int(np.searchsorted(block.ends, size - truth.bytes, "right"))
        if not count:
            break
        length = int(block.ends[count - 1])
        out.write(block.turn(number)[:length])
        truth.packets += count
        truth.bytes += length
        truth.wire_bytes += length - 16 * count
        seen.update(np.unique(block.conversation[:count]).tolist())
        number += 1
    _count(truth, traffic, seen)
    return truth


def _count(truth: Truth, traffic: Traffic, rounds: Counter[int]) -> None:
    """Counts conversations: of those that do not last, one for each round, as long as ports were not used twice."""
    for number, times in rounds.items():
        conversation = traffic.conversations[number]
        count = 1 if conversation.lasting else times
        if conversation.protocol == TCP:
            truth.tcp += count
            if conversation.name:
                truth.names[conversation.name] = truth.names.get(conversation.name, 0) + count
        else:
            truth.udp += min(count, (PORTS_TO - PORTS_FROM) // traffic.port_step)


def write_scan(out: BinaryIO, size: int) -> Truth:
    """Writes a capture in which a device asks one port after the other of one address after the other."""
    truth = Truth()
    out.write(FILE_HEADER)
    link = bytes.fromhex("02aa0000000102d0000000140800")
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0x4000, 64, 6, 0, bytes((192, 168, 50, 20)), bytes(4))
    segment = struct.pack("!HHIIBBHHH", 41_000, 0, 1, 0, 0x50, 2, 0xFAF0, 0, 0)
    frame = (struct.pack("<IIII", 0, 0, 60, 60) + link + header + segment).ljust(76, b"\0")
    total = min(max(size - truth.bytes, 0) // len(frame), 1 << 32)
    for begin in range(0, total, SCAN_BLOCK):
        number = np.arange(begin, min(begin + SCAN_BLOCK, total), dtype=np.int64)
        rows = np.tile(np.frombuffer(frame, np.uint8), (len(number), 1))
        time_us = T0_NS // 1000 + number * 20
        rows[:, 0:4] = (time_us // 10**6).astype("<u4")[:, None].view(np.uint8)
        rows[:, 4:8] = (time_us % 10**6).astype("<u4")[:, None].view(np.uint8)
        port, target = number % 50_000 + 1, (145 << 24) + (100 << 16) + number // 50_000
        rows[:, 46:50] = target.astype(">u4")[:, None].view(np.uint8)
        rows[:, 52:54] = port.astype(">u2")[:, None].view(np.uint8)
        for at, first, length in ((40, 30, 20), (66, 50, 20)):
            words = rows[:, first : first + length].copy().view(">u2").sum(axis=1, dtype=np.int64)
            if at == 66:
                words += rows[:, 42:50].copy().view(">u2").sum(axis=1, dtype=np.int64) + 6 + 20
            rows[:, at : at + 2] = ((0xFFFF - words % 0xFFFF) % 0xFFFF).astype(">u2")[:, None].view(np.uint8)
        out.write(rows.reshape(-1).data)
    truth.packets = truth.tcp = total
    truth.bytes += total * len(frame)
    truth.wire_bytes = total * (len(frame) - 16)
    return truth


def size_of(text: str) -> int:
    """Gives the bytes that a text such as 100M names."""
    unit = UNITS.get(text[-1:].upper())
    return int(float(text[:-1]) * unit) if unit else int(text)


def main() -> None:
    """Writes one capture and its truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=size_of, default=size_of("100M"))
    parser.add_argument("--out", required=True)
    parser.add_argument("--kind", choices=("lab", "scan"), default="lab")
    parser.add_argument("--conversations-per-gib", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def write(out: BinaryIO) -> str:
        if options.kind == "scan":
            truth = write_scan(out, options.size)
        else:
            truth = write_lab(out, options.size, per_gib=options.conversations_per_gib, seed=options.seed)
        return json.dumps(asdict(truth), indent=1, sort_keys=True) + "\n"

    if options.out == "-":
        sys.stderr.write(write(sys.stdout.buffer))
        return
    with Path(options.out).open("wb") as out:
        told = write(out)
    Path(f"{options.out}.truth.json").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
