"""NetBIOS names: the names that hosts register, answer to, or send their datagrams under.

Only unique names of a workstation (suffix 00) or a file server (20) are host names, and only where the host that
sends them says that they are at its own address.
Source: RFC 1002 sections 4.1 (name encoding), 4.2 (name service, port 137), 4.4 (datagram service, port 138); RFC 1001
section 14 (encoding); suffixes as observed of Samba and Windows.
"""

import ipaddress
import re

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.wire_text import plain_text
from iotaudit.model.events import HostNamed
from iotaudit.model.raw import Segment

ID = "netbios"
PORTS = frozenset({137, 138})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(256))
AWAY = FIRST
SURE = FIRST

ENCODED = re.compile(rb"\x20[A-P]{32}[\0-\x3f]")
NAME_AT, NAME_END = 12, 46
NB, NBSTAT = 0x20, 0x21
DATAGRAM_NAME_AT = 14
DATAGRAMS = frozenset({0x10, 0x11, 0x12})
"""Direct unique, direct group and broadcast datagrams: they carry the sender's address and name."""
TYPES = range(0x10, 0x17)
RESERVED = 0x60
RESPONSE = 0x8000
ANNOUNCING = frozenset({5, 8, 9, 15})
"""Opcodes of registration, refresh (two numbers are in use) and multi-homed registration."""
OPCODES = ANNOUNCING | {0, 6, 7}
GROUP = 0x8000
HOST_SUFFIXES = {0x00: "workstation", 0x20: "file server"}
SCOPE_LEN = 255


def recognise(head: Head) -> Likeness:
    """Fits the encoded 16-byte name where both services have it; chance gives that nowhere."""
    data = head.data
    if data[:1] and data[0] in DATAGRAMS and ENCODED.match(data, DATAGRAM_NAME_AT):
        return Likeness.CERTAIN
    if ENCODED.match(data, NAME_AT) and _kind(data) in (NB, NBSTAT):
        return Likeness.CERTAIN
    return Likeness.WEAK if len(data) >= NAME_AT and (_is_service(data) or _is_datagram(data)) else Likeness.NO


def _is_service(data: bytes) -> bool:
    """Says whether the header is one of the name service: a known opcode, reserved bits 0, at most one of each record."""
    counts = [int.from_bytes(data[at : at + 2]) for at in range(4, NAME_AT, 2)]
    return data[2] >> 3 & 15 in OPCODES and not data[3] & RESERVED and max(counts) == 1


def _is_datagram(data: bytes) -> bool:
    """Says whether the header is one of the datagram service: a known type, reserved flags 0."""
    return data[0] in TYPES and not data[1] & 0xF0


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _Reader(context).read)


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()

    def read(self, segment: Segment, found: Seen) -> str | None:
        data = segment.data
        if data[0] in DATAGRAMS and ENCODED.match(data, DATAGRAM_NAME_AT):
            address = str(ipaddress.IPv4Address(data[4:8]))
            name, suffix = _name(data, DATAGRAM_NAME_AT)
            self._announce(segment, found, address, name, suffix)
            return None
        if len(data) < NAME_AT:
            return "no header of a NetBIOS message"
        flags = int.from_bytes(data[2:4])
        if not ENCODED.match(data, NAME_AT):
            return None if flags & RESPONSE else "no NetBIOS name"
        end = _name_end(data)
        if end is None or end + 4 > len(data):
            return "the name is cut"
        if flags & RESPONSE:
            return self._response(segment, found, end)
        if flags >> 11 & 15 in ANNOUNCING:
            return self._announcement(segment, found, end)
        return None

    def _announcement(self, segment: Segment, found: Seen, end: int) -> str | None:
        """Reads a registration: the question's name, and the record behind it with flags and address."""
        data = segment.data
        at = end + 4
        if data[at : at + 1] >= b"\xc0":
            at += 2
        elif ENCODED.match(data, at):
            at += NAME_END - NAME_AT
        else:
            return "no record behind a registered name"
        address = data[at + 12 : at + 16]
        if len(address) < 4:
            return "the record is cut"
        if not int.from_bytes(data[at + 10 : at + 12]) & GROUP:
            self._announce(segment, found, str(ipaddress.IPv4Address(address)), *_name(data, NAME_AT))
        return None

    def _response(self, segment: Segment, found: Seen, end: int) -> str | None:
        """Reads the record of a response: addresses of the name, or the names of the sender."""
        data = segment.data
        length = int.from_bytes(data[end + 8 : end + 10])
        value = data[end + 10 : end + 10 + length]
        if len(value) < length or len(data) < end + 10:
            return "the record is cut"
        if data[3] & 15 or not int.from_bytes(data[6:8]):
            return None  # a refusal
        if _kind(data) == NB:
            for at in range(0, len(value) - 5, 6):
                if not value[at] & 0x80:
                    address = str(ipaddress.IPv4Address(value[at + 2 : at + 6]))
                    self._announce(segment, found, address, *_name(data, NAME_AT))
            return None
        if _kind(data) != NBSTAT:
            return None
        count = value[0] if value else 0
        if 1 + 18 * count > len(value):
            return "the table of names is cut"
        sender = self._context.sender(outbound=segment.outbound).ip
        for at in range(1, 1 + 18 * count, 18):
            if not value[at + 16] & 0x80:
                self._announce(segment, found, sender, _trimmed(value[at : at + 15]), value[at + 15])
        return None

    def _announce(self, segment: Segment, found: Seen, address: str, name: str, suffix: int) -> None:
        sender = self._context.sender(outbound=segment.outbound).ip
        what = HOST_SUFFIXES.get(suffix)
        if what and name and address == sender and self._said.is_new(address, name, suffix):
            place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
            found.append(HostNamed(*place, address, name, "netbios", what))


def _name_end(data: bytes) -> int | None:
    """Gives where the first name (with its scope) ends."""
    at = NAME_END - 1
    while at < len(data) and at < NAME_AT + SCOPE_LEN:
        size = data[at]
        if size == 0:
            return at + 1
        if size >= 0x40:
            return None
        at += 1 + size
    return None


def _kind(data: bytes) -> int:
    end = _name_end(data)
    return int.from_bytes(data[end : end + 2]) if end is not None else 0


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Gives a name and its suffix from the encoding that spells each half byte as a letter from A to P."""
    letters = data[at + 1 : at + 33]
    raw = bytes((letters[i] - 65) << 4 | (letters[i + 1] - 65) for i in range(0, 32, 2))
    return _trimmed(raw[:15]), raw[15]


def _trimmed(raw: bytes) -> str:
    return plain_text(raw.rstrip(b" \0")).lower()
