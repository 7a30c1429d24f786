"""The functions of `engine.c` on numpy arrays: what they need is allocated here, what they found is cut to size.

Every array is handed over with its length, contiguous and of the type that the C side reads. Calls release the GIL.
"""

import ctypes
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iotaudit.model.accelerator import Grouped, HostCounts, Sums
from iotaudit.model.flows import Column
from iotaudit.model.raw import FrameBatch, PacketTable

VERSION = 1
"""ENGINE_VERSION of the source that this file fits."""
WORD = ctypes.c_int64
POINTER = ctypes.c_void_p
FLAG = ctypes.c_int32
PROBES_EACH, PROBES_ANY = 8, 1024
"""Slots of the hash table that grouping looks at in vain, per row and in all, before it is left to the sort."""

_FRAME_COLUMNS = (
    ("number", np.int64),
    ("time_ns", np.int64),
    ("wire_len", np.int64),
    ("captured_len", np.int64),
    ("frame_at", np.int64),
    ("link_type", np.int32),
)
_ROW_COLUMNS = (
    ("number", np.int64),
    ("time_ns", np.int64),
    ("wire_len", np.int64),
    ("captured_len", np.int64),
    ("frame_at", np.int64),
    ("layer", np.uint8),
    ("ip_version", np.uint8),
    ("protocol", np.uint8),
    ("src_hi", np.uint64),
    ("src_lo", np.uint64),
    ("dst_hi", np.uint64),
    ("dst_lo", np.uint64),
    ("src_port", np.uint16),
    ("dst_port", np.uint16),
    ("tcp_flags", np.uint8),
    ("tcp_seq", np.uint32),
    ("tcp_ack", np.uint32),
    ("payload_at", np.int64),
    ("payload_len", np.int64),
    ("payload_captured", np.int64),
    ("src_mac", np.uint64),
    ("dst_mac", np.uint64),
    ("frag", np.uint8),
    ("frag_id", np.uint32),
    ("frag_at", np.int64),
    ("frag_more", np.bool_),
)
_END_TYPES = (np.uint64, np.uint64, np.uint64, np.uint64, np.uint16, np.uint16, np.uint8, np.uint8)


class _Frames(ctypes.Structure):
    _fields_ = (
        ("bytes", POINTER),
        ("size", WORD),
        ("count", WORD),
        *((name, POINTER) for name, _ in _FRAME_COLUMNS),
        ("is_tunnel_port", POINTER),
    )


class _Rows(ctypes.Structure):
    _fields_ = (("count", WORD), *((name, POINTER) for name, _ in _ROW_COLUMNS))


class _Ends(ctypes.Structure):
    _fields_ = (("count", WORD), *((f"column_{i}", POINTER) for i in range(len(_END_TYPES))))


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan found: as `Scan` of capture/window.py, `bad` for a length that cannot be true."""

    at: Column
    sizes: Column
    next_at: int
    bad: bool
    need_len: int


_SIGNATURES: tuple[tuple[str, type | None, tuple[type, ...]], ...] = (
    (
        "scan_pcap",
        WORD,
        (POINTER, WORD, WORD, WORD, WORD, WORD, FLAG, POINTER, POINTER, WORD, POINTER),
    ),
    ("scan_pcapng", WORD, (POINTER, WORD, WORD, WORD, WORD, FLAG, POINTER, POINTER, WORD, POINTER)),
    ("words", FLAG, (POINTER, WORD, POINTER, WORD, WORD, FLAG, POINTER)),
    ("look", None, (POINTER, POINTER, POINTER, POINTER)),
    ("fill_usual", WORD, (POINTER, POINTER, POINTER)),
    (
        "find_copies",
        None,
        (POINTER, WORD, WORD, WORD, WORD, *[POINTER] * 6, WORD, WORD, POINTER),
    ),
    ("group", WORD, (POINTER, POINTER, POINTER, FLAG, WORD, *[POINTER] * 5)),
    ("add_up", FLAG, (WORD, *[POINTER] * 7, WORD, *[POINTER] * 7)),
    ("count_hosts", WORD, (WORD, POINTER, POINTER, POINTER, WORD, POINTER, POINTER, POINTER)),
)


class Engine:
    """The loaded library. Several threads may call it."""

    __slots__ = ("_call", "_last", "_salt", "source")

    def __init__(self, library: ctypes.CDLL) -> None:
        """Takes a library of the right version.

        Raises:
            AttributeError: a function is missing.
        """
        self._call: dict[str, ctypes._NamedFuncPointer] = {}
        for name, result, arguments in _SIGNATURES:
            function = library[f"iotaudit_{name}"]
            function.restype, function.argtypes = result, arguments
            self._call[name] = function
        digest = library.iotaudit_engine_source
        digest.restype = ctypes.c_uint32
        self.source = int(digest())
        self._last: tuple[FrameBatch, Column, Frames] | None = None
        self._salt = np.frombuffer(secrets.token_bytes(24), np.uint64)

    def scan_pcap(
        self,
        buffer: Column,
        start: int,
        end: int,
        header_len: int,
        length_at: int,
        limit_len: int,
        big_endian: bool,  # noqa: FBT001 - handed on
    ) -> Found:
        """Finds the records of `buffer[start:end]`; see `capture.pcap.offsets`."""
        return self._scan("scan_pcap", buffer, (start, end, header_len), length_at, limit_len, big_endian)

    def scan_pcapng(
        self,
        buffer: Column,
        start: int,
        end: int,
        least_len: int,
        limit_len: int,
        big_endian: bool,  # noqa: FBT001 - handed on
    ) -> Found:
        """Finds the blocks of `buffer[start:end]`; see `capture.pcapng.offsets`."""
        return self._scan("scan_pcapng", buffer, (start, end, least_len), limit_len, big_endian)

    def _scan(self, name: str, buffer: Column, span: tuple[int, int, int], *rest: int) -> Found:
        buffer = _as(buffer, np.uint8)
        start, end, least_len = span
        end = min(end, len(buffer))
        room = max(end - start, 0) // least_len + 1
        at, sizes, result = np.empty(room, np.int64), np.empty(room, np.int64), np.zeros(3, np.int64)
        *numbers, order = rest
        count = self._call[name](
            _at(buffer), end, start, least_len, *numbers, order, _at(at), _at(sizes), room, _at(result)
        )
        next_at, bad, need_len = result.tolist()
        return Found(at[:count], sizes[:count], next_at, bool(bad), need_len)

    def words(self, buffer: Column, at: Column, width: int, *, big_endian: bool) -> Column:
        """Gives `width` 32-bit words from each offset, (width, n) int64.

        Raises:
            IndexError: an offset leads outside.
        """
        buffer, at = _as(buffer, np.uint8), _as(at, np.int64)
        found = np.empty((width, len(at)), np.int64)
        if self._call["words"](_at(buffer), len(buffer), _at(at), len(at), width, big_endian, _at(found)):
            raise IndexError("a word is outside the buffer")
        return found

    def frames(self, batch: FrameBatch, is_tunnel_port: Column) -> "Frames":
        """Gives the frames of a batch, looked at; `is_tunnel_port`: (65536,) bool.

        Several readers ask for the same batch one after the other: the last one is remembered.
        """
        last = self._last
        if last is not None and last[0] is batch and last[1] is is_tunnel_port:
            return last[2]
        frames = Frames(self._call, batch, is_tunnel_port)
        self._last = batch, is_tunnel_port, frames
        return frames

    def find_copies(
        self,
        buffer: Column,
        columns: tuple[Column, Column, Column, Column, Column],
        head: Column,
        lags: int,
        window_ns: int,
    ) -> Column:
        """Gives how many frames before each frame its nearest copy stands, 0 none: (n,) uint8.

        Args:
            buffer: the bytes of the frames.
            columns: guess, time_ns, wire_len, captured_len, frame_at; the first len(head) rows are remembered frames.
            head: (m, k) uint8, the first bytes of the remembered frames, zero behind their captured length.
            lags: how far to look back, below 256.
            window_ns: how far apart copies may be.
        """
        buffer, head = _as(buffer, np.uint8), _as(head, np.uint8)
        guess = _as(columns[0], np.uint32)
        rest = [_as(column, np.int64) for column in columns[1:]]
        _same_length(guess, *rest)
        found = np.zeros(len(guess), np.uint8)
        self._call["find_copies"](
            _at(buffer),
            len(buffer),
            len(guess),
            min(len(head), len(guess)),
            lags,
            _at(guess),
            *(_at(column) for column in rest),
            _at(head),
            head.shape[1],
            window_ns,
            _at(found),
        )
        return found

    def group(self, ends: Sequence[Column]) -> Grouped | None:
        """Groups rows by conversation; None where the hash table was too crowded, so that it is to be sorted instead.

        Args:
            ends: src_hi, src_lo, dst_hi, dst_lo, src_port, dst_port, protocol, ip_version.
        """
        columns = [_as(column, kind) for column, kind in zip(ends, _END_TYPES, strict=True)]
        _same_length(*columns)
        count = len(columns[0])
        bits = max(4, (2 * count).bit_length())
        slots = np.full(1 << bits, -1, np.int32)
        keys, side = np.empty((count, 5), np.uint64), np.empty(count, np.uint8)
        group, order, starts = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
        groups = self._call["group"](
            ctypes.byref(_Ends(count, *(_at(column) for column in columns))),
            _at(self._salt),
            _at(slots),
            bits,
            PROBES_EACH * count + PROBES_ANY,
            _at(keys),
            _at(side),
            _at(group),
            _at(order),
            _at(starts),
        )
        return None if groups < 0 else Grouped(keys[:groups], side, group, order, starts[:groups])

    def add_up(
        self,
        cell: Column,
        parts: int,
        lengths: tuple[Column, Column],
        time_ns: Column,
        tcp: tuple[Column, Column, Column],
    ) -> Sums:
        """Adds up rows by cell.

        Args:
            cell: (n,) int64, twice the part plus the side, negative for rows that are left out.
            parts: how many parts there are.
            lengths: wire_len and payload_len.
            time_ns: (n,) int64, -1 for no time.
            tcp: protocol, tcp_flags and tcp_ack.

        Raises:
            IndexError: a cell leads outside.
        """
        columns = [_as(column, np.int64) for column in (cell, *lengths, time_ns)]
        columns += [
            _as(column, kind) for column, kind in zip(tcp, (np.uint8, np.uint8, np.uint32), strict=True)
        ]
        _same_length(*columns)
        by_cell = np.empty((5, 2 * parts), np.int64)
        by_part = np.empty((2, parts), np.int64)
        out = (*by_cell, *by_part)
        if self._call["add_up"](
            len(cell), *(_at(column) for column in columns), parts, *(_at(column) for column in out)
        ):
            raise IndexError("a cell is outside the parts")
        packets, sizes, payload, first_row, ack = by_cell.reshape(5, parts, 2)
        return Sums(packets, sizes, payload, first_row, ack, by_part[0], by_part[1])

    def count_hosts(self, cell: Column, own: Column | None, src_mac: Column, cells: int) -> HostCounts:
        """Counts the senders of cells under the link address of each cell's first row.

        Args:
            cell: (n,) int64, negative for rows without one.
            own: (n,) bool, which rows name a sender on the link; None: all.
            src_mac: (n,) uint64.
            cells: how many cells there are.

        Raises:
            IndexError: a cell leads outside.
        """
        cell, src_mac = _as(cell, np.int64), _as(src_mac, np.uint64)
        own = None if own is None else _as(own, np.bool_)
        _same_length(cell, src_mac, *([] if own is None else [own]))
        first, packets = np.empty(cells, np.int64), np.empty(cells, np.int64)
        others = np.empty(len(cell), np.int64)
        found = self._call["count_hosts"](
            len(cell),
            _at(cell),
            None if own is None else _at(own),
            _at(src_mac),
            cells,
            _at(first),
            _at(packets),
            _at(others),
        )
        if found < 0:
            raise IndexError("a cell is outside")
        return HostCounts(first, packets, others[:found])


class Frames:
    """The frames of one batch, as the engine sees them.

    usual: (n,) bool, the frames that `table` reads: Ethernet with at most one tag, IPv4 without options or IPv6 without
    extension headers, no fragment, TCP or UDP that is no tunnel, captured up to the end of the TCP header without
    options, or of the UDP header · is_ip: (n,) bool, plainly IPv4 or IPv6 on Ethernet · guess: (n,) uint32, a hash of
    the first 72 bytes and the captured length.
    """

    __slots__ = ("_buffer", "_call", "_columns", "_count", "_struct", "guess", "is_ip", "usual")

    def __init__(
        self, call: "dict[str, ctypes._NamedFuncPointer]", batch: FrameBatch, is_tunnel_port: Column
    ) -> None:
        self._call = call
        self._count = len(batch.number)
        columns = [_as(getattr(batch, name), kind) for name, kind in _FRAME_COLUMNS]
        _same_length(*columns)
        buffer, ports = _as(batch.buffer, np.uint8), _as(is_tunnel_port, np.bool_)
        if len(ports) != 65536:
            raise IndexError("there are 65536 ports")
        self._buffer = batch.buffer
        self._columns = [buffer, ports, *columns]  # kept as long as the pointers
        self._struct = _Frames(
            _at(buffer), len(buffer), self._count, *(_at(column) for column in columns), _at(ports)
        )
        self.usual: Column = np.empty(self._count, np.bool_)
        self.is_ip: Column = np.empty(self._count, np.bool_)
        self.guess: Column = np.empty(self._count, np.uint32)
        call["look"](ctypes.byref(self._struct), _at(self.usual), _at(self.is_ip), _at(self.guess))

    def table(self, count: int, row: Column) -> PacketTable:
        """Gives a table of `count` rows, those of usual frames filled in; the others are not set yet.

        Args:
            count: rows of the table.
            row: (n,) int64, where in it the row of each usual frame stands.

        Raises:
            IndexError: a row leads outside the table.
        """
        row = _as(row, np.int64)
        if len(row) != self._count:
            raise IndexError("not one row for each frame")
        columns = {name: np.empty(count, kind) for name, kind in _ROW_COLUMNS}
        rows = _Rows(count, *(_at(column) for column in columns.values()))
        if self._call["fill_usual"](ctypes.byref(self._struct), _at(row), ctypes.byref(rows)) < 0:
            raise IndexError("a row is outside the table")
        return PacketTable(**columns, flow=np.full(count, -1, np.int64), buffer=self._buffer)


def _as(array: Column, kind: type) -> Column:
    """Gives an array as the C side reads it: itself, where it fits already."""
    return np.ascontiguousarray(array, kind)


def _at(array: Column) -> int:
    """Gives the address of an array's first byte; the caller keeps the array for as long as it is used."""
    address: int = array.__array_interface__["data"][0]
    return address


def _same_length(first: Column, *others: Column) -> None:
    if any(len(column) != len(first) for column in others):
        raise IndexError("columns differ in length")
