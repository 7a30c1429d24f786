"""Syslog: what a device logs to a collector, over UDP or TCP.

Source: RFC 5424 section 6 (message), RFC 3164 section 4 (older form), RFC 6587 section 3.4 (octet counting
and lines over TCP), RFC 5426 (UDP).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.datagrams import Said, clear_reading
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.dissect.teller import Teller
from iotaudit.model.events import Event, Oddity
from iotaudit.model.raw import Content, Segment

ID = "syslog"
PORTS = frozenset({514, 601, 1514})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset(b"<123456789")
AWAY = frozenset(b"<")
SURE: frozenset[int] = frozenset()

PRIORITY = re.compile(rb"<(0|[1-9][0-9]{0,2})>")
BEGINNING = re.compile(rb"(?:<[0-9]{0,3})?\Z")
HIGHEST = 191
"""The highest facility (23) with the lowest severity (7)."""
MODERN = re.compile(
    rb"1 (?:-|\d{4}-\d\d-\d\dT[0-9:.]{8,15}(?:Z|[+-]\d\d:\d\d))"
    rb" ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (?=[-\[])"
)
VERSION_1 = re.compile(rb"1 (?:- |\d{4}-\d\d-\d\dT\d\d:)")
OLD = re.compile(
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d (?:([!-9;-~]{1,255}) )?"
)
_NAME = rb"[!#-<>-\\^-~]{1,64}"
ELEMENT = re.compile(rb"\[" + _NAME + rb"((?: " + _NAME + rb'="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL)
PARAMETER = re.compile(rb" (" + _NAME + rb')="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
COUNT = re.compile(rb"([1-9][0-9]{0,5}) (?=<)")
PREFIX_LEN = 64
MESSAGE_LEN = 1 << 16
ELEMENTS = 32


def recognise(head: Head) -> Likeness:
    """Fits a priority with the time (or version) of either form behind it; alone it needs the port."""
    data = head.data
    cut = head.protocol == TCP and len(data) < PREFIX_LEN
    if head.protocol == TCP and data[:1] in b"123456789":
        count = COUNT.match(data[:8])
        digits = data[:7].partition(b" ")[0]
        if count:
            data = data[count.end() :]
        elif digits.isdigit() and len(digits) <= 6 and len(data) <= len(digits) + 1:
            return Likeness.MORE
        else:
            return Likeness.NO
    priority = PRIORITY.match(data[:5])
    if priority is None:
        return Likeness.MORE if cut and BEGINNING.match(data) else Likeness.NO
    if int(priority[1]) > HIGHEST:
        return Likeness.NO
    body = data[priority.end() : priority.end() + 2 * MESSAGE_LEN]
    if cut and b"\n" not in body:
        return Likeness.MORE
    if OLD.match(body) or VERSION_1.match(body):
        return Likeness.LIKELY
    return (
        Likeness.WEAK
        if body[:1].isascii() and body[:1].decode("ascii").isprintable()
        else Likeness.NO
    )


def open(context: Context) -> "SyslogSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return SyslogSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    scanned: int = 0
    lost: bool = False


class SyslogSession:
    """Reads the messages of both directions, one in each datagram, counted or one a line."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._teller = Teller(context.flow, ID)
        self._is_stream = context.protocol == TCP
        self._sides = {True: _Side(), False: _Side()}
        self._said = Said()

    def feed(self, segment: Segment) -> Output:
        """Takes a datagram, or the next bytes (or a gap) of a stream."""
        found: list[Event | Content] = []
        place = segment.packet, segment.time_ns
        if not self._is_stream:
            cut = segment.truncated_len > 0 or len(segment.data) > MESSAGE_LEN
            self._message(
                segment.data[:MESSAGE_LEN], place, found, outbound=segment.outbound, truncated=cut
            )
            return tuple(found)
        side = self._sides[segment.outbound]
        if segment.gap_len:
            self._gap(side, segment.gap_len)
            return ()
        side.stream.append(segment)
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives a message whose end was not seen."""
        found: list[Event | Content] = []
        for outbound, side in self._sides.items():
            rest = side.stream.peek(MESSAGE_LEN)
            counted = COUNT.match(rest)
            if rest and not side.lost:
                place = side.stream.origin(len(rest) - 1)
                at = counted.end() if counted else 0
                self._message(
                    rest[at:], place, found, outbound=outbound, truncated=counted is not None
                )
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True: a message may always follow."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext."""
        return clear_reading(ID)

    def rest(self) -> None:
        """Never changes to another protocol."""

    def _next(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> bool:
        """Reads one message of a stream; False where more bytes are needed."""
        stream = side.stream
        first = stream.peek(8)
        count = None if side.lost else COUNT.match(first)
        if count:
            return self._counted(side, int(count[1]), count.end(), found, outbound=outbound)
        if (
            not side.lost
            and len(first) < 8
            and first[:1].isdigit()
            and first.split(b" ")[0].isdigit()
        ):
            return False
        end = stream.find(b"\n", side.scanned)
        if end < 0 or end >= MESSAGE_LEN:
            side.scanned = len(stream)
            if max(end, len(stream)) < MESSAGE_LEN:
                return False
            if not side.lost:
                detail = f"{ID}: message longer than {MESSAGE_LEN} bytes"
                found.append(
                    Oddity(self._flow, *stream.origin(0), outbound, "malformed_message", detail)
                )
            side.lost = True
            side.scanned = 0
            stream.skip(end if end >= 0 else len(stream))
            return end >= 0
        side.scanned = 0
        place = stream.origin(end)
        line = stream.take(end + 1)
        if side.lost:
            side.lost = False
        else:
            self._message(line, place, found, outbound=outbound)
        return True

    def _counted(
        self, side: _Side, length: int, at: int, found: list[Event | Content], *, outbound: bool
    ) -> bool:
        """Reads one counted message."""
        stream = side.stream
        kept = min(length, MESSAGE_LEN)
        if len(stream) < at + kept:
            return False
        place = stream.origin(at + kept - 1)
        message = stream.take(at + kept)[at:]
        stream.drop(length - kept)
        self._message(message, place, found, outbound=outbound, truncated=kept < length)
        return True

    def _gap(self, side: _Side, length: int) -> None:
        """Passes over a gap; a message that it cuts is lost, the next begins behind the next line end."""
        count = COUNT.match(side.stream.peek(8))
        left = (
            int(count[1]) + count.end() - len(side.stream) - length
            if count and not side.lost
            else -1
        )
        left = side.stream.owed - length if side.stream.owed else left
        side.stream.clear()
        side.stream.drop(max(left, 0))
        side.lost = left < 0
        side.scanned = 0

    def _message(
        self,
        raw: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
        truncated: bool = False,
    ) -> None:
        """Hands the sender's name, the structured data and the text on; a name is said once."""
        data = raw.rstrip(b"\r\n\0")
        priority = PRIORITY.match(data)
        text = data[priority.end() :] if priority else data
        modern = MODERN.match(text) if priority else None
        if modern:
            self._name("hostname", modern[1], place, found, outbound=outbound)
            self._name("app", modern[2], place, found, outbound=outbound)
            rest = text[modern.end() :]
            text = self._structured(rest, place, found, outbound=outbound)
        elif priority:
            old = OLD.match(text)
            if old and old[1]:
                self._name("hostname", old[1], place, found, outbound=outbound)
        if text:
            self._teller.give("message", "", text, place, found, outbound=outbound, truncated=truncated)

    def _structured(
        self, rest: bytes, place: tuple[int, int], found: list[Event | Content], *, outbound: bool
    ) -> bytes:
        """Hands structured data on, value by value, and gives the text behind it."""
        if rest.startswith(b"-"):
            return rest[2:].removeprefix(b"\xef\xbb\xbf")
        at = 0
        for _ in range(ELEMENTS):
            element = ELEMENT.match(rest, at)
            if element is None:
                break
            for name, value in PARAMETER.findall(element[1]):
                self._teller.give("data", name.decode("ascii"), value, place, found, outbound=outbound)
            at = element.end()
        return rest[at:].removeprefix(b" ").removeprefix(b"\xef\xbb\xbf")

    def _name(
        self,
        what: str,
        name: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        if name != b"-" and self._said.is_new(what, name):
            self._teller.give(what, what, name, place, found, outbound=outbound)
