"""What a key log opens of one QUIC connection: its packets, the server's certificate, and its streams in order.

Source: RFC 9000 sections 5.1 (connection ids), 12.3 (number spaces: 0-RTT and 1-RTT share one), RFC 9001 section 4 (CRYPTO frames carry TLS),
RFC 8446 sections 4.3.1 and 7.1, RFC 9369 section 4; labels of secrets: draft-ietf-tls-keylogfile.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from iotaudit.codec.quic_protection import Protection
from iotaudit.dissect.cursor import ShortError
from iotaudit.dissect.dns import ID as DNS
from iotaudit.dissect.doq import Doq
from iotaudit.dissect.handshake import CERTIFICATE, Handshake
from iotaudit.dissect.http3 import ID as HTTP3
from iotaudit.dissect.http3 import Http3
from iotaudit.dissect.quic_crypto import Crypto
from iotaudit.dissect.quic_frames import (
    ACK,
    CLOSE,
    CRYPTO,
    DATAGRAM,
    NEW_CONNECTION_ID,
    RESET_STREAM,
    STREAM,
    Frame,
    UnknownFrameError,
    frames,
)
from iotaudit.dissect.quic_numbers import Sent
from iotaudit.dissect.quic_streams import Piece, Streams
from iotaudit.dissect.session import TCP, Context, Given, Item, Opened, Reading
from iotaudit.dissect.tls import ALERTS
from iotaudit.dissect.tls_hello import encrypted_alpn
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import HttpExchange
from iotaudit.model.raw import Content, Segment

ZERO_RTT, HANDSHAKE, ONE_RTT = 1, 2, 4
SECRETS = {
    (HANDSHAKE, True): "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    (HANDSHAKE, False): "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    (ZERO_RTT, True): "CLIENT_EARLY_TRAFFIC_SECRET",
    (ONE_RTT, True): "CLIENT_TRAFFIC_SECRET_0",
    (ONE_RTT, False): "SERVER_TRAFFIC_SECRET_0",
}
"""Labels by kind of packet, and whether the client sends it."""
ENCRYPTED_EXTENSIONS = 8
IDS = 256
"""Connection ids of one end that are known."""
STREAM_BITS = 62
TLS_ERRORS = 0x100
"""Errors from here on are TLS alerts (RFC 9001 section 4.8)."""
WHY = "opened with the key log"
STREAM_GAP = "quic: bytes of a stream are missing"
PACKET_GAP = "quic: packets are missing"


class Streamed(Protocol):
    """Whoever reads the streams of a connection."""

    def feed(self, segment: Segment, number: int) -> list[Event | Content]:
        """Takes the next bytes (or a gap) of one direction of a stream."""
        ...

    def end(self, number: int, *, outbound: bool, cut: bool) -> list[Event | Content]:
        """Takes the end of one direction of a stream; `cut`: its sender gave it up."""
        ...

    def close(self) -> list[Event | Content]:
        """Gives what was still open."""
        ...


class Opening:
    """Opens the packets of one connection. `version` is that of its keys, `index` tells connections of a flow apart."""

    def __init__(
        self, context: Context, handshake: Handshake, version: int, index: int, *, client: bool
    ) -> None:
        self._context = context
        self._handshake = handshake
        self.version = version
        self._index = index
        self._client = client
        self._ids: dict[bool, set[bytes]] = {True: set(), False: set()}
        self._id_lens: dict[bool, list[int]] = {True: [], False: []}
        self._protections: dict[tuple[int, bool], Protection] = {}
        self._crypto = {True: Crypto(), False: Crypto()}
        self._sent = {True: Sent(), False: Sent()}
        self._streams = Streams()
        self._reader: Streamed | None = None
        self._alpn: str | None = None
        self._closed_by = ""
        self._read = False
        self._handed_on = False
        self._told: set[tuple[str, bool]] = set()

    def know(self, connection_id: bytes, *, outbound: bool) -> None:
        """Takes an id that the end which sends in this direction chose for itself."""
        if len(self._ids[outbound]) < IDS:
            self._ids[outbound].add(connection_id)
            self._id_lens[outbound] = sorted({*self._id_lens[outbound], len(connection_id)}, reverse=True)

    def owns(self, destination: bytes, source: bytes, *, outbound: bool) -> bool:
        """Says whether a packet with these ids, sent in this direction, is likely the connection's."""
        return destination in self._ids[not outbound] or source in self._ids[outbound]

    def open_long(
        self, kind: int, version: int, packet: bytes, number_at: int, segment: Segment, found: list[Item]
    ) -> bool:
        """Reads a Handshake or 0-RTT packet and says whether it opened."""
        payload = self._opened(kind, version, packet, number_at, outbound=segment.outbound)
        if payload is None:
            return False
        if kind == HANDSHAKE:
            self.version = version
        self._frames(kind, payload, segment, found)
        return True

    def open_short(self, packet: bytes, segment: Segment, found: list[Item]) -> bool:
        """Reads a packet with a short header, the last of its datagram, and says whether it opened.

        Its id is as long as a known one that fits; where none does, every length that was seen is tried.
        """
        known, lens = self._ids[not segment.outbound], self._id_lens[not segment.outbound]
        for length in [length for length in lens if packet[1 : 1 + length] in known][:1] or lens:
            payload = self._opened(ONE_RTT, self.version, packet, 1 + length, outbound=segment.outbound)
            if payload is not None:
                self._frames(ONE_RTT, payload, segment, found)
                return True
        return False

    def close(self, last: Segment, closed: Collection[bool]) -> Given:
        """Gives what was still open, and tells where packets are missing that nothing else tells of.

        `last` is the flow's last datagram; in the `closed` directions packets are there that did not open.
        """
        found: list[Item] = []
        for outbound, number, pieces in self._streams.close():
            self._pieces(number, pieces, replace(last, outbound=outbound), found)
        if self._reader:
            found += self._reader.close()
        for outbound, sent in self._sent.items():
            if not (outbound in closed or (STREAM_GAP, outbound) in self._told or sent.is_whole()):
                self._tell("decryption_stopped", PACKET_GAP, replace(last, outbound=outbound), found)
        return tuple(found)

    def exchanges(self) -> tuple[HttpExchange, ...]:
        """Gives the requests that were read."""
        return self._reader.exchanges() if isinstance(self._reader, Http3) else ()

    def reading(self, outer: Reading) -> Reading:
        """Gives what the handshake told with what was opened of the rest."""
        encryption = outer.encryption
        if self._closed_by:
            encryption = replace(encryption, reason=f"{encryption.reason}; {self._closed_by}")
        if self._read and not self._handed_on:  # else the flow says so
            encryption = replace(encryption, opened=True, reason=f"{encryption.reason}; {WHY}")
        tls = replace(outer.tls, alpn=(self._alpn,)) if outer.tls and self._alpn else outer.tls
        application = HTTP3 if isinstance(self._reader, Http3) else DNS if self._reader else None
        mqtt = self._reader.mqtt() if isinstance(self._reader, Http3) else None
        return replace(
            outer, encryption=encryption, tls=tls, http=self.exchanges(), mqtt=mqtt, application=application
        )

    def _opened(
        self, kind: int, version: int, packet: bytes, number_at: int, *, outbound: bool
    ) -> bytes | None:
        key = (kind, outbound is self._client)
        protection = self._protections.get(key)
        if protection is None:
            label = SECRETS.get(key)
            secret = self._context.keys.secret(self._handshake.client_random, label) if label else None
            if secret is None:
                return None
            early = self._protections.get((ZERO_RTT, True)) if key == (ONE_RTT, True) else None
            protection = self._protections[key] = Protection(secret, version, early.largest if early else -1)
        payload = protection.open(packet, number_at)
        if payload is not None and kind != HANDSHAKE:
            self._sent[outbound].opened.add(protection.number, protection.number)
        return payload

    def _frames(self, kind: int, payload: bytes, segment: Segment, found: list[Item]) -> None:
        try:
            for frame in frames(payload):
                self._frame(kind, frame, segment, found)
        except (ShortError, UnknownFrameError):  # what stood before the frame counts
            self._tell("malformed_message", "quic: a frame of an opened packet", segment, found)

    def _frame(self, kind: int, frame: Frame, segment: Segment, found: list[Item]) -> None:
        outbound = segment.outbound
        if frame.kind == STREAM:
            pieces = self._streams.add(frame.number, frame.at, frame.data, end=frame.end, outbound=outbound)
            self._pieces(frame.number, pieces, segment, found)
            if self._streams.refused:
                self._tell("event_limit", "more QUIC streams than are read", segment, found)
        elif frame.kind == RESET_STREAM:
            self._pieces(frame.number, self._streams.reset(frame.number, outbound=outbound), segment, found)
            if self._reader:
                found += self._reader.end(frame.number, outbound=outbound, cut=True)
        elif frame.kind == CRYPTO and kind == HANDSHAKE:
            self._crypto[outbound].add(frame.at, frame.data)
            self._messages(segment, found)
        elif frame.kind == ACK and kind == ONE_RTT:
            for first, last in frame.ranges:
                self._sent[not outbound].acknowledged.add(first, last)
        elif frame.kind == NEW_CONNECTION_ID:
            self.know(frame.data, outbound=outbound)
        elif frame.kind == DATAGRAM and frame.data:
            self._read = True
            where = "quic.datagram"
            found.append(
                Content(
                    segment.flow, segment.packet, segment.time_ns, outbound, where, "decrypted", frame.data
                )
            )
        elif frame.kind == CLOSE and not frame.end and frame.number >= TLS_ERRORS:
            code = frame.number - TLS_ERRORS
            self._closed_by = f"closed with the TLS alert {ALERTS.get(code, code)}"

    def _messages(self, segment: Segment, found: list[Item]) -> None:
        """Reads the server's protected handshake messages that are whole now."""
        outbound = segment.outbound
        place = (segment.packet, segment.time_ns)
        for kind, body in self._crypto[outbound].messages():
            if kind == ENCRYPTED_EXTENSIONS and outbound is not self._client:
                self._alpn = encrypted_alpn(body)
            elif kind == CERTIFICATE:
                found += self._handshake.message(kind, body, place, outbound=outbound)

    def _pieces(self, number: int, pieces: list[Piece], segment: Segment, found: list[Item]) -> None:
        """Hands the next bytes of a stream to whom they concern."""
        for piece in pieces:
            at = replace(segment, offset=piece.at, data=piece.data, gap_len=piece.gap_len, truncated_len=0)
            reader = self._chosen()
            if piece.gap_len:
                self._tell("decryption_stopped", STREAM_GAP, segment, found)
            if reader is None:
                if not piece.end:
                    self._handed_on = True
                    found.append(Opened(at, number | self._index << STREAM_BITS, TCP))
            elif piece.end:
                found += reader.end(number, outbound=segment.outbound, cut=False)
            else:
                self._read = True
                found += reader.feed(at, number)

    def _chosen(self) -> Streamed | None:
        """Gives who reads the streams, None where each is a conversation of its own.

        Until the server's choice was seen, the client's first protocol counts: data that is sent before is of that.
        """
        if self._reader is None:
            offered = self._handshake.client.alpn if self._handshake.client else ()
            alpn = self._alpn or (offered[0] if offered else "")
            if alpn == "h3" or alpn.startswith("h3-"):
                self._reader = Http3(self._context)
            elif alpn == "doq" or alpn.startswith("doq-i"):
                self._reader = Doq(self._context, alpn)
        return self._reader

    def _tell(self, kind: str, detail: str, segment: Segment, found: list[Item]) -> None:
        """Tells what was not read, once each and direction."""
        if (detail, segment.outbound) not in self._told:
            self._told.add((detail, segment.outbound))
            found.append(
                Oddity(segment.flow, segment.packet, segment.time_ns, segment.outbound, kind, detail)
            )
