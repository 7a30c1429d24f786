"""SNMP: community strings, users of version 3, which objects are asked for and the texts in them.

Source: RFC 1157 section 4 (version 1), RFC 3416 section 3 (PDUs), RFC 1901 (version 2c), RFC 3412 section 6
and RFC 3414 section 2.4 (version 3), RFC 3430 (TCP), RFC 3418 (the system group); the dissector `snmp` of
Wireshark.
"""

from iotaudit.codec import ber
from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "snmp"
PORTS = frozenset({161, 162})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset({ber.SEQUENCE})
AWAY = FIRST
SURE: frozenset[int] = frozenset()

VERSIONS = {0: "1", 1: "2c", 3: "3"}
PDUS = frozenset(range(0xA0, 0xA9))
TRAP_1, REPORT = 0xA4, 0xA8
PRIVACY = 0x02
SYSTEM = {
    "1.3.6.1.2.1.1.1.0": "sysDescr",
    "1.3.6.1.2.1.1.4.0": "sysContact",
    "1.3.6.1.2.1.1.5.0": "sysName",
    "1.3.6.1.2.1.1.6.0": "sysLocation",
}
VALUE_LEN = 4096
MESSAGE_LEN = 1 << 16
LEAST_LEN = 12
NEEDED_LEN = 5
"""Bytes inside of the sequence that are looked at: version, and tag and length of what follows."""


def recognise(head: Head) -> Likeness:
    """Fits a sequence with a version and what has to follow it (community, or the header of version 3)."""
    data = head.data
    size = ber.extent(data)
    if not data or (size == (0, 0) and head.protocol == TCP):
        return Likeness.MORE if not data or data[0] in FIRST else Likeness.NO
    if data[0] not in FIRST or not size or not LEAST_LEN <= size[1] <= MESSAGE_LEN:
        return Likeness.NO
    inner = data[size[0] : size[0] + NEEDED_LEN]
    if not _may_begin(inner):
        return Likeness.NO
    if len(inner) < NEEDED_LEN:
        return Likeness.MORE if head.protocol == TCP else Likeness.NO
    return Likeness.LIKELY


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.open_session(context, ID, _Reader())


class _Reader:
    def __init__(self) -> None:
        self._said = Said()
        self._version = -1
        self._readable = 0
        self._closed = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of a sequence."""
        del outbound
        return frames.ber_length(head, FIRST, MESSAGE_LEN)

    def resumes(self, data: bytes) -> bool:
        return recognise(Head(data, TCP)) is Likeness.LIKELY

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: each message may name other objects."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext; encrypted where version 3 closed all that was carried."""
        version = VERSIONS.get(self._version)
        if self._closed and not self._readable:
            reason = f"privacy flag of SNMPv3 in {self._closed} messages"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))
        reason = "SNMP in the clear"
        if self._closed:
            reason = f"SNMP in the clear beside {self._closed} encrypted messages"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, version, None, reason))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message of any version."""
        row = ber.first(message.data).items()
        version = ber.integer(ber.at(row, 0))
        if version not in VERSIONS:
            return "no version of SNMP"
        self._version = version
        if version == 3:
            return self._read_3(message, row, found)
        community, pdu = ber.at(row, 1), ber.at(row, 2)
        if community.tag != ber.OCTETS or pdu.tag not in PDUS:
            return "no community or PDU"
        self._once(message, found, "snmp.community", "community", community.data)
        self._readable += 1
        return self._pdu(message, pdu, found)

    def _read_3(self, message: Segment, row: tuple[ber.Item, ...], found: Seen) -> str | None:
        """Reads engine and user; the PDU only where it is not encrypted."""
        flags = ber.at(ber.at(row, 1).items(), 2)
        security = ber.first(ber.at(row, 2).data).items()
        body = ber.at(row, 3)
        if len(flags.data) != 1 or body is ber.ABSENT:
            return "the header of version 3"
        engine, user = ber.at(security, 0), ber.at(security, 3)
        if engine.tag == ber.OCTETS:
            self._once(message, found, "snmp.engine_id", "engine_id", engine.data.hex().encode())
        if user.tag == ber.OCTETS:
            self._once(message, found, "snmp.username", "username", user.data)
        if flags.data[0] & PRIVACY and body.tag == ber.OCTETS:
            self._closed += 1
            return None
        scoped = body.items()
        pdu = ber.at(scoped, 2)
        if body.tag != ber.SEQUENCE or pdu.tag not in PDUS:
            return "no scoped PDU"
        self._once(message, found, "snmp.context", "context", ber.at(scoped, 1).data)
        self._readable += pdu.tag != REPORT and bool(ber.at(pdu.items(), 3).data)
        return self._pdu(message, pdu, found)

    def _pdu(self, message: Segment, pdu: ber.Item, found: Seen) -> str | None:
        """Gives the objects of a PDU, and the texts among their values."""
        row = pdu.items()
        bindings = ber.at(row, 5 if pdu.tag == TRAP_1 else 3)
        if pdu.tag == TRAP_1:
            self._object(message, found, ber.oid(ber.at(row, 0).data))
        if bindings.tag != ber.SEQUENCE:
            return "no variable bindings"
        for binding in bindings.items():
            pair = binding.items()
            name, value = ber.at(pair, 0), ber.at(pair, 1)
            dotted = ber.oid(name.data) if name.tag == ber.OID and name.whole else ""
            if not dotted:
                return "a name that is no object identifier"
            self._object(message, found, dotted)
            if value.tag == ber.OCTETS and value.data:
                cut = not value.whole or len(value.data) > VALUE_LEN
                key = SYSTEM.get(dotted, dotted)
                data = value.data[:VALUE_LEN]
                found.append(frames.content(message, "snmp.value", data, key=key, truncated=cut))
        return None

    def _object(self, message: Segment, found: Seen, dotted: str) -> None:
        self._once(message, found, "snmp.oid", "oid", dotted.encode())

    def _once(self, message: Segment, found: Seen, where: str, key: str, data: bytes) -> None:
        if data and self._said.is_new(where, data[:VALUE_LEN]):
            found.append(frames.content(message, where, data[:VALUE_LEN], key=key))


def _may_begin(inner: bytes) -> bool:
    """Says whether a version stands first, and behind it what that version has there."""
    return (
        inner[:2] == b"\2\1"[: len(inner)]
        and (len(inner) < 3 or inner[2] in VERSIONS)
        and (len(inner) < 4 or inner[3] == (ber.SEQUENCE if inner[2] == 3 else ber.OCTETS))
        and (len(inner) < 5 or inner[4] < 0x82)
    )
