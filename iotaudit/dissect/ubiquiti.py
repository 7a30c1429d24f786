"""Discovery of Ubiquiti devices: addresses, names, model and firmware, told to everyone on the network.

Source: the script `ubiquiti-discovery` of Nmap (fields of versions 1 and 2); observed in `ndpi/ubntac2.pcap`.
"""

import ipaddress

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content, open_session
from iotaudit.dissect.reader import Budget, Datagrams
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "ubiquiti"
PORTS = frozenset({10001})
TRANSPORT = frozenset({UDP})
FIRST = frozenset({1, 2})
AWAY = FIRST
SURE: frozenset[int] = frozenset()

HEADER_LEN, FIELD_LEN = 4, 3
FIELDS = 128
"""Fields of one datagram that are read."""
MAC, MAC_AND_IP = 0x01, 0x02
TEXTS = {
    0x03: "firmware",
    0x06: "username",
    0x0B: "hostname",
    0x0C: "platform",
    0x0D: "essid",
    0x14: "model",
    0x15: "model",
    0x16: "version",
}
MAC_LEN, MAC_AND_IP_LEN = 6, 10


def recognise(head: Head) -> Likeness:
    """Fits a version, the length of the datagram and fields that fill it; a question alone is weak."""
    data = head.data
    if len(data) < HEADER_LEN or data[0] not in FIRST or int.from_bytes(data[2:4]) + HEADER_LEN != len(data):
        return Likeness.NO
    if len(data) == HEADER_LEN:
        return Likeness.WEAK
    fields, left = _fields(data)
    sound = not left and any(
        (kind, len(value)) in ((MAC, MAC_LEN), (MAC_AND_IP, MAC_AND_IP_LEN)) for kind, value in fields
    )
    return Likeness.LIKELY if sound else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader(Datagrams):
    """Reads the fields, each value once."""

    __slots__ = ("_budget", "_said", "_version")

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._version = 0

    def wants(self, *, outbound: bool) -> bool:
        """True for the first datagrams."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one datagram."""
        data = message.data
        if len(data) < HEADER_LEN or data[0] not in FIRST:
            return "not a message"
        self._budget.spend(outbound=message.outbound)
        self._version = data[0]
        fields, left = _fields(data)
        for kind, value in fields:
            for key, told in _told(kind, value):
                where = f"ubiquiti.{key}"
                if told and self._said.is_new(where, told):
                    found.append(content(message, where, told, key=key))
        return "fields do not fill the message" if left else None

    def reading(self) -> Reading:
        """Gives plaintext."""
        version = str(self._version) if self._version else None
        reason = "Ubiquiti discovery in the clear"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, version, None, reason))


def _fields(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Gives type and value of the fields, and how many bytes are left over."""
    found: list[tuple[int, bytes]] = []
    at = HEADER_LEN
    while at + FIELD_LEN <= len(data) and len(found) < FIELDS:
        end = at + FIELD_LEN + int.from_bytes(data[at + 1 : at + 3])
        if end > len(data):
            break
        found.append((data[at], data[at + FIELD_LEN : end]))
        at = end
    return found, len(data) - at


def _told(kind: int, value: bytes) -> tuple[tuple[str, bytes], ...]:
    """Gives names and texts of what a field tells."""
    if kind == MAC and len(value) == MAC_LEN:
        return (("mac", _mac(value)),)
    if kind == MAC_AND_IP and len(value) == MAC_AND_IP_LEN:
        address = str(ipaddress.IPv4Address(value[MAC_LEN:])).encode("ascii")
        return ("mac", _mac(value[:MAC_LEN])), ("ip", address)
    name = TEXTS.get(kind)
    return ((name, value.rstrip(b"\0")),) if name else ()


def _mac(value: bytes) -> bytes:
    return value.hex(":").encode("ascii")
