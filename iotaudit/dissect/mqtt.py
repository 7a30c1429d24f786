"""MQTT in the clear: who signs on, with which name, and what is published under which topic.

A password is handed on as a content alone; the summary says only that one was sent.
Source: MQTT Version 3.1.1 (OASIS, 2014) sections 2 and 3, MQTT Version 5.0 (OASIS, 2019), MQTT V3.1 (IBM, 2010).
"""

from dataclasses import dataclass, field

from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, Mqtt
from iotaudit.model.raw import Content, Segment

ID = "mqtt"
PORTS = frozenset({1883, 1884})
TRANSPORT = frozenset({TCP})

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, AUTH = 1, 2, 3, 8, 10, 15
ACKNOWLEDGEMENTS = frozenset({4, 5, 6, 7})
LAST_3 = 14
VERSIONS = {3: "3.1", 4: "3.1.1", 5: "5.0"}
MAGIC = {b"\0\4MQTT": frozenset({4, 5}), b"\0\6MQIsdp": frozenset({3})}
FLAGS_2 = frozenset({6, SUBSCRIBE, UNSUBSCRIBE})
"""Packets whose flags are 0010; those of the others but PUBLISH are 0000."""
PACKET_LEN = 1 << 20
"""Bytes of one packet that are read; the rest is read over."""
TOPICS_KEPT = 200
TEXT_LEN = 1024
TOPIC_LEN = 4
"""Letters that the topic of a PUBLISH must have before it counts as such without a CONNECT."""
VARIABLE, PAIR, DATA, TEXT = -1, -2, -3, -4
PROPERTIES = {
    0x01: 1,
    0x02: 4,
    0x03: TEXT,
    0x08: TEXT,
    0x09: DATA,
    0x0B: VARIABLE,
    0x11: 4,
    0x12: TEXT,
    0x13: 2,
    0x15: TEXT,
    0x16: DATA,
    0x17: 1,
    0x18: 4,
    0x19: 1,
    0x1A: TEXT,
    0x1C: TEXT,
    0x1F: TEXT,
    0x21: 2,
    0x22: 2,
    0x23: 2,
    0x24: 1,
    0x25: 1,
    0x26: PAIR,
    0x27: 4,
    0x28: 1,
    0x29: 1,
    0x2A: 1,
}
"""Forms of the properties of version 5 (section 2.2.2.2): a number's length, or one of the forms above."""
AUTH_DATA, USER_PROPERTY, TOPIC_ALIAS, ASSIGNED_ID = 0x16, 0x26, 0x23, 0x12
CONTENT_TYPE, RESPONSE_TOPIC = 0x03, 0x08
FIRST = frozenset(
    (*(kind << 4 | (2 if kind in FLAGS_2 else 0) for kind in range(1, 16) if kind != PUBLISH), *range(0x30, 0x40))
) - {0x36, 0x37, 0x3E, 0x3F}
"""First bytes of packets: the kind with its flags; those of a PUBLISH are free but for a quality of 3."""
AWAY = FIRST
SURE = FIRST
TELLING = frozenset({CONNECT, CONNACK, PUBLISH, SUBSCRIBE, AUTH})
"""Packets that may tell something; of the others the header alone is read."""

Place = tuple[int, int]
Found = list[Event | Content]


def recognise(head: Head) -> Likeness:
    """Fits a CONNECT by its protocol name; other first packets only count on a port of MQTT, or with a topic."""
    data = head.data
    if not data or data[0] not in FIRST:
        return Likeness.NO if data else Likeness.MORE
    length = _remaining(data)
    if length is None:
        return Likeness.MORE if len(data) < 5 else Likeness.NO
    size, used = length
    if size < 0:
        return Likeness.NO
    kind = data[0] >> 4
    body = data[1 + used : 1 + used + size]
    if kind == CONNECT:
        return _recognise_connect(body, size)
    if kind == PUBLISH:
        return _recognise_publish(body, size, quality=data[0] >> 1 & 3)
    return Likeness.WEAK if size in _sizes(kind) else Likeness.NO


def open(context: Context) -> "MqttSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return MqttSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    aliases: dict[int, bytes] = field(default_factory=dict)
    lost: bool = False
    broken: bool = False


class MqttSession:
    """Reads the packets of both directions."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._level = 0
        self._client_id: str | None = None
        self._username: str | None = None
        self._password_sent = False
        self._topics: dict[bytes, str] = {}

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.broken:
            return ()
        if segment.gap_len:
            return self._gap(side, segment.gap_len, outbound=segment.outbound)
        if side.lost:
            if recognise(Head(segment.data, TCP)) < Likeness.LIKELY:
                return ()
            side.lost = False
        found: Found = []
        at = 0
        if not side.stream.owed and not len(side.stream):
            at = self._whole(side, segment, found)
            if at == len(segment.data):
                return tuple(found)
        side.stream.append(segment, at)
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives what is there of a message that was cut."""
        return tuple(
            item for outbound in (True, False) for item in self._cut(self._sides[outbound], outbound=outbound)
        )

    def wants(self, *, outbound: bool) -> bool:
        """True until the framing of this direction is broken: a connection may always carry one more message."""
        return not self._sides[outbound].broken

    def reading(self) -> Reading:
        """Gives plaintext with who signed on and the topics."""
        version = VERSIONS.get(self._level)
        reason = "MQTT in the clear" if self._level else "MQTT in the clear, sign-on not seen"
        return Reading(
            Encryption(EncryptionState.PLAINTEXT, ID, version, None, reason),
            mqtt=Mqtt(self._client_id, self._username, self._password_sent, tuple(self._topics.values()), version),
        )

    def rest(self) -> None:
        """MQTT ends with its connection."""

    def _whole(self, side: _Side, segment: Segment, found: Found) -> int:
        """Reads the packets that lie whole in a segment, and gives where the rest begins; most segments have none."""
        data, end, at = segment.data, len(segment.data), 0
        place = segment.packet, segment.time_ns
        while at < end and data[at] in FIRST:
            length = _remaining(data, at)
            if length is None or length[0] < 0:
                break
            body = at + 1 + length[1]
            behind = body + length[0]
            if behind > end or length[0] > PACKET_LEN:
                break
            if data[at] >> 4 in TELLING:
                self._read(side, data[at], data[body:behind], place, found, outbound=segment.outbound)
            at = behind
        return at

    def _next(self, side: _Side, found: Found, *, outbound: bool) -> bool:
        """Reads one packet; False where more bytes are needed."""
        stream = side.stream
        header = stream.peek(5)
        length = _remaining(header)
        if length is None and len(header) < 5:
            return False
        if length is None or length[0] < 0 or header[0] not in FIRST:
            found.append(self._malformed(stream.origin(0), "packet header", outbound=outbound))
            side.broken = True
            stream.clear()
            return False
        size, used = length
        kept = min(size, PACKET_LEN)
        if len(stream) < 1 + used + kept:
            return False
        place = stream.origin(used + kept)
        body = stream.take(1 + used + kept)[1 + used :]
        stream.drop(size - kept)
        self._read(side, header[0], body, place, found, outbound=outbound, truncated=size > kept)
        return True

    def _read(
        self,
        side: _Side,
        first: int,
        body: bytes,
        place: Place,
        found: Found,
        *,
        outbound: bool,
        truncated: bool = False,
    ) -> None:
        """Reads the body of a packet; what stood before a length that cannot be true is not kept."""
        kept = len(found)
        try:
            if first >> 4 == PUBLISH:
                self._publish(side, first, body, place, found, outbound=outbound, truncated=truncated)
            else:
                self._packet(first, body, place, found, outbound=outbound)
        except ShortError:
            del found[kept:]
            found.append(self._malformed(place, f"packet of type {first >> 4}", outbound=outbound))

    def _gap(self, side: _Side, length: int, *, outbound: bool) -> Output:
        """Bridges a gap that lies inside of one packet; else reading goes on where a packet is recognised."""
        if side.stream.bridge(length):
            return ()
        found = self._cut(side, outbound=outbound)
        size = _remaining(side.stream.peek(5))
        left = sum(size) + 1 - len(side.stream) - length if size and not side.stream.owed else -1
        side.stream.clear()
        side.stream.drop(max(left, 0))
        side.lost = left < 0
        return found

    def _cut(self, side: _Side, *, outbound: bool) -> Output:
        """Gives what is there of a PUBLISH whose end is missing."""
        stream = side.stream
        header = stream.peek(5)
        length = _remaining(header)
        if stream.owed or side.lost or length is None or header[0] >> 4 != PUBLISH:
            return ()
        place = stream.origin(len(stream) - 1)
        body = stream.peek(PACKET_LEN, 1 + length[1])
        found: Found = []
        try:
            self._publish(side, header[0], body, place, found, outbound=outbound, truncated=True)
        except ShortError:
            return ()
        return tuple(found)

    def _packet(self, first: int, body: bytes, place: Place, found: Found, *, outbound: bool) -> None:
        match first >> 4:
            case 1:
                self._connect(body, place, found, outbound=outbound)
            case 8:
                self._subscribe(body, place, found, outbound=outbound)
            case 2 if self._level == 5:
                self._acknowledged(body, place, found, outbound=outbound)
            case 15 if len(body) >= 2:
                cursor = Cursor(body)
                cursor.take(1)
                self._properties(cursor, place, found, outbound=outbound)
            case _:
                pass

    def _connect(self, body: bytes, place: Place, found: Found, *, outbound: bool) -> None:
        cursor = Cursor(body)
        cursor.vector(2)
        self._level = cursor.number(1) & 0x7F  # bit 7 marks a bridge
        flags = cursor.number(1)
        cursor.take(2)
        if self._level == 5:
            self._properties(cursor, place, found, outbound=outbound)
        client = cursor.vector(2)
        self._client_id = _text(client)
        self._content("client_id", client, place, found, outbound=outbound)
        if flags & 4:
            media_type = ""
            if self._level == 5:
                media_type = _media_type(self._properties(cursor, place, found, outbound=outbound))
            topic = cursor.vector(2)
            key = self._topic(topic, place, found, outbound=outbound)
            self._content("will", cursor.vector(2), place, found, outbound=outbound, key=key, media_type=media_type)
        if flags & 0x80:
            user = cursor.vector(2)
            self._username = _text(user)
            self._content("username", user, place, found, outbound=outbound)
        if flags & 0x40:
            self._password_sent = True
            self._content("password", cursor.vector(2), place, found, outbound=outbound, key="password")

    def _acknowledged(self, body: bytes, place: Place, found: Found, *, outbound: bool) -> None:
        """Reads a CONNACK of version 5: the server may have chosen the client id."""
        cursor = Cursor(body)
        cursor.take(2)
        properties = self._properties(cursor, place, found, outbound=outbound)
        chosen = properties.get(ASSIGNED_ID)
        if isinstance(chosen, bytes) and not self._client_id:
            self._client_id = _text(chosen)

    def _publish(
        self,
        side: _Side,
        first: int,
        body: bytes,
        place: Place,
        found: Found,
        *,
        outbound: bool,
        truncated: bool,
    ) -> None:
        at = 2 + int.from_bytes(body[:2])
        topic = body[2:at]
        at += 2 if first >> 1 & 3 else 0
        if len(body) < at:
            raise ShortError
        rest = body[at:]
        media_type = ""
        if self._level == 5:
            cursor = Cursor(rest)
            properties = self._properties(cursor, place, found, outbound=outbound)
            media_type = _media_type(properties)
            alias = properties.get(TOPIC_ALIAS)
            if isinstance(alias, int):
                topic = topic or side.aliases.get(alias, b"")
                if len(side.aliases) < TOPICS_KEPT:
                    side.aliases[alias] = topic
            rest = cursor.rest()
        key = self._topic(topic, place, found, outbound=outbound)
        self._content(
            "payload", rest, place, found, outbound=outbound, key=key, truncated=truncated, media_type=media_type
        )

    def _subscribe(self, body: bytes, place: Place, found: Found, *, outbound: bool) -> None:
        cursor = Cursor(body)
        cursor.take(2)
        if self._level == 5:
            self._properties(cursor, place, found, outbound=outbound)
        while len(cursor):
            self._topic(cursor.vector(2), place, found, outbound=outbound)
            cursor.take(1)

    def _properties(
        self, cursor: Cursor, place: Place, found: Found, *, outbound: bool
    ) -> dict[int, int | bytes]:
        """Reads the properties of version 5; user properties and authentication data are handed on."""
        inner = Cursor(cursor.take(_variable(cursor)))
        values: dict[int, int | bytes] = {}
        while len(inner):
            kind = inner.number(1)
            form = PROPERTIES.get(kind)
            if form is None:
                break
            if form == VARIABLE:
                values[kind] = _variable(inner)
            elif form == PAIR:
                key = _text(inner.vector(2))
                self._content("user_property", inner.vector(2), place, found, outbound=outbound, key=key)
            elif form in (DATA, TEXT):
                values[kind] = value = inner.vector(2)
                if kind == AUTH_DATA:
                    self._content("auth_data", value, place, found, outbound=outbound)
                elif kind == RESPONSE_TOPIC:
                    self._topic(value, place, found, outbound=outbound)
            else:
                values[kind] = inner.number(form)
        return values

    def _topic(self, topic: bytes, place: Place, found: Found, *, outbound: bool) -> str:
        """Notes a topic and gives its text; each is handed on once, since it may hold a serial number."""
        kept = topic[:TEXT_LEN]
        known = self._topics.get(kept)
        if known is not None:
            return known
        text = _text(kept)
        if kept and len(self._topics) < TOPICS_KEPT:
            self._topics[kept] = text
            self._content("topic", topic, place, found, outbound=outbound)
        return text

    def _content(
        self,
        what: str,
        data: bytes,
        place: Place,
        found: Found,
        *,
        outbound: bool,
        key: str = "",
        truncated: bool = False,
        media_type: str = "",
    ) -> None:
        if data:
            packet, time_ns = place
            where = "mqtt." + what
            found.append(
                Content(self._flow, packet, time_ns, outbound, where, "plaintext", data, "", media_type, key, truncated)
            )

    def _malformed(self, place: Place, what: str, *, outbound: bool) -> Oddity:
        return Oddity(self._flow, *place, outbound, "malformed_message", f"mqtt: {what}")


def _remaining(data: bytes, start: int = 0) -> tuple[int, int] | None:
    """Gives the remaining length and how many bytes it takes, (-1, 4) where it has no end, None: cut."""
    size = 0
    for at, byte in enumerate(data[start + 1 : start + 5]):
        if byte < 0x80:
            return size | byte << 7 * at, at + 1
        size |= (byte & 0x7F) << 7 * at
    return (-1, 4) if len(data) >= start + 5 else None


def _variable(cursor: Cursor) -> int:
    size = 0
    for at in range(4):
        byte = cursor.number(1)
        size |= (byte & 0x7F) << 7 * at
        if not byte & 0x80:
            return size
    raise ShortError


def _recognise_connect(body: bytes, size: int) -> Likeness:
    for magic, levels in MAGIC.items():
        if size < len(magic) + 6 or body[: len(magic)] != magic[: len(body)]:
            continue
        if len(body) <= len(magic):
            return Likeness.MORE
        return Likeness.CERTAIN if body[len(magic)] & 0x7F in levels else Likeness.NO
    return Likeness.NO


def _recognise_publish(body: bytes, size: int, *, quality: int) -> Likeness:
    """Fits a topic of printable characters that lies inside of the packet."""
    if len(body) < 2:
        return Likeness.MORE if size > 2 else Likeness.NO
    length = int.from_bytes(body[:2])
    if not TOPIC_LEN <= length <= min(size - 2 - (2 if quality else 0), TEXT_LEN):
        return Likeness.NO
    topic = body[2 : 2 + length]
    if any(byte < 0x20 or byte == 0x7F or byte in b"#+" for byte in topic):
        return Likeness.NO
    return Likeness.LIKELY if len(topic) == length else Likeness.MORE


def _sizes(kind: int) -> range:
    """Gives the remaining lengths that a packet without a name may have."""
    if kind in ACKNOWLEDGEMENTS or kind == 11:
        return range(2, 64)
    if kind in (12, 13):
        return range(1)
    if kind == CONNACK:
        return range(2, 1024)
    if kind in (SUBSCRIBE, UNSUBSCRIBE):
        return range(6, 4096)
    return range(3, 256) if kind == 9 else range(256)


def _media_type(properties: dict[int, int | bytes]) -> str:
    """Gives the type that a message of version 5 declares, "" where it declares none."""
    declared = properties.get(CONTENT_TYPE)
    return declared[:256].decode("utf-8", "replace") if isinstance(declared, bytes) else ""


def _text(raw: bytes) -> str:
    return raw[:TEXT_LEN].decode("utf-8", "replace")
