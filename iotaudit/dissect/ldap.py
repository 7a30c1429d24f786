"""LDAP: who signs on with which password, what is searched, what the directory tells; StartTLS ends reading.

Source: RFC 4511 sections 4.1 to 4.14 and appendix B (messages), RFC 4513 section 5 (simple and SASL binds);
the connectionless form over UDP as the dissector `cldap` of Wireshark reads it.
"""

from iotaudit.codec import ber
from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.sasl import SignOn
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "ldap"
PORTS = frozenset({389, 3268})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset({ber.SEQUENCE})
AWAY = FIRST
SURE: frozenset[int] = frozenset()

BIND, BIND_ANSWER, SEARCH, ENTRY, MODIFY, ADD, COMPARE = 0x60, 0x61, 0x63, 0x64, 0x66, 0x68, 0x6E
EXTENDED = 0x77
OPERATIONS = frozenset(
    {
        BIND,
        BIND_ANSWER,
        0x42,
        SEARCH,
        ENTRY,
        0x65,
        MODIFY,
        0x67,
        ADD,
        0x69,
        0x4A,
        0x6B,
        0x6C,
        0x6D,
        COMPARE,
        0x6F,
    }
    | {0x50, 0x73, EXTENDED, 0x78, 0x79}
)
SIMPLE, SASL = 0x80, 0xA3
START_TLS = b"1.3.6.1.4.1.1466.20037"
HANDSHAKE = 0x16
SEALING = frozenset({b"GSSAPI", b"GSS-SPNEGO", b"DIGEST-MD5"})
"""Mechanisms that may put a security layer around all later messages."""
MESSAGE_LEN = 16 << 20
LEAST_LEN, ID_LEN = 5, 4
VALUE_LEN, KEY_LEN = 4096, 256
VALUES = 1000
"""Values of one message that are handed on."""
FILTER_DEPTH = 12
SETS, NOT = frozenset({0xA0, 0xA1}), 0xA2
ASSERTIONS = frozenset({0xA3, 0xA5, 0xA6, 0xA8})
SUBSTRINGS = 0xA4


def recognise(head: Head) -> Likeness:
    """Fits a sequence of a message number and an operation that LDAP has."""
    data = head.data
    size = ber.extent(data)
    if not data or (size == (0, 0) and head.protocol == TCP):
        return Likeness.MORE if not data or data[0] in FIRST else Likeness.NO
    if data[0] not in FIRST or not size or not LEAST_LEN <= size[1] <= MESSAGE_LEN:
        return Likeness.NO
    inner = data[size[0] :]
    if (inner and inner[0] != ber.INTEGER) or (len(inner) > 1 and not 1 <= inner[1] <= ID_LEN):
        return Likeness.NO
    if len(inner) > 2 and inner[2] & 0x80:
        return Likeness.NO
    at = 2 + inner[1] if len(inner) > 1 else 0
    if not at or len(inner) <= at:
        return Likeness.MORE if head.protocol == TCP else Likeness.NO
    return Likeness.LIKELY if inner[at] in OPERATIONS else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.open_session(context, ID, _Reader())


class _Reader:
    def __init__(self) -> None:
        self._said = Said()
        self._asked_tls = False
        self._may_seal = False
        self._sealed = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of a message, or of what a security layer wrapped; TLS may follow StartTLS."""
        del outbound
        if self._asked_tls and head and head[0] == HANDSHAKE:
            return frames.OTHER
        if self._may_seal and head and head[0] == 0:
            return 4 + int.from_bytes(head[:4]) if len(head) >= 4 else frames.MORE
        return frames.ber_length(head, FIRST, MESSAGE_LEN)

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return recognise(Head(data, TCP)) is Likeness.LIKELY

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: any message may carry values."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext; opaque where a security layer wrapped messages."""
        if self._sealed:
            reason = f"a SASL security layer wraps {self._sealed} messages (signed or sealed cannot be told)"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        reason = "LDAP in the clear" + (", StartTLS asked for" if self._asked_tls else "")
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message."""
        if message.data[0] == 0:
            self._sealed += 1
            return None
        row = ber.first(message.data).items()
        operation = ber.at(row, 1)
        if ber.integer(ber.at(row, 0)) is None or operation.tag not in OPERATIONS:
            return "no operation of LDAP"
        parts = operation.items()
        tag, left = operation.tag, _Left()
        if tag == BIND:
            return self._bind(message, parts, found)
        if tag == SEARCH:
            self._give(message, found, "search_base", "base", ber.at(parts, 0))
            self._filter(message, found, ber.at(parts, 6), FILTER_DEPTH, left)
        elif tag == COMPARE:
            self._give(message, found, "entry", "dn", ber.at(parts, 0))
            self._assertion(message, found, ber.at(parts, 1), left)
        elif tag in (ENTRY, ADD, MODIFY):
            self._give(message, found, "entry", "dn", ber.at(parts, 0))
            rows = ber.at(parts, 1).items()
            for changed in rows:
                pair = ber.at(changed.items(), 1).items() if tag == MODIFY else changed.items()
                if pair:
                    self._values(message, found, "attribute", pair[0], ber.at(pair, 1).items(), left)
        elif tag == EXTENDED:
            self._asked_tls = self._asked_tls or ber.at(parts, 0).data == START_TLS
        return None

    def _bind(self, message: Segment, parts: tuple[ber.Item, ...], found: Seen) -> str | None:
        """Gives name and password; of SASL what the mechanism shows."""
        name, secret = ber.at(parts, 1), ber.at(parts, 2)
        if secret is ber.ABSENT:
            return "a bind without credentials"
        self._give(message, found, "username", "username", name)
        if secret.tag == SIMPLE:
            self._give(message, found, "password", "password", secret)
        elif secret.tag == SASL:
            row = secret.items()
            mechanism, answer = ber.at(row, 0).data[:64], ber.at(row, 1)
            self._give(message, found, "auth", "auth", ber.at(row, 0))
            self._may_seal = self._may_seal or mechanism.upper() in SEALING
            for what, data in SignOn(mechanism).plain_answer(answer.data):
                self._give(message, found, what, what, ber.Item(ber.OCTETS, data))
        return None

    def _filter(self, message: Segment, found: Seen, item: ber.Item, depth: int, left: "_Left") -> None:
        """Gives the values that a search compares with, by the names of their attributes."""
        if item.tag in ASSERTIONS:
            self._assertion(message, found, item, left)
        elif item.tag == SUBSTRINGS:
            pair = item.items()
            self._values(message, found, "filter", ber.at(pair, 0), ber.at(pair, 1).items(), left)
        elif depth and (item.tag in SETS or item.tag == NOT):
            for part in item.items():
                self._filter(message, found, part, depth - 1, left)

    def _assertion(self, message: Segment, found: Seen, item: ber.Item, left: "_Left") -> None:
        pair = item.items()
        self._values(message, found, "filter", ber.at(pair, 0), pair[1:2], left)

    def _values(
        self,
        message: Segment,
        found: Seen,
        where: str,
        name: ber.Item,
        values: tuple[ber.Item, ...],
        left: "_Left",
    ) -> None:
        """Gives the values of one attribute, as many as the message has left."""
        key = name.data[:KEY_LEN].decode("utf-8", "replace")
        for value in values:
            if value.data and left.one():
                cut = not value.whole or len(value.data) > VALUE_LEN
                data = value.data[:VALUE_LEN]
                found.append(frames.content(message, f"ldap.{where}", data, key=key, truncated=cut))

    def _give(self, message: Segment, found: Seen, where: str, key: str, item: ber.Item) -> None:
        """Gives a field, the same once."""
        data = item.data[:VALUE_LEN]
        if data and item.tag >= 0 and self._said.is_new(where, data):
            found.append(frames.content(message, f"ldap.{where}", data, key=key, truncated=not item.whole))


class _Left:
    """Counts down the values that one message may give."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = VALUES

    def one(self) -> bool:
        """Says whether one more may be given."""
        self._count -= 1
        return self._count >= 0
