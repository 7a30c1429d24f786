"""HTTP/3 inside of QUIC that was opened with keys: requests, answers and bodies of all streams of a connection.

Not a dissector of its own: `quic` hands it the bytes of the streams in order.
Source: RFC 9114 sections 4.1 (messages), 6.2 (unidirectional streams), 7 (frames), RFC 9204 sections 4.2 (its streams),
5 (settings).
"""

from dataclasses import dataclass, field

from iotaudit.dissect.cursor import ShortError
from iotaudit.dissect.hpack import UnreadableError
from iotaudit.dissect.http_exchanges import Exchanges, Found
from iotaudit.dissect.http_head import HEAD_LEN
from iotaudit.dissect.qpack import Decoder, WaitError
from iotaudit.dissect.quic_frames import variable
from iotaudit.dissect.session import Context
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Oddity
from iotaudit.model.flows import HttpExchange, Mqtt
from iotaudit.model.raw import Segment

ID = "http3"

DATA, HEADERS, SETTINGS, PUSH_PROMISE = 0x0, 0x1, 0x4, 0x5
TUNNEL = 0x41
"""Behind this the stream is WebTransport's, which is not read."""
CONTROL, PUSH, ENCODER = 0x0, 0x1, 0x2
TABLE_CAPACITY = 0x1
FRAME_HEAD_LEN = 16
"""Type and length take at most so many bytes."""
WAITING_LEN = 1 << 20
"""Bytes behind a block that waits for the dynamic table; a stream with more is not read further."""
WAITING = 100
"""Streams that may wait for the dynamic table."""


@dataclass(slots=True)
class _Line:
    """One direction of one stream: what is not read yet, and how much of a DATA frame is still to come."""

    number: int
    outbound: bool
    stream: Stream = field(default_factory=Stream)
    kind: int | None = None
    left: int = 0
    done: bool = False
    ended: bool = False
    cut: bool = False


class Http3:
    """Reads the streams of one connection."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._exchanges = Exchanges(context, "decrypted")
        self._decoders = {True: Decoder(), False: Decoder()}
        self._lines: dict[tuple[int, bool], _Line] = {}
        self._waiting: dict[tuple[int, bool], _Line] = {}

    def exchanges(self) -> tuple[HttpExchange, ...]:
        """Gives the requests so far."""
        return self._exchanges.all()

    def mqtt(self) -> Mqtt | None:
        """Gives what was said in MQTT inside of a WebSocket."""
        return self._exchanges.mqtt()

    def feed(self, segment: Segment, number: int) -> Found:
        """Takes the next bytes (or a gap) of one direction of a stream."""
        found: Found = []
        line = self._line(number, segment.outbound)
        if line.done:
            return found
        if segment.gap_len:
            self._gap(line, segment, found)
            return found
        line.stream.append(segment)
        self._read(line, found)
        if len(line.stream) > WAITING_LEN:
            self._stop(line, (segment.packet, segment.time_ns), found)
        return found

    def end(self, number: int, *, outbound: bool, cut: bool) -> Found:
        """Takes the end of one direction of a stream; `cut`: its sender gave it up."""
        found: Found = []
        line = self._line(number, outbound)
        line.ended = True
        line.cut = cut
        self._settle(line, found)
        return found

    def close(self) -> Found:
        """Gives what was still open."""
        found: Found = []
        for line in list(self._waiting.values()):
            self._stop(line, line.stream.origin(0), found)
        self._exchanges.close(found)
        return found

    def _line(self, number: int, outbound: bool) -> _Line:  # noqa: FBT001 - private
        line = self._lines.get((number, outbound))
        if line is None:
            line = self._lines[number, outbound] = _Line(number, outbound)
            if not number & 2:
                line.kind = -1  # a request's stream begins with its first frame
        return line

    def _settle(self, line: _Line, found: Found) -> None:
        """Ends a message once its stream has ended and was read; a critical stream has no end."""
        if not line.ended or (line.number, line.outbound) in self._waiting:
            return
        cut = line.cut or line.done or bool(line.left or len(line.stream))
        self._exchanges.end(line.number, found, outbound=line.outbound, cut=cut)
        del self._lines[line.number, line.outbound]

    def _gap(self, line: _Line, segment: Segment, found: Found) -> None:
        """Takes a gap: inside of a body or of a frame that is read over it is bridged."""
        if line.kind == ENCODER:
            self._decoders[line.outbound].lose()
            line.done = True
            self._resume(line.outbound, found)
        elif line.left >= segment.gap_len:
            line.left -= segment.gap_len
            self._exchanges.miss(line.number, segment.gap_len, found, outbound=line.outbound)
        elif line.left or not line.stream.bridge(segment.gap_len):
            self._stop(line, (segment.packet, segment.time_ns), found)

    def _stop(self, line: _Line, place: tuple[int, int], found: Found) -> None:
        """Gives up one direction of a stream."""
        line.done = True
        line.stream.clear()
        self._waiting.pop((line.number, line.outbound), None)
        self._exchanges.end(line.number, found, outbound=line.outbound, cut=True)
        detail = "http3: a stream could not be read further"
        found.append(Oddity(self._flow, *place, line.outbound, "decryption_stopped", detail))

    def _read(self, line: _Line, found: Found) -> None:
        if (line.number, line.outbound) in self._waiting:
            return
        try:
            while not line.done and self._next(line, found):
                pass
        except (UnreadableError, ShortError):
            self._stop(line, line.stream.origin(0), found)
        except WaitError:
            if len(self._waiting) >= WAITING:
                self._stop(line, line.stream.origin(0), found)
            else:
                self._waiting[line.number, line.outbound] = line

    def _next(self, line: _Line, found: Found) -> bool:
        """Reads the stream's kind, a part of a body or one frame; False where more bytes are needed."""
        stream = line.stream
        if line.kind is None:
            return self._begin(line)
        if line.kind == ENCODER:
            if self._decoders[line.outbound].instructions(stream.take(len(stream))):
                self._resume(line.outbound, found)
            return False
        if line.left:
            return self._data(line, found)
        head = stream.peek(FRAME_HEAD_LEN)
        try:
            kind, at = variable(head, 0)
            length, at = variable(head, at)
        except ShortError:
            return False
        if kind == DATA:
            stream.skip(at)
            line.left = length
        elif kind == TUNNEL:
            line.done = True
            stream.clear()
        elif kind in (HEADERS, PUSH_PROMISE, SETTINGS):
            return self._frame(line, kind, at, length, found)
        else:
            stream.drop(at + length)
        return len(stream) > 0

    def _begin(self, line: _Line) -> bool:
        """Reads what a unidirectional stream is for; those of unknown use are not read."""
        head = line.stream.peek(FRAME_HEAD_LEN)
        try:
            kind, at = variable(head, 0)
            at = variable(head, at)[1] if kind == PUSH else at
        except ShortError:
            return False
        line.stream.skip(at)
        line.kind = kind
        line.done = kind not in (CONTROL, PUSH, ENCODER)
        if line.done:
            line.stream.clear()
        return True

    def _data(self, line: _Line, found: Found) -> bool:
        """Takes what is there of a DATA frame."""
        stream = line.stream
        length = min(line.left, len(stream))
        if not length:
            return False
        place = stream.origin(length - 1)
        self._exchanges.data(line.number, stream.take(length), place, found, outbound=line.outbound)
        line.left -= length
        return len(stream) > 0

    def _frame(self, line: _Line, kind: int, at: int, length: int, found: Found) -> bool:
        """Reads a frame that is gathered whole."""
        stream = line.stream
        if length > HEAD_LEN:
            raise UnreadableError
        if len(stream) < at + length:
            return False
        place = stream.origin(at + length - 1)
        body = stream.peek(length, at)
        if kind == SETTINGS:
            self._settings(line, body)
        else:
            begin = variable(body, 0)[1] if kind == PUSH_PROMISE else 0
            fields = self._decoders[line.outbound].decode(body[begin:])
            self._exchanges.fields(line.number, fields, place, found, outbound=line.outbound)
        stream.skip(at + length)
        return len(stream) > 0

    def _settings(self, line: _Line, body: bytes) -> None:
        """Takes the size of the table that this side allows the other's encoder."""
        at = 0
        while at < len(body):
            name, at = variable(body, at)
            value, at = variable(body, at)
            if name == TABLE_CAPACITY:
                self._decoders[not line.outbound].capacity = value

    def _resume(self, outbound: bool, found: Found) -> None:  # noqa: FBT001 - private
        """Reads on where blocks waited for the table; those that still do wait on."""
        for key, line in [(key, line) for key, line in self._waiting.items() if line.outbound is outbound]:
            del self._waiting[key]
            self._read(line, found)
            if key not in self._waiting:
                self._settle(line, found)
