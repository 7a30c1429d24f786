"""One direction of a TCP conversation as a stream of bytes: in order, once each, gaps named.

The first copy of a byte wins. Bytes after a hole are held back until it is filled, until more than a bound waits
behind it, or until the end; then the hole is given as a gap. What was given is kept for a while, to notice copies
that differ: a way to show a recorder something else than the receiver.

Source: RFC 9293 section 3.4 (numbers, modulo 2^32), RFC 9293 section 3.8.4 (keep-alives, with an octet of rubbish);
first copy wins: Ptacek and Newsham, "Insertion, Evasion, and Denial of Service" (1998).
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from iotaudit.model.lanes import LANES
from iotaudit.model.packets import input_of
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Segment

MODULUS = 1 << 32
HELD_LEN = 256 << 10
HELD_COUNT = 256
"""Bounds of what waits behind a hole, per direction: a round trip's worth of a home's uplink."""
HELD_IN_ALL = (64 << 20) // LANES
KEPT_LEN = 16 << 10
KEPT_COUNT = 64
"""Bounds of given bytes that are kept for comparison, per direction."""
KEPT_IN_ALL = (32 << 20) // LANES
"""Bounds of both for all directions of a lane."""
KEEP_ALIVE = b"\0"


class Piece(NamedTuple):
    """Bytes at a place of a stream, and how many after them the snap length cut off."""

    at: int
    packet: int
    time_ns: int
    data: bytes
    cut_len: int


@dataclass(slots=True)
class Bounds:
    """What all streams of a lane together hold, and where they report to."""

    problems: ProblemTally
    held_len: int = 0
    held_limit: int = HELD_IN_ALL
    kept_len: int = 0
    keepers: "OrderedDict[Stream, None]" = field(default_factory=OrderedDict)


class Stream:
    """One direction; `begin` is the sequence number of its first byte.

    next: the number that is next · held: what waits behind a hole. Bytes at `next` may be given by `append` where nothing
    waits; everything else is for `take`.
    """

    __slots__ = (
        "_bounds",
        "_flow",
        "_held_len",
        "_kept",
        "_kept_len",
        "_offset",
        "_packet",
        "_restart",
        "_time_ns",
        "_told",
        "held",
        "next",
    )

    def __init__(self, flow: int, begin: int, bounds: Bounds) -> None:
        self._flow = flow
        self.next = begin
        self._offset = 0
        self._bounds = bounds
        self.held: list[Piece] = []
        self._held_len = 0
        self._kept: list[Segment] = []
        self._kept_len = 0
        self._restart = -1
        self._packet = -1
        self._time_ns = -1
        self._told: tuple[str, ...] = ()

    def restart(self, begin: int) -> None:
        """Notes that another SYN was seen: data at exactly its number begins a new connection in this flow."""
        self._restart = begin

    def is_whole(self, end: int) -> bool:
        """Says whether all bytes before this number were given, and nothing else waits or is announced.

        A stream of which numbers come round is never called whole: its late copies could not be told.
        """
        return self.next == end and not self.held and self._restart < 0 and self._offset < MODULUS // 2

    def append(self, packet: int, time_ns: int, data: bytes, outbound: bool) -> Segment:  # noqa: FBT001 - by place: it is called for every piece
        """Gives bytes that are next."""
        self._packet = packet
        self._time_ns = time_ns
        segment = Segment(self._flow, outbound, packet, time_ns, self._offset, data)
        length = len(data)
        self._offset += length
        self.next = (self.next + length) % MODULUS
        if length > KEPT_LEN:
            length = KEPT_LEN
            self._keep(replace(segment, offset=self._offset - length, data=data[-length:]), length)
        else:
            self._keep(segment, length)
        return segment

    def take(self, seq: int, piece: Piece, *, outbound: bool) -> Iterator[Segment]:
        """Takes bytes at a sequence number (`piece.at` is not used) and gives what is in order now."""
        self._packet, self._time_ns = piece.packet, piece.time_ns
        ahead = (seq - self.next) % MODULUS
        if ahead and seq == self._restart:
            yield from self.flush(outbound=outbound)
            self.next = seq
            ahead = 0
            self._restart = -1
        if ahead >= MODULUS // 2:
            ahead -= MODULUS
        if not ahead and not self.held:
            yield from self._give(piece, outbound=outbound)
            return
        for part in self._new_parts(piece._replace(at=self._offset + ahead)):
            insort(self.held, part)
            self._hold(len(part.data))
        yield from self._drain(outbound=outbound)
        while len(self.held) > HELD_COUNT or self._held_len > HELD_LEN:
            yield from self._skip(outbound=outbound)
        if self.held and self._bounds.held_len > self._bounds.held_limit:
            self._report("stream_buffer_full", self.held[0].packet)
            while self.held:
                yield from self._skip(outbound=outbound)

    def flush(self, *, outbound: bool) -> Iterator[Segment]:
        """Gives what is held back, holes as gaps."""
        while self.held:
            yield from self._skip(outbound=outbound)

    def finish(self, acknowledged: int, place: tuple[int, int], *, outbound: bool) -> Iterator[Segment]:
        """Gives what is held back, and a gap up to the number that the receiver acknowledged (-1 unknown).

        `place` (packet id and time) is that of the gap where the stream has no packet.
        """
        yield from self.flush(outbound=outbound)
        missing = (acknowledged - self.next) % MODULUS
        if acknowledged >= 0 and 1 < missing < MODULUS // 4:  # one may be a FIN that was not seen
            packet, time_ns = place if self._packet < 0 else (self._packet, self._time_ns)
            self._report("stream_gap", packet, "the end", loses_payload=True)
            yield self._gap(missing, packet, time_ns, outbound=outbound)

    def drop(self) -> None:
        """Forgets all bytes: nobody wants them."""
        self._hold(-self._held_len)
        self.held = []
        self._forget()

    def _give(self, piece: Piece, *, outbound: bool) -> Iterator[Segment]:
        """Gives bytes that are next, and the gap that the snap length left after them."""
        if piece.data:
            yield self.append(piece.packet, piece.time_ns, piece.data, outbound)
        cut_len = piece.cut_len
        if cut_len and self.held:
            cut_len = min(cut_len, max(0, self.held[0].at - self._offset))
        if cut_len:
            self._report("stream_gap", piece.packet, "cut by the snap length", loses_payload=True)
            yield self._gap(cut_len, piece.packet, piece.time_ns, outbound=outbound)

    def _drain(self, *, outbound: bool) -> Iterator[Segment]:
        """Gives the held pieces that have become next."""
        while self.held and self.held[0].at <= self._offset:
            piece = self.held.pop(0)
            self._hold(-len(piece.data))
            yield from self._give(piece, outbound=outbound)

    def _skip(self, *, outbound: bool) -> Iterator[Segment]:
        """Gives the first hole as a gap, and what follows it."""
        piece = self.held[0]
        self._report("stream_gap", piece.packet, loses_payload=True)
        yield self._gap(piece.at - self._offset, piece.packet, piece.time_ns, outbound=outbound)
        yield from self._drain(outbound=outbound)

    def _gap(self, length: int, packet: int, time_ns: int, *, outbound: bool) -> Segment:
        gap = Segment(self._flow, outbound, packet, time_ns, self._offset, b"", length)
        self._offset += length
        self.next = (self.next + length) % MODULUS
        return gap

    def _new_parts(self, piece: Piece) -> list[Piece]:
        """Gives the parts of a piece that were not seen before; copies that differ are counted."""
        if piece.at < self._offset:
            if piece.at < 0:
                self._report("stream_gap", piece.packet, "bytes before the first one seen", loses_payload=True)
            old = self._offset - piece.at
            self._compare_given(piece, old)
            cut_len = piece.cut_len - max(0, old - len(piece.data))
            if old >= len(piece.data) and cut_len <= 0:
                return []
            piece = piece._replace(at=self._offset, data=piece.data[old:], cut_len=max(0, cut_len))
        parts: list[Piece] = []
        for held in self.held:
            if held.at >= piece.at + len(piece.data):
                break
            end = held.at + len(held.data)
            if end <= piece.at:
                continue
            if piece.at < held.at:
                parts.append(piece._replace(data=piece.data[: held.at - piece.at], cut_len=0))
                piece = piece._replace(at=held.at, data=piece.data[held.at - piece.at :])
            skip = min(end - piece.at, len(piece.data))
            begin = piece.at - held.at
            if held.data[begin : begin + skip] != piece.data[:skip]:
                self._report("stream_conflict", piece.packet)
            piece = piece._replace(at=piece.at + skip, data=piece.data[skip:])
        if piece.data or piece.cut_len:
            parts.append(piece)
        return parts

    def _compare_given(self, piece: Piece, old: int) -> None:
        """Compares the first `old` bytes with those given, as far as they are kept."""
        if piece.data == KEEP_ALIVE and old == 1:
            return
        data = piece.data[:old]
        for segment in self._kept:
            at, given = segment.offset, segment.data
            begin, end = max(at, piece.at), min(at + len(given), piece.at + len(data))
            if begin < end and given[begin - at : end - at] != data[begin - piece.at : end - piece.at]:
                self._report("stream_conflict", piece.packet)
                return

    def _keep(self, segment: Segment, length: int) -> None:
        """Keeps what was given, of which the oldest gives way."""
        bounds, kept = self._bounds, self._kept
        if not kept:
            bounds.keepers[self] = None
        kept.append(segment)
        bounds.kept_len += length
        length += self._kept_len
        while length > KEPT_LEN or len(kept) > KEPT_COUNT:
            gone = len(kept.pop(0).data)
            length -= gone
            bounds.kept_len -= gone
        self._kept_len = length
        while bounds.kept_len > KEPT_IN_ALL:
            next(iter(bounds.keepers))._forget()  # an ordered dict, since its front is taken off

    def _forget(self) -> None:
        self._bounds.kept_len -= self._kept_len
        self._bounds.keepers.pop(self, None)
        self._kept.clear()
        self._kept_len = 0

    def _hold(self, length: int) -> None:
        self._held_len += length
        self._bounds.held_len += length

    def _report(self, kind: str, packet: int, detail: str = "", *, loses_payload: bool = False) -> None:
        """Counts a problem once for this direction."""
        told = kind + detail
        if told not in self._told:
            self._told += (told,)
            self._bounds.problems.add(
                Problem(kind, input_of(packet), packet, None, detail, loses_payload=loses_payload)
            )
