"""IPsec: IKE on UDP, what its first messages say in the clear, and ESP behind the mark of NAT traversal.

Source: RFC 2408 section 3 and RFC 2407 section 4.6.2 (IKEv1), RFC 7296 section 3 (IKEv2), RFC 3948 section 2
(UDP encapsulation), RFC 4303 section 2 (ESP).
"""

import ipaddress
import re

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content, open_session
from iotaudit.dissect.reader import Budget, Datagrams
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "ipsec"
PORTS = frozenset({500, 4500})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(256))
AWAY = FIRST
SURE: frozenset[int] = frozenset()

NOT_ESP = bytes(4)
"""Stands before IKE on the port of NAT traversal."""
KEEPALIVE = b"\xff"
HEADER_LEN, GENERIC_LEN, ESP_LEN = 28, 4, 24
EXCHANGES = {1: frozenset({1, 2, 4, 5, 6, 32, 33}), 2: frozenset({34, 35, 36, 37, 38, 43})}
ENCRYPTED_FLAG = 0x01
"""Flag of version 1; version 2 says so by its payload."""
SEALED = frozenset({46, 53})
IDENTIFICATION, VENDOR = {1: frozenset({5}), 2: frozenset({35, 36})}, {1: 13, 2: 43}
PAYLOADS = {1: frozenset(range(1, 22)), 2: frozenset(range(33, 55))}
PAYLOADS_READ = 32
IPV4, FQDN, USER, KEY = 1, 2, 3, 11
IDENTIFICATION_LEN = 4
PRINTABLE = re.compile(rb"[ -~]{4,}\Z")
VALUE_LEN = 256


def recognise(head: Head) -> Likeness:
    """Fits the header of IKE with the length of the datagram; ESP is weak."""
    data = head.data
    message = data.removeprefix(NOT_ESP)
    if _is_ike(message):
        return Likeness.LIKELY if int.from_bytes(message[24:HEADER_LEN]) == len(message) else Likeness.WEAK
    esp = (
        len(data) >= ESP_LEN and len(data) % 4 == 0 and not data.startswith(NOT_ESP) and data[4:6] == bytes(2)
    )
    return Likeness.WEAK if esp or data == KEEPALIVE else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader(Datagrams):
    """Reads the payloads that stand in the clear."""

    __slots__ = ("_budget", "_esp", "_ike", "_said")

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._ike = 0
        self._esp = 0

    def wants(self, *, outbound: bool) -> bool:
        """True for the first datagrams."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one datagram."""
        self._budget.spend(outbound=message.outbound)
        data = message.data
        if data == KEEPALIVE:
            return None
        ike = data.removeprefix(NOT_ESP)
        if not _is_ike(ike):
            self._esp += not data.startswith(NOT_ESP)
            return "neither IKE nor ESP" if data.startswith(NOT_ESP) else None
        self._ike = ike[17] >> 4
        return self._payloads(message, found, ike)

    def reading(self) -> Reading:
        """Gives encrypted once IKE was seen; ESP alone may also be without encryption."""
        if self._ike:
            reason = f"IKEv{self._ike} seen" + (f", {self._esp} datagrams of ESP" if self._esp else "")
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, f"IKEv{self._ike}", None, reason))
        reason = "datagrams as ESP has them, IKE was not seen"
        return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))

    def _payloads(self, message: Segment, found: Seen, ike: bytes) -> str | None:
        version, kind = ike[17] >> 4, ike[16]
        if version == 1 and ike[19] & ENCRYPTED_FLAG:
            return None
        at = HEADER_LEN
        for _ in range(PAYLOADS_READ):
            if not kind or (kind in SEALED and version == 2):
                return None
            following, length = ike[at : at + 1], int.from_bytes(ike[at + 2 : at + 4])
            if length < GENERIC_LEN or at + length > len(ike):
                return "lengths of payloads cannot be true"
            body = ike[at + GENERIC_LEN : at + length]
            if kind == VENDOR[version]:
                self._tell(message, found, "ipsec.vendor_id", "vendor id", _text(body))
            elif kind in IDENTIFICATION[version]:
                self._tell(message, found, "ipsec.identification", "id", _identification(body))
            kind, at = following[0], at + length
        return None

    def _tell(self, message: Segment, found: Seen, where: str, key: str, data: bytes) -> None:
        if data and self._said.is_new(where, data):
            found.append(content(message, where, data, key=key))


def _is_ike(data: bytes) -> bool:
    """Says whether a header of IKE begins: initiator, version, and an exchange and payload that it has."""
    if len(data) < HEADER_LEN or data[17] not in (0x10, 0x20) or not any(data[:8]):
        return False
    version = data[17] >> 4
    return data[18] in EXCHANGES[version] and (not data[16] or data[16] in PAYLOADS[version])


def _identification(body: bytes) -> bytes:
    """Gives a name, address or key id as text, "" for other kinds."""
    kind, value = body[:1], body[IDENTIFICATION_LEN : IDENTIFICATION_LEN + VALUE_LEN]
    if kind and kind[0] in (FQDN, USER, KEY):
        return _text(value)
    if kind and kind[0] == IPV4 and len(value) == 4:
        return str(ipaddress.IPv4Address(value)).encode("ascii")
    return b""


def _text(value: bytes) -> bytes:
    """Gives printable bytes as they are, others in hex."""
    value = value[:VALUE_LEN]
    return value if PRINTABLE.match(value) else value.hex().encode("ascii")
