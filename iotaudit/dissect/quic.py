"""QUIC: the hellos in its Initial packets, which anyone may open who saw the first packet, and its framing.

A connection has keys of its own, made from the client's first destination connection id; a Retry makes new ones.
What a key log opens of the rest is read as well, see `quic_opening`.
Packets with a short header alone prove nothing.
Source: RFC 9000 sections 17.2 (long headers), 19 (frames), 14.1; RFC 9001 section 5; RFC 9369 section 3.2 (packet
types of version 2); RFC 8999 (invariants).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from iotaudit.codec.quic_keys import V2, Keys, initial_keys, open_packet, salt_of
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.handshake import CLIENT_HELLO, SERVER_HELLO, Handshake
from iotaudit.dissect.quic_crypto import Crypto
from iotaudit.dissect.quic_frames import CRYPTO, Frame, UnknownFrameError
from iotaudit.dissect.quic_frames import frames as frames_of
from iotaudit.dissect.quic_opening import Opening
from iotaudit.dissect.session import UDP, Context, Given, Head, Item, Likeness, Reading
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment
from iotaudit.model.want import Want, beginning_with

ID = "quic"
PORTS = frozenset({80, 443, 784, 853, 4433, 8443, 8853})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(0x80, 0x100))
TELLING = beginning_with(FIRST)
"""Datagrams that can tell something without keys: those that begin with a long header."""
AWAY = FIRST
SURE = FIRST

CONNECTION_ID_LEN = 20
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)
V2_TYPES = (RETRY, INITIAL, ZERO_RTT, HANDSHAKE)
"""Packet types of version 2 by their number on the wire."""
CONNECTIONS = 8
INITIALS = 64
"""Initial packets of one flow that are opened."""
DATAGRAMS = 200
"""Datagrams of one direction that are looked at (short headers are not)."""
COALESCED = 8
VERSIONS = 4
"""Versions of one connection that Initial keys are made for."""
LONG_HEADER, FIXED_BIT = 0x80, 0x40


def recognise(head: Head) -> Likeness:
    """Fits a long header with a known version, or a version negotiation."""
    data = head.data
    if len(data) < 7 or not data[0] & LONG_HEADER:
        return Likeness.NO
    version = int.from_bytes(data[1:5])
    if version and not (data[0] & FIXED_BIT and _is_known(version)):
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
class _Connection:
    """One connection: its Initial keys by version and direction, what was read, and what the key log opens.

    `client` is the direction in which the client sends, `destination` its first destination connection id.
    """

    destination: bytes
    client: bool
    handshake: Handshake
    keys: dict[int, dict[bool, Keys]] = field(default_factory=dict)
    crypto: dict[bool, Crypto] = field(default_factory=lambda: {True: Crypto(), False: Crypto()})
    opening: Opening | None = None

    def keys_of(self, version: int, *, outbound: bool) -> Keys | None:
        """Gives the Initial keys of a direction; the server may answer in another version (RFC 9369 section 4)."""
        keys = self.keys.get(version)
        if keys is None:
            pair = initial_keys(version, self.destination)
            if pair is None or len(self.keys) >= VERSIONS:
                return None
            keys = self.keys[version] = {self.client: pair[0], not self.client: pair[1]}
        return keys[outbound]


class QuicSession:
    """Opens Initial packets until both hellos were read, and all that follows where a key log knows the connection."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._flow = context.flow
        self._connections: list[_Connection] = []
        self._openings: list[Opening] = []
        self._version = ""
        self._opened = 0
        self._done = False
        self._seen = {True: 0, False: 0}
        self._closed: dict[bool, Segment] = {}
        self._last: Segment | None = None
        self._any_opened = False

    def feed(self, segment: Segment) -> Given:
        """Takes one datagram."""
        data = segment.data
        if not data:
            return ()
        if self._openings:
            self._last = segment
        if not data[0] & LONG_HEADER:
            return self._short(data, segment) if self._openings else ()
        self._seen[segment.outbound] += 1
        found: list[Item] = []
        at = 0
        for _ in range(COALESCED):
            if not data[at] & LONG_HEADER:  # the last packet, or zeros that fill the datagram
                if self._openings and (not at or any(data[at:])):
                    found += self._short(data[at:], segment)
                break
            end = self._packet(data, at, segment, found)
            if end is None or end >= len(data):
                break
            at = end
        return tuple(found)

    def close(self) -> Given:
        """Gives what was still open of the streams, and tells where opening ended before the flow did."""
        found: list[Item] = []
        for opening in self._openings:
            if self._last:
                found += opening.close(self._last, self._closed)
        for outbound, place in self._closed.items():
            kind = "decryption_stopped" if self._any_opened else "decryption_failed"
            found.append(
                Oddity(self._flow, place.packet, place.time_ns, outbound, kind, "quic: packets did not open")
            )
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool | Want:
        """Wants what can tell something until both hellos were read, or enough was looked at; all with keys."""
        if self._openings:
            return True
        if self._done or self._seen[outbound] >= DATAGRAMS:
            return False
        return TELLING

    def reading(self) -> Reading:
        """Gives encrypted: the versions that are recognised all encrypt what they carry."""
        for connection in reversed(self._connections):
            handshake = connection.handshake
            if handshake.client or handshake.server:
                missing = "" if handshake.server else ", the server's hello is missing"
                reading = handshake.reading(ID, reason=f"QUIC {self._version}: hello read{missing}")
                return self._with_opened(connection, reading)
        reason = f"QUIC {self._version}: framing seen, no hello could be read"
        version = f"QUIC {self._version}" if self._version else None
        return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))

    def rest(self) -> None:
        """QUIC does not turn into another protocol."""

    def _with_opened(self, connection: _Connection, reading: Reading) -> Reading:
        """Gives the reading of the newest connection with what was opened of it, and the requests of all."""
        if not self._openings:
            return reading
        opened = connection.opening.reading(reading) if connection.opening else reading
        return replace(opened, http=tuple(one for opening in self._openings for one in opening.exchanges()))

    def _packet(self, data: bytes, start: int, segment: Segment, found: list[Item]) -> int | None:
        """Reads the long-header packet at `start` and gives its end, None where no other follows."""
        packet = data[start:] if start else data
        ids = _connection_ids(packet)
        version = int.from_bytes(packet[1:5])
        if ids is None or not _is_known(version):
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
        if end <= len(packet):
            if kind != INITIAL:
                self._long(kind, version, ids, packet[:end], number_at, segment, found)
            elif self._opened < INITIALS or self._openings:
                self._opened += 1
                self._initial(version, ids, packet[:end], number_at, segment, found)
        return start + end

    def _initial(
        self,
        version: int,
        ids: tuple[bytes, bytes, int],
        packet: bytes,
        number_at: int,
        segment: Segment,
        found: list[Item],
    ) -> None:
        """Opens one Initial packet with the keys of a known connection, else as the first of a new one."""
        outbound = segment.outbound
        for connection in reversed(self._connections):
            keys = connection.keys_of(version, outbound=outbound)
            payload = open_packet(keys, packet, number_at) if keys else None
            if payload is not None:
                self._hellos(connection, version, ids, payload, segment, found)
                return
        if len(self._connections) >= CONNECTIONS:
            return
        connection = _Connection(ids[0], outbound, Handshake(self._flow, "q", "quic_sni"))
        keys = connection.keys_of(version, outbound=outbound)
        payload = open_packet(keys, packet, number_at) if keys else None
        if payload is not None:
            self._connections.append(connection)
            self._hellos(connection, version, ids, payload, segment, found)

    def _hellos(
        self,
        connection: _Connection,
        version: int,
        ids: tuple[bytes, bytes, int],
        payload: bytes,
        segment: Segment,
        found: list[Item],
    ) -> None:
        """Takes the CRYPTO frames of an opened packet and reads the messages that they complete."""
        outbound = segment.outbound
        crypto = connection.crypto[outbound]
        for frame in _sound(payload):
            if frame.kind == CRYPTO:
                crypto.add(frame.at, frame.data)
        place = (segment.packet, segment.time_ns)
        handshake = connection.handshake
        for kind, body in crypto.messages():
            if kind in (CLIENT_HELLO, SERVER_HELLO):
                found += handshake.message(kind, body, place, outbound=outbound)
        if handshake.client and handshake.server:
            self._done = True
        if connection.opening is None and handshake.client and self._context.keys.knows(handshake.client_random):
            index = len(self._openings)
            opening = Opening(self._context, handshake, version, index, client=connection.client)
            opening.know(connection.destination, outbound=not connection.client)
            connection.opening = opening
            self._openings.append(opening)
        if connection.opening:
            connection.opening.know(ids[1], outbound=outbound)
            if outbound is not connection.client:
                connection.opening.version = version

    def _long(
        self,
        kind: int,
        version: int,
        ids: tuple[bytes, bytes, int],
        packet: bytes,
        number_at: int,
        segment: Segment,
        found: list[Item],
    ) -> None:
        """Opens a Handshake or 0-RTT packet where there are keys."""
        outbound = segment.outbound
        mine = [one for one in reversed(self._openings) if one.owns(ids[0], ids[1], outbound=outbound)]
        for opening in mine:
            if opening.open_long(kind, version, packet, number_at, segment, found):
                self._opened_one(outbound=outbound)
                return
        if mine:
            self._closed.setdefault(outbound, segment)

    def _short(self, packet: bytes, segment: Segment) -> Given:
        """Opens a packet with a short header, its fixed bit as it may be (RFC 9287)."""
        found: list[Item] = []
        for opening in reversed(self._openings):
            if opening.open_short(packet, segment, found):
                self._opened_one(outbound=segment.outbound)
                return tuple(found)
        self._closed.setdefault(segment.outbound, segment)
        return ()

    def _opened_one(self, *, outbound: bool) -> None:
        """Takes note that a packet opened: what did not before it came again, or shows as a gap."""
        self._any_opened = True
        self._closed.pop(outbound, None)


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


def _sound(payload: bytes) -> Iterator[Frame]:
    """Gives the frames before the first that cannot be read."""
    try:
        yield from frames_of(payload)
    except (ShortError, UnknownFrameError):
        return
