"""RTMP in the clear: where a camera streams to (application, address, stream name), and which media it sends.

Source: Adobe, "RTMP Specification 1.0" (2012), sections 5.2 (handshake), 5.3 (chunks), 5.4 and 7
(messages); the digest of the handshake as nginx-rtmp-module and librtmp reckon it.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from iotaudit.dissect.amf import Value, values
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.shape import shape_of
from iotaudit.dissect.stream import Stream
from iotaudit.dissect.teller import Teller
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "rtmp"
PORTS = frozenset({1935})
TRANSPORT = frozenset({TCP})
VERSION = 3
FIRST = frozenset({VERSION})
AWAY = FIRST
SURE = FIRST

HANDSHAKE_LEN = 1536
FIRST_LEN = 1 + HANDSHAKE_LEN
MAJORS = frozenset((*range(1, 32), 0x80))
"""First bytes of the versions that clients and servers state where the specification has zeros."""
KEYS = (b"Genuine Adobe Flash Player 001", b"Genuine Adobe Flash Media Server 001")
DIGEST_LEN = 32
DIGEST_BASES = (8, 772)
DIGEST_ROOM = 728

CHUNK_LEN = 128
MOST_CHUNK_LEN = 0xFFFFFF
HEADER_LENS = (11, 7, 3, 0)
EXTENDED = 0xFFFFFF
CHUNK_STREAMS = 64
MESSAGE_LEN = 1 << 16
"""Bytes of one message that are kept; of media no more than MEDIA_LEN."""
MEDIA_LEN = 1 << 10
SET_CHUNK_LEN, ABORT, AUDIO, VIDEO = 1, 2, 8, 9
DATA_3, COMMAND_3, DATA, COMMAND = 15, 17, 18, 20
KINDS = frozenset((*range(1, 7), AUDIO, VIDEO, DATA_3, 16, COMMAND_3, DATA, 19, COMMAND, 22))
MEDIA = {AUDIO: "audio", VIDEO: "video"}
STREAM_COMMANDS = frozenset((b"publish", b"play", b"FCPublish", b"releaseStream", b"FCUnpublish"))
ANSWERS = frozenset((b"_result", b"_error", b"onStatus"))


def recognise(head: Head) -> Likeness:
    """Fits a handshake with a digest that agrees, or with zeros and random bytes; others need the port."""
    data = head.data[:FIRST_LEN]
    if data[:1] != b"\3":
        return Likeness.NO
    stated = data[5:9]
    if stated and stated[0] not in MAJORS and stated != b"\0\0\0\0"[: len(stated)]:
        return Likeness.NO
    if len(data) < FIRST_LEN:
        return Likeness.MORE
    if _has_digest(data[1:]):
        return Likeness.CERTAIN
    random = shape_of(data[9:]).kind == "even"
    return Likeness.LIKELY if random and not any(stated) else Likeness.WEAK


def _has_digest(message: bytes) -> bool:
    """Says whether the digest inside of a handshake message agrees with it, in either of its places."""
    for base in DIGEST_BASES:
        at = base + 4 + sum(message[base : base + 4]) % DIGEST_ROOM
        digest = message[at : at + DIGEST_LEN]
        rest = message[:at] + message[at + DIGEST_LEN :]
        if any(hmac.new(key, rest, hashlib.sha256).digest() == digest for key in KEYS):
            return True
    return False


def open(context: Context) -> "RtmpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return RtmpSession(context)


@dataclass(slots=True)
class _Message:
    """What is known of the messages of one chunk stream, and the one that is open."""

    length: int = 0
    kind: int = 0
    extended: bool = False
    left: int = 0
    kept: bytearray = field(default_factory=bytearray)


def _behind_handshake() -> Stream:
    stream = Stream()
    stream.drop(FIRST_LEN + HANDSHAKE_LEN)
    return stream


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=_behind_handshake)
    chunk_len: int = CHUNK_LEN
    messages: dict[int, _Message] = field(default_factory=dict)
    current: _Message | None = None
    chunk_left: int = 0
    done: bool = False


class RtmpSession:
    """Reads the messages of both directions."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._teller = Teller(context.flow, ID)
        self._sides = {True: _Side(), False: _Side()}
        self._media: dict[str, None] = {}

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        found: list[Event | Content] = []
        if segment.gap_len:
            self._gap(side, segment.gap_len)
            return ()
        side.stream.append(segment)
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: a message that is not whole tells nothing sure."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True until the chunks of a direction cannot be followed any more."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext, with the kinds of media that were sent."""
        media = ", ".join(sorted(self._media))
        reason = f"RTMP in the clear, carries {media}" if media else "RTMP in the clear"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def rest(self) -> None:
        """RTMP ends with its connection."""

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads a chunk's header or data; False where more bytes are needed."""
        stream = side.stream
        if side.done:
            return False
        if side.current is None:
            return self._header(side, found, outbound=outbound)
        length = min(side.chunk_left, len(stream))
        if not length:
            return False
        message = side.current
        bound = MEDIA_LEN if message.kind in MEDIA else MESSAGE_LEN
        kept = min(length, bound - len(message.kept))
        place = stream.origin(length - 1)
        message.kept += stream.take(kept)
        stream.skip(length - kept)
        side.chunk_left -= length
        message.left -= length
        if side.chunk_left == 0:
            side.current = None
        if message.left == 0:
            body = bytes(message.kept)
            message.kept.clear()
            self._message(side, message, body, place, found, outbound=outbound)
        return True

    def _header(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads the header of a chunk."""
        stream = side.stream
        head = stream.peek(3 + 11 + 4)
        if not head:
            return False
        number = head[0] & 0x3F
        at = 3 if number == 1 else 2 if number == 0 else 1
        form = head[0] >> 6
        size = HEADER_LENS[form]
        if len(head) < at + size:
            return False
        number = number if at == 1 else 64 + int.from_bytes(head[1:at], "little")
        message = side.messages.get(number)
        if message is None and (form or len(side.messages) >= CHUNK_STREAMS):
            return self._break(side, found, outbound=outbound)
        message = message or _Message()
        fields = head[at : at + size]
        extended = int.from_bytes(fields[:3]) == EXTENDED if size else message.extended
        end = at + size + (4 if extended else 0)
        if len(head) < end:
            return False
        if size >= 7:
            message.length, message.kind = int.from_bytes(fields[3:6]), fields[6]
        if message.kind not in KINDS:
            return self._break(side, found, outbound=outbound)
        if message.left == 0 or size:
            message.left = message.length
            message.kept.clear()
        message.extended = extended
        side.messages[number] = message
        stream.skip(end)
        side.chunk_left = min(side.chunk_len, message.left)
        side.current = message if side.chunk_left else None
        return True

    def _message(
        self,
        side: _Side,
        message: _Message,
        body: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Takes a whole message."""
        match message.kind:
            case 1 if len(body) >= 4:
                side.chunk_len = int.from_bytes(body[:4]) & 0x7FFFFFFF
                if not 0 < side.chunk_len <= MOST_CHUNK_LEN:
                    self._break(side, found, outbound=outbound)
            case 2 if len(body) >= 4:
                aborted = side.messages.get(int.from_bytes(body[:4]))
                if aborted:
                    aborted.left = 0
                    aborted.kept.clear()
            case 8 | 9:
                kind = MEDIA[message.kind]
                if kind not in self._media:
                    self._media[kind] = None
                    cut = message.length > len(body)
                    self._teller.give(kind, "", body, place, found, outbound=outbound, truncated=cut)
            case 15 | 17:
                self._values(
                    values(body[1:])[0], place, found, outbound=outbound
                )  # the first byte says: AMF 0 follows
            case 18 | 20:
                self._values(values(body)[0], place, found, outbound=outbound)
            case _:
                pass

    def _values(
        self,
        told: tuple[Value, ...],
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Hands on the named values of a command, and the name of the stream."""
        command = told[0].data if told and told[0].is_text else b""
        texts = [value.data for value in told[1:] if value.is_text and not value.name]
        if command in STREAM_COMMANDS and texts:
            self._teller.give("stream", "stream key", texts[0], place, found, outbound=outbound)
            texts = texts[1:]
        elif command in ANSWERS:
            return
        word = command.decode("latin-1") if command.isalnum() and len(command) <= 32 else "command"
        for value in told[1:]:
            if value.name:
                self._teller.give(word, value.name, value.data, place, found, outbound=outbound)
        for text in texts:
            self._teller.give(word, word, text, place, found, outbound=outbound)

    def _gap(self, side: _Side, length: int) -> None:
        """Bridges a gap in the handshake or inside of one chunk; else the direction is lost."""
        message = side.current
        if side.stream.owed > length:
            side.stream.bridge(length)
        elif message and not len(side.stream) and length < side.chunk_left:
            side.chunk_left -= length
            message.left -= length
            message.kept.clear()
        else:
            side.done = True
            side.stream.clear()

    def _break(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        place = side.stream.origin(0)
        found.append(Oddity(self._flow, *place, outbound, "malformed_message", f"{ID}: chunk"))
        side.done = True
        side.stream.clear()
        return False
