"""CoAP over UDP and TCP: resources that are asked for, bodies put together from blocks; OSCORE stays closed.

Source: RFC 7252 sections 3 (messages), 5.10 (options), 12.3 (formats); RFC 8323 sections 3.2 and 5.3 (TCP);
RFC 7959 section 2 (blocks); RFC 8613 section 6 (OSCORE); RFC 7641 (Observe); the registry "CoRE Parameters"
of IANA.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from iotaudit.dissect import frames
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.events import NameSeen
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "coap"
PORTS = frozenset({5683})
TRANSPORT = frozenset({TCP, UDP})
TOKEN_LEN = 8
AWAY = frozenset(0x40 | kind << 4 | size for kind in (0, 1) for size in range(TOKEN_LEN + 1))
FIRST = frozenset(range(0x40, 0x80)) | frozenset(
    size << 4 | token for size in range(13) for token in range(9)
)
SURE: frozenset[int] = frozenset()

HOST, ETAG, OBSERVE, PATH, FORMAT, QUERY, OSCORE = 3, 4, 6, 11, 12, 15, 9
LOCATION, LOCATION_QUERY, BLOCK_2, BLOCK_1, PROXY_URI = 8, 20, 23, 27, 35
OPTIONS = {
    1: (0, 8),
    HOST: (1, 255),
    ETAG: (1, 8),
    5: (0, 0),
    OBSERVE: (0, 3),
    7: (0, 2),
    LOCATION: (0, 255),
    OSCORE: (0, 255),
    PATH: (0, 255),
    FORMAT: (0, 2),
    14: (0, 4),
    QUERY: (0, 255),
    16: (1, 1),
    17: (0, 2),
    19: (0, 3),
    LOCATION_QUERY: (0, 255),
    21: (0, 0),
    BLOCK_2: (0, 3),
    BLOCK_1: (0, 3),
    28: (0, 4),
    31: (0, 3),
    PROXY_URI: (1, 1034),
    39: (1, 255),
    60: (0, 4),
    252: (1, 40),
    258: (0, 1),
    292: (0, 8),
}
"""Options with their least and greatest lengths."""
TEXTS = frozenset({HOST, PATH, QUERY, LOCATION, LOCATION_QUERY, PROXY_URI})
FORMATS = {
    0: "text/plain",
    40: "application/link-format",
    41: "application/xml",
    42: "application/octet-stream",
    50: "application/json",
    60: "application/cbor",
    110: "application/senml+json",
    112: "application/senml+cbor",
    10000: "application/vnd.ocf+cbor",
    11542: "application/vnd.oma.lwm2m+tlv",
    11543: "application/vnd.oma.lwm2m+json",
}
REQUESTS, CLASSES, EMPTY, SIGNALS = range(1, 8), frozenset({0, 2, 4, 5}), 0, 7
CSM, CSM_OPTIONS = 0xE1, {2: (0, 4), 4: (0, 0)}
"""The message that opens each direction over TCP, and its options."""
EXTENDED = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}
"""Lengths of TCP messages that do not fit the first byte: bytes that hold them, and what is added."""
MARKER = 0xFF
OPTION_COUNT = 64
MESSAGE_LEN = 1 << 20
BODY_LEN, BODIES = 1 << 18, 16
"""Bytes of one body that are put together, and bodies that are open at once."""
TOKENS, URI_LEN = 256, 2048
PRINTABLE = re.compile(rb"[ -~\x80-\xff]*\Z")


class Message(NamedTuple):
    """One message: its code, token, options in their order, payload, and whether its end is there."""

    code: int
    token: bytes
    options: tuple[tuple[int, bytes], ...]
    payload: bytes
    whole: bool


def recognise(head: Head) -> Likeness:
    """Fits a request with a path and sound options (UDP), or the message that opens a connection (TCP)."""
    if head.protocol == TCP:
        return _recognise_stream(head.data)
    data = head.data
    if len(data) < 4 or data[0] >> 6 != 1 or data[1] >> 5 not in CLASSES:
        return Likeness.NO
    message = parse(data)
    if message is None or not message.whole or not _is_sound(message, OPTIONS):
        return Likeness.NO
    if message.code == EMPTY and len(data) > 4:
        return Likeness.NO
    asks = message.code in REQUESTS and data[0] in AWAY
    named = any(number == PATH and len(value) >= 2 for number, value in message.options)
    return Likeness.LIKELY if asks and named else Likeness.WEAK


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.open_session(context, ID, _Reader(stream=context.protocol == TCP))


def parse(data: bytes) -> Message | None:
    """Gives a message of UDP, None where its header is cut or false."""
    if len(data) < 4 or data[0] & 15 > TOKEN_LEN:
        return None
    return _parse(data[1], Cursor(data[4:]), data[0] & 15)


_Place = tuple[bool, bool, bytes]
"""Which body a block belongs to: direction, whether a request has it, resource (else token)."""


@dataclass(slots=True)
class _Body:
    """A body that comes in blocks: the message that brought the last one, and what stands before the next."""

    last: Segment
    key: str
    media_type: str
    data: bytearray = field(default_factory=bytearray)
    cut: bool = False


class _Reader:
    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._said = Said()
        self._uris: dict[tuple[bool, bytes], bytes] = {}
        self._bodies: dict[_Place, _Body] = {}
        self._closed = 0
        self._clear = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of a message of TCP."""
        del outbound
        size = _stream_size(head)
        if size is None:
            return frames.MORE
        return size if 0 < size <= MESSAGE_LEN else frames.NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here: over TCP only the first can be told."""
        return recognise(Head(data, TCP)) is Likeness.LIKELY

    def wants(self, *, outbound: bool) -> bool:
        """True always: each message may carry a body."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext; encrypted where OSCORE protects all that was carried."""
        if self._closed and not self._clear:
            reason = f"OSCORE protects {self._closed} messages"
            return Reading(
                Encryption(EncryptionState.ENCRYPTED, "oscore", None, None, reason), application=ID
            )
        beside = f" beside {self._closed} messages that OSCORE protects" if self._closed else ""
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, f"CoAP in the clear{beside}"))

    def read(self, segment: Segment, found: Seen) -> str | None:
        """Reads one message."""
        message = _of_stream(segment.data) if self._stream else parse(segment.data)
        if message is None or (not self._stream and segment.data[0] >> 6 != 1):
            return "no header of CoAP"
        if message.code >> 5 == SIGNALS or message.code == EMPTY:
            return None
        options = message.options
        asks = message.code >> 5 == 0
        key = (segment.outbound is asks, message.token)
        uri = _uri(options) if asks else self._uris.get(key, b"")
        if asks:
            self._names(segment, options, found)
            self._remember(key, uri)
            self._once(segment, found, "coap.uri", uri)
        self._location(segment, options, found)
        if any(number == OSCORE for number, _ in options):
            self._closed += 1
            return None
        self._clear += bool(message.payload or (asks and uri))
        if message.payload:
            self._payload(segment, message, uri, found, asks=asks)
        return None if message.whole or segment.truncated_len else "options that cannot be"

    def end(self, found: Seen) -> None:
        """Gives the bodies whose end never came."""
        for body in self._bodies.values():
            _give(body, found, cut=True)
        self._bodies = {}

    def _payload(self, segment: Segment, message: Message, uri: bytes, found: Seen, *, asks: bool) -> None:
        """Gives a payload, or adds it to its body."""
        values = dict(message.options)
        media_type = FORMATS.get(int.from_bytes(values[FORMAT]), "") if FORMAT in values else ""
        key = uri.partition(b"?")[0].decode("utf-8", "replace")
        cut = not message.whole or segment.truncated_len > 0
        part = _Body(segment, key, media_type, bytearray(message.payload), cut)
        block = values.get(BLOCK_1 if asks else BLOCK_2)
        if block is None:
            _give(part, found)
        else:
            self._block(part, (segment.outbound, asks, uri or message.token), int.from_bytes(block), found)

    def _block(self, part: _Body, place: _Place, option: int, found: Seen) -> None:
        """Adds a block to its body: a repeated one is left out, a missing one ends what was gathered."""
        start, more = (option >> 4) << min((option & 7) + 4, 10), bool(option & 8)
        body = self._bodies.pop(place, None)
        if body and 0 < start < len(body.data):
            self._bodies[place] = body
            return
        if body and start != len(body.data):
            _give(body, found, cut=True)
            body = None
        if body:
            body.data += part.data
            body.last, body.cut = part.last, body.cut or part.cut
        else:
            body = part
            body.cut = body.cut or start > 0
        if more and len(body.data) < BODY_LEN and len(self._bodies) < BODIES:
            self._bodies[place] = body
        else:
            _give(body, found, cut=more)

    def _names(self, segment: Segment, options: tuple[tuple[int, bytes], ...], found: Seen) -> None:
        """Gives the name by which a request calls the server."""
        for number, value in options:
            name = value.decode("ascii", "replace").lower().rstrip(".") if number == HOST else ""
            if frames.HOST_NAME.match(name) and self._said.is_new("host", name):
                place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
                found.append(NameSeen(*place, name, "http_host"))

    def _location(self, segment: Segment, options: tuple[tuple[int, bytes], ...], found: Seen) -> None:
        """Gives the place of a resource that was made, and the address that a proxy is asked for."""
        self._once(segment, found, "coap.location_uri", _joined(options, LOCATION, LOCATION_QUERY))
        self._once(segment, found, "coap.proxy_uri", dict(options).get(PROXY_URI, b""))

    def _once(self, segment: Segment, found: Seen, where: str, data: bytes) -> None:
        if data and self._said.is_new(where, data[:URI_LEN]):
            found.append(frames.content(segment, where, data[:URI_LEN]))

    def _remember(self, key: tuple[bool, bytes], uri: bytes) -> None:
        """Notes what a token asks for; the oldest is forgotten."""
        self._uris.pop(key, None)
        if len(self._uris) >= TOKENS:
            del self._uris[next(iter(self._uris))]
        self._uris[key] = uri


def _give(body: _Body, found: Seen, *, cut: bool = False) -> None:
    data, cut = bytes(body.data), cut or body.cut
    if data:
        found.append(
            frames.content(
                body.last, "coap.payload", data, key=body.key, media_type=body.media_type, truncated=cut
            )
        )


def _uri(options: tuple[tuple[int, bytes], ...]) -> bytes:
    return _joined(options, PATH, QUERY)


def _joined(options: tuple[tuple[int, bytes], ...], path: int, query: int) -> bytes:
    """Gives path and query as they are written in a URI."""
    parts = b"".join(b"/" + value for number, value in options if number == path)
    queries = b"&".join(value for number, value in options if number == query)
    return (parts or b"/") + b"?" + queries if queries else parts


def _parse(code: int, cursor: Cursor, token_len: int) -> Message | None:
    """Reads token, options and payload; `whole` is false where they end too early."""
    if len(cursor) < token_len:
        return None
    token = cursor.take(token_len)
    options: list[tuple[int, bytes]] = []
    number = 0
    try:
        while len(cursor) and len(options) < OPTION_COUNT:
            first = cursor.number(1)
            if first == MARKER:
                payload = cursor.rest()
                return Message(code, token, tuple(options), payload, bool(payload))
            number += _extended(cursor, first >> 4)
            options.append((number, cursor.take(_extended(cursor, first & 15))))
    except ShortError:
        return Message(code, token, tuple(options), b"", whole=False)
    return Message(code, token, tuple(options), b"", not len(cursor))


def _extended(cursor: Cursor, nibble: int) -> int:
    """Gives a number of an option's header, which may go on in further bytes."""
    match nibble:
        case 13:
            return 13 + cursor.number(1)
        case 14:
            return 269 + cursor.number(2)
        case 15:
            raise ShortError
        case _:
            return nibble


def _is_sound(message: Message, known: dict[int, tuple[int, int]]) -> bool:
    """Says whether all options are known, of a length that they may have, and texts where they are texts."""
    return all(
        number in known
        and known[number][0] <= len(value) <= known[number][1]
        and (number not in TEXTS or PRINTABLE.match(value))
        for number, value in message.options
    )


def _stream_size(head: bytes) -> int | None:
    """Gives the length of the message that begins so, -1 where none does, None where it takes more bytes."""
    if not head:
        return None
    length, token = head[0] >> 4, head[0] & 15
    wide, added = EXTENDED.get(length, (0, 0))
    if token > TOKEN_LEN:
        return -1
    if len(head) < 1 + wide:
        return None
    length = int.from_bytes(head[1 : 1 + wide]) + added if wide else length
    return 1 + wide + 1 + token + length


def _of_stream(data: bytes) -> Message | None:
    """Gives a message of TCP."""
    wide = EXTENDED.get(data[0] >> 4, (0, 0))[0] if data else 0
    if len(data) < 2 + wide or data[0] & 15 > TOKEN_LEN:
        return None
    return _parse(data[1 + wide], Cursor(data[2 + wide :]), data[0] & 15)


def _recognise_stream(data: bytes) -> Likeness:
    """Fits the message that has to come first, by its code and its options."""
    if (data and (data[0] >> 4 in EXTENDED or data[0] & 15 > TOKEN_LEN)) or (data[1:2] and data[1] != CSM):
        return Likeness.NO
    size = _stream_size(data)
    if size is None or len(data) < size:
        return Likeness.MORE
    message = _of_stream(data[:size])
    if message is None or not message.whole or message.payload or not _is_sound(message, CSM_OPTIONS):
        return Likeness.NO
    return Likeness.LIKELY if message.options else Likeness.WEAK
