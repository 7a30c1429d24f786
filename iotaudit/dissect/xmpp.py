"""XMPP in the clear: the ends of a stream, credentials, stanzas; what follows STARTTLS is read afresh.

Source: RFC 6120 sections 4 (streams), 5 (STARTTLS), 6 (SASL), 8 (stanzas), 11.1 (no comments, no
instructions); XEP-0078 (sign-on by query), XEP-0077 (registration), XEP-0138 (compression).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.sasl import SignOn
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream, unread
from iotaudit.dissect.teller import Teller
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "xmpp"
PORTS = frozenset({5222, 5223, 5269})
TRANSPORT = frozenset({TCP})
FIRST = frozenset(b"<")
AWAY = FIRST
SURE = FIRST

DECLARATION = re.compile(rb"<\?xml [^<>]{0,256}\?>\s*")
OPENING = b"<stream:stream"
HEAD_LEN = 512
STANZA_LEN = 1 << 17
"""Bytes of one stanza that are handed on; the rest is read over."""
TAG_LEN = 1 << 14
DEPTH = 256
XML = "text/xml"
ATTRIBUTE = re.compile(rb"""\s(to|from|mechanism)\s*=\s*(?:"([^"<]{1,3072})"|'([^'<]{1,3072})')""")
NAME = re.compile(rb"</?([^\s/<>]{1,256})")
FIELD = re.compile(
    rb"<(username|password|digest|email|resource)(?: [^<>]{0,256})?>([^<]{1,1024})</"
)
SIGN_ON_QUERY = re.compile(rb"jabber:iq:(?:auth|register)")
TEXT = re.compile(rb">([^<]*)<")
_MARK = re.compile(rb"[\"'>]")


def recognise(head: Head) -> Likeness:
    """Fits the opening of a stream, an XML declaration before it or not."""
    data = head.data[:HEAD_LEN]
    declared = DECLARATION.match(data)
    opening = data[declared.end() :] if declared else data
    if opening.startswith(OPENING) and len(opening) > len(OPENING):
        return Likeness.CERTAIN if opening[len(OPENING) :][:1].isspace() else Likeness.NO
    if OPENING.startswith(opening):
        return Likeness.MORE
    beginning = data.startswith(b"<?xml "[: len(data)]) and not declared
    return Likeness.MORE if beginning and len(data) < HEAD_LEN and b">" not in data else Likeness.NO


def open(context: Context) -> "XmppSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return XmppSession(context)


@dataclass(slots=True)
class _Side:
    """One direction: `scanned` bytes of the stream are read, `tag` is where an open tag begins (-1: none)."""

    stream: Stream = field(default_factory=Stream)
    scanned: int = 0
    tag: int = -1
    quote: bytes = b""
    depth: int = 0
    cut: bool = False
    waits: bool = False
    done: bool = False


class XmppSession:
    """Finds the stanzas of both directions by the depth of their tags."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._teller = Teller(context.flow, ID)
        self._sides = {True: _Side(), False: _Side()}
        self._sign_on: SignOn | None = None
        self._compressed = False
        self._released = False
        self._rest: tuple[Segment, ...] | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side, outbound = self._sides[segment.outbound], segment.outbound
        if side.done or self._rest is not None:
            return ()
        if segment.gap_len:
            side.done = True  # where a tag ends cannot be known any more
            side.stream.clear()
            return ()
        found: list[Event | Content] = []
        side.stream.append(segment)
        self._read(side, found, outbound=outbound)
        while self._released:  # what waited comes before the next answer
            self._released = False
            self._read(self._sides[not outbound], found, outbound=not outbound)
            self._read(side, found, outbound=outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives a stanza that was cut."""
        found: list[Event | Content] = []
        for outbound, side in self._sides.items():
            if self._rest is None and side.depth > 1 and not side.done:
                self._give_cut(side, found, outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the tags of a direction are broken, a piece is missing, or compression begins."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives plaintext; a stream that was compressed is opaque from there on."""
        if self._compressed:
            reason = "XMPP, compressed after the sign-on"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, "XMPP in the clear"))

    def rest(self) -> tuple[Segment, ...] | None:
        """Gives what follows the change to TLS."""
        return self._rest

    def _read(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        while (
            self._rest is None
            and not self._released
            and not side.done
            and self._next(side, found, outbound=outbound)
        ):
            pass

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads up to the next edge of a tag or of a quoted value; False where more bytes are needed."""
        stream = side.stream
        if side.waits:
            if stream.peek(1) == b"\x16":
                self._switch()  # a record says that the answer was yes, even where the capture lacks it
            return False
        if side.tag < 0:
            at = stream.find(b"<", side.scanned)
            if at < 0:
                self._pass(side, len(stream), found, outbound=outbound)
                return False
            if side.depth <= 1:
                stream.skip(at)  # text between stanzas keeps the connection alive
                at = 0
            side.tag, side.scanned = at, at + 1
            return True
        if side.quote:
            at = stream.find(side.quote, side.scanned)
        else:
            end = stream.search(_MARK, len(stream), side.scanned)
            at = end - 1 if end >= 0 else -1
        side.scanned = at + 1 if at >= 0 else len(stream)
        if side.scanned - side.tag > TAG_LEN:
            return self._break(side, found, outbound=outbound)
        if at < 0:
            return False
        mark = stream.peek(1, at)
        if side.quote or mark != b">":
            side.quote = b"" if side.quote else mark
            return True
        return self._tag(side, stream.peek(at + 1 - side.tag, side.tag), found, outbound=outbound)

    def _tag(
        self, side: _Side, tag: bytes, found: list[Event | Content], *, outbound: bool
    ) -> bool:
        """Takes a whole tag: it opens the stream, changes the depth, or ends a stanza."""
        start, side.tag = side.tag, -1
        if tag.startswith((b"<?", b"<!")):
            if side.depth <= 1:
                side.stream.skip(side.scanned)
                side.scanned = 0
            return True
        if NAME.match(tag) is None:
            side.tag = start
            return self._break(side, found, outbound=outbound)
        place = side.stream.origin(side.scanned - 1)
        if tag.startswith(OPENING):
            side.depth = 1
            self._names(tag, place, found, outbound=outbound)
            self._drop(side)
            return True
        if tag.startswith(b"</"):
            side.depth -= 1
        elif not tag.endswith(b"/>"):
            side.depth += 1
        if side.depth > DEPTH:
            side.tag = start
            return self._break(side, found, outbound=outbound)
        if side.depth <= 0:  # the stream is closed
            side.depth = 0
            self._drop(side)
        elif side.depth == 1:
            stanza = side.stream.peek(side.scanned)
            self._drop(side)
            self._stanza(side, stanza, place, found, outbound=outbound)
        elif side.scanned > STANZA_LEN:
            self._give_cut(side, found, outbound=outbound)
        return True

    def _stanza(
        self,
        side: _Side,
        stanza: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Takes a whole stanza; the end of one whose beginning was handed on tells nothing."""
        if side.cut:
            side.cut = False
            return
        match = NAME.match(stanza)
        name = match[1] if match else b""
        match name:
            case b"starttls":
                side.waits = True
            case b"proceed" | b"failure" if self._sides[not outbound].waits:
                if name == b"proceed":
                    self._switch()
                    return
                self._sides[not outbound].waits = False
                self._released = True
            case b"compressed":
                self._compressed = True
                for one in self._sides.values():
                    one.done = True
                    one.stream.clear()
            case b"auth" | b"response":
                self._credentials(name, stanza, place, found, outbound=outbound)
            case b"stream:features" | b"challenge" | b"success" | b"failure" | b"compress":
                pass
            case _:
                if SIGN_ON_QUERY.search(stanza):
                    for key, value in FIELD.findall(stanza):
                        word = key.decode("ascii")
                        self._teller.give(word, word, value, place, found, outbound=outbound)
                self._teller.give("stanza", "", stanza, place, found, outbound=outbound, media_type=XML)

    def _credentials(
        self,
        name: bytes,
        stanza: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Hands on what an answer of SASL holds."""
        if name == b"auth":
            self._sign_on = SignOn(_attribute(stanza, b"mechanism"))
        text = TEXT.search(stanza)
        if self._sign_on and text:
            for what, value in self._sign_on.answer(text[1].strip()):
                self._teller.give(what, what, value, place, found, outbound=outbound)

    def _names(
        self, tag: bytes, place: tuple[int, int], found: list[Event | Content], *, outbound: bool
    ) -> None:
        for name in (b"to", b"from"):
            word = name.decode("ascii")
            self._teller.give(word, word, _attribute(tag, name), place, found, outbound=outbound)

    def _pass(
        self, side: _Side, length: int, found: list[Event | Content], *, outbound: bool
    ) -> None:
        """Reads over text: between stanzas it is dropped, inside of one it is kept up to the bound."""
        side.scanned = length
        if side.depth <= 1:
            self._drop(side)
        elif length > STANZA_LEN:
            self._give_cut(side, found, outbound=outbound)

    def _give_cut(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        """Hands on the beginning of a stanza that is cut or too long; of its rest only the end is read."""
        data = side.stream.peek(min(len(side.stream), STANZA_LEN))
        if data and not side.cut:
            place = side.stream.origin(len(data) - 1)
            self._teller.give(
                "stanza", "", data, place, found, outbound=outbound, media_type=XML, truncated=True
            )
        side.cut = True
        self._drop(side)

    def _drop(self, side: _Side) -> None:
        side.stream.skip(side.scanned)
        side.scanned = 0

    def _break(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        place = side.stream.origin(side.tag)
        found.append(Oddity(self._flow, *place, outbound, "malformed_message", f"{ID}: tag"))
        side.done = True
        side.stream.clear()
        return False

    def _switch(self) -> None:
        self._rest = unread(self._flow, self._sides)


def _attribute(tag: bytes, name: bytes) -> bytes:
    """Gives the value of an attribute of the first tag, b"" where it is not there."""
    end = tag.find(b">")
    for match in ATTRIBUTE.finditer(tag[: end + 1] if end >= 0 else tag):
        if match[1] == name:
            return match[2] or match[3] or b""
    return b""
