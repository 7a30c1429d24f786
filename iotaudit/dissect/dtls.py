"""DTLS over UDP: hellos (fragmented, with cookie), the server's certificate where it is in the clear, records.

With a key log that knows the session its records up to DTLS 1.2 are opened, each a datagram of what is inside.
Source: RFC 6347 section 4 (DTLS 1.2), RFC 4347 (1.0), RFC 9147 section 4 (1.3), RFC 9146 (connection ids).
"""

from dataclasses import dataclass, field

from iotaudit.codec.keylog import MASTER
from iotaudit.codec.tls_keys import DTLS10, DTLS12, Opener, openers_12, suite_of
from iotaudit.dissect.handshake import CLIENT_HELLO, MESSAGE_LEN, SERVER_HELLO_DONE, Handshake
from iotaudit.dissect.session import (
    UDP,
    Context,
    Given,
    Head,
    Item,
    Likeness,
    Opened,
    Output,
    Reading,
)
from iotaudit.dissect.tls_ciphers import suite_name
from iotaudit.dissect.tls_hello import version_name
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "dtls"
PORTS = frozenset({443, 853, 2221, 4433, 5061, 5349, 5684, 10161, 20220})
TRANSPORT = frozenset({UDP})

CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION, ACK, WITH_ID = 20, 21, 22, 23, 26, 25
VERSIONS = frozenset({0xFEFF, 0xFEFD, 0xFEFC})
HEADER_LEN = 13
RECORD_LEN = 16384 + 2048
RECORDS = 32
"""Records of one datagram that are read."""
PARTS = 64
"""Fragments that wait for the rest of their message in one direction."""
DATAGRAMS = 200
"""Datagrams of one direction that are looked at for a handshake."""
FIRST = frozenset({CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION, ACK})
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits records with a version of DTLS that fill the datagram."""
    data = head.data
    at = 0
    for _ in range(RECORDS):
        length = _record_len(data, at)
        if length is None:
            return Likeness.NO
        at += HEADER_LEN + length
        if at >= len(data):
            break
    return Likeness.CERTAIN if at == len(data) else Likeness.LIKELY


def open(context: Context) -> "DtlsSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return DtlsSession(context)


@dataclass(slots=True)
class _Message:
    """A handshake message whose fragments are gathered: `have` are (start, end) of what is there."""

    body: bytearray
    have: list[tuple[int, int]] = field(default_factory=list)

    def add(self, at: int, data: bytes) -> bool:
        """Takes a fragment and says whether the message is whole."""
        self.body[at : at + len(data)] = data
        self.have.append((at, at + len(data)))
        end = 0
        for start, stop in sorted(self.have):
            if start > end:
                return False
            end = max(end, stop)
        return end == len(self.body)


class DtlsSession:
    """Reads records of epoch 0; those of later epochs are encrypted, and opened where there are keys."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._handshake = Handshake(context.flow, "d", "sni")
        self._waiting: dict[tuple[bool, int, int, int], _Message] = {}
        self._version: int | None = None
        self._hidden = 0
        self._records = 0
        self._server_done = False
        self._seen = {True: 0, False: 0}
        self._client: bool | None = None
        self._openers: dict[bool, Opener] | None = None
        self._given_len = {True: 0, False: 0}
        self._told: set[bool] = set()

    def feed(self, segment: Segment) -> Given:
        """Takes one datagram."""
        self._seen[segment.outbound] += 1
        found: list[Item] = []
        data, at = segment.data, 0
        for _ in range(RECORDS):
            length = _record_len(data, at)
            if length is None:
                break
            self._record(data[at : at + HEADER_LEN + length], segment, found)
            at += HEADER_LEN + length
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: a hello that is cut says nothing."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True until the handshake can tell nothing more in the clear; with keys always."""
        if self._has_keys():
            return True
        done = self._server_done or self._handshake.is_server_done() or self._hidden >= 2
        return not (done and self._handshake.client and self._hidden) and self._seen[outbound] < DATAGRAMS

    def reading(self) -> Reading:
        """Gives encrypted once a record of a later epoch was seen, or both hellos; else opaque."""
        handshake = self._handshake
        version = version_name(self._version) if self._version is not None else None
        if handshake.client or handshake.server or handshake.certificate:
            reason = "DTLS handshake seen"
            if not self._hidden:
                reason += ", no encrypted record yet"
            return handshake.reading(ID, reason=reason, version=None if handshake.client else version)
        if self._hidden:
            reason = "DTLS records of a later epoch, handshake not seen"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))
        reason = "DTLS records, neither hello nor encrypted record seen"
        return Reading(Encryption(EncryptionState.OPAQUE, ID, version, None, reason))

    def rest(self) -> None:
        """DTLS does not turn into another protocol."""

    def _has_keys(self) -> bool:
        return self._client is not None and self._context.keys.knows(self._handshake.client_random)

    def _open(self, record: bytes, segment: Segment, found: list[Item]) -> None:
        """Opens a record of the first protected epoch and gives the datagram that is in it."""
        outbound = segment.outbound
        if self._openers is None:
            self._openers = self._made()
        opener = self._openers.get(outbound)
        content = None
        if opener and int.from_bytes(record[3:5]) == 1:
            version, number = int.from_bytes(record[1:3]), int.from_bytes(record[3:11])
            content = opener.open(record[0], version, number, record[HEADER_LEN:])
        if content is None:
            self._tell(segment, found)
        elif content[0] == APPLICATION and content[1]:
            at = self._given_len[outbound]
            self._given_len[outbound] += len(content[1])
            inner = Segment(segment.flow, outbound, segment.packet, segment.time_ns, at, content[1])
            found.append(Opened(inner, protocol=UDP))

    def _made(self) -> dict[bool, Opener]:
        """Gives the openers by direction, none where the hellos or the key log do not tell enough."""
        handshake = self._handshake
        answer = handshake.server
        master = self._context.keys.secret(handshake.client_random, MASTER)
        if answer is None or master is None or answer.version not in (DTLS10, DTLS12):
            return {}
        suite = suite_of(suite_name(answer.cipher))
        if suite is None:
            return {}
        randoms = (handshake.client_random, handshake.server_random)
        etm = answer.encrypt_then_mac
        theirs, servers = openers_12(suite, answer.version, master, randoms, encrypt_then_mac=etm)
        return {bool(self._client): theirs, not self._client: servers}

    def _tell(self, segment: Segment, found: list[Item]) -> None:
        """Tells once for each direction that a record did not open."""
        if segment.truncated_len or segment.outbound in self._told:
            return
        self._told.add(segment.outbound)
        kind = "decryption_stopped" if self._given_len[segment.outbound] else "decryption_failed"
        detail = "dtls: a record did not open"
        found.append(Oddity(segment.flow, segment.packet, segment.time_ns, segment.outbound, kind, detail))

    def _record(self, record: bytes, segment: Segment, found: list[Item]) -> None:
        version, epoch = int.from_bytes(record[1:3]), int.from_bytes(record[3:5])
        self._records += 1
        if self._version is None or version < self._version:
            self._version = version  # DTLS numbers count down: the newest is the least
        if epoch or record[0] in (APPLICATION, WITH_ID):
            self._hidden += 1
            if epoch and self._has_keys():
                self._open(record, segment, found)
            return
        if record[0] != HANDSHAKE:
            return
        body = record[HEADER_LEN:]
        while len(body) >= 12:
            length = int.from_bytes(body[9:12])
            self._fragment(body[:12], body[12 : 12 + length], segment, found)
            body = body[12 + length :]

    def _fragment(self, header: bytes, data: bytes, segment: Segment, found: list[Item]) -> None:
        """Takes a fragment of a handshake message and reads the message once it is whole."""
        kind, total = header[0], int.from_bytes(header[1:4])
        number, at = int.from_bytes(header[4:6]), int.from_bytes(header[6:9])
        place = (segment.packet, segment.time_ns)
        if at + int.from_bytes(header[9:12]) > total:
            found.append(self._handshake.oddity(place, "handshake fragment", outbound=segment.outbound))
            return
        if total > MESSAGE_LEN or len(data) < int.from_bytes(header[9:12]):
            return
        key = (segment.outbound, number, kind, total)
        message = self._waiting.get(key)
        if message is None:
            if len(self._waiting) >= PARTS:
                return
            message = _Message(bytearray(total))
            if len(data) < total:
                self._waiting[key] = message
        if len(message.have) >= PARTS or not message.add(at, data):
            return
        self._waiting.pop(key, None)
        if kind == CLIENT_HELLO and self._client is None:
            self._client = segment.outbound
        found += self._handshake.message(kind, bytes(message.body), place, outbound=segment.outbound)
        self._server_done = self._server_done or kind == SERVER_HELLO_DONE


def _record_len(data: bytes, at: int) -> int | None:
    """Gives the length of the record at `at`, None where there is no record."""
    header = data[at : at + HEADER_LEN]
    if len(header) < HEADER_LEN or not CHANGE_CIPHER <= header[0] <= ACK or header[0] == 24:
        return None
    if int.from_bytes(header[1:3]) not in VERSIONS or header[0] == WITH_ID:
        return None
    length = int.from_bytes(header[11:13])
    return length if 0 < length <= RECORD_LEN else None
