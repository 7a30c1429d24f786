"""HTTP/2 in the clear (prior knowledge or after an upgrade): requests, answers, bodies.

Source: RFC 9113 sections 3.4 (preface), 4.1 (frames), 6 (frame types), 8.3 (pseudo-header fields); RFC 7541; RFC 8484
section 6 (DNS messages as bodies).
"""

from dataclasses import dataclass, field, replace

from iotaudit.dissect import dns
from iotaudit.dissect.hpack import Decoder, UnreadableError
from iotaudit.dissect.http import EXCHANGES_KEPT
from iotaudit.dissect.http_body import BODY_LEN
from iotaudit.dissect.http_head import HEAD_LEN, head_len
from iotaudit.dissect.http_told import ANSWER_FIELDS, SAFE_FIELDS, TEXT_LEN, host_of
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, HttpExchange
from iotaudit.model.raw import Content, Segment

ID = "http2"
PORTS = frozenset({80, 8080, 50051})
TRANSPORT = frozenset({TCP})

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SWITCHING = b"HTTP/1.1 101"
DATA, HEADERS, RST_STREAM, PUSH_PROMISE, CONTINUATION = 0, 1, 3, 5, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
DNS_MEDIA_TYPE = "application/dns-message"
FRAME_LEN = 1 << 20
"""Bytes of one frame that are read."""
OPEN_BODIES = 64
HELD_LEN = 4 << 20
"""Bytes of all open bodies together; beyond, a body is given in part."""
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
class _Body:
    data: bytearray = field(default_factory=bytearray)
    place: tuple[int, int] = (0, 0)
    media_type: str = ""
    encoding: str = ""
    cut: bool = False


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    decoder: Decoder = field(default_factory=Decoder)
    bodies: dict[int, _Body] = field(default_factory=dict)
    block: bytearray = field(default_factory=bytearray)
    long: bool = False
    begun: bool = False
    done: bool = False


class Http2Session:
    """Reads the frames of both directions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._exchanges: list[HttpExchange] = []
        self._asked: dict[int, int] = {}
        self._held = 0

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        if segment.gap_len:
            side.done = not side.stream.bridge(segment.gap_len)  # the tables of both ends no longer agree
            return ()
        side.stream.append(segment)
        found: list[Event | Content] = []
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives the bodies that were cut."""
        found: list[Event | Content] = []
        for outbound, side in self._sides.items():
            for number in sorted(side.bodies):
                side.bodies[number].cut = True
                self._give(side, number, found, outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the framing of this direction is lost."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext with the exchanges."""
        encryption = Encryption(EncryptionState.PLAINTEXT, ID, None, None, "HTTP/2 in the clear")
        return Reading(encryption, http=tuple(self._exchanges))

    def rest(self) -> None:
        """HTTP/2 ends with its connection."""

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
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
        side.long = length > kept
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
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        if kind == DATA:
            self._data(side, flags, number, payload, place)
        elif kind in (HEADERS, PUSH_PROMISE):
            side.block.clear()
            side.block += _fragment(kind, flags, payload)
        elif kind == CONTINUATION:
            side.block += payload
        elif kind == RST_STREAM and number in side.bodies:
            side.bodies[number].cut = True
            self._give(side, number, found, outbound=outbound)
        if kind in (HEADERS, PUSH_PROMISE, CONTINUATION):
            if len(side.block) > HEAD_LEN or side.long:
                raise UnreadableError
            if flags & END_HEADERS:
                fields = side.decoder.decode(bytes(side.block))
                side.block.clear()
                self._fields(side, number, fields, place, found, outbound=outbound)
        full = number in side.bodies and self._held > HELD_LEN
        if kind in (DATA, HEADERS) and (flags & END_STREAM or full):
            if full and number in side.bodies:
                side.bodies[number].cut = True
            self._give(side, number, found, outbound=outbound)

    def _data(self, side: _Side, flags: int, number: int, payload: bytes, place: tuple[int, int]) -> None:
        data = _unpadded(flags, payload)
        if number not in side.bodies and len(side.bodies) >= OPEN_BODIES:
            return
        body = side.bodies.setdefault(number, _Body())
        room = BODY_LEN - len(body.data)
        body.cut = body.cut or len(data) > room or side.long
        if data and room:
            body.data += data[:room]
            body.place = place
            self._held += min(len(data), room)

    def _give(self, side: _Side, number: int, found: list[Event | Content], *, outbound: bool) -> None:
        """Gives a body that has ended."""
        body = side.bodies.pop(number, None)
        if body is None:
            return
        self._held -= len(body.data)
        if body.media_type == DNS_MEDIA_TYPE and not (body.cut or body.encoding):
            found += dns.told(self._context, Segment(self._flow, outbound, *body.place, 0, bytes(body.data)))
        if body.data:
            found.append(
                Content(
                    self._flow,
                    *body.place,
                    outbound,
                    "http.body",
                    "plaintext",
                    bytes(body.data),
                    body.encoding,
                    body.media_type,
                    "",
                    body.cut,
                )
            )

    def _fields(
        self,
        side: _Side,
        number: int,
        fields: list[tuple[bytes, bytes]],
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Takes the fields of a request, an answer or a trailer."""
        pseudo = {name: value for name, value in fields if name.startswith(b":")}
        plain = [(name.decode("latin-1").lower()[:64], value) for name, value in fields if name[:1] != b":"]
        request = b":method" in pseudo
        if request:
            self._request(number, pseudo, dict(plain), place, found, outbound=outbound)
        elif number in self._asked and pseudo.get(b":status", b"")[:3].isdigit():
            index = self._asked[number]
            status = int(pseudo[b":status"][:3])
            self._exchanges[index] = replace(self._exchanges[index], status=status)
        found += [
            Content(self._flow, *place, outbound, f"http.header.{name}", "plaintext", value, key=name)
            for name, value in plain
            if value and (name not in SAFE_FIELDS if request else ANSWER_FIELDS.fullmatch(name))
        ]
        if pseudo and len(side.bodies) < OPEN_BODIES:
            named = dict(plain)
            side.bodies[number] = _Body(
                media_type=named.get("content-type", b"").decode("latin-1")[:256],
                encoding=named.get("content-encoding", b"").decode("latin-1").lower()[:64],
            )

    def _request(
        self,
        number: int,
        pseudo: dict[bytes, bytes],
        fields: dict[str, bytes],
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        host = host_of(pseudo.get(b":authority") or fields.get("host", b""))
        if host:
            found.append(NameSeen(self._flow, *place, outbound, host, "http_host"))
        path = pseudo.get(b":path", b"")
        if len(path) > 1:
            found.append(Content(self._flow, *place, outbound, "http.uri", "plaintext", path))
        if len(self._exchanges) < EXCHANGES_KEPT:
            self._asked[number] = len(self._exchanges)
            agent = fields.get("user-agent")
            self._exchanges.append(
                HttpExchange(
                    pseudo[b":method"].decode("latin-1")[:24],
                    host,
                    path[:TEXT_LEN].decode("utf-8", "replace"),
                    agent[:TEXT_LEN].decode("utf-8", "replace") if agent else None,
                    None,
                    place[0],
                )
            )


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise UnreadableError
    return payload[1 : len(payload) - payload[0]]


def _fragment(kind: int, flags: int, payload: bytes) -> bytes:
    """Gives the part of the header block in a HEADERS or PUSH_PROMISE frame."""
    data = _unpadded(flags, payload)
    if kind == PUSH_PROMISE:
        return data[4:]
    return data[5:] if flags & PRIORITY else data
