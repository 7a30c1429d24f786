"""Google's QUIC before the standard: name and user agent in the hello (CHLO), which is clear up to Q046.

From Q050 on the first packets are encrypted with keys that anyone can make, as those of the standard are;
T050 and T051 carry a hello of TLS.
Source: Chromium, "QUIC Wire Layout Specification" and "QUIC Crypto"; Chromium's quiche, quic/core/crypto
(salts of Q050 and T050); dissector `quic` of Wireshark (salt of T051). Observed in `ndpi/gquic.pcap`,
`ndpi/quic_q46.pcap`.
"""

import hmac
import re

from iotaudit.codec.quic_keys import HASH, Keys, open_packet
from iotaudit.codec.tls_keys import expand_label
from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.dissect.handshake import CLIENT_HELLO, Handshake
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.tls_hello import host_text
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "gquic"
PORTS = frozenset({80, 443})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(first for first in range(256) if first & 0x80 or first & 0xC9 == 0x09)
AWAY = FIRST
SURE = FIRST

LEAST_LEN = 13
VERSION = re.compile(rb"[QT]0[0-9]{2}\Z")
CLEAR = re.compile(rb"Q0(?:[0-3][0-9]|4[0-6])\Z")
SALTS = {
    b"Q050": bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"),
    b"T050": bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"),
    b"T051": bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),
}
TAGS = 128
VALUE_LEN = 255
HELLO = b"CHLO"
DATAGRAMS = 40
"""Datagrams of one direction that are looked at."""
HELLO_LEN = 1 << 14
FRAMES = 64
CRYPTO, PADDING, PING = frozenset({0x06, 0x08}), 0x00, 0x01
"""Types of frames; handshake data have 8 in Q050."""
CLEAR_TOLD = ((b"UAID", "user_agent", "user-agent"),)


def recognise(head: Head) -> Likeness:
    """Fits a header that states one of Google's versions."""
    return Likeness.CERTAIN if len(head.data) >= LEAST_LEN and _version(head.data) else Likeness.NO


def open(context: Context) -> "GquicSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return GquicSession(context)


class GquicSession:
    """Looks for the hello in the first datagrams."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._seen = {True: 0, False: 0}
        self._version = ""
        self._keys: Keys | None = None
        self._parts: dict[int, bytes] = {}
        self._handshake = Handshake(context.flow, "q", "quic_sni")
        self._done = False

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        self._seen[segment.outbound] += 1
        version = _version(segment.data)
        if version is None or self._done:
            return ()
        self._version = version.decode("ascii")
        if CLEAR.match(version):
            return self._hello(segment, segment.data)
        if version in SALTS:
            return self._initial(segment, SALTS[version])
        return ()

    def close(self) -> Output:
        """Gives nothing: a hello that is cut says nothing."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True until the hello was read, or enough was looked at."""
        return not self._done and self._seen[outbound] < DATAGRAMS

    def reading(self) -> Reading:
        """Gives encrypted: all versions encrypt what follows the hello."""
        if self._handshake.client:
            return self._handshake.reading(ID, reason=f"Google QUIC {self._version}: hello read")
        what = "hello read" if self._done else "framing seen, no hello could be read"
        version = f"QUIC {self._version}" if self._version else None
        reason = f"Google QUIC {self._version}: {what}"
        return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))

    def rest(self) -> None:
        """QUIC does not turn into another protocol."""

    def _initial(self, segment: Segment, salt: bytes) -> Output:
        """Opens a first packet of the client, with the keys of the one before, and reads the hello."""
        data = segment.data
        place = _initial_place(data)
        if place is None:
            return ()
        destination, number_at, end = place
        keys = self._keys or _client_keys(salt, destination)
        frames = open_packet(keys, data[:end], number_at)
        if frames is None:
            return ()
        self._keys = keys
        try:
            for offset, part in _crypto(frames):
                if offset + len(part) <= HELLO_LEN and len(self._parts) < FRAMES:
                    self._parts.setdefault(offset, part)
        except ShortError:
            pass  # what stood before the broken frame counts
        whole = _joined(self._parts)
        return self._tls(segment, whole) if self._version.startswith("T") else self._hello(segment, whole)

    def _tls(self, segment: Segment, whole: bytes) -> Output:
        end = 4 + int.from_bytes(whole[1:4])
        if whole[:1] != bytes((CLIENT_HELLO,)) or len(whole) < end:
            return ()
        self._done = True
        place = (segment.packet, segment.time_ns)
        return self._handshake.message(CLIENT_HELLO, whole[4:end], place, outbound=segment.outbound)

    def _hello(self, segment: Segment, data: bytes) -> Output:
        """Gives name and user agent of a CHLO: tags of 4 bytes, each with the end of its value."""
        tags = _tags(data)
        if tags is None:
            return ()
        self._done = True
        found: list[Event | Content] = []
        place = (self._flow, segment.packet, segment.time_ns, segment.outbound)
        name = host_text(tags.get(b"SNI\0", b""))
        if name:
            found.append(NameSeen(*place, name, "quic_sni"))
        for tag, what, key in CLEAR_TOLD:
            value = tags.get(tag)
            if value:
                found.append(Content(*place, f"gquic.{what}", "plaintext", value, key=key))
        return tuple(found)


def _version(data: bytes) -> bytes | None:
    """Gives the version in a header that states one, None in others."""
    if not data:
        return None
    if data[0] & 0x80:
        tag = data[1:5]
    elif data[0] & 0xC9 == 0x09:
        tag = data[9:13]
    else:
        return None
    return tag if VERSION.match(tag) else None


def _initial_place(data: bytes) -> tuple[bytes, int, int] | None:
    """Gives the destination id of an Initial packet, where its number is, and its end."""
    if data[0] & 0x30 or not data[0] & 0x80:
        return None
    cursor = Cursor(data)
    try:
        cursor.take(5)
        destination = cursor.vector(1)
        cursor.vector(1)
        cursor.take(_variable(cursor))
        length = _variable(cursor)
    except ShortError:
        return None
    end = cursor.place() + length
    return (destination, cursor.place(), end) if end <= len(data) else None


def _client_keys(salt: bytes, destination: bytes) -> Keys:
    """Gives the keys of the client's first packets (RFC 9001 section 5.2 with Google's salt)."""
    secret = expand_label(hmac.digest(salt, destination, HASH), b"client in", 32, HASH)
    return Keys(
        *(
            expand_label(secret, b"quic " + label, size, HASH)
            for label, size in ((b"key", 16), (b"iv", 12), (b"hp", 16))
        )
    )


def _variable(cursor: Cursor) -> int:
    """Gives a variable-length integer (RFC 9000 section 16)."""
    first = cursor.number(1)
    more = (1 << (first >> 6)) - 1
    return (first & 0x3F) << 8 * more | cursor.number(more)


def _crypto(frames: bytes) -> list[tuple[int, bytes]]:
    """Gives offset and data of the CRYPTO frames; a frame of another kind ends the reading."""
    cursor = Cursor(frames)
    found: list[tuple[int, bytes]] = []
    while len(cursor) and len(found) < FRAMES:
        kind = cursor.number(1)
        if kind in CRYPTO:
            offset = _variable(cursor)
            found.append((offset, cursor.take(_variable(cursor))))
        elif kind not in (PADDING, PING):
            break
    return found


def _joined(parts: dict[int, bytes]) -> bytes:
    """Gives the bytes that follow each other from the beginning."""
    joined = bytearray()
    for offset in sorted(parts):
        if offset > len(joined):
            break
        joined += parts[offset][len(joined) - offset :]
    return bytes(joined)


def _tags(data: bytes) -> dict[bytes, bytes] | None:
    """Gives the tags of the first CHLO, None where it is not there or cut."""
    at = data.find(HELLO)
    count = int.from_bytes(data[at + 4 : at + 6], "little")
    if at < 0 or not 0 < count <= TAGS:
        return None
    rows, values = at + 8, at + 8 + 8 * count
    found: dict[bytes, bytes] = {}
    start = 0
    for row in range(rows, values, 8):
        end = int.from_bytes(data[row + 4 : row + 8], "little")
        if end < start or values + end > len(data):
            break
        if end - start <= VALUE_LEN:
            found[data[row : row + 4]] = data[values + start : values + end]
        start = end
    return found or None
