"""QUIC: the hellos in its Initial packets, which anyone may open who saw the first packet, and its framing.

A connection has keys of its own, made from the client's first destination connection id; a Retry makes new ones.
Google's older QUIC is recognised by its version; where its hello is in the clear (Q043, Q046) its name is read.
Packets with a short header alone prove nothing.
Source: RFC 9000 sections 17.2 (long headers), 19 (frames), 14.1; RFC 9001 section 5; RFC 9369 section 3.2 (packet
types of version 2); RFC 8999 (invariants); gQUIC: Chromium, "QUIC Wire Layout Specification", "QUIC Crypto".
"""

import re
from dataclasses import dataclass, field

from iotaudit.codec.quic_keys import V2, Keys, initial_keys, open_packet, salt_of
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.handshake import CLIENT_HELLO, SERVER_HELLO, Handshake
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.tls_hello import host_text
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment
from iotaudit.model.want import Want, beginning_with

ID = "quic"
PORTS = frozenset({80, 443, 784, 853, 4433, 8443, 8853})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(first for first in range(256) if first & 0x80 or (first & 0x49 == 0x09))
TELLING = beginning_with(FIRST)
"""Datagrams that can tell something: long headers and those of Google's QUIC; of short ones nothing can be read."""
AWAY = FIRST
SURE = FIRST

CONNECTION_ID_LEN = 20
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)
V2_TYPES = (RETRY, INITIAL, ZERO_RTT, HANDSHAKE)
"""Packet types of version 2 by their number on the wire."""
GOOGLE = re.compile(rb"[QT]0[0-9]{2}\Z")
GOOGLE_IN_CLEAR = re.compile(rb"Q0(?:[0-3][0-9]|4[0-6])\Z")
PADDING, PING, ACK, ACK_ECN, CRYPTO = 0, 1, 2, 3, 6
MESSAGE_LEN = 1 << 16
"""Bytes of a direction's handshake that are gathered."""
PARTS = 256
CONNECTIONS = 8
INITIALS = 64
"""Initial packets of one flow that are opened."""
DATAGRAMS = 200
"""Datagrams of one direction that are looked at (short headers are not)."""
COALESCED = 8


def recognise(head: Head) -> Likeness:
    """Fits a long header with a known version, a version negotiation, or the header of Google's QUIC."""
    data = head.data
    if len(data) < 7:
        return Likeness.NO
    if _google_version(data):
        return Likeness.CERTAIN
    if not data[0] & 0x80:
        return Likeness.NO
    version = int.from_bytes(data[1:5])
    if version and not (data[0] & 0x40 and _is_known(version)):
        return Likeness.NO
    ids = _connection_ids(data)
    if ids is None:
        return Likeness.NO
    if version == 0:
        listed = data[ids[2] :]
        known = [int.from_bytes(listed[at : at + 4]) for at in range(0, min(len(listed), 64), 4)]
        fits = listed and len(listed) % 4 == 0 and any(_is_known(number) for number in known)
        return Likeness.CERTAIN if fits else Likeness.NO
    return Likeness.CERTAIN


def open(context: Context) -> "QuicSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return QuicSession(context)


@dataclass(slots=True)
class _Crypto:
    """The handshake bytes of one direction: parts by offset until they join."""

    parts: dict[int, bytes] = field(default_factory=dict)
    joined: bytearray = field(default_factory=bytearray)
    read: int = 0

    def add(self, offset: int, data: bytes) -> None:
        """Takes a part; parts beyond the bounds are dropped."""
        if offset + len(data) > MESSAGE_LEN or len(self.parts) >= PARTS:
            return
        if len(data) > len(self.parts.get(offset, b"")):
            self.parts[offset] = data
        for start in sorted(self.parts):
            if start > len(self.joined):
                break
            part = self.parts.pop(start)
            self.joined += part[len(self.joined) - start :]

    def messages(self) -> list[tuple[int, bytes]]:
        """Gives the handshake messages that are whole now, each once."""
        found = []
        while len(self.joined) >= self.read + 4:
            end = self.read + 4 + int.from_bytes(self.joined[self.read + 1 : self.read + 4])
            if len(self.joined) < end:
                break
            found.append((self.joined[self.read], bytes(self.joined[self.read + 4 : end])))
            self.read = end
        return found


@dataclass(slots=True)
class _Connection:
    """One set of keys (by direction) with what was read under them."""

    keys: dict[bool, Keys]
    handshake: Handshake
    crypto: dict[bool, _Crypto]


class QuicSession:
    """Opens Initial packets until both hellos were read."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._connections: list[_Connection] = []
        self._version = ""
        self._google = False
        self._opened = 0
        self._done = False
        self._seen = {True: 0, False: 0}

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        data = segment.data
        if not data or not (TELLING[data[0]] or self._google):
            return ()  # a short header
        self._seen[segment.outbound] += 1
        google = _google_version(data)
        if google:
            self._google = True
            self._version = google.decode("ascii")
        if self._google:
            return self._read_google(data, segment) if not self._done else ()
        if not data[0] & 0x80:
            return ()
        found: list[Event] = []
        at = 0
        for _ in range(COALESCED):
            end = self._packet(data, at, segment, found)
            if end is None or end >= len(data):
                break
            at = end
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: a hello that is cut says nothing."""
        return ()

    def wants(self, *, outbound: bool) -> bool | Want:
        """Wants what can tell something until both hellos were read, or enough was looked at."""
        if self._done or self._seen[outbound] >= DATAGRAMS:
            return False
        return self._google or TELLING

    def reading(self) -> Reading:
        """Gives encrypted: the versions that are recognised all encrypt what they carry."""
        for connection in reversed(self._connections):
            handshake = connection.handshake
            if handshake.client or handshake.server:
                missing = "" if handshake.server else ", the server's hello is missing"
                return handshake.reading(ID, reason=f"QUIC {self._version}: hello read{missing}")
        reason = f"QUIC {self._version}: framing seen, no hello could be read"
        version = f"QUIC {self._version}" if self._version else None
        return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))

    def rest(self) -> None:
        """QUIC does not turn into another protocol."""

    def _packet(self, data: bytes, start: int, segment: Segment, found: list[Event]) -> int | None:
        """Reads the long-header packet at `start` and gives its end, None where no other follows."""
        packet = data[start:]
        ids = _connection_ids(packet)
        version = int.from_bytes(packet[1:5])
        if not packet[0] & 0x80 or ids is None or not _is_known(version):
            return None
        self._version = _version_text(version)
        kind = packet[0] >> 4 & 3
        kind = V2_TYPES[kind] if version == V2 else kind
        if kind == RETRY:
            return None
        cursor = Cursor(packet[ids[2] :])
        try:
            if kind == INITIAL:
                cursor.take(_variable(cursor))
            length = _variable(cursor)
        except ShortError:
            return None
        number_at = ids[2] + cursor.place()
        end = number_at + length
        if kind == INITIAL and end <= len(packet) and self._opened < INITIALS:
            self._opened += 1
            self._initial(version, ids[0], packet[:end], number_at, segment, found)
        return start + end

    def _initial(
        self,
        version: int,
        destination: bytes,
        packet: bytes,
        number_at: int,
        segment: Segment,
        found: list[Event],
    ) -> None:
        """Opens one Initial packet with the keys of a known connection, else as the first of a new one."""
        for connection in reversed(self._connections):
            frames = open_packet(connection.keys[segment.outbound], packet, number_at)
            if frames is not None:
                self._frames(connection, frames, segment, found)
                return
        keys = initial_keys(version, destination)
        frames = open_packet(keys[0], packet, number_at) if keys else None
        if keys is None or frames is None or len(self._connections) >= CONNECTIONS:
            return
        connection = _Connection(
            {segment.outbound: keys[0], not segment.outbound: keys[1]},
            Handshake(self._flow, "q", "quic_sni"),
            {True: _Crypto(), False: _Crypto()},
        )
        self._connections.append(connection)
        self._frames(connection, frames, segment, found)

    def _frames(
        self, connection: _Connection, frames: bytes, segment: Segment, found: list[Event]
    ) -> None:
        """Takes the CRYPTO frames of an opened packet and reads the messages that they complete."""
        crypto = connection.crypto[segment.outbound]
        try:
            for offset, data in _crypto_frames(frames):
                crypto.add(offset, data)
        except ShortError:
            pass  # what stood before the broken frame counts
        place = (segment.packet, segment.time_ns)
        for kind, body in crypto.messages():
            if kind in (CLIENT_HELLO, SERVER_HELLO):
                found += connection.handshake.message(kind, body, place, outbound=segment.outbound)
        if connection.handshake.client and connection.handshake.server:
            self._done = True

    def _read_google(self, data: bytes, segment: Segment) -> Output:
        """Reads the name in the clear hello (CHLO) of Google's QUIC up to Q046."""
        if not GOOGLE_IN_CLEAR.match(self._version.encode("ascii")):
            return ()
        name = _chlo_name(data)
        if name is None:
            return ()
        return (NameSeen(self._flow, segment.packet, segment.time_ns, segment.outbound, name, "quic_sni"),)


def _is_known(version: int) -> bool:
    """Says whether a version number is one of QUIC's: RFC 9000, RFC 9369, a draft or reserved for greasing."""
    return salt_of(version) is not None or 0xFF000011 <= version <= 0xFF000022 or version & 0x0F0F0F0F == 0x0A0A0A0A


def _version_text(version: int) -> str:
    if version == V2:
        return "v2"
    return f"draft-{version & 0xFF}" if version >> 8 == 0xFF0000 else f"v{version}" if version < 16 else f"0x{version:08x}"


def _connection_ids(data: bytes) -> tuple[bytes, bytes, int] | None:
    """Gives destination id, source id and where they end, None where they are too long or cut."""
    cursor = Cursor(data[5 : 5 + 2 + 2 * CONNECTION_ID_LEN])
    try:
        destination = cursor.vector(1)
        source = cursor.vector(1)
    except ShortError:
        return None
    if max(len(destination), len(source)) > CONNECTION_ID_LEN:
        return None
    return destination, source, 5 + cursor.place()


def _variable(cursor: Cursor) -> int:
    """Gives a variable-length integer (RFC 9000 section 16)."""
    first = cursor.number(1)
    more = (1 << (first >> 6)) - 1
    return (first & 0x3F) << 8 * more | cursor.number(more)


def _crypto_frames(frames: bytes) -> list[tuple[int, bytes]]:
    """Gives offset and data of the CRYPTO frames; a frame that an Initial may not carry ends the reading."""
    cursor = Cursor(frames)
    found: list[tuple[int, bytes]] = []
    while len(cursor):
        kind = cursor.number(1)
        if kind == CRYPTO:
            offset = _variable(cursor)
            length = _variable(cursor)
            found.append((offset, cursor.take(min(length, len(cursor)))))
        elif kind in (ACK, ACK_ECN):
            _variable(cursor)
            _variable(cursor)
            ranges = _variable(cursor)
            numbers = 1 + 2 * min(ranges, len(cursor)) + (3 if kind == ACK_ECN else 0)
            for _ in range(numbers):
                _variable(cursor)
        elif kind not in (PADDING, PING):
            break
    return found


def _google_version(data: bytes) -> bytes | None:
    """Gives the version of Google's QUIC in a client's header, None where there is none."""
    if not data:
        return None
    if data[0] & 0x80:
        tag = data[1:5]
    elif data[0] & 0x09 == 0x09 and not data[0] & 0xC0:
        tag = data[9:13]
    else:
        return None
    return tag if GOOGLE.match(tag) else None


def _chlo_name(data: bytes) -> str | None:
    """Gives the value of the SNI tag of a CHLO: tags of 4 bytes, each with the end of its value."""
    at = data.find(b"CHLO")
    count = int.from_bytes(data[at + 4 : at + 6], "little")
    if at < 0 or not 0 < count <= 128:
        return None
    values = at + 8 + 8 * count
    start = 0
    for index in range(count):
        row = data[at + 8 + 8 * index : at + 16 + 8 * index]
        end = int.from_bytes(row[4:8], "little")
        if row[:4] == b"SNI\0":
            name = data[values + start : values + end]
            return host_text(name) if len(name) == end - start <= 255 else None
        start = end
    return None
