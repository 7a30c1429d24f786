"""The requests and answers of one connection that carries many at a time, each in a stream of its own.

HTTP/2 and HTTP/3 read their frames and hand fields and bodies to this. Bodies that are DNS messages are read as those,
calls of gRPC are cut into their messages, and WebSockets are read as by themselves.
Source: RFC 9113 section 8, RFC 9114 sections 4.1 to 4.3 (fields, pseudo-header fields, bodies); RFC 8441 section 5 and
RFC 9220 section 3 (WebSockets).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from iotaudit.dissect import doh, grpc, websocket
from iotaudit.dissect.http import EXCHANGES_KEPT
from iotaudit.dissect.http_body import BODY_LEN
from iotaudit.dissect.http_told import ANSWER_FIELDS, SAFE_FIELDS, TEXT_LEN, host_of
from iotaudit.dissect.session import TCP, Context
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import HttpExchange, Mqtt
from iotaudit.model.raw import Content, Segment

OPEN_BODIES = 64
"""Bodies of one direction that are gathered at a time."""
HELD_LEN = 4 << 20
"""Bytes of all open bodies together; beyond, a body is given in part."""
SOCKETS = 8
"""WebSockets of one connection that are read; of others the bytes are bodies."""
NAME_LEN = 64
MEDIA_TYPE_LEN = 256
CODING_LEN = 64
METHOD_LEN = 24
REFUSED = 300

Place = tuple[int, int]
"""Packet id and time."""
Found = list[Event | Content]
Fields = dict[str, bytes]


@dataclass(slots=True)
class _Body:
    """What is there of a body; of a call only the message that has begun, under the path of its method."""

    media_type: str = ""
    encoding: str = ""
    call: str = ""
    messages: grpc.Messages | None = None
    data: bytearray = field(default_factory=bytearray)
    place: Place = (0, 0)
    cut: bool = False

    def __len__(self) -> int:
        return len(self.data) + (len(self.messages) if self.messages else 0)


class Exchanges:
    """Pairs requests and answers by stream and gathers their bodies. `channel` is that of the contents."""

    def __init__(self, context: Context, channel: str) -> None:
        self._context = context
        self._flow = context.flow
        self._channel = channel
        self._exchanges: list[HttpExchange] = []
        self._asked: dict[int, int] = {}
        self._calls: dict[int, str] = {}
        self._bodies: dict[bool, dict[int, _Body]] = {True: {}, False: {}}
        self._sockets: dict[int, websocket.WebSocketSession] = {}
        self._held = 0

    def all(self) -> tuple[HttpExchange, ...]:
        """Gives the requests so far, with the status of their answers."""
        return tuple(self._exchanges)

    def mqtt(self) -> Mqtt | None:
        """Gives what was said in MQTT inside of a WebSocket, None where nothing was."""
        return next((inside for one in self._sockets.values() if (inside := one.reading().mqtt)), None)

    def fields(
        self, stream: int, fields: list[tuple[bytes, bytes]], place: Place, found: Found, *, outbound: bool
    ) -> None:
        """Takes the fields of a request, an answer or a trailer."""
        pseudo = {name: value for name, value in fields if name.startswith(b":")}
        plain = [
            (name.decode("latin-1").lower()[:NAME_LEN], value) for name, value in fields if name[:1] != b":"
        ]
        named = dict(plain)
        is_request = b":method" in pseudo
        status = pseudo.get(b":status", b"")[:3]
        if is_request:
            self._request(stream, pseudo, named, place, found, outbound=outbound)
            if pseudo.get(b":protocol") == websocket.ID.encode() and len(self._sockets) < SOCKETS:
                self._sockets[stream] = websocket.open(replace(self._context, protocol=TCP))
        elif status.isdigit():
            self._answer(stream, int(status))
        for name, value in plain:
            if value and (name not in SAFE_FIELDS if is_request else ANSWER_FIELDS.fullmatch(name)):
                where = f"http.header.{name}"
                found.append(Content(self._flow, *place, outbound, where, self._channel, value, key=name))
        if pseudo and stream not in self._sockets:
            self._open(stream, self._announced(stream, pseudo, named), found, outbound=outbound)

    def data(self, stream: int, data: bytes, place: Place, found: Found, *, outbound: bool) -> None:
        """Takes bytes of a body; where no fields announced it, its beginning is missing."""
        if stream in self._sockets:
            self._socket(stream, Segment(self._flow, outbound, *place, 0, data), found)
            return
        body = self._bodies[outbound].get(stream)
        if body is None:
            body = self._open(stream, _Body(cut=True), found, outbound=outbound)
        held = len(body)
        if body.messages is not None:
            body.place = place
            self._messages(body, body.messages.feed(data), found, outbound=outbound)
        else:
            room = BODY_LEN - held
            body.cut = body.cut or len(data) > room
            if data and room:
                body.data += data[:room]
                body.place = place
        self._held += len(body) - held
        if self._held > HELD_LEN:
            self.end(stream, found, outbound=outbound, cut=True)

    def miss(self, stream: int, length: int, found: Found, *, outbound: bool) -> None:
        """Takes note that so many bytes of a body are missing."""
        if stream in self._sockets:
            self._socket(stream, Segment(self._flow, outbound, 0, 0, 0, b"", length), found)
            return
        body = self._bodies[outbound].get(stream)
        if body is None:
            return
        held = len(body)
        if body.messages is not None:
            self._messages(body, body.messages.miss(length), found, outbound=outbound)
        body.cut = True
        self._held += len(body) - held

    def end(self, stream: int, found: Found, *, outbound: bool, cut: bool = False) -> None:
        """Gives a body that has ended; `cut`: bytes of it are missing."""
        body = self._bodies[outbound].pop(stream, None)
        if body is None:
            return
        self._held -= len(body)
        if body.messages is not None:
            self._messages(body, body.messages.close(), found, outbound=outbound)
        elif body.data:
            data, cut = bytes(body.data), cut or body.cut
            if doh.is_message(body.media_type) and not (cut or body.encoding):
                found += self._dns(data, body.place, outbound=outbound)
            found.append(
                self._content(body, "http.body", data, body.encoding, "", outbound=outbound, truncated=cut)
            )

    def reset(self, stream: int, found: Found) -> None:
        """Gives what is there of both bodies of a stream that was given up."""
        self._calls.pop(stream, None)
        for outbound in self._bodies:
            self.end(stream, found, outbound=outbound, cut=True)

    def close(self, found: Found) -> None:
        """Gives the bodies that were not ended."""
        for outbound, bodies in self._bodies.items():
            for stream in sorted(bodies):
                self.end(stream, found, outbound=outbound, cut=True)
        for socket in self._sockets.values():
            found += self._channelled(socket.close())

    def _open(self, stream: int, body: _Body, found: Found, *, outbound: bool) -> _Body:
        """Opens a body; where too many are open, the oldest is given as far as it goes."""
        self.end(stream, found, outbound=outbound, cut=True)
        bodies = self._bodies[outbound]
        if len(bodies) >= OPEN_BODIES:
            self.end(next(iter(bodies)), found, outbound=outbound, cut=True)
        bodies[stream] = body
        return body

    def _announced(self, stream: int, pseudo: dict[bytes, bytes], fields: Fields) -> _Body:
        """Gives the empty body that fields announce; the answers of a call belong to the method that was asked for."""
        media_type = fields.get("content-type", b"").decode("latin-1")[:MEDIA_TYPE_LEN]
        if not grpc.is_call(media_type):
            return _Body(media_type, _coding(fields, "content-encoding"))
        if b":method" in pseudo:
            call = pseudo.get(b":path", b"")[:TEXT_LEN].decode("utf-8", "replace")
            if len(self._calls) >= OPEN_BODIES:
                del self._calls[next(iter(self._calls))]
            self._calls[stream] = call
        else:
            call = self._calls.pop(stream, "")
        coding = _coding(fields, "grpc-encoding")
        return _Body(media_type, "" if coding in grpc.IDENTITY else coding, call, grpc.Messages())

    def _messages(
        self, body: _Body, messages: list[grpc.Message], found: Found, *, outbound: bool
    ) -> None:
        """Gives the messages of a call under the path of its method."""
        for message in messages:
            coding = body.encoding if message.is_compressed else ""
            found.append(
                self._content(
                    body,
                    "grpc.message",
                    message.data,
                    coding,
                    body.call,
                    outbound=outbound,
                    truncated=message.truncated,
                )
            )

    def _content(
        self, body: _Body, where: str, data: bytes, coding: str, key: str, *, outbound: bool, truncated: bool
    ) -> Content:
        place, media = body.place, body.media_type
        return Content(
            self._flow, *place, outbound, where, self._channel, data, coding, media, key, truncated
        )

    def _dns(self, message: bytes, place: Place, *, outbound: bool) -> Found:
        """Gives what a DNS message says."""
        return self._channelled(doh.told(self._context, place, message, outbound=outbound))

    def _socket(self, stream: int, segment: Segment, found: Found) -> None:
        """Hands bytes (or a gap) to the WebSocket of a stream."""
        found += self._channelled(self._sockets[stream].feed(segment))

    def _channelled(self, told: Iterable[Event | Content]) -> Found:
        return [replace(item, channel=self._channel) if isinstance(item, Content) else item for item in told]

    def _answer(self, stream: int, status: int) -> None:
        """Takes the status of an answer; a WebSocket that was refused is none."""
        if stream in self._asked:
            index = self._asked[stream]
            self._exchanges[index] = replace(self._exchanges[index], status=status)
        if status >= REFUSED:
            self._sockets.pop(stream, None)

    def _request(
        self,
        stream: int,
        pseudo: dict[bytes, bytes],
        fields: Fields,
        place: Place,
        found: Found,
        *,
        outbound: bool,
    ) -> None:
        host = host_of(pseudo.get(b":authority") or fields.get("host", b""))
        if host:
            found.append(NameSeen(self._flow, *place, outbound, host, "http_host"))
        path = pseudo.get(b":path", b"")
        if len(path) > 1:
            found.append(Content(self._flow, *place, outbound, "http.uri", self._channel, path))
        if message := doh.asked(path):
            found += self._dns(message, place, outbound=outbound)
        if len(self._exchanges) < EXCHANGES_KEPT:
            self._asked[stream] = len(self._exchanges)
            agent = fields.get("user-agent")
            self._exchanges.append(
                HttpExchange(
                    pseudo[b":method"].decode("latin-1")[:METHOD_LEN],
                    host,
                    path[:TEXT_LEN].decode("utf-8", "replace"),
                    agent[:TEXT_LEN].decode("utf-8", "replace") if agent else None,
                    None,
                    place[0],
                )
            )


def _coding(fields: Fields, name: str) -> str:
    return fields.get(name, b"").decode("latin-1").lower()[:CODING_LEN]
