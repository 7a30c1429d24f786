"""RTSP in the clear: how a camera's stream is asked for, with which credentials; media inside are counted.

Source: RFC 2326 (RTSP 1.0), section 10.12 (interleaved media).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.http_body import Body, Framing, Piece
from iotaudit.dissect.http_head import HEAD_LEN, MessageHead, head_len, read_head
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "rtsp"
PORTS = frozenset({554, 5554, 7070, 8554, 10554})
TRANSPORT = frozenset({TCP})

METHODS = (
    b"ANNOUNCE",
    b"DESCRIBE",
    b"GET_PARAMETER",
    b"OPTIONS",
    b"PAUSE",
    b"PLAY",
    b"RECORD",
    b"REDIRECT",
    b"SETUP",
    b"SET_PARAMETER",
    b"TEARDOWN",
)
LINE_LEN = 2048
WINDOW_LEN = 4096
INTERLEAVED = b"$"
RESUME = re.compile(rb"(?:" + b"|".join(METHODS) + rb") [!-~]{1,4000} RTSP/1\.0\r?\n|RTSP/1\.0 [1-5][0-9]{2} ")
SAFE_FIELDS = frozenset(
    (
        "accept",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cseq",
        "date",
        "expires",
        "public",
        "range",
        "require",
        "rtp-info",
        "transport",
    )
)
FIRST = frozenset(word[0] for word in (*METHODS, b"RTSP"))
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits a request line or a status line of RTSP/1.x."""
    data = head.data
    if data[:7] == b"RTSP/1."[: len(data)]:
        if len(data) < 12:
            return Likeness.MORE
        return Likeness.CERTAIN if data[8:9] == b" " and data[9:12].isdigit() else Likeness.NO
    word = data[:LINE_LEN].split(b" ")[0]
    if b" " not in data[:LINE_LEN]:
        return Likeness.MORE if any(method.startswith(word) for method in METHODS) else Likeness.NO
    if word not in METHODS:
        return Likeness.NO
    line, newline, _ = data[:LINE_LEN].partition(b"\n")
    if not newline:
        return Likeness.MORE if len(line) < LINE_LEN else Likeness.NO
    request = read_head(line)
    return Likeness.CERTAIN if request and request.version.startswith("RTSP") else Likeness.NO


def open(context: Context) -> "RtspSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return RtspSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    body: Body | None = None
    head: MessageHead | None = None
    scanned: int = 0
    lost: bool = False


class RtspSession:
    """Reads the messages of both directions and counts the media between them."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._media = 0

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if segment.gap_len:
            self._gap(side, segment.gap_len)
            return ()
        side.stream.append(segment)
        found: list[Event | Content] = []
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives the bodies that were cut."""
        return tuple(
            content
            for outbound, side in self._sides.items()
            if side.body and side.head
            for content in self._body(side.body.close(), side.head, outbound=outbound)
        )

    def wants(self, *, outbound: bool) -> bool:
        """True: a request may follow the media."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext; media inside are as readable as the messages around them."""
        reason = "RTSP in the clear"
        if self._media:
            reason += f", {self._media} media packets inside"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def rest(self) -> None:
        """RTSP ends with its connection."""

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads one message, body or media packet; False where more bytes are needed."""
        stream = side.stream
        if side.lost:
            return self._resume(side)
        if side.body and side.head:
            found += self._body(side.body.read(stream), side.head, outbound=outbound)
            if not side.body.over:
                return False
            side.body = side.head = None
            return True
        while stream.peek(1) in (b"\r", b"\n"):
            stream.skip(1)
        if stream.peek(1) == INTERLEAVED:
            header = stream.peek(4)
            if len(header) < 4:
                return False
            self._media += 1
            stream.drop(4 + int.from_bytes(header[2:4]))
            return True
        return len(stream) > 0 and self._head(side, found, outbound=outbound)

    def _head(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        stream = side.stream
        length = head_len(stream, side.scanned)
        wrong = recognise(Head(stream.peek(LINE_LEN), TCP)) is Likeness.NO
        if wrong or (length is None and len(stream) >= HEAD_LEN):
            place = stream.origin(0)
            found.append(Oddity(self._flow, *place, outbound, "malformed_message", "rtsp: start line"))
            side.lost = True
            stream.skip(1)
            side.scanned = 0
            return True
        if length is None:
            side.scanned = len(stream)
            return False
        side.scanned = 0
        place = stream.origin(length - 1)
        head = read_head(stream.take(length))
        if head is None:
            return True
        if head.method and len(head.target) > 1:
            found.append(Content(self._flow, *place, outbound, "rtsp.uri", "plaintext", head.target))
        for name, value in head.fields:
            if value and name not in SAFE_FIELDS:
                where = f"rtsp.header.{name}"
                found.append(Content(self._flow, *place, outbound, where, "plaintext", value, key=name))
        lengths = head.lengths()
        if lengths:
            side.head = head
            side.body = Body(Framing.LENGTH, max(lengths))
        return True

    def _body(self, pieces: list[Piece], head: MessageHead, *, outbound: bool) -> list[Content]:
        media = (head.first("content-type") or b"").decode("latin-1")[:256]
        return [
            Content(
                self._flow, *p.place, outbound, "rtsp.body", "plaintext", p.data, "", media, "", p.truncated
            )
            for p in pieces
        ]

    def _gap(self, side: _Side, length: int) -> None:
        """Bridges a gap inside of a media packet; else reading goes on at the next start line."""
        if side.stream.bridge(length):
            return
        side.stream.clear()
        side.body = side.head = None
        side.scanned = 0
        side.lost = True

    def _resume(self, side: _Side) -> bool:
        stream = side.stream
        match = RESUME.search(stream.peek(len(stream)))
        if match is None:
            stream.skip(max(len(stream) - WINDOW_LEN, 0))
            return False
        stream.skip(match.start())
        side.lost = False
        return True
