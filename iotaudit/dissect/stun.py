"""STUN and TURN messages: how peers find a way to each other; media beside them on the same ports are noticed.

Source: RFC 8489 sections 5 (header), 14 (attributes); RFC 8656 section 12.4 (ChannelData).
"""

from iotaudit.dissect import rtp
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
        self._given: set[bytes] = set()
        self._streams = {True: Stream(), False: Stream()}
        self._lost = {True: False, False: False}

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram, or the next bytes (or a gap) of a stream."""
        if self._context.protocol == TCP:
            return self._stream(segment)
        self._seen[segment.outbound] += 1
        if recognise(Head(segment.data, UDP)) is Likeness.CERTAIN:
            return self._message(segment.data, (segment.packet, segment.time_ns), outbound=segment.outbound)
        self._other(segment)
        return ()

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
        """Takes whole messages off a stream; other bytes (relayed data among them) end the direction."""
        stream, outbound = self._streams[segment.outbound], segment.outbound
        self._lost[outbound] = self._lost[outbound] or segment.gap_len > 0
        found: list[Content] = []
        stream.append(segment)
        while not self._lost[outbound] and len(stream) >= HEADER_LEN:
            header = stream.peek(HEADER_LEN)
            length = HEADER_LEN + int.from_bytes(header[2:4])
            self._lost[outbound] = not _may_begin(header)
            if self._lost[outbound] or len(stream) < length:
                break
            self._seen[outbound] += 1
            place = stream.origin(length - 1)
            found += self._message(stream.take(length), place, outbound=outbound)
        if self._lost[outbound]:
            stream.clear()
        return tuple(found)

    def _message(self, datagram: bytes, place: tuple[int, int], *, outbound: bool) -> tuple[Content, ...]:
        """Gives the texts of a message, each once."""
        data = datagram[: HEADER_LEN + int.from_bytes(datagram[2:4])]
        found: list[Content] = []
        at = HEADER_LEN
        while at + 4 <= len(data):
            kind, length = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
            value = data[at + 4 : at + 4 + length]
            name = TEXTS.get(kind)
            if name and value and value not in self._given and len(self._given) < MESSAGES:
                self._given.add(value)
                where = f"stun.{name}"
                found.append(
                    Content(self._context.flow, *place, outbound, where, "plaintext", value, key=name)
                )
            at += 4 + (length + 3) // 4 * 4
        return tuple(found)

    def _other(self, segment: Segment) -> None:
        self._other_count += 1
        if self._media:
            self._media.feed(segment)
            return
        held = (*self._others[segment.outbound], segment)[-HELD:]
        self._others[segment.outbound] = held
        shown = Head(segment.data, UDP, tuple(s.data for s in held))
        if rtp.recognise(shown) is Likeness.LIKELY:
            self._media = rtp.open(self._context)
            for one in held:
                self._media.feed(one)


def _may_begin(data: bytes) -> bool:
    """Says whether the bytes begin a message: two zero bits, a length in words, the cookie."""
    if data and data[0] & 0xC0:
        return False
    if len(data) >= 4 and data[3] & 3:
        return False
    return data[4:8] == COOKIE[: len(data[4:8])]
