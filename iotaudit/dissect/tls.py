"""TLS over TCP: the hellos, the server's certificate where it is in the clear, and the record framing.

Records that chain without a handshake (the capture began later) count as encrypted, since the protocol's framing
says so; one such header alone proves nothing. Where the auditor's keys are those of the session, reading goes on inside
(`tls_open`).
Source: RFC 8446 section 5.1 and RFC 5246 section 6.2.1 (records), RFC 6101 appendix E (SSLv2 hello), RFC 8446
section 6 (alerts).
"""

from dataclasses import dataclass, field

from iotaudit.dissect.handshake import (
    CLIENT_HELLO,
    MESSAGE_LEN,
    SERVER_HELLO_DONE,
    Handshake,
)
from iotaudit.dissect.session import TCP, Context, Given, Head, Item, Likeness, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.dissect.tls_hello import version_name
from iotaudit.dissect.tls_open import (
    ALERT,
    APPLICATION,
    CHANGE_CIPHER,
    HANDSHAKE,
    Record,
    TlsOpening,
)
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "tls"
PORTS = frozenset({443, 465, 563, 636, 853, 989, 990, 993, 995, 4433, 5061, 5223, 8443, 8883, 8886})
TRANSPORT = frozenset({TCP})

RECORD_LEN = 16384 + 2048
CHAIN = 2
"""Records that must follow each other before framing alone counts as TLS."""
ALERTS = {
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    48: "unknown_ca",
    49: "access_denied",
    70: "protocol_version",
    80: "internal_error",
    86: "inappropriate_fallback",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}
FIRST = frozenset((CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION, *range(0x80, 0x100)))
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits a record header with a version of SSL 3.0 to TLS 1.3, or an SSLv2 hello."""
    data = head.data
    if not data:
        return Likeness.MORE
    if data[0] & 0x80:
        return _recognise_v2(data)
    if not CHANGE_CIPHER <= data[0] <= APPLICATION or data[1:2] not in (b"", b"\3"):
        return Likeness.NO
    if len(data) < 6:
        return Likeness.MORE if len(data) < 3 or data[2] <= 4 else Likeness.NO
    length = _record_len(data)
    if length is None:
        return Likeness.NO
    following = data[5 + length : 10 + length]
    if len(following) == 5 and _record_len(following) is None:
        return Likeness.NO
    if (data[0] == HANDSHAKE and data[5] in (1, 2)) or len(following) == 5:
        return Likeness.CERTAIN
    return Likeness.LIKELY


def open(context: Context) -> "TlsSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return TlsSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    messages: bytearray = field(default_factory=bytearray)
    records: int = 0
    begun: bool = False
    done: bool = False
    hidden: bool = False
    torn: bool = False


class TlsSession:
    """Reads records until both sides have nothing more to say in the clear, or that keys open."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._keys = context.keys
        self._opening: TlsOpening | None = None
        self._sides = {True: _Side(), False: _Side()}
        self._handshake = Handshake(context.flow, "t", "sni")
        self._version: int | None = None
        self._alert: str | None = None
        self._application = False

    def feed(self, segment: Segment) -> Given:
        """Takes the next bytes of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        if segment.gap_len:
            return tuple(self._skip_gap(side, segment))
        found: list[Item] = []
        at = 0 if side.stream.owed or len(side.stream) else self._whole(side, segment, found)
        if at == len(segment.data) or not self.wants(outbound=segment.outbound):
            return tuple(found)
        side.stream.append(segment, at)
        while self._next(side, found, outbound=segment.outbound) and self.wants(outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Given:
        """Gives nothing but what is to say of keys: a hello that is cut says nothing."""
        return tuple(self._opening.close()) if self._opening else ()

    def wants(self, *, outbound: bool) -> bool:
        """True until this direction's part of the handshake is over, with keys while records open."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives encrypted where a hello or chained records were seen, else opaque."""
        version = version_name(self._version) if self._version is not None else None
        handshake = self._handshake
        if handshake.client or handshake.server or handshake.certificate:
            reason = "TLS handshake seen"
            if handshake.server is None:
                reason = (
                    "TLS client hello seen, the server's hello is missing"
                    if handshake.client
                    else "TLS handshake seen in part"
                )
            if self._alert:
                reason += f"; alert in the clear: {self._alert}"
            if self._opening and self._opening.alert:
                reason += f"; alert inside: {ALERTS.get(self._opening.alert, self._opening.alert)}"
            return handshake.reading(
                ID, reason=reason, version=None if handshake.client else version
            )
        if sum(side.records for side in self._sides.values()) >= CHAIN:
            reason = "TLS records, handshake not seen"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))
        reason = "one record header like TLS, too little to tell"
        return Reading(Encryption(EncryptionState.OPAQUE, None, None, None, reason), application=None)

    def rest(self) -> None:
        """TLS ends with its connection."""

    def _skip_gap(self, side: _Side, segment: Segment) -> list[Item]:
        """Keeps the framing over a gap where it lies inside a record that is skipped; else gives the side up."""
        stream, length = side.stream, segment.gap_len
        if stream.bridge(length):
            return []
        place, found = (segment.packet, segment.time_ns), list[Item]()
        if self._opening:
            header = stream.peek(5)
            missing = 5 + int.from_bytes(header[3:5]) - len(stream)
            if len(header) == 5 and length <= missing:
                stream.drop(5 + int.from_bytes(header[3:5]))
                stream.bridge(length)
                side.torn = True
                side.messages.clear()
                found = self._opening.lose(header[0], int.from_bytes(header[3:5]), place, outbound=segment.outbound)
                side.done = self._opening.is_over(outbound=segment.outbound)
                return found
            found = self._opening.stop("bytes are missing from the capture", place, outbound=segment.outbound)
        stream.clear()
        side.messages.clear()
        side.done = True
        return found

    def _whole(self, side: _Side, segment: Segment, found: list[Item]) -> int:
        """Reads the handshake records that lie whole in a segment, as most do, and gives where the rest begins."""
        data, at = segment.data, 0
        place = segment.packet, segment.time_ns
        while not (side.done or side.hidden) and at + 5 <= len(data) and data[at] == HANDSHAKE:
            header = data[at : at + 5]
            length = _record_len(header)
            if length is None or at + 5 + length > len(data):
                break
            self._count(side, header)
            side.messages += data[at + 5 : at + 5 + length]
            self._messages(side, place, found, outbound=segment.outbound)
            at += 5 + length
        return at

    def _next(self, side: _Side, found: list[Item], *, outbound: bool) -> bool:
        """Reads one record; False where more bytes are needed."""
        stream = side.stream
        header = stream.peek(5)
        if not side.begun and header[:1] and header[0] & 0x80:
            return self._hello_v2(side, outbound=outbound)
        if len(header) < 5:
            return False
        length = _record_len(header, sealed=self._opening is not None and side.hidden)
        if length is None:
            if side.begun:
                found.append(
                    self._handshake.oddity(stream.origin(0), "record header", outbound=outbound)
                )
            if self._opening:
                found += self._opening.stop("no record follows", stream.origin(0), outbound=outbound)
            side.done = True
            return False
        kind = header[0]
        protected = kind in (APPLICATION, CHANGE_CIPHER) or side.hidden
        if protected and self._opening is None:
            self._count(side, header)
            self._hidden(side, kind)
            stream.drop(5 + length)
            return True
        if len(stream) < 5 + length:
            return False
        place = stream.origin(4 + length)
        self._count(side, header)
        body = stream.take(5 + length)[5:]
        if protected and self._opening:
            side.hidden = True
            found += self._opening.record(Record(kind, int.from_bytes(header[1:3]), body, place), outbound=outbound)
            side.done = self._opening.is_over(outbound=outbound)
            return not side.done
        if kind == ALERT:
            if length == 2:
                self._alert = ALERTS.get(body[1], str(body[1])) if body[1] else self._alert
            return True
        side.messages += body
        self._messages(side, place, found, outbound=outbound)
        return True

    def _count(self, side: _Side, header: bytes) -> None:
        side.begun = True
        side.records += 1
        self._version = max(self._version or 0, int.from_bytes(header[1:3]))

    def _hidden(self, side: _Side, kind: int) -> None:
        """What follows on this side is encrypted: nothing more is read once that much is proven."""
        side.hidden = True
        side.messages.clear()
        if kind == APPLICATION:
            self._application = True
        known = self._handshake.client or self._handshake.server
        if known or side.records > CHAIN:
            side.done = True

    def _messages(
        self, side: _Side, place: tuple[int, int], found: list[Item], *, outbound: bool
    ) -> None:
        """Takes whole handshake messages off the gathered records."""
        if side.torn:
            side.messages.clear()
        while len(side.messages) >= 4:
            kind, length = side.messages[0], int.from_bytes(side.messages[1:4])
            if length > MESSAGE_LEN:
                side.hidden = True  # an encrypted message, or nothing that is worth its memory
                side.messages.clear()
                side.done = self._handshake.client is not None and self._opening is None
                return
            if len(side.messages) < 4 + length:
                return
            body = bytes(side.messages[4 : 4 + length])
            del side.messages[: 4 + length]
            found += self._handshake.message(kind, body, place, outbound=outbound)
            if self._opening:
                found += self._opening.go_on()
                continue
            if self._may_open(kind, outbound=outbound):
                continue
            if (
                kind in (CLIENT_HELLO, SERVER_HELLO_DONE)
                or (kind != CLIENT_HELLO and self._handshake.is_server_done())
            ):
                side.done = True
                side.messages.clear()
                return

    def _may_open(self, kind: int, *, outbound: bool) -> bool:
        """Says after a client's hello whether the keys are those of its session, and if so makes ready to open it."""
        handshake = self._handshake
        if kind != CLIENT_HELLO or handshake.client is None or not self._keys.knows(handshake.client_random):
            return False
        self._opening = TlsOpening(self._flow, handshake, self._keys, client=outbound)
        return True

    def _hello_v2(self, side: _Side, *, outbound: bool) -> bool:
        """Reads an SSLv2 hello: it names no host; SSLv2 itself goes on in a framing that is not read further."""
        header = side.stream.peek(9)
        if len(header) < 9:
            return False
        side.begun = True
        side.records += CHAIN  # the hello is a handshake by itself
        version = int.from_bytes(header[3:5] if header[2] == 1 else header[5:7])
        self._version = max(self._version or 0, version)
        side.done = True
        side.stream.clear()
        del outbound
        return False


def _record_len(header: bytes, *, sealed: bool = False) -> int | None:
    """Gives the length in a record header, None where it is none; a ChangeCipherSpec that is `sealed` has more than a byte."""
    length = int.from_bytes(header[3:5])
    kind = header[0]
    if not CHANGE_CIPHER <= kind <= APPLICATION or header[1] != 3 or header[2] > 4:
        return None
    if length > RECORD_LEN or (not length and kind != APPLICATION):
        return None
    if kind == CHANGE_CIPHER and length != 1 and not sealed:
        return None
    return length


def _recognise_v2(data: bytes) -> Likeness:
    """Fits an SSLv2 client hello (RFC 6101 appendix E) or server hello."""
    if len(data) < 11:
        if len(data) >= 3 and data[2] not in (1, 4):
            return Likeness.NO
        return Likeness.MORE
    length = (data[0] & 0x7F) << 8 | data[1]
    if data[2] == 1:
        version = int.from_bytes(data[3:5])
        parts = [int.from_bytes(data[at : at + 2]) for at in (5, 7, 9)]
        fits = parts[0] % 3 == 0 and parts[0] and 16 <= parts[2] <= 32 and sum(parts) + 9 == length
        return Likeness.CERTAIN if fits and (version == 2 or version >> 8 == 3) else Likeness.NO
    fits_server = data[2] == 4 and data[3] in (0, 1) and data[4] in (0, 1) and data[5:7] == b"\0\2"
    return Likeness.LIKELY if fits_server else Likeness.NO
