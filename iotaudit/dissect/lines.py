"""The session of a protocol of lines: one end asks, the other answers, and both may change to TLS.

What the lines mean is told by a `Talk` (IMAP, POP3). Lines may be followed by a body: of a stated length,
or up to a line with a dot alone.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from iotaudit.dissect.dotted import DottedBody
from iotaudit.dissect.http_body import Body, Framing, Piece
from iotaudit.dissect.session import Context, Output, Reading
from iotaudit.dissect.stream import Stream, unread
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

LINE_LEN = 1 << 14
RECORD = b"\x16"
"""How the first record of TLS begins."""

Found = list[Event | Content]


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; `place` is packet id and time."""

    data: bytes
    place: tuple[int, int]
    outbound: bool


class Then(Enum):
    """What follows a line.

    LINE: another. DOTTED: a text up to a dot. ASKED: TLS was asked for, this direction waits for the answer.
    REFUSED: the other direction need not wait any more, nor send the body that its last line announced.
    TLS: both change to it.
    """

    LINE = 0
    DOTTED = 1
    ASKED = 2
    REFUSED = 3
    TLS = 4


class Talk(Protocol):
    """What the lines of one protocol mean."""

    def line(self, line: Line, found: Found) -> Then | int:
        """Takes a line, adds what it shows, and gives what follows it; a number is the length of a body."""
        ...

    def body(self, piece: Piece, found: Found, *, outbound: bool) -> None:
        """Takes a body, or a part of it."""
        ...

    def lost(self, *, outbound: bool) -> None:
        """Is told that lines of a direction are missing."""
        ...


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    body: Body | DottedBody | None = None
    scanned: int = 0
    waits: bool = False
    lost: bool = False
    done: bool = False


class LineSession:
    """Reads the lines and bodies of both directions; `name` is the protocol's id."""

    def __init__(self, context: Context, name: str, talk: Talk) -> None:
        self._flow = context.flow
        self._name = name
        self._talk = talk
        self._sides = {True: _Side(), False: _Side()}
        self._released = False
        self._rest: tuple[Segment, ...] | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side, outbound = self._sides[segment.outbound], segment.outbound
        if side.done or self._rest is not None:
            return ()
        found: Found = []
        if segment.gap_len:
            self._gap(side, segment.gap_len, found, outbound=outbound)
            return tuple(found)
        side.stream.append(segment)
        self._read(side, found, outbound=outbound)
        while self._released:  # what waited comes before the next answer
            self._released = False
            self._read(self._sides[not outbound], found, outbound=not outbound)
            self._read(side, found, outbound=outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives what waited for an answer that never came, and bodies that were cut."""
        found: Found = []
        if self._rest is not None:
            return ()
        for outbound, side in self._sides.items():
            side.waits = False
            self._released = False
            self._read(side, found, outbound=outbound)
            if side.body:
                body = side.body
                pieces = body.close(side.stream) if isinstance(body, DottedBody) else body.close()
                self._give(pieces, found, outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until a line is longer than any sound one."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext."""
        reason = f"{self._name.upper()} in the clear"
        return Reading(Encryption(EncryptionState.PLAINTEXT, self._name, None, None, reason))

    def rest(self) -> tuple[Segment, ...] | None:
        """Gives what follows the change to TLS."""
        return self._rest

    def _read(self, side: _Side, found: Found, *, outbound: bool) -> None:
        while (
            self._rest is None and not self._released and self._next(side, found, outbound=outbound)
        ):
            pass

    def _next(self, side: _Side, found: Found, *, outbound: bool) -> bool:
        """Reads one line or the next part of a body; False where more bytes are needed."""
        stream = side.stream
        if side.waits:
            if stream.peek(1) == RECORD:
                self._switch()  # a record says that the answer was yes, even where the capture lacks it
            return False
        if side.body:
            self._give(side.body.read(stream), found, outbound=outbound)
            if not side.body.over:
                return False
            side.body = None
            return True
        end = stream.find(b"\n", side.scanned)
        if end < 0 or end >= LINE_LEN:
            side.scanned = len(stream)
            if max(end, len(stream)) >= LINE_LEN:
                side.done = True
                detail = f"{self._name}: line longer than {LINE_LEN} bytes"
                found.append(
                    Oddity(self._flow, *stream.origin(0), outbound, "malformed_message", detail)
                )
                stream.clear()
            return False
        side.scanned = 0
        place = stream.origin(end)
        line = stream.take(end + 1).rstrip(b"\r\n")
        if side.lost:
            side.lost = False
        else:
            self._follow(
                side, self._talk.line(Line(line, place, outbound), found), outbound=outbound
            )
        return True

    def _follow(self, side: _Side, then: Then | int, *, outbound: bool) -> None:
        if isinstance(then, int):
            side.body = Body(Framing.LENGTH, then)
        elif then is Then.DOTTED:
            side.body = DottedBody()
        elif then is Then.ASKED:
            side.waits = True
        elif then is Then.TLS:
            self._switch()
        elif then is Then.REFUSED:
            other = self._sides[not outbound]
            if isinstance(other.body, Body):
                other.body = None
            other.waits = False
            self._released = True

    def _give(self, pieces: list[Piece], found: Found, *, outbound: bool) -> None:
        for piece in pieces:
            self._talk.body(piece, found, outbound=outbound)

    def _gap(self, side: _Side, length: int, found: Found, *, outbound: bool) -> None:
        """Bridges a gap inside of a body; else reading goes on with the next whole line."""
        body, side.waits = side.body, False
        if body:
            self._give(body.gap(length), found, outbound=outbound)
        if body is None or body.broken:
            side.body = None
            side.lost = True
            self._talk.lost(outbound=outbound)
        elif body.over:
            side.body = None
        side.stream.clear()
        side.scanned = 0

    def _switch(self) -> None:
        self._rest = unread(self._flow, self._sides)
