"""SIP in the clear: who calls whom, with which credentials, which media are announced and their keys.

Source: RFC 3261 sections 7 (messages), 7.3.3 (short names of fields), 18.3 (framing), 22 (digest); RFC 8866
sections 5.14 (media) and 6.6 (codecs) of SDP; RFC 4568 section 4 (keys of SRTP in SDP); RFC 7118 is not
read.
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.http_body import Body, Framing
from iotaudit.dissect.http_head import HEAD_LEN, head_len, read_fields
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.dissect.teller import Teller
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "sip"
PORTS = frozenset({5060})
TRANSPORT = frozenset({TCP, UDP})

METHODS = tuple(
    b"ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split()
)
VERSION = b"SIP/2.0"
REQUEST = re.compile(
    rb"(?:" + b"|".join(METHODS) + rb") [a-z][a-z0-9+.-]{0,15}:[!-~]{1,4000} SIP/2\.0\r?\Z"
)
ANSWER = re.compile(rb"SIP/2\.0 [1-6][0-9]{2} ")
LINE_LEN = 2048
FIRST = frozenset(word[0] for word in (*METHODS, VERSION))
AWAY = FIRST
SURE = FIRST

SHORT = {
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "l": "content-length",
    "m": "contact",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "v": "via",
}
"""Short names of fields (RFC 3261 section 7.3.3, RFC 3515, RFC 3892)."""
SAFE_FIELDS = frozenset(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "allow",
        "allow-events",
        "cseq",
        "date",
        "event",
        "expires",
        "max-forwards",
        "mime-version",
        "min-expires",
        "min-se",
        "proxy-require",
        "rack",
        "require",
        "retry-after",
        "rseq",
        "session-expires",
        "subscription-state",
        "supported",
        "timestamp",
        "unsupported",
    )
)
CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
DIGEST_USER = re.compile(rb'(?:[ ,]|\A)username="([^"]{1,512})"')
END = re.compile(rb"\n\r?\n")
MEDIA = re.compile(rb"^m=(audio|video|text|application|message|image) ", re.MULTILINE)
CODEC = re.compile(rb"^a=rtpmap:\d{1,3} ([A-Za-z0-9.-]{1,32})/", re.MULTILINE)
KEY = re.compile(
    rb"^a=crypto:\d{1,9} [A-Za-z0-9_]{1,40} inline:([A-Za-z0-9+/=]{8,128})", re.MULTILINE
)
CODECS = frozenset(
    """AMR AMR-WB G722 G726-16 G726-24 G726-32 G726-40 G729 G7221 GSM H261 H263 H263-1998 H264 H265 iLBC
    JPEG L16 MP4A-LATM MP4V-ES MPEG4-GENERIC OPUS PCMA PCMU SPEEX TELEPHONE-EVENT VP8 VP9""".upper().split()
)
"""Names that are told; a foreign one could hold anything."""
MOST = 32
"""Media, codecs and keys of one description that are read."""


def recognise(head: Head) -> Likeness:
    """Fits the start line of SIP 2.0."""
    data = head.data[:LINE_LEN]
    line, newline, _ = data.partition(b"\n")
    cut = head.protocol == TCP and not newline and len(data) < LINE_LEN
    if data[: len(VERSION)] == VERSION[: len(data)]:
        if ANSWER.match(data):
            return Likeness.CERTAIN
        return Likeness.MORE if cut and len(data) < len(VERSION) + 5 else Likeness.NO
    word, space, _ = line.partition(b" ")
    if not space:
        return (
            Likeness.MORE
            if cut and any(method.startswith(word) for method in METHODS)
            else Likeness.NO
        )
    if word not in METHODS or not line.rstrip(b"\r").isascii():
        return Likeness.NO
    if cut:
        return Likeness.MORE
    return Likeness.CERTAIN if REQUEST.match(line) else Likeness.NO


def open(context: Context) -> "SipSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return SipSession(context)


@dataclass(frozen=True, slots=True)
class _Message:
    """The head of a message: where it was, and what its body needs."""

    length: int | None
    media_type: str
    encoding: str


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    body: Body | None = None
    message: _Message | None = None
    scanned: int = 0
    lost: bool = False


class SipSession:
    """Reads the messages of both directions."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._teller = Teller(context.flow, ID)
        self._is_stream = context.protocol == TCP
        self._sides = {True: _Side(), False: _Side()}
        self._media: dict[str, None] = {}

    def feed(self, segment: Segment) -> Output:
        """Takes a datagram, or the next bytes (or a gap) of a stream."""
        found: list[Event | Content] = []
        if not self._is_stream:
            self._datagram(segment, found)
            return tuple(found)
        side, outbound = self._sides[segment.outbound], segment.outbound
        if segment.gap_len:
            self._gap(side, segment.gap_len, found, outbound=outbound)
            return tuple(found)
        side.stream.append(segment)
        while self._next(side, found, outbound=outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives the bodies that were cut."""
        found: list[Event | Content] = []
        for outbound, side in self._sides.items():
            if side.body and side.message:
                for piece in side.body.close():
                    cut = piece.truncated
                    self._body(
                        side.message,
                        piece.data,
                        piece.place,
                        found,
                        outbound=outbound,
                        truncated=cut,
                    )
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True: a message may always follow."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext, with the kinds of media that were announced."""
        reason = "SIP in the clear"
        if self._media:
            reason += f", announces {', '.join(self._media)}"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def rest(self) -> None:
        """SIP ends with its connection."""

    def _datagram(self, segment: Segment, found: list[Event | Content]) -> None:
        """Reads one message; what only keeps a way open (empty lines, STUN) is passed over."""
        data = segment.data
        if len(data.strip(b"\r\n\0")) <= 4 or data[0] not in FIRST:
            return
        place = segment.packet, segment.time_ns
        end = END.search(data, 0, HEAD_LEN)
        head = self._head(
            data[: end.end() if end else HEAD_LEN], place, found, outbound=segment.outbound
        )
        if head is None:
            if not segment.truncated_len:
                found.append(self._malformed(place, outbound=segment.outbound))
            return
        body = data[end.end() :] if end else b""
        wanted = len(body) if head.length is None else head.length
        cut = segment.truncated_len > 0 or wanted > len(body)
        self._body(head, body[:wanted], place, found, outbound=segment.outbound, truncated=cut)

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads one message's head or body; False where more bytes are needed."""
        stream = side.stream
        if side.lost:
            return self._resume(side)
        if side.body and side.message:
            for piece in side.body.read(stream):
                cut = piece.truncated
                self._body(
                    side.message, piece.data, piece.place, found, outbound=outbound, truncated=cut
                )
            if not side.body.over:
                return False
            side.body = side.message = None
            return True
        while stream.peek(1) in (b"\r", b"\n"):
            stream.skip(1)
            side.scanned = 0
        if not len(stream):
            return False
        length = head_len(stream, side.scanned)
        wrong = (
            side.scanned < LINE_LEN and recognise(Head(stream.peek(LINE_LEN), TCP)) is Likeness.NO
        )
        if wrong or (length is None and len(stream) >= HEAD_LEN):
            found.append(self._malformed(stream.origin(0), outbound=outbound))
            side.lost = True
            stream.skip(1)
            side.scanned = 0
            return True
        if length is None:
            side.scanned = len(stream)
            return False
        side.scanned = 0
        place = stream.origin(length - 1)
        side.message = self._head(stream.take(length), place, found, outbound=outbound)
        if side.message and side.message.length:
            side.body = Body(Framing.LENGTH, side.message.length)
        return True

    def _head(
        self, raw: bytes, place: tuple[int, int], found: list[Event | Content], *, outbound: bool
    ) -> _Message | None:
        """Hands the values of a head on; None where it is none of SIP."""
        lines = raw.split(b"\n")
        start = lines[0].rstrip(b"\r")
        if not ANSWER.match(start) and not REQUEST.match(start):
            return None
        if not start.startswith(VERSION):
            self._teller.give("uri", "", start.split(b" ")[1], place, found, outbound=outbound)
        length, media, encoding = None, "", ""
        for short, value in read_fields(lines[1:]):
            name = SHORT.get(short, short)
            if name == "content-length" and value.isdigit() and len(value) <= 18:
                length = int(value)
            elif name == "content-type":
                media = value.decode("latin-1")[:256]
            elif name == "content-encoding":
                encoding = value.decode("latin-1")[:64]
            elif value and name not in SAFE_FIELDS:
                self._teller.give(f"header.{name}", name, value, place, found, outbound=outbound)
                user = DIGEST_USER.search(value) if name in CREDENTIALS else None
                if user:
                    self._teller.give("username", "username", user[1], place, found, outbound=outbound)
        return _Message(length, media, encoding)

    def _body(
        self,
        head: _Message,
        data: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
        truncated: bool,
    ) -> None:
        """Hands a body on, and what a description of media says about them."""
        if not data:
            return
        found.append(
            Content(
                self._flow,
                *place,
                outbound,
                "sip.body",
                "plaintext",
                data,
                head.encoding,
                head.media_type,
                truncated=truncated,
            )
        )
        if head.media_type.lower().startswith("application/sdp"):
            for match, _ in zip(MEDIA.finditer(data), range(MOST), strict=False):
                self._media[match[1].decode("ascii")] = None
            for match, _ in zip(CODEC.finditer(data), range(MOST), strict=False):
                name = match[1].decode("ascii").upper()
                if name in CODECS:
                    self._media[name] = None
            for match, _ in zip(KEY.finditer(data), range(MOST), strict=False):
                self._teller.give("sdp.crypto", "session key", match[1], place, found, outbound=outbound)

    def _malformed(self, place: tuple[int, int], *, outbound: bool) -> Oddity:
        return Oddity(self._flow, *place, outbound, "malformed_message", f"{ID}: start line")

    def _gap(
        self, side: _Side, length: int, found: list[Event | Content], *, outbound: bool
    ) -> None:
        """Bridges a gap inside of a body; else reading goes on at the next start line."""
        if side.body and side.message:
            for piece in side.body.gap(length):
                self._body(
                    side.message, piece.data, piece.place, found, outbound=outbound, truncated=True
                )
            if not side.body.broken:
                if side.body.over:
                    side.body = side.message = None
                return
        side.stream.clear()
        side.body = side.message = None
        side.scanned = 0
        side.lost = True

    def _resume(self, side: _Side) -> bool:
        """Looks for the next start line, line by line; False where more bytes are needed."""
        stream = side.stream
        end = stream.find(b"\n", side.scanned)
        if end < 0:
            side.scanned = len(stream)
            if side.scanned >= LINE_LEN:
                stream.clear()
                side.scanned = 0
            return False
        side.scanned = 0
        line = stream.peek(end).rstrip(b"\r")
        side.lost = not (REQUEST.match(line) or ANSWER.match(line))
        if side.lost:
            stream.skip(end + 1)
        return True
