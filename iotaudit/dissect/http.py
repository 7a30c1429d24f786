"""HTTP/1.x in the clear: who is asked for what, and what is sent along.

Bodies are handed on as they are on the wire but for the chunked coding; the declared codings stand in `encoding`.
After a gap, and where the capture begins inside a message, reading goes on at the next start line.
Source: RFC 9112 (HTTP/1.1), RFC 9110 sections 9.3.6 (CONNECT), 7.8 (Upgrade), 15 (status codes).
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from iotaudit.dissect import doh
from iotaudit.dissect.http_body import BODY_LEN, Body, Framing, Piece
from iotaudit.dissect.http_head import END, HEAD_LEN, head_len, read_fields, read_head
from iotaudit.dissect.http_told import Told, handed, tell
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, HttpExchange
from iotaudit.model.raw import Content, Segment

ID = "http"
PORTS = frozenset({80, 81, 591, 3128, 5000, 8000, 8008, 8080, 8081, 8088, 8888})
TRANSPORT = frozenset({TCP})
FIRST = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
AWAY = FIRST
SURE = FIRST

EXCHANGES_KEPT = 1000
WAITING = 100
"""Requests without an answer yet that are remembered in one direction."""
LINE_LEN = 2048
"""A request line of an unusual method that is longer is not recognised."""
SURE_LEN = 16
REPEATED_LEN = 1024
"""Longer heads are not remembered."""
WINDOW_LEN = 4096
"""A start line that is looked for after a gap is at most this long."""
METHOD = re.compile(rb"[A-Z][A-Z_-]{1,23}(?: |\Z)")
USUAL = re.compile(rb"(?:GET|POST|PUT|HEAD|DELETE|PATCH) (?:/|https?://)")
RESUME = re.compile(
    rb"(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS|CONNECT|NOTIFY|SUBSCRIBE|UNSUBSCRIBE|PROPFIND)"
    rb" [!-~]{1,4000} HTTP/1\.[01]\r?\n|HTTP/1\.[01] [1-5][0-9]{2}[ \r\n]"
)
SWITCHING = re.compile(rb"HTTP/1\.[0-9] 101")


def recognise(head: Head) -> Likeness:
    """Fits a request line or a status line; an answer 101 is left to the protocol that it announces."""
    data = head.data
    if data[:7] == b"HTTP/1."[: len(data)]:
        return _recognise_answer(data)
    if not METHOD.match(data):
        return Likeness.MORE if len(data) <= 1 and data.isalpha() and data.isupper() else Likeness.NO
    first = data[:SURE_LEN]
    if len(first) == SURE_LEN and USUAL.match(first) and min(first) >= 0x20:
        return Likeness.CERTAIN
    line = data[:LINE_LEN]
    end = line.find(b"\n")
    if end < 0:
        return Likeness.NO if len(line) == LINE_LEN or _is_binary(line) else Likeness.MORE
    request = read_head(line[: end + 1])
    return Likeness.CERTAIN if request and request.version.startswith("HTTP") else Likeness.NO


def open(context: Context) -> "HttpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return HttpSession(context)


class _Asked:
    """A request, and the status of its answer once that is there."""

    __slots__ = ("_agent", "_host", "_packet", "_uri", "method", "status", "switches")

    def __init__(self, head: Told, packet: int) -> None:
        self.method = head.method
        self._host = head.names[0] if head.names else None
        self._uri = head.uri
        self._agent = head.agent
        self._packet = packet
        self.switches = head.switches
        self.status: int | None = None

    def exchange(self) -> HttpExchange:
        """Gives the row of the summary."""
        return HttpExchange(self.method, self._host, self._uri, self._agent, self.status, self._packet)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    asked: deque[_Asked] = field(default_factory=deque)
    body: Body | None = None
    head: Told | None = None
    scanned: int = 0
    begun: bool = False
    lost: bool = False
    waits: bool = False


class HttpSession:
    """Reads the messages of both directions and pairs them in order."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._exchanges: list[_Asked] = []
        self._rest: tuple[Segment, ...] | None = None
        self._messages = 0
        self._released = False

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if segment.gap_len:
            return tuple(self._gap(side, segment))
        found: list[Event | Content] = []
        at = self._whole(side, segment, found)
        if at == len(segment.data):
            return tuple(found)
        side.stream.append(segment, at)
        self._read(side, found, outbound=segment.outbound)
        while self._released:  # what waited comes before the next answer
            self._released = False
            self._read(self._sides[not segment.outbound], found, outbound=not segment.outbound)
            self._read(side, found, outbound=segment.outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives the bodies that end with the connection, and what waited for an answer that never came."""
        found: list[Event | Content] = []
        if self._rest is not None:
            return ()
        for outbound in (True, False):
            side = self._sides[outbound]
            side.waits = self._released = False
            self._read(side, found, outbound=outbound)
            if side.body:
                found += self._pieces(side, side.body.close(), outbound=outbound)
            else:
                self._cut(side, found, outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True: a connection may always carry one more request."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext with the exchanges."""
        reason = "HTTP in the clear" if self._messages else "HTTP in the clear, no whole head seen"
        return Reading(
            Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason),
            http=tuple([asked.exchange() for asked in self._exchanges]),
        )

    def rest(self) -> tuple[Segment, ...] | None:
        """Gives what follows CONNECT or an upgrade; an upgrade's answer (101) comes first, it names what follows."""
        return self._rest

    # The messages of one direction

    def _whole(self, side: _Side, segment: Segment, found: list[Event | Content]) -> int:
        """Reads the messages that lie whole in a segment, as most do, and gives where the rest begins.

        Only plain ones: what changes the protocol, or is of no usual form, is left to the stream.
        """
        at = 0
        data, outbound = segment.data, segment.outbound
        asked = self._sides[not outbound].asked
        while at < len(data) and not (side.body or side.waits or side.lost or len(side.stream)) and self._rest is None:
            head_end = END.search(data, at, at + REPEATED_LEN)
            if head_end is None or head_end.end() - at < SURE_LEN or data[at] in b"\r\n":
                break
            body_at = head_end.end()
            head = _repeated(data[at:body_at])
            if head is None or head.switches or head.framing is not Framing.LENGTH or 0 < head.status < 200 or head.doubt:
                break
            end = body_at + head.length
            if end > len(data) or head.length > BODY_LEN:
                break
            if head.status and asked and (asked[0].switches or asked[0].method == "HEAD"):
                break
            place = segment.packet, segment.time_ns
            side.begun = True
            self._messages += 1
            if head.status:
                found += self._fields(head.handed, place, outbound=outbound)
                self._settle(self._sides[not outbound], head.status)
            else:
                self._ask(side, head, place, found, outbound=outbound)
            if head.length:
                found += self._handed_on(head, (Piece(data[body_at:end], place, False),), outbound=outbound)
            at = end
        return at

    def _read(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        while self._rest is None and not self._released and self._next(side, found, outbound=outbound):
            pass

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads a head, a part of a body, or what lies between; False where more bytes are needed."""
        if side.waits and not self._goes_on(side, outbound=outbound):
            return False
        if side.lost:
            return self._resume(side)
        if side.body is None:
            return self._head(side, found, outbound=outbound)
        body = side.body
        found += self._pieces(side, body.read(side.stream), outbound=outbound)
        if not body.over:
            return False
        if body.trailer:
            fields = read_fields(body.trailer.split(b"\n"))
            request = side.head is not None and not side.head.status
            found += self._fields(handed(fields, request=request), body.end, outbound=outbound)
        if body.broken:
            found.append(self._malformed(body.end, "chunk", outbound=outbound))
            side.lost = True
        side.body = side.head = None
        return True

    def _head(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        stream = side.stream
        while stream.peek(1) in (b"\r", b"\n"):
            stream.skip(1)
        if not len(stream):
            return False
        length = head_len(stream, side.scanned)
        if length is not None and SURE_LEN <= length <= REPEATED_LEN:
            head = _repeated(stream.peek(length))
            if head is not None:
                self._message(side, head, stream, length, found, outbound=outbound)
                return True
        start = stream.peek(LINE_LEN)
        if recognise(Head(start, TCP)) is Likeness.NO and not SWITCHING.match(start):
            if side.begun:
                found.append(self._malformed(stream.origin(0), "start line", outbound=outbound))
            side.lost = True
            return True
        if length is None:
            side.scanned = len(stream)
            if len(stream) < HEAD_LEN:
                return False
            place = stream.origin(HEAD_LEN - 1)
            found.append(self._malformed(place, f"head longer than {HEAD_LEN} bytes", outbound=outbound))
            stream.skip(HEAD_LEN)
            side.scanned, side.lost = 0, True
            return True
        head = tell(stream.peek(length))
        if head is None:
            found.append(self._malformed(stream.origin(length - 1), "start line", outbound=outbound))
            stream.skip(length)
            side.scanned, side.lost = 0, True
            return True
        self._message(side, head, stream, length, found, outbound=outbound)
        return True

    def _message(
        self, side: _Side, head: Told, stream: Stream, length: int, found: list[Event | Content], *, outbound: bool
    ) -> None:
        """Takes a whole head off the stream and opens its body."""
        place = stream.origin(length - 1)
        raw = stream.take(length)
        side.scanned = 0
        side.begun = True
        self._messages += 1
        if head.doubt:
            found.append(self._malformed(place, head.doubt, outbound=outbound))
        if head.status:
            self._answer(side, head, raw, place, found, outbound=outbound)
        else:
            self._ask(side, head, place, found, outbound=outbound)
            self._open_body(side, head, "", place, found, outbound=outbound)

    def _ask(
        self,
        side: _Side,
        head: Told,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        packet, time_ns = place
        found += [NameSeen(self._flow, packet, time_ns, outbound, name, "http_host") for name in head.names]
        if len(head.target) > 1:
            found.append(Content(self._flow, packet, time_ns, outbound, "http.uri", "plaintext", head.target))
        if head.asks:
            found += doh.told(self._context, place, head.asks, outbound=outbound)
        found += self._fields(head.handed, place, outbound=outbound)
        asked = _Asked(head, place[0])
        if len(self._exchanges) < EXCHANGES_KEPT:
            self._exchanges.append(asked)
        if len(side.asked) < WAITING:
            side.asked.append(asked)
        side.waits = head.switches

    def _answer(
        self,
        side: _Side,
        head: Told,
        raw: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        other = self._sides[not outbound]
        method = ""
        found += self._fields(head.handed, place, outbound=outbound)
        if head.status == 101:
            self._settle(other, head.status)
            self._switch(side, other, Segment(self._flow, outbound, *place, 0, raw), outbound=outbound)
            return
        if head.status >= 200:
            asked = self._settle(other, head.status)
            method = asked.method if asked else ""
            if method == "CONNECT" and head.status < 300:
                self._switch(side, other, None, outbound=outbound)
                return
            if asked and asked.switches:
                other.waits = False
                self._released = True
        self._open_body(side, head, method, place, found, outbound=outbound)

    def _settle(self, other: _Side, status: int) -> _Asked | None:
        """Gives the oldest request without an answer and notes the status of its exchange."""
        if not other.asked:
            return None
        asked = other.asked.popleft()
        asked.status = status
        return asked

    def _open_body(
        self,
        side: _Side,
        head: Told,
        method: str,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Says how the body ends (RFC 9112 section 6.3)."""
        side.head = head
        if method == "HEAD":
            side.body = Body(Framing.LENGTH)
        elif head.framing is None:
            found.append(self._malformed(place, "content-length", outbound=outbound))
            side.body, side.lost = None, True
        else:
            side.body = Body(head.framing, head.length)

    # Changes of protocol

    def _goes_on(self, side: _Side, *, outbound: bool) -> bool:
        """Says whether a side that asked for another protocol may be read on before the answer is there.

        Its body may. Bytes that begin no request mean that the answer was yes, even where the capture lacks it.
        """
        if side.body is not None:
            return True
        start = side.stream.peek(1)
        if start and not start.isalpha() and start not in b"\r\n":
            side.waits = False
            self._switch(self._sides[not outbound], side, None, outbound=not outbound)
            return False
        side.waits = len(side.stream) <= HEAD_LEN
        return not side.waits

    def _switch(self, answering: _Side, asking: _Side, first: Segment | None, *, outbound: bool) -> None:
        rest = (
            *answering.stream.segments(self._flow, outbound=outbound),
            *asking.stream.segments(self._flow, outbound=not outbound),
        )
        self._rest = (first, *rest) if first else rest

    # Gaps

    def _gap(self, side: _Side, segment: Segment) -> list[Event | Content]:
        found: list[Event | Content] = []
        side.waits = False
        if side.body is None or len(side.stream):
            if side.body:
                found += self._pieces(side, side.body.gap(1 << 62), outbound=segment.outbound)
            else:
                self._cut(side, found, outbound=segment.outbound)
            side.body = side.head = None
            side.lost = True
            side.stream.clear()
            side.scanned = 0
            self._unpair()
            return found
        found += self._pieces(side, side.body.gap(segment.gap_len), outbound=segment.outbound)
        if side.body.over:
            side.lost = side.body.broken
            side.body = side.head = None
        if side.lost:
            self._unpair()
        return found

    def _unpair(self) -> None:
        """Forgets who waits for an answer: a gap may have swallowed a request or an answer."""
        for side in self._sides.values():
            side.asked.clear()

    def _cut(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        """Reads the whole lines of a head whose end is missing (a gap, a snap length)."""
        stream = side.stream
        lines = b"" if side.lost else stream.peek(HEAD_LEN).rpartition(b"\n")[0]
        head = tell(lines) if lines else None
        if head is None:
            return
        place = stream.origin(len(lines))
        self._messages += 1
        if head.method:
            self._ask(side, head, place, found, outbound=outbound)
            self._open_body(side, head, "", place, found, outbound=outbound)
        else:
            found += self._fields(head.handed, place, outbound=outbound)
            self._settle(self._sides[not outbound], head.status)
        side.body = side.head = None
        side.waits = False

    def _resume(self, side: _Side) -> bool:
        """Drops what lies before the next start line."""
        stream = side.stream
        window = stream.peek(len(stream))
        match = RESUME.search(window)
        if match is None:
            stream.skip(max(len(stream) - WINDOW_LEN, 0))
            return False
        stream.skip(match.start())
        side.lost = False
        return True

    # What is handed on

    def _pieces(self, side: _Side, pieces: list[Piece], *, outbound: bool) -> list[Event | Content]:
        return self._handed_on(side.head, pieces, outbound=outbound) if side.head else []

    def _handed_on(self, head: Told, pieces: Iterable[Piece], *, outbound: bool) -> list[Event | Content]:
        """Gives the pieces of a body, and before one that is a whole DNS message what that says."""
        found: list[Event | Content] = []
        for piece in pieces:
            if head.media and not (head.encoding or piece.truncated) and doh.is_message(head.media):
                found += doh.told(self._context, piece.place, piece.data, outbound=outbound)
            found.append(self._body(head, piece, outbound=outbound))
        return found

    def _body(self, head: Told, piece: Piece, *, outbound: bool) -> Content:
        packet, time_ns = piece.place
        data, cut, coding, media = piece.data, piece.truncated, head.encoding, head.media
        return Content(self._flow, packet, time_ns, outbound, "http.body", "plaintext", data, coding, media, "", cut)

    def _fields(
        self, fields: tuple[tuple[str, str, bytes], ...], place: tuple[int, int], *, outbound: bool
    ) -> list[Content]:
        flow, (packet, time_ns) = self._flow, place
        return [
            Content(flow, packet, time_ns, outbound, where, "plaintext", value, "", "", name)
            for where, name, value in fields
        ]

    def _malformed(self, place: tuple[int, int], what: str, *, outbound: bool) -> Oddity:
        return Oddity(self._flow, *place, outbound, "malformed_message", f"http: {what}")


@lru_cache(maxsize=256)
def _repeated(raw: bytes) -> Told | None:
    """Gives what a whole head of a usual length says, None where it is not at once known for one."""
    if recognise(Head(raw, TCP)) is Likeness.NO and not SWITCHING.match(raw):
        return None
    return tell(raw)


def _recognise_answer(data: bytes) -> Likeness:
    if len(data) < 12:
        return Likeness.MORE
    fits = data[7:8].isdigit() and data[8:9] == b" " and data[9:12].isdigit() and data[9:12] != b"101"
    return Likeness.CERTAIN if fits else Likeness.NO


def _is_binary(data: bytes) -> bool:
    """Says whether there are control characters that no start line has."""
    return any(byte < 0x20 and byte not in b"\r\t" for byte in data)
