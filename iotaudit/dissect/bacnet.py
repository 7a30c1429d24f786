"""BACnet/IP: which devices announce themselves and ask for each other, names and texts of their objects.

Source: ANSI/ASHRAE 135 annex J (BVLL), clauses 6.2 (network layer), 20.1 (APDU), 20.2 (tags), 21 (services,
property identifiers), as the dissectors `bvlc`, `bacnet` and `bacapp` of Wireshark have them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "bacnet"
PORTS = frozenset({47808})
TRANSPORT = frozenset({UDP})
TYPE = 0x81
FIRST = frozenset({TYPE})
AWAY = FIRST
SURE: frozenset[int] = frozenset()

SECURE = 12
CARRYING = {4: 10, 9: 4, 10: 4, 11: 4}
"""Functions that carry a network message, and where that begins (a forwarded one names its sender first)."""
FUNCTIONS = frozenset(range(13))
VERSION = 1
TO_NETWORK, DESTINATION, SOURCE = 0x80, 0x20, 0x08
RESERVED = 0x50
CONFIRMED, UNCONFIRMED, COMPLEX = 0, 1, 3
I_AM, I_HAVE, WHO_HAS, WHO_IS = 0, 1, 7, 8
SERVICES = {
    I_AM: "I-Am",
    I_HAVE: "I-Have",
    2: "COV",
    3: "event",
    4: "private",
    5: "text",
    6: "time",
    WHO_HAS: "Who-Has",
    WHO_IS: "Who-Is",
    9: "UTC time",
    10: "write group",
}
PROPERTIES = {
    12: "application-software-version",
    28: "description",
    44: "firmware-revision",
    58: "location",
    70: "model-name",
    77: "object-name",
    121: "vendor-name",
    168: "profile-name",
    372: "serial-number",
}
UNSIGNED, TEXT, OBJECT = 2, 7, 12
DEVICE = 8
OPENING, CLOSING = 6, 7
TAGS = 512
TEXT_LEN = 1024
CHARSETS = {0: "utf-8", 4: "utf-16-be", 5: "latin-1"}
SEGMENTED = 0x08


def recognise(head: Head) -> Likeness:
    """Fits type, function and exact length, and the version of the network message inside."""
    data = head.data
    if len(data) < 4 or data[0] != TYPE or data[1] not in FUNCTIONS or int.from_bytes(data[2:4]) != len(data):
        return Likeness.NO
    at = CARRYING.get(data[1])
    if at is None:
        return Likeness.WEAK
    return (
        Likeness.LIKELY
        if data[at : at + 1] == bytes((VERSION,)) and not (data[at + 1 :] or b"\xff")[0] & RESERVED
        else Likeness.NO
    )


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    del context
    return frames.PacketSession(ID, _Reader())


class _Tag(NamedTuple):
    """One tag: its number, whether the context gives its meaning, OPENING, CLOSING or 0, and its contents."""

    number: int
    context: bool
    kind: int
    data: bytes


class _Reader:
    def __init__(self) -> None:
        self._said = Said()
        self._services: dict[str, None] = {}
        self._secure = 0
        self._clear = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """BACnet/IP has no streams."""
        del head, outbound
        return frames.NONE

    def resumes(self, data: bytes) -> bool:
        """BACnet/IP has no streams."""
        del data
        return False

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: each message stands for itself."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext with the announcements that were seen; opaque where all was secured."""
        if self._secure and not self._clear:
            reason = "secured BACnet messages (signed or sealed cannot be told)"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        told = f": {', '.join(self._services)}" if self._services else ""
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, f"BACnet/IP in the clear{told}"))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one datagram."""
        data = message.data
        if len(data) < 4 or data[0] != TYPE:
            return "no header of BACnet/IP"
        at = CARRYING.get(data[1])
        if at is None:
            self._secure += data[1] == SECURE
            return None
        self._clear += 1
        apdu = _apdu(data[at : int.from_bytes(data[2:4])])
        if apdu is None:
            return "the network header is cut"
        return self._service(message, apdu, found) if apdu else None

    def _service(self, message: Segment, apdu: bytes, found: Seen) -> str | None:
        """Finds the tags of a service, and gives what they tell."""
        kind, flags = apdu[0] >> 4, apdu[0] & 15
        if kind == UNCONFIRMED:
            service, at = apdu[1:2], 2
            name = SERVICES.get(service[0]) if service else None
            if name:
                self._services[name] = None
            tags = tuple(_tags(apdu[at:]))
            if service and service[0] in (I_AM, I_HAVE, WHO_HAS):
                self._announcement(message, service[0], tags, found)
                return None
        elif kind in (CONFIRMED, COMPLEX):
            at = (4 if kind == CONFIRMED else 3) + (2 if flags & SEGMENTED else 0)
            tags = tuple(_tags(apdu[at:]))
        else:
            return None
        self._texts(message, tags, found)
        return None

    def _announcement(self, message: Segment, service: int, tags: tuple[_Tag, ...], found: Seen) -> None:
        """Gives device number and vendor of I-Am, the object's name of I-Have and Who-Has."""
        for tag in tags:
            if not tag.context and tag.number == OBJECT and len(tag.data) == 4:
                number = int.from_bytes(tag.data)
                if number >> 22 == DEVICE:
                    self._once(message, found, "bacnet.device", "device", b"device %d" % (number & 0x3FFFFF))
            elif (tag.context and service == WHO_HAS and tag.number == 3) or (
                not tag.context and tag.number == TEXT
            ):
                self._once(message, found, "bacnet.object_name", "object-name", _text(tag.data))
        if service == I_AM and len(tags) > 3 and tags[3].number == UNSIGNED:
            self._once(
                message, found, "bacnet.vendor", "vendor", b"vendor %d" % int.from_bytes(tags[3].data[:4])
            )

    def _texts(self, message: Segment, tags: tuple[_Tag, ...], found: Seen) -> None:
        """Gives character strings, by the property that was named last."""
        key = ""
        for tag in tags:
            if tag.context and not tag.kind and tag.number in (1, 2) and 1 <= len(tag.data) <= 4:
                number = int.from_bytes(tag.data)
                key = PROPERTIES.get(number, f"property {number}")
            elif not tag.context and tag.number == TEXT:
                where = "object_name" if key == "object-name" else "text"
                self._once(message, found, f"bacnet.{where}", key, _text(tag.data))

    def _once(self, message: Segment, found: Seen, where: str, key: str, data: bytes) -> None:
        if data and self._said.is_new(where, key, data):
            found.append(frames.content(message, where, data, key=key))


def _apdu(npdu: bytes) -> bytes | None:
    """Gives what the network layer carries: b"" where it speaks for itself, None where its header is cut."""
    if len(npdu) < 2 or npdu[0] != VERSION:
        return None
    control, at = npdu[1], 2
    for bit in (DESTINATION, SOURCE):
        if control & bit:
            if len(npdu) < at + 3:
                return None
            at += 3 + npdu[at + 2]
    at += 1 if control & DESTINATION else 0  # hop count
    if control & TO_NETWORK:
        return b""
    return npdu[at:] or None


def _tags(data: bytes) -> Iterator[_Tag]:
    """Gives the tags one behind the other, nested ones in their order; ends where one is cut."""
    at = 0
    for _ in range(TAGS):
        if at >= len(data):
            return
        first = data[at]
        number, context, length = first >> 4, bool(first & 8), first & 7
        at += 1
        if number == 15:
            if at >= len(data):
                return
            number = data[at]
            at += 1
        if context and length in (OPENING, CLOSING):
            yield _Tag(number, context, length, b"")
            continue
        if not context and number == 1:
            length = 0  # a truth value stands in the tag itself
        elif length == 5:
            size = data[at : at + 1]
            wide = {b"\xfe": 2, b"\xff": 4}.get(size, 0)
            length = int.from_bytes(data[at + 1 : at + 1 + wide]) if wide else int.from_bytes(size)
            at += 1 + wide
        if at + length > len(data):
            return
        yield _Tag(number, context, 0, data[at : at + length])
        at += length


def _text(data: bytes) -> bytes:
    """Gives a character string in UTF-8; its first byte names the character set."""
    charset = CHARSETS.get(data[0]) if data else None
    if charset is None:
        return b""
    return data[1 : 1 + TEXT_LEN].decode(charset, "replace").encode()
