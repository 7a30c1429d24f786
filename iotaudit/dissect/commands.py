"""Protocols of command lines and numbered replies (SMTP, FTP): lines, credentials, messages, the change to TLS.

Source: RFC 5321 sections 2.3.8 (lines), 4.2 (replies), 4.1.1.4 (DATA); RFC 3207 (STARTTLS); RFC 4954 (AUTH); RFC 959
section 4; RFC 4217 (AUTH TLS).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.session import Context, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

LINE_LEN = 4096
MESSAGE_LEN = 1 << 20
"""Bytes of one message that are handed on."""
VERB = re.compile(rb"[A-Za-z]{3,8}(?=[ \r\n]|\Z)")
REPLY = re.compile(rb"[1-5][0-9]{2}([ -]|\r?\n)")
DOT = re.compile(rb"\n\.\r?\n")
EMPTY = re.compile(rb"\.\r?\n")
TAIL_LEN = 5
"""Bytes that wait for what follows: more than the beginning of a message's end is long."""
TLS_ACCEPTED = (b"220", b"234")
GO_AHEAD, CHALLENGE = b"354", b"334"
SAFE_VERBS = frozenset(("DATA", "EPSV", "FEAT", "NOOP", "PASV", "PBSZ", "PROT", "QUIT", "RSET", "SYST", "TYPE"))


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    message: bool = False
    waits: bool = False
    kept: bytearray = field(default_factory=bytearray)
    place: tuple[int, int] = (0, 0)
    cut: bool = False
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
            side.lost, side.waits, side.cut = not side.message, False, True
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
                side.cut = True
                self._keep(side, len(side.stream))
                self._give(side, found, outbound=outbound)
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
            return self._message(side, found, outbound=outbound)
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
        if self._challenged or word == "AUTH":
            self._challenged = False
            what, key, data = "auth", "auth", line if word != "AUTH" else rest
        elif word in ("USER", "PASS"):
            what = "username" if word == "USER" else "password"
            key, data = what, rest
        else:
            what, key, data = "command", word.lower(), rest
        tls = word == "STARTTLS" or (word == "AUTH" and rest.upper() in (b"TLS", b"SSL"))
        if data and not tls and word not in SAFE_VERBS:
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
        other.message = self._asked == "DATA" and line.startswith(GO_AHEAD)
        self._released = True

    def _switch(self) -> None:
        self._rest = tuple(
            segment
            for outbound, side in self._sides.items()
            for segment in side.stream.segments(self._flow, outbound=outbound)
        )

    def _message(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads a message up to the line with a dot alone."""
        stream = side.stream
        window = stream.peek(len(stream))
        empty = EMPTY.match(window) if not side.kept and not side.cut else None
        end = empty or DOT.search(window)
        if end is None:
            self._keep(side, max(len(stream) - TAIL_LEN, 0))
            return False
        if not empty:
            self._keep(side, end.start() + 1)
        stream.skip(end.end() - (0 if empty else end.start() + 1))
        self._give(side, found, outbound=outbound)
        return True

    def _keep(self, side: _Side, length: int) -> None:
        """Takes bytes of a message up to the bound; the rest is read over."""
        kept = min(length, MESSAGE_LEN - len(side.kept))
        if kept:
            side.place = side.stream.origin(kept - 1)
            side.kept += side.stream.take(kept)
        side.cut = side.cut or kept < length
        side.stream.skip(length - kept)

    def _give(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        side.message = False
        if side.kept:
            where = f"{self._name}.message"
            data, media = bytes(side.kept), "message/rfc822"
            found.append(
                Content(
                    self._flow,
                    *side.place,
                    outbound,
                    where,
                    "plaintext",
                    data,
                    media_type=media,
                    truncated=side.cut,
                )
            )
        side.kept.clear()
        side.cut = False
