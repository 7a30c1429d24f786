"""pcapng files: sections, interfaces, packet blocks of all three kinds, drop counts, comments and secrets.

Source: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html, sections 3 and 4; appendix A for the
obsolete Packet Block. Numbers count as in tshark 4.0: packets, custom blocks, system events, journal entries.
"""

import io
import struct
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from iotaudit import native
from iotaudit.capture.frames import WIRE_LEN_MAX, Clock, CountedBatch, note, numbers
from iotaudit.capture.link_types import SNAP_LIMIT
from iotaudit.capture.marks import MARKS, read_comment
from iotaudit.capture.pcapng_interfaces import Interfaces, times
from iotaudit.capture.pcapng_options import options, packet_options
from iotaudit.capture.window import MAX_DAMAGES, Scan, Stop, Window, find_chain, u32, word_columns
from iotaudit.model.flows import Column
from iotaudit.model.inputs import Mark
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch, Secret

ID = "pcapng"
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, NAMES, STATISTICS, PACKET, SECRETS = (
    0x0A0D0D0A,
    1,
    2,
    3,
    4,
    5,
    6,
    10,
)
JOURNAL, CUSTOM, CUSTOM_KEPT = 9, 0xBAD, 0x40000BAD
NUMBERED = (JOURNAL, 0x204, 0x216, 0x221, CUSTOM, CUSTOM_KEPT)
"""Blocks that are no packets, but have a number in tshark (204, 216, 221: events of sysdig)."""
UNNUMBERED_MAKER = 10949
"""Private enterprise number whose custom blocks have none."""
SECTION_MAGIC = SECTION.to_bytes(4, "big")
BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}
"""Byte-order magic of a section header to whether the section is big-endian."""
BLOCK_MIN = 12
SECTION_MIN = 28
BLOCK_MAX = 1 << 24
"""Largest block that is believed (tshark's bound, too)."""
PACKET_BLOCK_MAX = SNAP_LIMIT + (1 << 16)
"""Where a file ends inside a block that claims to be longer than a packet, its length is damaged."""
SYNC_TYPES = (INTERFACE, OLD_PACKET, SIMPLE_PACKET, NAMES, STATISTICS, PACKET, SECRETS)
"""Block types that reading may go on with behind a damaged place."""
SECTIONS = 100_000
INTERFACES = 65_536
"""Bounds of one input; more sections end the reading, packets of more interfaces are not read."""
SECRET_KINDS = {
    0x544C534B: "tls",
    0x57474B4C: "wireguard",
    0x5A4E574B: "zigbee-network",
    0x5A415053: "zigbee-aps",
}


def sniff(head: bytes) -> bool:
    """Says whether a file that begins so is pcapng (a damaged section header is told when it is read)."""
    return head[:4] == SECTION_MAGIC


def read(
    file: io.BufferedReader, index: int, problems: ProblemTally
) -> Iterator[CountedBatch | Mark | Secret]:
    """Gives the frames, marks and secrets of a pcapng file, block by block.

    Args:
        file: where to read from; only `readinto1` is used.
        index: number of the input.
        problems: where to report what cannot be read.
    """
    yield from _Reading(Window(file), index, problems).blocks()


def offsets(buffer: Column, start: int, end: int, *, big_endian: bool) -> Scan:
    """Finds the blocks of `buffer[start:end]`, of which one starts at `start`; sections are not told apart.

    A block is whole where it ends at or before `end`, both its lengths agree, and they are 12 to
    BLOCK_MAX bytes. The scan stops at the first that is not. Lengths that are no multiple of four are
    rounded up.
    """
    engine = native.engine()
    if engine is not None:
        found = engine.scan_pcapng(buffer, start, end, BLOCK_MIN, BLOCK_MAX, big_endian)
        stop = Stop.BAD if found.bad else Stop.NEED_MORE
        return Scan(found.at, found.sizes, found.next_at, stop, found.need_len)
    length = struct.Struct(">I" if big_endian else "<I")
    at = np.array(_walk(memoryview(buffer)[:end], start, length), np.int64)
    if len(at) < 2:
        return Scan(np.empty(0, np.int64), np.empty(0, np.int64), start, Stop.NEED_MORE, BLOCK_MIN)
    sizes = np.diff(at)
    stated = u32(buffer, at[:-1] + 4, big_endian=big_endian)
    ends = at[1:]
    inside = ends <= end
    trailing = u32(buffer, np.where(inside, ends - 4, 0), big_endian=big_endian)
    bad = np.flatnonzero((stated < BLOCK_MIN) | (stated > BLOCK_MAX) | inside & (trailing != stated))
    whole = int(bad[0]) if len(bad) else len(sizes)
    stop, need_len = (Stop.BAD, 0) if len(bad) else (Stop.NEED_MORE, BLOCK_MIN)
    if not len(bad) and not inside[-1]:
        whole -= 1
        need_len = int(sizes[whole])
    return Scan(at[:whole], sizes[:whole], int(at[whole]), stop, need_len)


def _walk(view: memoryview, at: int, length: struct.Struct) -> list[int]:
    """Gives the offsets of the chain of blocks, and last the end of the last one, which may lie outside."""
    found: list[int] = []
    append, unpack = found.append, length.unpack_from
    try:
        while True:
            (size,) = unpack(view, at + 4)
            append(at)
            at += (size + 3 & ~3) or BLOCK_MAX
    except struct.error:
        append(at)
    return found


class _Reading:
    """The state of reading one file."""

    def __init__(self, window: Window, index: int, problems: ProblemTally) -> None:
        self._window = window
        self._index = index
        self._problems = problems
        self._clock = Clock(index, problems)
        self._big_endian = False
        self._interfaces = Interfaces()
        self._link_types: set[int] = set()
        self._packets = 0
        self._sections = 0
        self._damages = 0
        self._marks = 0
        self._interface_drops: dict[int, int] = {}
        self._closed_drops: int | None = None
        self._packet_drops: int | None = None

    def blocks(self) -> Iterator[CountedBatch | Mark | Secret]:
        """Gives what the blocks hold, up to the end of the file or a place behind which nothing is sound."""
        window = self._window
        at = 0
        while at >= 0 and self._sections <= SECTIONS:
            self._follow_order(at)
            scan = offsets(window.buffer, at, window.end, big_endian=self._big_endian)
            at = yield from self._sections_of(scan)
            if at < scan.next_at or self._follow_order(at):
                continue
            cut_header = window.end - at < SECTION_MIN and self._is_section(at)
            if scan.stop is Stop.BAD and not cut_header:
                at = self._resynchronise(at)
            elif window.slide(at, scan.need_len):
                at = 0
            elif scan.need_len > PACKET_BLOCK_MAX:
                at = self._resynchronise(0)
            else:
                self._finish()
                return

    def _is_section(self, at: int) -> bool:
        return self._window.view[at : at + 4] == SECTION_MAGIC

    def _follow_order(self, at: int) -> bool:
        """Takes on the byte order of a section header at `at`; gives whether it was the other one."""
        if not self._is_section(at):
            return False
        order = BYTE_ORDERS.get(bytes(self._window.view[at + 8 : at + 12]), self._big_endian)
        changed = order != self._big_endian
        self._big_endian = order
        return changed

    def _sections_of(self, scan: Scan) -> Generator[CountedBatch | Mark | Secret, None, int]:
        """Gives what the blocks of a scan hold; returns where the next scan starts."""
        kind = u32(self._window.buffer, scan.at, big_endian=self._big_endian)
        begin = 0
        for cut in [*np.flatnonzero(kind == SECTION).tolist(), len(kind)]:
            if cut > begin:
                yield from self._take(scan.at[begin:cut], scan.sizes[begin:cut], kind[begin:cut])
            begin = cut
            if cut == len(kind):
                break
            at = int(scan.at[cut])
            if cut and self._follow_order(at):
                return at
            self._open_section(at)
            if self._sections > SECTIONS:
                self._report("bad_record", at, f"more than {SECTIONS} sections", loses_payload=True)
                return at
        return scan.next_at

    def _open_section(self, at: int) -> None:
        self._sections += 1
        self._closed_drops = self._interface_dropped()
        self._interface_drops.clear()
        self._interfaces = Interfaces()
        self._clock = Clock(self._index, self._problems)
        head = bytes(self._window.view[at : at + SECTION_MIN])
        if head[8:12] not in BYTE_ORDERS:
            self._report("bad_header", at, "the byte-order mark of a section is wrong")
        elif len(head) >= 16:
            major, minor = struct.unpack_from(">HH" if self._big_endian else "<HH", head, 12)
            if (major, minor) not in ((1, 0), (1, 2)):
                self._report(
                    "unsupported_version", at, f"version {major}.{minor}, read as 1.0", loses_payload=True
                )

    def _take(self, at: Column, sizes: Column, kind: Column) -> Iterator[CountedBatch | Mark | Secret]:
        """Gives what a run of blocks of one section holds."""
        for row in np.flatnonzero(kind == INTERFACE).tolist():
            self._add_interface(int(at[row]), int(sizes[row]))
        for row in np.flatnonzero(kind == STATISTICS).tolist():
            self._add_statistics(int(at[row]), int(sizes[row]))
        for row in np.flatnonzero(kind == SECRETS).tolist():
            yield from self._secret(int(at[row]), int(sizes[row]))
        packet = (kind == PACKET) | (kind == SIMPLE_PACKET) | (kind == OLD_PACKET)
        numbered = packet
        other = np.isin(kind, NUMBERED)
        if other.any():
            lengths = [
                self._other_len(*row)
                for row in zip(at[other].tolist(), sizes[other].tolist(), kind[other].tolist(), strict=True)
            ]
            other[other] = [length >= 0 for length in lengths]
            numbered = packet | other
            yield self._counted(None, 0, [length for length in lengths if length >= 0])
        number = numbers(self._index, self._packets, int(np.count_nonzero(numbered)))
        self._packets += len(number)
        rows = np.flatnonzero(packet)
        if len(rows):
            yield from self._packets_of(at[rows], sizes[rows], kind[rows], number[packet[numbered]])
        else:
            yield self._counted(None, 0)

    def _other_len(self, at: int, size: int, kind: int) -> int:
        """Gives the length that tshark shows of a block that is no packet, -1 where it has no number."""
        body = bytes(self._window.view[at + 8 : at + size - 4])
        order: Literal["big", "little"] = "big" if self._big_endian else "little"
        if kind in (CUSTOM, CUSTOM_KEPT):
            return -1 if int.from_bytes(body[:4], order) == UNNUMBERED_MAKER else max(len(body) - 4, 0)
        if kind == JOURNAL:
            return len(body.rstrip(b"\0"))
        return int.from_bytes(body[18:22], order)

    def _add_interface(self, at: int, size: int) -> None:
        if size < 20:
            self._report("bad_record", at, "an interface description is too short", loses_payload=True)
            return
        if len(self._interfaces.link_type) >= INTERFACES:
            self._report("unknown_interface", at, f"more than {INTERFACES} interfaces", loses_payload=True)
            return
        body = bytes(self._window.view[at + 8 : at + size - 4])
        if not self._interfaces.add(body, self._window.base + at, big_endian=self._big_endian):
            self._report("bad_option", at, "in an interface description")
        self._link_types.add(self._interfaces.link_type[-1])

    def _add_statistics(self, at: int, size: int) -> None:
        """Keeps how many packets an interface lost, as its latest statistics say."""
        if size < 24:
            self._report("bad_record", at, "interface statistics are too short")
            return
        body = bytes(self._window.view[at + 8 : at + size - 4])
        order: Literal["big", "little"] = "big" if self._big_endian else "little"
        interface = int.from_bytes(body[:4], order)
        lost: int | None = None
        for option in options(body[12:], big_endian=self._big_endian):
            match option:
                case None:
                    self._report("bad_option", at, "in interface statistics")
                case (5 | 7, value) if len(value) == 8:
                    lost = (lost or 0) + int.from_bytes(value, order)
        if lost is not None and interface < len(self._interfaces.link_type):
            self._interface_drops[interface] = max(lost, self._interface_drops.get(interface, 0))

    def _secret(self, at: int, size: int) -> Iterator[Secret]:
        view = self._window.view
        if size < 20:
            self._report("bad_record", at, "a block of secrets is too short")
            return
        kind, length = struct.unpack_from(">II" if self._big_endian else "<II", view, at + 8)
        if length > size - 20:
            self._report("bad_record", at, "a block of secrets is longer than its block")
            return
        yield Secret(SECRET_KINDS.get(kind, f"secrets-{kind:08x}"), bytes(view[at + 16 : at + 16 + length]))

    def _packets_of(
        self, at: Column, sizes: Column, kind: Column, number: Column
    ) -> Iterator[CountedBatch | Mark]:
        """Gives the batch of a run of packet blocks, after the marks in their comments."""
        rows = self._fields(at, sizes, kind)
        self._note("bad_record", ~rows.sound, number, "a packet is longer than its block", loses_payload=True)
        rows, number = rows.pick(rows.sound), number[rows.sound]
        described = np.array(self._interfaces.stands_at, np.int64)
        known = rows.interface < len(described)
        known[known] = described[rows.interface[known]] < rows.at[known] + self._window.base
        self._note("unknown_interface", ~known, number, "", loses_payload=True)
        time_ns = np.full(len(number), -1, np.int64)
        timed = known & rows.timed
        time_ns[timed] = times(rows.ticks[timed], rows.interface[timed], self._interfaces)
        self._note("bad_timestamp", timed & (time_ns < 0), number, "")
        self._clock.check(time_ns, number)
        over = rows.captured > rows.original
        self._note("malformed_packet", over, number, "captured length above the original length")
        self._note(
            "malformed_packet", rows.original > WIRE_LEN_MAX, number, "original length of 2 GiB or more"
        )
        original = np.minimum(rows.original, WIRE_LEN_MAX)
        truncated = int(np.count_nonzero(rows.captured < rows.original))
        link_type = np.full(len(number), -1, np.int32)
        link_type[known] = np.array(self._interfaces.link_type, np.int32)[rows.interface[known]]
        fcs_len = np.zeros(len(number), np.int64)
        fcs_len[known] = np.array(self._interfaces.fcs_len, np.int64)[rows.interface[known]]
        yield from self._read_options(rows, number, time_ns, fcs_len)
        batch = FrameBatch(
            input=self._index,
            number=number,
            time_ns=time_ns,
            interface=np.minimum(rows.interface, (1 << 31) - 1).astype(np.int32),
            link_type=link_type,
            wire_len=original,
            captured_len=np.minimum(rows.captured, np.maximum(rows.original - fcs_len, 0))
            if fcs_len.any()
            else rows.captured,
            frame_at=rows.frame_at,
            buffer=self._window.padded,
        )
        yield self._counted(batch, truncated)

    def _fields(self, at: Column, sizes: Column, kind: Column) -> "_Rows":
        """Gives the fields of packet blocks of all three kinds."""
        head = word_columns(self._window.buffer, at + 8, 5, big_endian=self._big_endian)
        interface, high, low, captured, original = head
        ticks = high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)
        frame_at = at + 28
        options_at = frame_at + (captured + 3 & ~3)
        sound = (sizes >= 32) & (options_at + 4 <= at + sizes)
        timed = np.ones(len(at), bool)
        old = kind == OLD_PACKET
        if old.any():
            drops = interface[old] & 0xFFFF if self._big_endian else interface[old] >> 16
            self._packet_drops = (self._packet_drops or 0) + int(drops[drops != 0xFFFF].sum())
            interface = np.where(old, interface >> 16 if self._big_endian else interface & 0xFFFF, interface)
        simple = np.flatnonzero(kind == SIMPLE_PACKET)
        if len(simple):
            snap_len = self._interfaces.snap_len[0] if self._interfaces.snap_len else 0
            room = sizes[simple] - 16
            interface, captured, original = interface.copy(), captured.copy(), original.copy()
            original[simple] = head[0, simple]
            captured[simple] = np.minimum(original[simple], snap_len) if snap_len else original[simple]
            interface[simple], timed[simple] = 0, False
            frame_at[simple] = at[simple] + 12
            options_at[simple] = at[simple] + sizes[simple]
            sound[simple] = captured[simple] <= room
        return _Rows(
            at, interface, ticks, captured, original, frame_at, options_at, at + sizes - 4, sound, timed
        )

    def _read_options(
        self, rows: "_Rows", number: Column, time_ns: Column, fcs_len: Column
    ) -> Iterator[Mark]:
        """Reads the options of packets: sets `fcs_len` where they state it, counts drops, gives marks."""
        with_options = np.flatnonzero(rows.options_at + 4 <= rows.end)
        if not len(with_options):
            return
        buffer, view = self._window.buffer, self._window.view
        at, end = rows.options_at[with_options], rows.end[with_options]
        found = packet_options(buffer, at, end, big_endian=self._big_endian)
        self._note("bad_option", found.bad, number[with_options], "in a packet")
        fcs_len[with_options] = np.where(found.fcs_len >= 0, found.fcs_len, fcs_len[with_options])
        if found.dropped is not None:
            self._packet_drops = (self._packet_drops or 0) + found.dropped
        for row, start, size in found.comments:
            packet, moment = int(number[with_options[row]]), int(time_ns[with_options[row]])
            mark = read_comment(bytes(view[start : start + size]), packet, moment)
            if mark is None:
                continue
            self._marks += 1
            if self._marks <= MARKS:
                yield mark
            else:
                self._problems.add(
                    Problem("event_limit", self._index, packet, None, f"more than {MARKS} marks")
                )

    def _counted(self, batch: FrameBatch | None, truncated: int, others: Sequence[int] = ()) -> CountedBatch:
        lost = [n for n in (self._interface_dropped(), self._packet_drops) if n is not None]
        return CountedBatch(
            batch=batch,
            truncated=truncated,
            dropped=max(lost, default=None),
            link_types=tuple(sorted(self._link_types)),
            others=len(others),
            others_len=sum(others),
        )

    def _interface_dropped(self) -> int | None:
        """Gives what the statistics of all interfaces say was lost, None where they say nothing."""
        if not self._interface_drops:
            return self._closed_drops
        return (self._closed_drops or 0) + sum(self._interface_drops.values())

    def _resynchronise(self, at: int) -> int:
        """Reports a damaged place at `at`; gives where reading goes on, -1 where it does not."""
        window = self._window
        place, packet = window.base + at, packet_id(self._index, self._packets + 1)
        self._report("bad_record", at, "the lengths of a block do not agree", loses_payload=True)
        self._damages += 1
        found = -1
        if self._damages < MAX_DAMAGES:
            found = find_chain(window, at, _candidates, _step)
        if found < 0:
            return -1
        if not self._is_section(found):
            self._big_endian = _block_end(window.view, found, big_endian=True) > 0
        detail = f"{window.base + found - place} bytes were not read"
        problem = Problem("resynchronised", self._index, packet, place, detail, loses_payload=True)
        self._problems.add(problem)
        return found

    def _note(
        self, kind: str, bad: Column, number: Column, detail: str, *, loses_payload: bool = False
    ) -> None:
        note(
            self._problems,
            Problem(kind, self._index, None, None, detail, loses_payload=loses_payload),
            bad,
            number,
        )

    def _report(self, kind: str, at: int, detail: str, *, loses_payload: bool = False) -> None:
        place = self._window.base + at
        self._problems.add(Problem(kind, self._index, None, place, detail, loses_payload=loses_payload))

    def _finish(self) -> None:
        if self._window.end:
            packet = packet_id(self._index, self._packets + 1)
            place = self._window.base
            self._problems.add(Problem("truncated_file", self._index, packet, place, loses_payload=True))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Columns of n packet blocks; `at`, `frame_at`, `options_at`, `end` (of options) are buffer offsets.

    sound: the captured bytes fit the block · timed: the block has a time stamp.
    """

    at: Column
    interface: Column
    ticks: Column
    captured: Column
    original: Column
    frame_at: Column
    options_at: Column
    end: Column
    sound: Column
    timed: Column

    def pick(self, mask: Column) -> "_Rows":
        """Gives the rows of a mask."""
        if mask.all():
            return self
        return _Rows(*(getattr(self, name)[mask] for name in self.__slots__))


def _candidates(buffer: Column, lo: int, hi: int) -> Column:
    """Gives where in [lo, hi) a block of a known type may start, in either byte order: (n,) int64."""
    base = np.arange(lo, hi, dtype=np.int64)
    found = np.zeros(len(base), bool)
    for big_endian in (False, True):
        kind = u32(buffer, base, big_endian=big_endian)
        found |= np.isin(kind, SYNC_TYPES) | (kind == SECTION)
    return base[found]


def _step(view: memoryview, at: int) -> int:
    return max(_block_end(view, at, big_endian=order) for order in (False, True))


def _block_end(view: memoryview, at: int, *, big_endian: bool) -> int:
    """Gives the end of a sound block of a known type at `at`, -1 where there is none, 0 where it is cut."""
    if at + BLOCK_MIN > len(view):
        return 0
    kind, size = struct.unpack_from(">II" if big_endian else "<II", view, at)
    if size < BLOCK_MIN or size > BLOCK_MAX or size % 4 or kind not in (*SYNC_TYPES, SECTION):
        return -1
    if kind == SECTION and BYTE_ORDERS.get(bytes(view[at + 8 : at + 12])) is not big_endian:
        return -1
    end = int(at + size)
    if end > len(view):
        return 0
    (trailing,) = struct.unpack_from(">I" if big_endian else "<I", view, end - 4)
    return end if trailing == size else -1
