"""WebSocket messages in the clear, after the answer 101 that announces them; MQTT inside is read as MQTT.

Source: RFC 6455 sections 4 (handshake), 5 (framing); RFC 7692 (permessage-deflate).
"""

import zlib
from dataclasses import dataclass, field

from iotaudit.dissect import mqtt
from iotaudit.dissect.http_head import HEAD_LEN, head_len, read_head
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "websocket"
PORTS: frozenset[int] = frozenset()
TRANSPORT = frozenset({TCP})

MAGIC = b"HTTP/1.1 101"
CONTINUATION, TEXT, BINARY = 0, 1, 2
MESSAGE_LEN = 1 << 20
"""Bytes of one message that are handed on."""
INFLATED_LEN = 64 << 20
"""Bytes that are inflated in one flow; after that messages are given as they came."""
TAIL = b"\0\0\xff\xff"
"""What a sender leaves out at the end of a deflated message (RFC 7692 section 7.2.2)."""
FIRST = frozenset(MAGIC[:1])
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits an answer 101 with an Upgrade to websocket."""
    data = head.data
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        return Likeness.NO
    stream = Stream()
    stream.append(Segment(0, False, 0, 0, 0, data))
    length = head_len(stream, 0)
    if length is None:
        return Likeness.MORE
    answer = read_head(data[:length])
    fits = answer is not None and "websocket" in answer.listed("upgrade")
    return Likeness.CERTAIN if fits else Likeness.NO


def open(context: Context) -> "WebSocketSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return WebSocketSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    message: bytearray = field(default_factory=bytearray)
    kind: int = 0
    packed: bool = False
    cut: bool = False
    long: bool = False
    inflater: object = None
    broken: bool = False
    done: bool = False


class WebSocketSession:
    """Reads the frames of both directions and hands on whole messages."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._context = context
        self._answering: bool | None = None
        self._fresh = {True: False, False: False}
        self._mqtt: mqtt.MqttSession | None = None
        self._judged = False
        self._inflated = 0

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        if segment.gap_len:
            side.done = not side.stream.bridge(segment.gap_len)
            return ()
        side.stream.append(segment)
        found: list[Event | Content] = []
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives what MQTT inside still had; a message that is cut says nothing."""
        return self._mqtt.close() if self._mqtt else ()

    def wants(self, *, outbound: bool) -> bool:
        """True until the framing of this direction is lost."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext."""
        reason = "WebSocket in the clear"
        inside = self._mqtt.reading().mqtt if self._mqtt else None
        if inside:
            reason += ", MQTT inside"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason), mqtt=inside)

    def rest(self) -> None:
        """WebSocket ends with its connection."""

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        stream = side.stream
        if self._answering is None and stream.peek(len(MAGIC)) == MAGIC:
            return self._head(side, outbound=outbound)
        return self._frame(side, found, outbound=outbound)

    def _head(self, side: _Side, *, outbound: bool) -> bool:
        """Reads the answer 101: which extension and which protocol were agreed."""
        length = head_len(side.stream, 0)
        if length is None:
            side.done = len(side.stream) >= HEAD_LEN
            return False
        self._answering = outbound
        answer = read_head(side.stream.take(length))
        if answer is None:
            return True
        agreed = (answer.first("sec-websocket-extensions") or b"").lower()
        self._fresh = {
            outbound: b"server_no_context_takeover" in agreed,
            not outbound: b"client_no_context_takeover" in agreed,
        }
        if any(name.startswith("mqtt") for name in answer.listed("sec-websocket-protocol")):
            self._mqtt = mqtt.open(self._context)
        return True

    def _frame(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        stream = side.stream
        header = stream.peek(14)
        if len(header) < 2:
            return False
        size, at = header[1] & 0x7F, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(header[2:at])
        masked = at + 4 if header[1] & 0x80 else at
        if len(header) < masked:
            return False
        kind = header[0] & 0xF
        if header[0] & 0x30 or kind not in (0, 1, 2, 8, 9, 10) or (kind >= 8 and size > 125) or size >> 63:
            detail = "websocket: frame header"
            found.append(Oddity(self._flow, *stream.origin(0), outbound, "malformed_message", detail))
            side.done = True
            stream.clear()
            return False
        kept = min(size, MESSAGE_LEN)
        if len(stream) < masked + kept:
            return False
        place = stream.origin(masked + kept - 1)
        data = stream.take(masked + kept)[masked:]
        stream.drop(size - kept)
        side.long = size > kept
        if masked > at:
            data = _unmask(data, header[at:masked])
        if kind < 8:
            found += self._data(side, header[0], data, place, outbound=outbound)
        return True

    def _data(self, side: _Side, first: int, data: bytes, place: tuple[int, int], *, outbound: bool) -> Output:
        """Takes the data of a frame and gives the message that it completes."""
        if first & 0xF != CONTINUATION:
            side.message.clear()
            side.kind, side.packed, side.cut = first & 0xF, bool(first & 0x40), False
        room = MESSAGE_LEN - len(side.message)
        side.message += data[:room]
        side.cut = side.cut or len(data) > room or side.long
        if not first & 0x80:
            return ()
        message, encoding = bytes(side.message), ""
        side.message.clear()
        if side.packed:
            message, encoding = self._inflate(side, message, outbound=outbound)
        if not message:
            return ()
        if side.kind == BINARY and not encoding and (inside := self._inside(message)):
            return inside.feed(Segment(self._flow, outbound, *place, 0, message))
        where = "websocket.text" if side.kind == TEXT else "websocket.binary"
        return (
            Content(
                self._flow, *place, outbound, where, "plaintext", message, encoding, truncated=side.cut
            ),
        )

    def _inside(self, message: bytes) -> mqtt.MqttSession | None:
        """Gives the session of MQTT inside, where that was agreed or the first binary message signs on to it."""
        if self._mqtt is None and not self._judged and mqtt.recognise(Head(message, TCP)) is Likeness.CERTAIN:
            self._mqtt = mqtt.open(self._context)
        self._judged = True
        return self._mqtt

    def _inflate(self, side: _Side, message: bytes, *, outbound: bool) -> tuple[bytes, str]:
        """Gives the inflated message, or as it came with its encoding where that fails."""
        if side.broken or side.cut or self._inflated > INFLATED_LEN:
            side.broken = not self._fresh[outbound]
            return message, "deflate"
        inflater = side.inflater if not self._fresh[outbound] else None
        inflater = inflater or zlib.decompressobj(-15)
        side.inflater = inflater
        try:
            plain = inflater.decompress(message + TAIL, MESSAGE_LEN)  # type: ignore[attr-defined]
        except zlib.error:
            side.broken = not self._fresh[outbound]
            return message, "deflate"
        self._inflated += len(plain)
        if inflater.unconsumed_tail:  # type: ignore[attr-defined]
            side.cut = True
            side.broken = not self._fresh[outbound]
        return plain, ""


def _unmask(data: bytes, key: bytes) -> bytes:
    mask = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(mask)).to_bytes(len(data))
