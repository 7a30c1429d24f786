"""Sessions of a protocol whose messages tell their length: read off a stream as datagrams are, within bounds.

One reader serves both transports.
"""

import re
from dataclasses import dataclass, field
from typing import Protocol

from iotaudit.codec import ber
from iotaudit.dissect.datagrams import Seen, malformed
from iotaudit.dissect.session import TCP, Context, Output, Reading, Session
from iotaudit.dissect.stream import Stream, unread
from iotaudit.model.raw import Content, Segment

FRAME_LEN = 1 << 18
"""Bytes of one message that are read; the rest is read over."""
HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?=.*[a-z])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
"""Names of hosts in lower case, addresses left out."""
MORE, NONE, OTHER = 0, -1, -2
"""What `measure` says besides a length: more bytes are needed, no message begins so, another protocol."""
MEASURE_LEN = 96
"""Bytes of the head of a message that `measure` is shown."""


class Reader(Protocol):
    """Reads the messages of one flow."""

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the message of a stream that begins so, or `MORE`, `NONE`, `OTHER`."""
        ...

    def read(self, message: Segment, found: Seen) -> str | None:
        """Adds what a message shows, gives what was wrong with it; `truncated_len` bytes may be missing."""
        ...

    def resumes(self, data: bytes) -> bool:
        """Says whether a message surely begins here: after a gap reading goes on at such a segment."""
        ...

    def end(self, found: Seen) -> None:
        """Adds what waited for messages that never came."""
        ...

    def wants(self, *, outbound: bool) -> bool:
        """Says whether more messages of this direction could tell something."""
        ...

    def reading(self) -> Reading:
        """Gives the summary."""
        ...


def open_session(context: Context, protocol: str, reader: Reader) -> Session:
    """Opens the session of the flow's transport."""
    if context.protocol == TCP:
        return FrameSession(context, protocol, reader)
    return PacketSession(protocol, reader)


class PacketSession:
    """Hands each datagram to a reader."""

    def __init__(self, protocol: str, reader: Reader) -> None:
        self._protocol = protocol
        self._reader = reader

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        found: Seen = []
        fault = self._reader.read(segment, found) if segment.data else None
        if fault and not segment.truncated_len:
            found.append(malformed(segment, self._protocol, fault))
        return tuple(found)

    def close(self) -> Output:
        """Gives what waited for more messages."""
        found: Seen = []
        self._reader.end(found)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the reader has enough."""
        return self._reader.wants(outbound=outbound)

    def reading(self) -> Reading:
        """Gives the reader's summary."""
        return self._reader.reading()

    def rest(self) -> None:
        """Datagrams never change to another protocol."""


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    begun: bool = False
    lost: bool = False
    broken: bool = False


class FrameSession:
    """Cuts the streams of both directions into messages for a reader."""

    def __init__(self, context: Context, protocol: str, reader: Reader) -> None:
        self._flow = context.flow
        self._protocol = protocol
        self._reader = reader
        self._sides = {True: _Side(), False: _Side()}
        self._rest: tuple[Segment, ...] | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.broken or self._rest is not None:
            return ()
        found: Seen = []
        if segment.gap_len:
            self._gap(side, segment.gap_len, found, outbound=segment.outbound)
            return tuple(found)
        if side.lost:
            if not self._reader.resumes(segment.data):
                return ()
            side.lost = False
        side.stream.append(segment)
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives what is there of messages that were cut."""
        found: Seen = []
        if self._rest is None:
            for outbound, side in self._sides.items():
                self._cut(side, found, outbound=outbound)
        self._reader.end(found)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the framing is broken or the reader has enough."""
        return not self._sides[outbound].broken and self._reader.wants(outbound=outbound)

    def reading(self) -> Reading:
        """Gives the reader's summary."""
        return self._reader.reading()

    def rest(self) -> tuple[Segment, ...] | None:
        """Gives what follows a change of protocol."""
        return self._rest

    def _next(self, side: _Side, found: Seen, *, outbound: bool) -> bool:
        """Reads one message; False where more bytes are needed."""
        stream = side.stream
        if not len(stream):
            return False
        size = self._reader.measure(stream.peek(MEASURE_LEN), outbound=outbound)
        if size == OTHER:
            self._switch()
            return False
        if size == NONE or (size == MORE and len(stream) >= MEASURE_LEN):
            if side.begun:  # else the capture began inside of a message
                here = self._message(b"", stream.origin(0), 0, outbound=outbound)
                found.append(malformed(here, self._protocol, "no message begins"))
            side.broken = True
            stream.clear()
            return False
        kept = min(size, FRAME_LEN)
        if size == MORE or len(stream) < kept:
            return False
        place = stream.origin(kept - 1)
        message = self._message(stream.take(kept), place, size - kept, outbound=outbound)
        stream.drop(size - kept)
        side.begun = True
        self._read(message, found)
        return True

    def _read(self, message: Segment, found: Seen) -> None:
        fault = self._reader.read(message, found)
        if fault and not message.truncated_len:
            found.append(malformed(message, self._protocol, fault))

    def _gap(self, side: _Side, length: int, found: Seen, *, outbound: bool) -> None:
        """Bridges a gap inside of one message; else reading goes on where a message surely begins."""
        if side.stream.bridge(length):
            return
        left = self._cut(side, found, outbound=outbound) - length
        side.stream.drop(max(left, 0))
        side.lost = left < 0

    def _cut(self, side: _Side, found: Seen, *, outbound: bool) -> int:
        """Reads what is there of a message, and gives how many bytes are missing."""
        stream = side.stream
        if side.lost or not len(stream):
            return -1
        size = self._reader.measure(stream.peek(MEASURE_LEN), outbound=outbound)
        left = size - len(stream) if size > 0 else -1
        if left > 0:
            place = stream.origin(len(stream) - 1)
            self._read(self._message(stream.peek(len(stream)), place, left, outbound=outbound), found)
        stream.clear()
        return left

    def _switch(self) -> None:
        self._rest = unread(self._flow, self._sides)

    def _message(self, data: bytes, place: tuple[int, int], missing: int, *, outbound: bool) -> Segment:
        return Segment(self._flow, outbound, *place, 0, data, 0, missing)


def content(
    message: Segment,
    where: str,
    data: bytes,
    *,
    key: str = "",
    media_type: str = "",
    encoding: str = "",
    truncated: bool = False,
) -> Content:
    """Gives a value of a message in the clear."""
    return Content(
        message.flow,
        message.packet,
        message.time_ns,
        message.outbound,
        where,
        "plaintext",
        data,
        encoding,
        media_type,
        key,
        truncated,
    )


def ber_length(head: bytes, tags: frozenset[int], longest: int) -> int:
    """Measures a message that is one element of BER with one of these tags."""
    size = ber.extent(head)
    if not head or size == (0, 0):
        return MORE if not head or head[0] in tags else NONE
    return sum(size) if size and head[0] in tags and size[1] <= longest else NONE
