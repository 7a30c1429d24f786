"""Kerberos 5: realms, principals and host names that its messages carry in the clear; tickets stay closed.

Source: RFC 4120 sections 5.2 to 5.9 (messages), 7.2 (UDP and TCP), 7.5.3 (address types); the dissector
`kerberos` of Wireshark.
"""

from iotaudit.codec import ber
from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "kerberos"
PORTS = frozenset({88})
TRANSPORT = frozenset({TCP, UDP})

AS_REQUEST, AS_ANSWER, TGS_REQUEST, TGS_ANSWER, ERROR = 0x6A, 0x6B, 0x6C, 0x6D, 0x7E
KINDS = {AS_REQUEST: 10, AS_ANSWER: 11, TGS_REQUEST: 12, TGS_ANSWER: 13, ERROR: 30}
REQUESTS = frozenset({AS_REQUEST, TGS_REQUEST})
FIRST = frozenset({*KINDS, 0})
AWAY = frozenset(KINDS)
SURE = AWAY

LENGTH_LEN = 4
MESSAGE_LEN = 1 << 20
TEXT_LEN, PARTS = 1024, 8
NETBIOS_ADDRESS = 20
TAG = 0xA0


def recognise(head: Head) -> Likeness:
    """Fits a message's tag, then version 5 and the number of that same message; chance gives that nowhere."""
    data = head.data
    if head.protocol == TCP:
        if data[:1] > b"\0" or data[1:2] > b"\x0f":
            return Likeness.NO
        data = data[LENGTH_LEN:]
    fits = _fits(data)
    return fits if fits is not Likeness.MORE or head.protocol == TCP else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.open_session(context, ID, _Reader(stream=context.protocol == TCP))


class _Reader:
    def __init__(self, *, stream: bool) -> None:
        self._skip = LENGTH_LEN if stream else 0
        self._said = Said()

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length that stands before each message."""
        del outbound
        if len(head) < LENGTH_LEN:
            return frames.MORE
        length = int.from_bytes(head[:LENGTH_LEN])
        return LENGTH_LEN + length if 0 < length <= MESSAGE_LEN else frames.NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return recognise(Head(data, TCP)) is Likeness.CERTAIN

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: each message may name others."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext: what is told is in the clear, what is not is left closed."""
        reason = "Kerberos: names in the clear; tickets and session keys encrypted"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, "5", None, reason))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message."""
        outer = ber.first(message.data[self._skip :])
        if outer.tag not in KINDS:
            return None if outer.tag & 0xE0 == 0x60 else "no message of Kerberos"
        fields = _fields(ber.first(outer.data))
        if outer.tag in REQUESTS:
            body = _fields(ber.first(fields.get(4, b"")))
            self._principal(message, found, "client", body.get(1))
            self._text(message, found, "realm", ber.first(body.get(2, b"")))
            self._principal(message, found, "service", body.get(3))
            self._addresses(message, found, body.get(9, b""))
            return None
        if outer.tag == ERROR:
            self._text(message, found, "realm", ber.first(fields.get(7, b"")))
            self._principal(message, found, "client", fields.get(8))
            self._text(message, found, "realm", ber.first(fields.get(9, b"")))
            self._principal(message, found, "service", fields.get(10))
            self._text(message, found, "error", ber.first(fields.get(11, b"")))
            return None
        self._text(message, found, "realm", ber.first(fields.get(3, b"")))
        self._principal(message, found, "client", fields.get(4))
        ticket = _fields(ber.first(ber.first(fields.get(5, b"")).data))
        self._text(message, found, "realm", ber.first(ticket.get(1, b"")))
        self._principal(message, found, "service", ticket.get(2))
        return None

    def _principal(self, message: Segment, found: Seen, where: str, data: bytes | None) -> None:
        """Gives the parts of a name, joined by slashes as they are written."""
        names = _fields(ber.first(data or b"")).get(1, b"")
        parts = ber.first(names).items()[:PARTS]
        self._text(message, found, where, ber.Item(0, b"/".join(part.data for part in parts)))

    def _addresses(self, message: Segment, found: Seen, data: bytes) -> None:
        """Gives the NetBIOS names among the client's addresses."""
        for item in ber.first(data).items()[:PARTS]:
            pair = _fields(item)
            if ber.integer(ber.first(pair.get(0, b""))) == NETBIOS_ADDRESS:
                name = ber.first(pair.get(1, b""))
                self._text(message, found, "host", ber.Item(0, name.data.rstrip(b" \0")))

    def _text(self, message: Segment, found: Seen, where: str, item: ber.Item) -> None:
        data = item.data[:TEXT_LEN]
        if data and self._said.is_new(where, data):
            key = "username" if where == "client" else where
            found.append(
                frames.content(message, f"kerberos.{where}", data, key=key, truncated=not item.whole)
            )


def _fields(sequence: ber.Item) -> dict[int, bytes]:
    """Gives the contents of the explicit tags of a sequence by their numbers."""
    return {item.tag & 0x1F: item.data for item in sequence.items() if item.tag & 0xE0 == TAG}


def _fits(data: bytes) -> Likeness:
    """Follows tag and sequence down to version and number."""
    if data[:1] and data[0] not in KINDS:
        return Likeness.NO
    size = ber.extent(data)
    inner = data[size[0] :] if size and size[0] else b""
    outer = ber.extent(inner)
    if not size or not outer or (inner and inner[0] != ber.SEQUENCE):
        return Likeness.NO
    if not outer[0]:
        return Likeness.MORE
    number = TAG | int(data[0] in REQUESTS)
    wanted = bytes((number, 3, 2, 1, 5, number + 1, 3, 2, 1, KINDS[data[0]]))
    body = inner[outer[0] : outer[0] + len(wanted)]
    if body == wanted:
        return Likeness.CERTAIN
    return Likeness.MORE if wanted.startswith(body) else Likeness.NO
