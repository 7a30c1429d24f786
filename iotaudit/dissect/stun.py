"""STUN and TURN messages: how peers find each other, over which relay; media beside or inside are noticed.

Source: RFC 8489 sections 5 (header), 14 (attributes); RFC 8656 sections 12 (ChannelData) and 18 (attributes);
RFC 5780 section 7 (OTHER-ADDRESS); RFC 8489 section 5 (method and class bits).
"""

import ipaddress
from dataclasses import replace

from iotaudit.dissect import datagrams, rtp
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "stun"
PORTS = frozenset({3478, 3479, 5349, 19302})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset(range(0x40))
AWAY = FIRST
SURE = FIRST

COOKIE = b"\x21\x12\xa4\x42"
HEADER_LEN = 20
TEXTS = {0x0006: "username", 0x0014: "realm", 0x8022: "software"}
"""Attributes that are handed on."""
BINDING, CLASS_BITS = 0x0001, 0x0110
FRAGMENTS = "ufrag"
"""The user name of a connectivity check: two random words of one call, and no account. Source: RFC 8445 section 7.2.2."""
ADDRESSES = {
    0x0001: "mapped-address",
    0x0012: "xor-peer-address",
    0x0016: "xor-relayed-address",
    0x0020: "xor-mapped-address",
    0x8023: "alternate-server",
    0x802C: "other-address",
}
"""Attributes that hold an address and a port."""
DATA = 0x0013
"""The attribute that holds what a peer sends over the relay."""
IPV4, IPV6 = 1, 2
CHANNELS = range(0x40, 0x50)
"""First byte of what is sent over a channel of the relay."""
CHANNEL_HEADER_LEN = 4
HELD = 8
MESSAGES = 200
"""Messages of one direction that are read."""


def recognise(head: Head) -> Likeness:
    """Fits the magic cookie, and a length that fits the datagram."""
    data = head.data
    if head.protocol == TCP and len(data) < HEADER_LEN:
        return Likeness.MORE if _may_begin(data) else Likeness.NO
    if len(data) < HEADER_LEN or not _may_begin(data):
        return Likeness.NO
    fits = head.protocol == TCP or int.from_bytes(data[2:4]) + HEADER_LEN <= len(data)
    return Likeness.CERTAIN if fits else Likeness.NO


def open(context: Context) -> "StunSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return StunSession(context)


class StunSession:
    """Reads messages; datagrams of another protocol are shown to RTP, else counted."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen = {True: 0, False: 0}
        self._others: dict[bool, tuple[Segment, ...]] = {True: (), False: ()}
        self._other_count = 0
        self._media: rtp.RtpSession | None = None
        self._given: set[tuple[str, bytes]] = set()
        self._streams = {True: Stream(), False: Stream()}
        self._lost = {True: False, False: False}

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram, or the next bytes (or a gap) of a stream."""
        if self._context.protocol == TCP:
            return self._stream(segment)
        self._seen[segment.outbound] += 1
        if recognise(Head(segment.data, UDP)) is Likeness.CERTAIN:
            return self._message(segment.data, segment)
        return self._other(replace(segment, data=_unwrapped(segment.data)))

    def close(self) -> Output:
        """Gives nothing more."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._seen[outbound] < MESSAGES and not self._lost[outbound]

    def reading(self) -> Reading:
        """Gives plaintext for messages alone; with others beside them what those are."""
        if self._media:
            media = self._media.reading()
            return Reading(media.encryption, application=rtp.ID)
        if self._other_count:
            reason = f"STUN in the clear beside {self._other_count} datagrams of an unknown protocol"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, "STUN in the clear"))

    def rest(self) -> None:
        """What shares the ports is recognised by itself."""

    def _stream(self, segment: Segment) -> Output:
        """Takes messages and relayed data off a stream; other bytes end the direction."""
        stream, outbound = self._streams[segment.outbound], segment.outbound
        self._lost[outbound] = self._lost[outbound] or segment.gap_len > 0
        found: datagrams.Seen = []
        stream.append(segment)
        while not self._lost[outbound] and len(stream) >= CHANNEL_HEADER_LEN:
            header = stream.peek(HEADER_LEN)
            length = _length(header)
            self._lost[outbound] = not length
            if self._lost[outbound] or len(stream) < length:
                break
            self._seen[outbound] += 1
            packet, time_ns = stream.origin(length - 1)
            piece = Segment(segment.flow, outbound, packet, time_ns, segment.offset, stream.take(length))
            if header[0] in CHANNELS:
                found += self._other(replace(piece, data=_unwrapped(piece.data)))
            else:
                found += self._message(piece.data, piece)
        if self._lost[outbound]:
            stream.clear()
        return tuple(found)

    def _message(self, datagram: bytes, segment: Segment) -> Output:
        """Gives texts and addresses of a message, each once; what it relays is taken like other datagrams."""
        data = datagram[: HEADER_LEN + int.from_bytes(datagram[2:4])]
        found: datagrams.Seen = []
        is_check = int.from_bytes(data[:2]) & ~CLASS_BITS == BINDING
        at = HEADER_LEN
        while at + 4 <= len(data):
            kind, length = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
            value = data[at + 4 : at + 4 + length]
            name = TEXTS.get(kind)
            if name == "username" and is_check and b":" in value:
                name = FRAGMENTS
            if kind in ADDRESSES:
                name = ADDRESSES[kind]
                value = _address(value, data[4:HEADER_LEN] if name.startswith("xor") else bytes(HEADER_LEN))
            elif kind == DATA and value:
                found += self._other(replace(segment, data=value))
            if name and value and (name, value) not in self._given and len(self._given) < MESSAGES:
                self._given.add((name, value))
                place = (segment.packet, segment.time_ns, segment.outbound)
                where = f"stun.{name}"
                found.append(Content(self._context.flow, *place, where, "plaintext", value, key=name))
            at += 4 + (length + 3) // 4 * 4
        return tuple(found)

    def _other(self, segment: Segment) -> Output:
        """Shows what is no message to RTP, and gives what it tells once it knows the media."""
        self._other_count += 1
        if self._media:
            return self._media.feed(segment)
        held = (*self._others[segment.outbound], segment)[-HELD:]
        self._others[segment.outbound] = held
        shown = Head(segment.data, UDP, tuple(s.data for s in held))
        if rtp.recognise(shown) is not Likeness.LIKELY:
            return ()
        self._media = rtp.open(self._context)
        return tuple(item for one in held for item in self._media.feed(one))


def _may_begin(data: bytes) -> bool:
    """Says whether the bytes begin a message: two zero bits, a length in words, the cookie."""
    if data and data[0] & 0xC0:
        return False
    if len(data) >= 4 and data[3] & 3:
        return False
    return data[4:8] == COOKIE[: len(data[4:8])]


def _length(header: bytes) -> int:
    """Gives the length of the message or relayed data that begins so on a stream, 0 where neither does."""
    inner = int.from_bytes(header[2:4])
    if header[0] in CHANNELS:
        return CHANNEL_HEADER_LEN + (inner + 3) // 4 * 4
    return HEADER_LEN + inner if _may_begin(header) else 0


def _unwrapped(data: bytes) -> bytes:
    """Gives what is sent over a channel; other datagrams as they are."""
    length = int.from_bytes(data[2:4])
    padding = len(data) - CHANNEL_HEADER_LEN - length
    fits = len(data) > CHANNEL_HEADER_LEN and data[0] in CHANNELS and 0 <= padding < 4
    return data[CHANNEL_HEADER_LEN : CHANNEL_HEADER_LEN + length] if fits else data


def _address(value: bytes, mask: bytes) -> bytes:
    """Gives address and port as text, "" where there are none; `mask` is what they are XORed with."""
    size = {IPV4: 4, IPV6: 16}.get(value[1] if len(value) > 1 else 0)
    if size is None or len(value) != 4 + size:
        return b""
    port = int.from_bytes(value[2:4]) ^ int.from_bytes(mask[:2])
    plain = (int.from_bytes(value[4:]) ^ int.from_bytes(mask[:size])).to_bytes(size)
    text = f"[{ipaddress.IPv6Address(plain)}]" if size > 4 else str(ipaddress.IPv4Address(plain))
    return f"{text}:{port}".encode("ascii")
