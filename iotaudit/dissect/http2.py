"""HTTP/2 in the clear (prior knowledge or after an upgrade): requests, answers, bodies.

Source: RFC 9113 sections 3.4 (preface), 4.1 (frames), 6 (frame types), 8.3 (pseudo-header fields); RFC 7541.
"""

from dataclasses import dataclass, field

from iotaudit.dissect.hpack import Decoder, UnreadableError
from iotaudit.dissect.http_exchanges import Exchanges, Found, Place
from iotaudit.dissect.http_head import HEAD_LEN, head_len
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "http2"
PORTS = frozenset({80, 8080, 50051})
TRANSPORT = frozenset({TCP})

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SWITCHING = b"HTTP/1.1 101"
DATA, HEADERS, RST_STREAM, PUSH_PROMISE, CONTINUATION = 0, 1, 3, 5, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
FRAME_LEN = 1 << 20
"""Bytes of one frame that are read."""
FIRST = frozenset(PREFACE[:1])
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits the client's preface."""
    data = head.data[: len(PREFACE)]
    if not PREFACE.startswith(data):
        return Likeness.NO
    return Likeness.CERTAIN if len(data) == len(PREFACE) else Likeness.MORE


def open(context: Context) -> "Http2Session":  # noqa: A001 - the room's word
    """Opens a session."""
    return Http2Session(context)


@dataclass(slots=True)
class _Block:
    """A header block that has begun: the stream that its fields belong to, and the flags of its first frame."""

    stream: int
    number: int
    flags: int
    data: bytearray


@dataclass(slots=True)
class _Side:
    """One direction; `missing` bytes at the end of the present frame are not read."""

    stream: Stream = field(default_factory=Stream)
    decoder: Decoder = field(default_factory=Decoder)
    block: _Block | None = None
    missing: int = 0
    begun: bool = False
    done: bool = False


class Http2Session:
    """Reads the frames of both directions."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._exchanges = Exchanges(context, "plaintext")

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        if segment.gap_len:
            side.done = not side.stream.bridge(segment.gap_len)  # the tables of both ends no longer agree
            return ()
        side.stream.append(segment)
        found: Found = []
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives the bodies that were cut."""
        found: Found = []
        self._exchanges.close(found)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the framing of this direction is lost."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext with the exchanges."""
        encryption = Encryption(EncryptionState.PLAINTEXT, ID, None, None, "HTTP/2 in the clear")
        return Reading(encryption, http=self._exchanges.all(), mqtt=self._exchanges.mqtt())

    def rest(self) -> None:
        """HTTP/2 ends with its connection."""

    def _next(self, side: _Side, found: Found, *, outbound: bool) -> bool:
        """Reads the preface or one frame; False where more bytes are needed."""
        stream = side.stream
        if not side.begun:
            return self._begin(side)
        header = stream.peek(9)
        if len(header) < 9:
            return False
        length = int.from_bytes(header[:3])
        kept = min(length, FRAME_LEN)
        if len(stream) < 9 + kept:
            return False
        place = stream.origin(8 + kept)
        payload = stream.take(9 + kept)[9:]
        stream.drop(length - kept)
        side.missing = length - kept
        number = int.from_bytes(header[5:9]) & 0x7FFFFFFF
        try:
            self._frame(side, header[3], header[4], number, payload, place, found, outbound=outbound)
        except UnreadableError:
            detail = f"http2: frame of type {header[3]}"
            found.append(Oddity(self._flow, *place, outbound, "malformed_message", detail))
            side.done = True
            stream.clear()
        return not side.done

    def _begin(self, side: _Side) -> bool:
        """Reads over what comes before the first frame: the preface, or the answer that announced HTTP/2."""
        stream = side.stream
        start = stream.peek(len(PREFACE))
        if len(start) < 9 and (PREFACE.startswith(start) or SWITCHING.startswith(start)):
            return False
        if start == PREFACE:
            stream.skip(len(PREFACE))
        elif PREFACE.startswith(start):
            return False
        elif start.startswith(SWITCHING[: len(start)]):
            length = head_len(stream, 0)
            if length is None:
                side.done = len(stream) >= HEAD_LEN
                return False
            stream.skip(length)
        side.begun = True
        return True

    def _frame(
        self,
        side: _Side,
        kind: int,
        flags: int,
        number: int,
        payload: bytes,
        place: Place,
        found: Found,
        *,
        outbound: bool,
    ) -> None:
        if side.block is not None and (kind != CONTINUATION or number != side.block.stream):
            raise UnreadableError
        if kind == DATA:
            self._exchanges.data(number, _unpadded(flags, payload), place, found, outbound=outbound)
            if side.missing:
                self._exchanges.miss(number, side.missing, found, outbound=outbound)
            if flags & END_STREAM:
                self._exchanges.end(number, found, outbound=outbound)
        elif kind in (HEADERS, PUSH_PROMISE):
            promised = kind == PUSH_PROMISE
            fragment = _fragment(kind, flags, payload)
            told = int.from_bytes(fragment[:4]) & 0x7FFFFFFF if promised else number
            side.block = _Block(number, told, 0 if promised else flags & END_STREAM, bytearray(fragment[4 * promised :]))
            self._block(side, flags, place, found, outbound=outbound)
        elif kind == CONTINUATION and side.block is not None:
            side.block.data += payload
            self._block(side, flags, place, found, outbound=outbound)
        elif kind == RST_STREAM:
            self._exchanges.reset(number, found)

    def _block(
        self, side: _Side, flags: int, place: Place, found: Found, *, outbound: bool
    ) -> None:
        """Takes the fields of a header block that may have ended; one without an end is not gathered for ever."""
        block = side.block
        if block is None or len(block.data) > HEAD_LEN or side.missing:
            raise UnreadableError
        if flags & END_HEADERS:
            side.block = None
            fields = side.decoder.decode(bytes(block.data))
            self._exchanges.fields(block.number, fields, place, found, outbound=outbound)
            if block.flags & END_STREAM:
                self._exchanges.end(block.number, found, outbound=outbound)


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise UnreadableError
    return payload[1 : len(payload) - payload[0]]


def _fragment(kind: int, flags: int, payload: bytes) -> bytes:
    """Gives what stands in a HEADERS frame behind its priority, or in a PUSH_PROMISE with the stream promised."""
    data = _unpadded(flags, payload)
    return data[5:] if kind == HEADERS and flags & PRIORITY else data
