"""pcap files: both byte orders, microseconds and nanoseconds, and the form with longer record headers.

Source: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html (file and record header, link type and
FCS length). The record header of the modified form and the order of lengths before version 2.3 are as
observed in what tshark 4.0 reads.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from iotaudit import native
from iotaudit.capture.frames import WIRE_LEN_MAX, Clock, CountedBatch, note, numbers
from iotaudit.capture.link_types import snap_limit
from iotaudit.capture.window import (
    MAX_DAMAGES,
    WINDOW_MAX,
    Scan,
    Stop,
    Window,
    find_chain,
    u32,
    word_columns,
    words,
)
from iotaudit.model.flows import Column
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch

ID = "pcap"
HEADER_LEN = 24
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
MAGICS = {
    value.to_bytes(4, order): (value, order)
    for value in (MICRO, NANO, MODIFIED)
    for order in ("little", "big")
}
SYNC_TIME_S = 31 * 86_400
"""Behind a damaged place only records within a month of the last sound one are believed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How records of one file are laid out; `lengths_swapped`: captured and original length change places."""

    big_endian: bool
    record_header_len: int
    tick_ns: int
    lengths_swapped: bool
    limit_len: int
    """Largest captured length that is believed."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the file header says."""

    layout: Layout
    link_type: int
    snap_len: int
    fcs_len: int


def sniff(head: bytes) -> bool:
    """Says whether a file that begins so is pcap."""
    return head[:4] in MAGICS


def read(file: io.BufferedReader, index: int, problems: ProblemTally) -> Iterator[CountedBatch]:
    """Gives the frames of a pcap file, block by block.

    Args:
        file: where to read from; only `readinto1` is used.
        index: number of the input.
        problems: where to report what cannot be read.
    """
    window = Window(file)
    while window.end < HEADER_LEN and window.slide(0):
        pass
    if window.end < HEADER_LEN:
        problems.add(Problem("truncated_file", index, None, 0, "the file header is cut", loses_payload=True))
        return
    header = read_header(bytes(window.view[:HEADER_LEN]), index, problems)
    yield CountedBatch(None, 0, None, (header.link_type,))
    yield from _Reading(window, header, index, problems).blocks()


def read_header(head: bytes, index: int, problems: ProblemTally) -> Header:
    """Gives what the 24 bytes of the file header say; oddities are reported and read over."""
    magic, order = MAGICS[head[:4]]
    major, minor, _, _, snap_len, last = struct.unpack(
        "<HHIIII" if order == "little" else ">HHIIII", head[4:]
    )
    if major != 2 or minor > 4:
        text = f"version {major}.{minor}, read as 2.4"
        problems.add(Problem("unsupported_version", index, None, 4, text, loses_payload=True))
    if last & 0x03FF0000:
        text = "reserved bits beside the link type are set"
        problems.add(Problem("bad_header", index, None, 20, text))
    link_type = last & 0xFFFF
    layout = Layout(
        big_endian=order == "big",
        record_header_len=24 if magic == MODIFIED else 16,
        tick_ns=1 if magic == NANO else 1000,
        lengths_swapped=major == 2 and minor < 3,
        limit_len=snap_limit(link_type),
    )
    return Header(layout, link_type, snap_len, (last >> 28) * 2 if last & 0x04000000 else 0)


def offsets(buffer: Column, start: int, end: int, layout: Layout) -> Scan:
    """Finds the records of `buffer[start:end]`, of which one starts at `start`.

    A record is whole where its header and its captured bytes end at or before `end`, and its captured length
    is at most the layout's limit. The scan stops at the first that is not.
    """
    header_len = layout.record_header_len
    length_at = 12 if layout.lengths_swapped else 8
    engine = native.engine()
    if engine is not None:
        found = engine.scan_pcap(
            buffer, start, end, header_len, length_at, layout.limit_len, layout.big_endian
        )
        stop = Stop.BAD if found.bad else Stop.NEED_MORE
        return Scan(found.at, found.sizes, found.next_at, stop, found.need_len)
    length = struct.Struct(">I" if layout.big_endian else "<I")
    at = np.array(_walk(memoryview(buffer)[:end], start, header_len, length, length_at), np.int64)
    if len(at) < 2:
        return Scan(np.empty(0, np.int64), np.empty(0, np.int64), start, Stop.NEED_MORE, header_len)
    sizes = np.diff(at)
    bad = np.flatnonzero(sizes - header_len > layout.limit_len)
    whole = int(bad[0]) if len(bad) else len(sizes)
    stop, need_len = (Stop.BAD, 0) if len(bad) else (Stop.NEED_MORE, header_len)
    if whole and not len(bad) and at[whole] > end:
        whole -= 1
        need_len = int(sizes[whole])
    return Scan(at[:whole], sizes[:whole], int(at[whole]), stop, need_len)


def _walk(view: memoryview, at: int, header_len: int, length: struct.Struct, length_at: int) -> list[int]:
    """Gives the offsets of the chain of records, and last the end of the last one, which may lie outside."""
    found: list[int] = []
    append, unpack = found.append, length.unpack_from
    try:
        while True:
            (size,) = unpack(view, at + length_at)
            append(at)
            at += header_len + size
    except struct.error:
        append(at)
    return found


class _Reading:
    """The state of reading one file."""

    def __init__(self, window: Window, header: Header, index: int, problems: ProblemTally) -> None:
        self._window = window
        self._header = header
        self._index = index
        self._problems = problems
        self._clock = Clock(index, problems)
        self._packets = 0
        self._damages = 0

    def blocks(self) -> Iterator[CountedBatch]:
        """Gives the batches up to the end of the file or a place behind which nothing is sound."""
        window = self._window
        at = HEADER_LEN
        while True:
            scan = offsets(window.buffer, at, window.end, self._header.layout)
            if len(scan.at):
                yield self._batch(scan)
            at = scan.next_at
            if scan.stop is Stop.BAD:
                at = self._resynchronise(at)
                if at < 0:
                    return
            elif scan.need_len > WINDOW_MAX:
                self._pass_over(at, scan.need_len)
                at = 0
            else:
                if not window.slide(at, scan.need_len):
                    self._finish()
                    return
                at = 0

    def _batch(self, scan: Scan) -> CountedBatch:
        header, layout, index = self._header, self._header.layout, self._index
        fields = word_columns(self._window.buffer, scan.at, 4, big_endian=layout.big_endian)
        seconds, ticks, captured, original = fields
        if layout.lengths_swapped:
            captured, original = original, captured
        number = numbers(index, self._packets, len(scan.at))
        self._packets += len(scan.at)
        time_ns = seconds * 1_000_000_000 + ticks * layout.tick_ns
        late = ticks * layout.tick_ns >= 1_000_000_000
        self._note("bad_timestamp", late, number, "a fraction of a second is a second or more")
        self._note(
            "malformed_packet", captured > original, number, "captured length above the original length"
        )
        if header.snap_len:
            over = captured > header.snap_len
            self._note("malformed_packet", over, number, "captured length above the snap length")
        self._note("malformed_packet", original > WIRE_LEN_MAX, number, "original length of 2 GiB or more")
        original = np.minimum(original, WIRE_LEN_MAX)
        self._clock.check(time_ns, number)
        truncated = int(np.count_nonzero(captured < original))
        if header.fcs_len:
            captured = np.minimum(captured, np.maximum(original - header.fcs_len, 0))
        batch = FrameBatch(
            input=index,
            number=number,
            time_ns=time_ns,
            interface=np.zeros(len(number), np.int32),
            link_type=np.full(len(number), header.link_type, np.int32),
            wire_len=original,
            captured_len=captured,
            frame_at=scan.at + layout.record_header_len,
            buffer=self._window.padded,
        )
        return CountedBatch(batch, truncated, None, (header.link_type,))

    def _resynchronise(self, at: int) -> int:
        """Reports a damaged place at `at`; gives where reading goes on, -1 where it does not."""
        window, problems = self._window, self._problems
        place = window.base + at
        packet = packet_id(self._index, self._packets + 1)
        detail = f"captured length above {self._header.layout.limit_len}"
        problems.add(Problem("bad_record", self._index, packet, place, detail, loses_payload=True))
        self._damages += 1
        found = -1
        if self._damages < MAX_DAMAGES:
            found = find_chain(window, at, self._candidates, self._step)
        if found < 0:
            return -1
        detail = f"{window.base + found - place} bytes were not read"
        problems.add(Problem("resynchronised", self._index, packet, place, detail, loses_payload=True))
        return found

    def _candidates(self, buffer: Column, lo: int, hi: int) -> Column:
        """Gives where in [lo, hi) the four words of a sound record header may stand: (n,) int64."""
        layout = self._header.layout
        base = np.arange(lo, hi, dtype=np.int64)
        captured = u32(buffer, base + (12 if layout.lengths_swapped else 8), big_endian=layout.big_endian)
        base = base[(captured > 0) & (captured <= layout.limit_len)]
        return base[
            [self._is_sound(row) for row in words(buffer, base, 4, big_endian=layout.big_endian).tolist()]
        ]

    def _is_sound(self, fields: list[int]) -> bool:
        layout = self._header.layout
        seconds, ticks, captured, original = fields
        if layout.lengths_swapped:
            captured, original = original, captured
        last_s = self._clock.last_ns // 1_000_000_000
        return (
            0 < captured <= original <= layout.limit_len
            and ticks * layout.tick_ns < 1_000_000_000
            and (self._clock.last_ns < 0 or abs(seconds - last_s) <= SYNC_TIME_S)
        )

    def _step(self, view: memoryview, at: int) -> int:
        header_len = self._header.layout.record_header_len
        if at + header_len > len(view):
            return 0
        fields = struct.unpack_from(">4I" if self._header.layout.big_endian else "<4I", view, at)
        if not self._is_sound(list(fields)):
            return -1
        after = at + header_len + fields[3 if self._header.layout.lengths_swapped else 2]
        return int(after) if after <= len(view) else 0

    def _pass_over(self, at: int, size: int) -> None:
        self._packets += 1
        packet = packet_id(self._index, self._packets)
        detail = f"{size} bytes"
        place = self._window.base + at
        self._problems.add(
            Problem("oversized_record", self._index, packet, place, detail, loses_payload=True)
        )
        self._window.skip(at, size)

    def _note(self, kind: str, bad: Column, number: Column, detail: str) -> None:
        note(self._problems, Problem(kind, self._index, None, None, detail), bad, number)

    def _finish(self) -> None:
        if self._window.end:
            packet = packet_id(self._index, self._packets + 1)
            self._problems.add(
                Problem("truncated_file", self._index, packet, self._window.base, loses_payload=True)
            )
