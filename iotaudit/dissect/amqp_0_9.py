"""What the frames of AMQP 0-9-1 tell: properties and credentials of a connection, routing keys, messages.

Source: AMQP 0-9-1 specification section 4.2 (frames, tables) and its XML (classes and methods); field types
as RabbitMQ documents them ("AMQP 0-9-1 Errata", section 3).
"""

from dataclasses import dataclass, field

from iotaudit.dissect import frames
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.sasl import SignOn
from iotaudit.model.raw import Segment

METHOD, HEADER, BODY = 1, 2, 3
START, START_OK, OPEN = (10, 10), (10, 11), (10, 40)
QUEUE_DECLARE, QUEUE_BIND = (50, 10), (50, 20)
PUBLISH, RETURN, DELIVER, GET_OK = (60, 40), (60, 50), (60, 60), (60, 71)
FRAME_HEAD = 7
BODY_LEN, CHANNELS = 1 << 18, 64
"""Bytes of one message that are put together, and channels with an open one."""
PAIRS, DEPTH, VALUE_LEN = 128, 4, 4096
FIXED = {
    "t": 1,
    "b": 1,
    "B": 1,
    "s": 2,
    "u": 2,
    "U": 2,
    "I": 4,
    "i": 4,
    "l": 8,
    "L": 8,
    "f": 4,
    "d": 8,
    "D": 5,
    "T": 8,
    "V": 0,
}

Pairs = list[tuple[str, bytes]]


@dataclass(slots=True)
class _Delivery:
    """A message on its way: the key that it travels under, and what came of it so far."""

    key: str
    media_type: str = ""
    encoding: str = ""
    left: int = -1
    data: bytearray = field(default_factory=bytearray)
    last: Segment | None = None


class Classic:
    """Reads the frames of both directions."""

    def __init__(self) -> None:
        self._said = Said()
        self._open: dict[tuple[bool, int], _Delivery] = {}

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one frame."""
        data = message.data
        place = (message.outbound, int.from_bytes(data[1:3]))
        payload = data[FRAME_HEAD : len(data) if message.truncated_len else -1]
        try:
            if data[0] == METHOD:
                self._method(message, place, Cursor(payload), found)
            elif data[0] == HEADER:
                self._header(message, place, Cursor(payload), found)
            elif data[0] == BODY:
                self._body(message, place, payload, found)
        except ShortError:
            return f"a frame of type {data[0]} that is cut"
        return None

    def end(self, found: Seen) -> None:
        """Gives messages whose end never came."""
        for delivery in self._open.values():
            _give(delivery, found, truncated=True)
        self._open = {}

    def _method(self, message: Segment, place: tuple[bool, int], cursor: Cursor, found: Seen) -> None:
        kind = (cursor.number(2), cursor.number(2))
        if kind == START:
            cursor.take(2)
            self._pairs(message, "amqp.server_property", table(cursor), found)
        elif kind == START_OK:
            self._pairs(message, "amqp.client_property", table(cursor), found)
            mechanism, answer = cursor.vector(1), cursor.vector(4)
            self._sign_on(message, mechanism, answer, found)
        elif kind == OPEN:
            self._once(message, "amqp.vhost", "vhost", cursor.vector(1), found)
        elif kind == QUEUE_DECLARE:
            cursor.take(2)
            self._once(message, "amqp.queue", "queue", cursor.vector(1), found)
        elif kind == QUEUE_BIND:
            cursor.take(2)
            self._once(message, "amqp.queue", "queue", cursor.vector(1), found)
            self._once(message, "amqp.exchange", "exchange", cursor.vector(1), found)
            self._once(message, "amqp.routing_key", "routing_key", cursor.vector(1), found)
        elif kind in (PUBLISH, RETURN, DELIVER, GET_OK):
            if kind == RETURN:
                cursor.take(2)
                cursor.vector(1)
            elif kind == DELIVER:
                cursor.vector(1)
            cursor.take({PUBLISH: 2, RETURN: 0}.get(kind, 9))
            self._routed(message, place, cursor.vector(1), cursor.vector(1), found)

    def _routed(
        self, message: Segment, place: tuple[bool, int], exchange: bytes, key: bytes, found: Seen
    ) -> None:
        """Notes under which key the next message of a channel travels."""
        self._once(message, "amqp.exchange", "exchange", exchange, found)
        self._once(message, "amqp.routing_key", "routing_key", key, found)
        before = self._open.pop(place, None)
        if before:
            _give(before, found, truncated=True)
        if len(self._open) < CHANNELS:
            self._open[place] = _Delivery(key.decode("utf-8", "replace"))

    def _header(self, message: Segment, place: tuple[bool, int], cursor: Cursor, found: Seen) -> None:
        """Reads size and properties of a message."""
        cursor.take(4)
        size, flags = cursor.number(8), cursor.number(2)
        delivery = self._open.get(place)
        if delivery is None:
            if len(self._open) >= CHANNELS:
                return
            delivery = self._open[place] = _Delivery("")
        delivery.left = size
        if size == 0:
            del self._open[place]
        if flags & 0x8000:
            delivery.media_type = cursor.vector(1).decode("ascii", "replace").lower()
        if flags & 0x4000:
            delivery.encoding = cursor.vector(1).decode("ascii", "replace").lower()
        if flags & 0x2000:
            self._pairs(message, "amqp.header", table(cursor), found)
        cursor.take((flags >> 12 & 1) + (flags >> 11 & 1))
        for bit, name in ((10, "correlation_id"), (9, "reply_to"), (8, "expiration"), (7, "message_id")):
            if flags >> bit & 1:
                self._once(message, f"amqp.{name}", name, cursor.vector(1), found)
        cursor.take(8 * (flags >> 6 & 1))
        for bit, name in ((5, "type"), (4, "username"), (3, "app_id")):
            if flags >> bit & 1:
                self._once(message, f"amqp.{name}", name, cursor.vector(1), found)

    def _body(self, message: Segment, place: tuple[bool, int], payload: bytes, found: Seen) -> None:
        """Adds a part of a message, and gives it once it is whole."""
        delivery = self._open.get(place)
        if delivery is None:
            if len(self._open) >= CHANNELS:
                return
            delivery = self._open[place] = _Delivery("")
        delivery.data += payload[: BODY_LEN - len(delivery.data)]
        delivery.last = message
        delivery.left -= len(payload) + (message.truncated_len and max(message.truncated_len - 1, 0))
        if delivery.left <= 0:
            del self._open[place]
            whole = delivery.left == 0 and not message.truncated_len and len(delivery.data) < BODY_LEN
            _give(delivery, found, truncated=not whole)

    def _sign_on(self, message: Segment, mechanism: bytes, answer: bytes, found: Seen) -> None:
        """Gives the credentials; those of AMQPLAIN stand in a table."""
        self._once(message, "amqp.auth", "auth", mechanism, found)
        if mechanism == b"AMQPLAIN":
            names = {"LOGIN": "username", "PASSWORD": "password"}
            rows = [(names[key], value) for key, value in _pairs(Cursor(answer), DEPTH) if key in names]
        else:
            rows = list(SignOn(mechanism).plain_answer(answer))
        for what, value in rows:
            self._once(message, f"amqp.{what}", what, value, found)

    def _pairs(self, message: Segment, where: str, pairs: Pairs, found: Seen) -> None:
        for key, value in pairs:
            self._once(message, where, key, value, found)

    def _once(self, message: Segment, where: str, key: str, data: bytes, found: Seen) -> None:
        data = data[:VALUE_LEN]
        if data and self._said.is_new(where, key, data):
            found.append(frames.content(message, where, data, key=key))


def table(cursor: Cursor) -> Pairs:
    """Gives the texts of a table by their names, those of tables inside among them.

    Raises:
        ShortError: the table is cut.
    """
    return _pairs(Cursor(cursor.vector(4)), DEPTH)


def _pairs(cursor: Cursor, depth: int) -> Pairs:
    found: Pairs = []
    while len(cursor) and len(found) < PAIRS:
        key = cursor.vector(1).decode("utf-8", "replace")
        if not _value(cursor, key, found, depth):
            break
    return found


def _value(cursor: Cursor, key: str, found: Pairs, depth: int) -> bool:
    """Adds one value where it is a text; False where its type is not known or it nests too deep."""
    kind = chr(cursor.number(1))
    if kind in FIXED:
        cursor.take(FIXED[kind])
        return True
    if kind not in "SxAF" or not depth:
        return False
    value = cursor.vector(4)
    if kind == "F":
        found += _pairs(Cursor(value), depth - 1)
    elif kind == "A":
        inner = Cursor(value)
        while len(inner) and len(found) < PAIRS:
            if not _value(inner, key, found, depth - 1):
                break
    else:
        found.append((key, value))
    return True


def _give(delivery: _Delivery, found: Seen, *, truncated: bool) -> None:
    if delivery.data and delivery.last:
        found.append(
            frames.content(
                delivery.last,
                "amqp.body",
                bytes(delivery.data),
                key=delivery.key,
                media_type=delivery.media_type,
                encoding=delivery.encoding,
                truncated=truncated,
            )
        )
