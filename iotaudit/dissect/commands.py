"""Protocols of command lines and numbered replies (SMTP, FTP): lines, credentials, messages, the change to TLS.

Source: RFC 5321 sections 2.3.8 (lines), 4.2 (replies), 4.1.1.4 (DATA); RFC 3207 (STARTTLS); RFC 4954 (AUTH); RFC 959
section 4; RFC 4217 (AUTH TLS).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.dotted import DottedBody
from iotaudit.dissect.http_body import Piece
from iotaudit.dissect.sasl import SignOn
from iotaudit.dissect.session import Context, Output, Reading
from iotaudit.dissect.stream import Stream, unread
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

LINE_LEN = 4096
VERB = re.compile(rb"[A-Za-z]{3,8}(?=[ \r\n]|\Z)")
REPLY = re.compile(rb"[1-5][0-9]{2}([ -]|\r?\n)")
TLS_ACCEPTED = (b"220", b"234")
GO_AHEAD, CHALLENGE = b"354", b"334"
SAFE_VERBS = frozenset(("DATA", "EPSV", "FEAT", "NOOP", "PASV", "PBSZ", "PROT", "QUIT", "RSET", "SYST", "TYPE"))


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    message: DottedBody | None = None
    waits: bool = False
    lost: bool = False
    done: bool = False


class CommandSession:
    """Reads the lines of both directions; `name` is the protocol's id."""

    def __init__(self, context: Context, name: str) -> None:
        self._flow = context.flow
        self._name = name
        self._sides = {True: _Side(), False: _Side()}
        self._asked = ""
        self._challenged = False
        self._sign_on: SignOn | None = None
        self._pending = 0
        self._released = False
        self._rest: tuple[Segment, ...] | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side, outbound = self._sides[segment.outbound], segment.outbound
        if side.done or self._rest is not None:
            return ()
        if segment.gap_len:
            side.stream.clear()
            side.lost, side.waits = side.message is None, False
            if side.message:
                side.message.gap(segment.gap_len)
            self._pending = int(self._sides[not outbound].waits)
            return ()
        side.stream.append(segment)
        found: list[Event | Content] = []
        self._read(side, found, outbound=outbound)
        while self._released:  # what waited comes before the next reply
            self._released = False
            self._read(self._sides[not outbound], found, outbound=not outbound)
            self._read(side, found, outbound=outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives what waited for a reply that never came, and a message that was cut."""
        found: list[Event | Content] = []
        if self._rest is not None:
            return ()
        for outbound, side in self._sides.items():
            side.waits = self._released = False
            self._read(side, found, outbound=outbound)
            if side.message:
                self._give(side.message.close(side.stream), found, outbound=outbound)
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

    def _read(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        while self._rest is None and not self._released and self._next(side, found, outbound=outbound):
            pass

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads one line or the next part of a message; False where more bytes are needed."""
        stream = side.stream
        if side.waits:
            if self._asked == "tls" and stream.peek(1) == b"\x16":
                self._switch()  # a record says that the answer was yes, even where the capture lacks it
            return False
        if side.message:
            self._give(side.message.read(stream), found, outbound=outbound)
            over = side.message.over
            side.message = None if over else side.message
            return over
        end = stream.find(b"\n")
        if end < 0 or end >= LINE_LEN:
            if max(end, len(stream)) < LINE_LEN:
                return False
            side.done = True
            detail = f"{self._name}: line longer than {LINE_LEN} bytes"
            found.append(Oddity(self._flow, *stream.origin(0), outbound, "malformed_message", detail))
            stream.clear()
            return False
        place = stream.origin(end)
        line = stream.take(end + 1).rstrip(b"\r\n")
        if side.lost:
            side.lost = False
        elif REPLY.match(line + b"\n"):
            self._reply(line, outbound=outbound)
        else:
            self._command(side, line, place, found, outbound=outbound)
        return True

    def _command(
        self, side: _Side, line: bytes, place: tuple[int, int], found: list[Event | Content], *, outbound: bool
    ) -> None:
        """Hands a command's argument on; a line after a challenge is a credential."""
        verb = VERB.match(line)
        word = verb[0].decode("ascii").upper() if verb else ""
        rest = line[len(word) :].strip()
        tls = word == "STARTTLS" or (word == "AUTH" and rest.upper() in (b"TLS", b"SSL"))
        told: tuple[tuple[str, str, bytes], ...]
        if self._challenged or word == "AUTH":
            told = () if tls else self._auth(line, rest if word == "AUTH" else None)
            self._challenged = False
        elif word in ("USER", "PASS"):
            what = "username" if word == "USER" else "password"
            told = ((what, what, rest),)
        else:
            told = () if tls or word in SAFE_VERBS else (("command", word.lower(), rest),)
        for what, key, data in told:
            if data:
                where = f"{self._name}.{what}"
                found.append(Content(self._flow, *place, outbound, where, "plaintext", data, key=key))
        self._pending += 1
        self._asked = "tls" if tls else word
        side.waits = tls or (word == "DATA" and self._name == "smtp")

    def _reply(self, line: bytes, *, outbound: bool) -> None:
        """Settles what the other end asked for: TLS, or to send a message."""
        if line[3:4] == b"-":
            return
        other = self._sides[not outbound]
        self._challenged = line.startswith(CHALLENGE)
        self._pending = max(self._pending - 1, 0)
        if not other.waits or self._pending:
            return
        if self._asked == "tls" and line[:3] in TLS_ACCEPTED:
            self._switch()
            return
        other.waits = False
        other.message = DottedBody() if self._asked == "DATA" and line.startswith(GO_AHEAD) else None
        self._released = True

    def _switch(self) -> None:
        self._rest = unread(self._flow, self._sides)

    def _auth(self, line: bytes, command: bytes | None) -> tuple[tuple[str, str, bytes], ...]:
        """Gives mechanism and credentials of an AUTH command, or those of the line after a challenge."""
        told: tuple[tuple[str, str, bytes], ...] = ()
        answer = line
        if command is not None:
            mechanism, _, answer = command.partition(b" ")
            self._sign_on = SignOn(mechanism)
            told = (("auth", "auth", mechanism),)
        if self._sign_on is None:
            return (("auth", "auth", line),)
        given = self._sign_on.answer(answer.strip()) if answer else ()
        return (*told, *((what, what, data) for what, data in given))

    def _give(self, pieces: list[Piece], found: list[Event | Content], *, outbound: bool) -> None:
        where, media = f"{self._name}.message", "message/rfc822"
        found += [
            Content(
                self._flow, *p.place, outbound, where, "plaintext", p.data, "", media, truncated=p.truncated
            )
            for p in pieces
        ]
