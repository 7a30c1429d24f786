"""OpenVPN: resets and control channel; the TLS handshake inside is read where nothing hides it.

Source: OpenVPN wire protocol (openvpn-rfc, draft "OpenVPN Wire Protocol", sections on packet formats,
reliability layer, tls-auth and tls-crypt); dissector `openvpn` of Wireshark. Observed in `ndpi/openvpn.pcap`.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from iotaudit.dissect import tls
from iotaudit.dissect.datagrams import Seen
from iotaudit.dissect.frames import MORE, NONE, open_session
from iotaudit.dissect.reader import Budget
from iotaudit.dissect.session import (
    NO_KEYS,
    TCP,
    UDP,
    Context,
    Head,
    Likeness,
    Opened,
    Reading,
    Session,
)
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "openvpn"
PORTS = frozenset({1194, 1197, 1198})
TRANSPORT = frozenset({TCP, UDP})

CONTROL, ACK, DATA_1, CLIENT_RESET, SERVER_RESET, DATA_2 = 4, 5, 6, 7, 8, 9
CLIENT_RESET_3, CLIENT_WRAPPED_KEY = 10, 11
RESETS = frozenset({CLIENT_RESET, SERVER_RESET, CLIENT_RESET_3})
OPCODES = frozenset({3, CONTROL, ACK, DATA_1, DATA_2, CLIENT_WRAPPED_KEY, *RESETS})
OPCODE_BITS = 3
SESSION_LEN, NUMBER_LEN, TIME_LEN = 8, 4, 4
HEADER_LEN = 1 + SESSION_LEN
PREFIX_LEN = 2
"""Length before each packet of a stream."""
TAG_LENS = (0, 16, 20, 28, 32, 48, 64)
"""Lengths of the HMAC of tls-auth, 0 without it."""
CRYPT_LEN = 32
"""Length of the HMAC of tls-crypt; what follows it is encrypted."""
CRYPT_RESET_LEN = HEADER_LEN + NUMBER_LEN + TIME_LEN + CRYPT_LEN + 1 + NUMBER_LEN
ACKS = 8
FIRST_NUMBERS = frozenset({1, 2, 3, 4, 0x0F000001})
"""Replay numbers that the first packets have (the last with a cookie of tls-crypt-v2)."""
LEAST_TIME = 1 << 30
"""The time beside such a number is later than January 2004."""
LEAST_BYTES = 4
"""Different bytes that a session id, which is random, has at least."""
LEAST_LEN = HEADER_LEN + 1
MOST_LEN = 1 << 12
FIRST = frozenset((*range(MOST_LEN >> 8), *(o << OPCODE_BITS | key for o in OPCODES for key in range(8))))
AWAY = frozenset(o << OPCODE_BITS for o in RESETS)
SURE: frozenset[int] = frozenset()
HELD = 32
"""Control packets that wait for an earlier one."""
LOOKED_AT = 300


def recognise(head: Head) -> Likeness:
    """Fits the reset of a session, in the clear or under tls-auth or tls-crypt; other packets are weak."""
    data = head.data
    if head.protocol != TCP:
        return _likeness(data)
    if len(data) <= PREFIX_LEN:
        return Likeness.MORE if data[:1] < bytes((MOST_LEN >> 8,)) else Likeness.NO
    length = int.from_bytes(data[:PREFIX_LEN])
    if not LEAST_LEN <= length < MOST_LEN or data[2] >> OPCODE_BITS not in RESETS or data[2] & 7:
        return Likeness.NO
    packet = data[PREFIX_LEN : PREFIX_LEN + length]
    if len(packet) < length:
        return Likeness.MORE
    return Likeness.LIKELY if _likeness(packet) is Likeness.LIKELY else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader(context))


class Layout(NamedTuple):
    """Where the parts of a control packet are: how long its HMAC is, and where its acknowledgements begin."""

    tag_len: int
    acks_at: int


@dataclass(slots=True)
class _Side:
    """The control channel of one direction: the number that is next, and packets before their turn."""

    next: int | None = None
    held: dict[int, bytes] = field(default_factory=dict)
    offset: int = 0


class _Reader:
    """Reads the control channel until the handshake in it was read."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._stream = context.protocol == TCP
        self._budget = Budget(LOOKED_AT)
        self._sides = {True: _Side(), False: _Side()}
        self._layout: Layout | None = None
        self._crypt = False
        self._resets = 0
        self._control = 0
        self._tls = tls.open(replace(context, protocol=TCP, keys=NO_KEYS))
        self._inner = False

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the packet that begins so."""
        del outbound
        if len(head) <= PREFIX_LEN:
            return MORE
        length = int.from_bytes(head[:PREFIX_LEN])
        return PREFIX_LEN + length if length and head[2] >> OPCODE_BITS in OPCODES else NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a packet that fills the segment begins here."""
        return len(data) > PREFIX_LEN and self.measure(data, outbound=True) == len(data)

    def end(self, found: Seen) -> None:
        """Adds what the handshake inside still had."""
        found += (item for item in self._tls.close() if not isinstance(item, Opened))

    def wants(self, *, outbound: bool) -> bool:
        """True for the first packets: the handshake is among them."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one packet; those of the data channel are closed."""
        self._budget.spend(outbound=message.outbound)
        packet = message.data[PREFIX_LEN:] if self._stream else message.data
        if len(packet) < LEAST_LEN or packet[0] >> OPCODE_BITS not in OPCODES:
            return "not a packet" if packet and packet[0] >> OPCODE_BITS not in OPCODES else None
        opcode = packet[0] >> OPCODE_BITS
        if opcode in RESETS:
            self._resets += 1
            layout = _layout_of_reset(packet)
            self._layout = layout or self._layout
            self._crypt = self._crypt or (layout is None and _is_crypt(packet))
        if opcode in RESETS or opcode == CONTROL:
            self._control += opcode == CONTROL
            if self._layout and not self._crypt:
                self._take(message, packet, self._layout, found)
        return None

    def reading(self) -> Reading:
        """Gives encrypted once the control channel was seen, with what the handshake in it told."""
        if self._inner:
            inner = self._tls.reading()
            reason = f"OpenVPN control channel{self._guard()}, TLS handshake in it: {inner.encryption.reason}"
            encryption = inner.encryption
            return Reading(
                Encryption(EncryptionState.ENCRYPTED, ID, encryption.version, encryption.cipher, reason),
                tls=inner.tls,
            )
        if (self._resets or self._control) and (self._layout or self._crypt):
            reason = f"OpenVPN control channel seen{self._guard()}"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, None, None, reason))
        reason = "packets as OpenVPN's data channel has them, the control channel was not seen or not understood"
        return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))

    def _guard(self) -> str:
        if self._crypt:
            return " under tls-crypt"
        return " with tls-auth" if self._layout and self._layout.tag_len else ""

    def _take(self, message: Segment, packet: bytes, layout: Layout, found: Seen) -> None:
        """Brings the parts of the TLS stream in order, and shows them to TLS."""
        part = _part(packet, layout)
        side = self._sides[message.outbound]
        if part is None:
            return
        number, data = part
        if packet[0] >> OPCODE_BITS in RESETS:
            side.next = number + 1 if side.next is None else side.next
            return
        if side.next is None or not side.next <= number < side.next + HELD:
            return
        side.held[number] = data
        while side.next in side.held:
            data = side.held.pop(side.next)
            side.next += 1
            piece = Segment(self._flow, message.outbound, message.packet, message.time_ns, side.offset, data)
            side.offset += len(data)
            self._inner = self._inner or data[:2] == b"\x16\3"
            found += (item for item in self._tls.feed(piece) if not isinstance(item, Opened))


def _likeness(packet: bytes) -> Likeness:
    if len(packet) < LEAST_LEN or packet[0] >> OPCODE_BITS not in OPCODES:
        return Likeness.NO
    if packet[0] >> OPCODE_BITS in RESETS and not packet[0] & 7:
        random = len(set(packet[1:HEADER_LEN])) >= LEAST_BYTES
        return (
            Likeness.LIKELY if random and (_layout_of_reset(packet) or _is_crypt(packet)) else Likeness.WEAK
        )
    return Likeness.WEAK


def _layout_of_reset(packet: bytes) -> Layout | None:
    """Gives the layout by which a reset is exactly as long as it is, and is the first of its session."""
    for tag_len in TAG_LENS:
        guard = tag_len + NUMBER_LEN + TIME_LEN if tag_len else 0
        layout = Layout(tag_len, HEADER_LEN + guard)
        if _part(packet, layout) == (0, b"") and (not tag_len or _begins(packet, HEADER_LEN + tag_len)):
            return layout
    return None


def _is_crypt(packet: bytes) -> bool:
    """Says whether a reset is one of tls-crypt: what follows the numbers of a beginning is encrypted."""
    return len(packet) >= CRYPT_RESET_LEN and _begins(packet, HEADER_LEN)


def _begins(packet: bytes, at: int) -> bool:
    """Says whether the numbers against replay are those of a beginning: a low one, and a time."""
    number = int.from_bytes(packet[at : at + NUMBER_LEN])
    time = int.from_bytes(packet[at + NUMBER_LEN : at + NUMBER_LEN + TIME_LEN])
    return number in FIRST_NUMBERS and time >= LEAST_TIME


def _part(packet: bytes, layout: Layout) -> tuple[int, bytes] | None:
    """Gives number and payload of a control packet, None where its parts do not fit."""
    at = layout.acks_at
    if at >= len(packet):
        return None
    acks = packet[at]
    at += 1 + (acks * NUMBER_LEN + SESSION_LEN if acks else 0)
    if acks > ACKS or at + NUMBER_LEN > len(packet):
        return None
    return int.from_bytes(packet[at : at + NUMBER_LEN]), packet[at + NUMBER_LEN :]
