"""What the frames of AMQP 1.0 tell: names and credentials of a connection, addresses of links, messages.

Source: OASIS AMQP 1.0 part 1 (types), part 2 sections 2.3 and 2.7 (frames, performatives), part 3 sections
3.2 and 3.5 (message sections, terminuses), part 5 section 5.3 (SASL).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from iotaudit.dissect import frames
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.sasl import SignOn
from iotaudit.model.events import NameSeen
from iotaudit.model.raw import Segment

OPEN, ATTACH, TRANSFER = 0x10, 0x12, 0x14
SASL_INIT, SASL_ANSWER = 0x41, 0x43
SOURCE, TARGET = 0x28, 0x29
ANNOTATIONS, PROPERTIES, APPLICATION, DATA, SEQUENCE, VALUE = 0x72, 0x73, 0x74, 0x75, 0x76, 0x77
SECTIONS = 16
MESSAGE_LEN, LINKS = 1 << 18, 64
"""Bytes of one message that are put together, and links with an open one."""
DEPTH, ITEMS, VALUE_LEN, ADDRESSES = 6, 256, 4096, 256
FRAME_HEAD = 8
TEXT, BYTES, OTHER = "text", "bytes", "other"
LISTS = {0x45: (0, 0), 0xC0: (1, 1), 0xD0: (4, 4), 0xC1: (1, 1), 0xD1: (4, 4)}
ARRAYS = {0xE0: 1, 0xF0: 4}
VARIABLE = {
    0xA0: (1, BYTES),
    0xB0: (4, BYTES),
    0xA1: (1, TEXT),
    0xB1: (4, TEXT),
    0xA3: (1, TEXT),
    0xB3: (4, TEXT),
}
NUMBERS = frozenset({0x43, 0x44, 0x50, 0x52, 0x53, 0x60, 0x70, 0x80})
TRUE, SMALL_TRUE = 0x41, 0x56


class Value(NamedTuple):
    """A value: its kind (text, bytes, other), its bytes, what it is described by, and what it holds."""

    kind: str = OTHER
    data: bytes = b""
    number: int | None = None
    descriptor: int = -1
    items: tuple["Value", ...] = ()


NOTHING = Value()


@dataclass(slots=True)
class _Delivery:
    """A message that comes in several transfers."""

    last: Segment
    key: str
    data: bytearray = field(default_factory=bytearray)
    cut: bool = False


class Modern:
    """Reads the frames of both directions."""

    def __init__(self) -> None:
        self._said = Said()
        self._mechanism = b""
        self._addresses: dict[tuple[bool, int, int], bytes] = {}
        self._open: dict[tuple[bool, int, int], _Delivery] = {}

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one frame: a performative, and behind a transfer the message."""
        data = message.data
        start = 4 * data[4] if len(data) >= FRAME_HEAD else 0
        if start < FRAME_HEAD:
            return "a frame header"
        if len(data) <= start:
            return None  # an empty frame keeps the connection open
        cursor = Cursor(data[start:])
        try:
            said = value(cursor, [ITEMS])
        except ShortError:
            return "a performative that is cut"
        channel = int.from_bytes(data[6:8])
        row = said.items
        if said.descriptor == TRANSFER:
            return self._transfer(message, channel, row, cursor.rest(), found)
        if said.descriptor == OPEN:
            self._names(message, row, found)
        elif said.descriptor == ATTACH:
            self._attach(message, channel, row, found)
        elif said.descriptor == SASL_INIT:
            self._mechanism = _item(row, 0).data[:64]
            self._once(message, "amqp.auth", "auth", self._mechanism, found)
            self._sign_on(message, _item(row, 1).data, found)
            self._host(message, _item(row, 2).data, found)
        elif said.descriptor == SASL_ANSWER:
            self._sign_on(message, _item(row, 0).data, found)
        return None

    def end(self, found: Seen) -> None:
        """Gives messages whose end never came."""
        for delivery in self._open.values():
            delivery.cut = True
            self._sections(delivery, found)
        self._open = {}

    def _names(self, message: Segment, row: tuple[Value, ...], found: Seen) -> None:
        """Gives the container's id, the name of the host, and the properties of the connection."""
        self._once(message, "amqp.container_id", "container_id", _item(row, 0).data, found)
        self._host(message, _item(row, 1).data, found)
        self._map(message, "amqp.connection_property", _item(row, 9), found)

    def _host(self, message: Segment, host: bytes, found: Seen) -> None:
        """Gives the name by which a client calls the server."""
        name = host.decode("ascii", "replace").lower().rstrip(".")
        if frames.HOST_NAME.match(name) and message.outbound and self._said.is_new("host", name):
            found.append(
                NameSeen(message.flow, message.packet, message.time_ns, message.outbound, name, "http_host")
            )

    def _sign_on(self, message: Segment, answer: bytes, found: Seen) -> None:
        for what, data in SignOn(self._mechanism).plain_answer(answer) if answer else ():
            self._once(message, f"amqp.{what}", what, data, found)

    def _attach(self, message: Segment, channel: int, row: tuple[Value, ...], found: Seen) -> None:
        """Notes the addresses of a link: the one that sends along it names the target."""
        handle = _item(row, 1).number or 0
        self._once(message, "amqp.link", "link", _item(row, 0).data, found)
        for at, kind in ((5, SOURCE), (6, TARGET)):
            terminus = _item(row, at)
            address = _item(terminus.items, 0)
            if terminus.descriptor == kind and address.kind == TEXT and address.data:
                self._once(message, "amqp.address", "address", address.data, found)
                if len(self._addresses) < ADDRESSES:
                    self._addresses[message.outbound, channel, handle] = address.data

    def _transfer(
        self, message: Segment, channel: int, row: tuple[Value, ...], payload: bytes, found: Seen
    ) -> str | None:
        """Adds a transfer to its message, and gives that once it is whole."""
        place = (message.outbound, channel, _item(row, 0).number or 0)
        more = bool(_item(row, 5).number)
        delivery = self._open.pop(place, None)
        if delivery is None:
            key = self._addresses.get(place, b"")[:VALUE_LEN].decode("utf-8", "replace")
            delivery = _Delivery(message, key)
        delivery.last = message
        room = MESSAGE_LEN - len(delivery.data)
        delivery.data += payload[:room]
        delivery.cut = delivery.cut or len(payload) > room or message.truncated_len > 0
        if more and len(self._open) < LINKS:
            self._open[place] = delivery
            return None
        delivery.cut = delivery.cut or more
        return self._sections(delivery, found)

    def _sections(self, delivery: _Delivery, found: Seen) -> str | None:
        """Gives the sections of a message: its body, its properties."""
        message, cursor, media_type, encoding = delivery.last, Cursor(bytes(delivery.data)), "", ""
        left = [ITEMS]
        for _ in range(SECTIONS):
            if not len(cursor):
                return None
            try:
                section = value(cursor, left)
            except ShortError:
                if delivery.cut:
                    self._part(delivery, found)
                return None if delivery.cut else "a message section that is cut"
            if section.descriptor == PROPERTIES:
                row = section.items
                media_type = _item(row, 6).data.decode("ascii", "replace").lower()
                encoding = _item(row, 7).data.decode("ascii", "replace").lower()
                self._once(message, "amqp.message_id", "message_id", _item(row, 0).data, found)
                self._once(message, "amqp.username", "username", _item(row, 1).data, found)
                self._once(message, "amqp.to", "to", _item(row, 2).data, found)
            elif section.descriptor in (APPLICATION, ANNOTATIONS):
                self._map(message, "amqp.header", section, found)
            elif section.descriptor in (DATA, VALUE, SEQUENCE):
                for data in _leaves(section):
                    found.append(
                        frames.content(
                            message, "amqp.body", data, key=delivery.key, media_type=media_type,
                            encoding=encoding, truncated=delivery.cut,
                        )
                    )  # fmt: skip
        return None

    def _part(self, delivery: _Delivery, found: Seen) -> None:
        """Gives a cut message as it came: its body cannot be told from its head."""
        data = bytes(delivery.data)
        found.append(frames.content(delivery.last, "amqp.body", data, key=delivery.key, truncated=True))

    def _map(self, message: Segment, where: str, pairs: Value, found: Seen) -> None:
        """Gives the texts of a map by their names."""
        for key, item in zip(pairs.items[::2], pairs.items[1::2], strict=False):
            name = key.data[:256].decode("utf-8", "replace")
            for data in _leaves(item):
                self._once(message, where, name, data, found)

    def _once(self, message: Segment, where: str, key: str, data: bytes, found: Seen) -> None:
        data = data[:VALUE_LEN]
        if data and self._said.is_new(where, key, data):
            found.append(frames.content(message, where, data, key=key))


def value(cursor: Cursor, left: list[int], depth: int = DEPTH) -> Value:
    """Gives the next value; `left` counts down the values of the whole.

    Raises:
        ShortError: it is cut, of a type that there is not, or beyond the bounds.
    """
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise ShortError
    code = cursor.number(1)
    if code == 0:
        meaning = value(cursor, left, depth - 1)
        described = value(cursor, left, depth - 1)
        number = meaning.number if meaning.number is not None else -1
        return described._replace(descriptor=number)
    if code in VARIABLE:
        size, kind = VARIABLE[code]
        return Value(kind, cursor.vector(size))
    if code in LISTS:
        size, counted = LISTS[code]
        inner = Cursor(cursor.vector(size) if size else b"")
        count = inner.number(counted) if counted else 0
        row: list[Value] = []
        while len(inner) and len(row) < count:
            row.append(value(inner, left, depth - 1))
        return Value(items=tuple(row))
    if code in ARRAYS:
        cursor.vector(ARRAYS[code])
        return NOTHING
    width = {4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16}.get(code >> 4)
    if width is None:
        raise ShortError
    data = cursor.take(width)
    if code == TRUE:
        return Value(number=1)
    return Value(number=int.from_bytes(data) if code in NUMBERS or code == SMALL_TRUE else None)


def _item(row: tuple[Value, ...], at: int) -> Value:
    return row[at] if at < len(row) else NOTHING


def _leaves(item: Value) -> list[bytes]:
    """Gives the texts and bytes of a value and of what it holds; nesting was bounded as it was read."""
    if item.kind != OTHER:
        return [item.data] if item.data else []
    return [data for part in item.items for data in _leaves(part)]
