"""Telnet: what was typed and shown, user and password at the prompts, what the terminal tells about its user.

Source: RFC 854 (commands, end of line), RFC 855 (options), RFC 1091 (TERMINAL-TYPE), RFC 1572 (NEW-
ENVIRON), RFC 1408 (ENVIRON), RFC 1096 (X display), RFC 779 (SEND-LOCATION), RFC 2946 (ENCRYPT); the option
numbers are IANA's.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.teller import Teller
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "telnet"
PORTS = frozenset({23, 2323})
TRANSPORT = frozenset({TCP})

IAC, SE, SB = 0xFF, 0xF0, 0xFA
NEGOTIATION = range(0xFB, 0xFF)
"""WILL, WONT, DO, DONT."""
OPTIONS = frozenset((*range(50), *range(138, 141), 255))
TEXT = frozenset((*range(0x20, 0x7F), *b"\t\r\n\x07\x08\x1b"))
FIRST = TEXT | {IAC}
AWAY = frozenset({IAC})
SURE: frozenset[int] = frozenset()
HEAD_LEN = 6
"""Characters that make a text."""
TRIPLE_LEN = 3
NEGOTIATIONS = 2
"""Options in a row that tell the protocol; one alone may be the mark of UTF-16 or the sync of an MP3."""

TERMINAL_TYPE, ENVIRON, NEW_ENVIRON, ENCRYPT = 24, 36, 39, 38
TEXTS = {23: "location", TERMINAL_TYPE: "terminal_type", 35: "display"}
"""Options whose value is a text, with the name that it is handed on under."""
IS, INFO, ENCRYPT_START = 0, 2, 3
VAR, VALUE, ESC, USER_VAR = range(4)
SUB_LEN = 4096
"""Bytes of one subnegotiation that are kept."""
LINE_LEN = 1024
PIECE_LEN = 1 << 16
TEXT_LEN = 1 << 18
"""Text of one direction that is handed on."""
TAIL_LEN = 64
_USER = re.compile(
    rb"(?:log ?in|user ?(?:name|id)?|account|benutzer(?:name)?)\s*:\s*\Z", re.IGNORECASE
)
_PASSWORD = re.compile(
    rb"(?:pass(?:word|code|wd|phrase)?|pin|kennwort|passwort)[^:\r\n]{0,32}:\s*\Z", re.IGNORECASE
)
_COLOUR = re.compile(rb"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_SPECIAL = re.compile(rb"[\xff\r]")


def recognise(head: Head) -> Likeness:
    """Fits two negotiations of known options in a row; one, or text, counts on a port of telnet."""
    data = head.data[: NEGOTIATIONS * TRIPLE_LEN]
    if data[:1] != b"\xff":
        if any(byte not in TEXT for byte in data[:HEAD_LEN]):
            return Likeness.NO
        return Likeness.WEAK if len(data) >= HEAD_LEN else Likeness.MORE
    for at in range(0, len(data), TRIPLE_LEN):
        triple = data[at : at + TRIPLE_LEN]
        if triple[0] != IAC or (len(triple) > 1 and triple[1] not in NEGOTIATION):
            return Likeness.WEAK if at else Likeness.NO
        if len(triple) == TRIPLE_LEN and triple[2] not in OPTIONS:
            return Likeness.WEAK if at else Likeness.NO
    return Likeness.LIKELY if len(data) == NEGOTIATIONS * TRIPLE_LEN else Likeness.MORE


def open(context: Context) -> "TelnetSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return TelnetSession(context)


class _At(Enum):
    DATA = 0
    IAC = 1
    OPTION = 2
    SUB = 3
    SUB_IAC = 4
    RETURN = 5


@dataclass(slots=True)
class _Side:
    at: _At = _At.DATA
    sub: bytearray = field(default_factory=bytearray)
    text: bytearray = field(default_factory=bytearray)
    tail: bytes = b""
    fresh: bool = True
    label: str = ""
    place: tuple[int, int] = (0, 0)
    given: int = 0
    over: bool = False
    encrypted: bool = False


class TelnetSession:
    """Takes the commands out of both directions, and tells lines that answer a prompt from others."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._teller = Teller(context.flow, ID)
        self._sides = {True: _Side(), False: _Side()}
        self._typing: bool | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side, outbound = self._sides[segment.outbound], segment.outbound
        found: list[Event | Content] = []
        if segment.gap_len:
            side.at = _At.DATA
            side.sub.clear()
            side.tail = b""
            return ()
        if side.over or side.encrypted:
            return ()
        place = segment.packet, segment.time_ns
        data, at = segment.data, 0
        while at < len(data) and self.wants(outbound=outbound):
            at = self._step(side, data, at, place, found, outbound=outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives the text that was not ended."""
        found: list[Event | Content] = []
        for outbound in (False, True):
            self._flush(self._sides[outbound], found, outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the bound of text, or until the option ENCRYPT was taken into use."""
        side = self._sides[outbound]
        return not side.over and not side.encrypted

    def reading(self) -> Reading:
        """Gives plaintext, or encrypted where the option ENCRYPT was started."""
        if any(side.encrypted for side in self._sides.values()):
            reason = "telnet, its option ENCRYPT was started"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, None, None, reason))
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, "telnet in the clear"))

    def rest(self) -> None:
        """Telnet ends with its connection."""

    def _step(
        self,
        side: _Side,
        data: bytes,
        at: int,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> int:
        """Reads a run of text, or one byte of a command; gives where to go on."""
        byte = data[at]
        match side.at:
            case _At.DATA:
                special = _SPECIAL.search(data, at)
                end = special.start() if special else len(data)
                self._text(side, data[at:end], place, found, outbound=outbound)
                if special:
                    side.at = _At.IAC if data[end] == IAC else _At.RETURN
                return end + 1
            case _At.RETURN:
                side.at = _At.DATA
                self._text(side, b"\n", place, found, outbound=outbound)
                return at + (1 if byte in b"\n\0" else 0)
            case _At.IAC:
                side.at = _At.SUB if byte == SB else _At.OPTION if byte in NEGOTIATION else _At.DATA
                if byte == IAC:
                    self._text(side, b"\xff", place, found, outbound=outbound)
            case _At.OPTION:
                side.at = _At.DATA
            case _At.SUB if byte == IAC:
                side.at = _At.SUB_IAC
            case _At.SUB_IAC if byte == SE:
                side.at = _At.DATA
                self._subnegotiation(side, place, found, outbound=outbound)
                side.sub.clear()
            case _:
                side.at = _At.SUB
                if len(side.sub) < SUB_LEN:
                    side.sub.append(byte)
        return at + 1

    def _text(
        self,
        side: _Side,
        run: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
    ) -> None:
        """Adds a run of text. A line's first byte settles which prompt it answers, its end gives it."""
        while run and not side.over:
            if side.fresh:
                self._begin(side, found, outbound=outbound)
            line, newline, rest = run.partition(b"\n")
            room = (LINE_LEN if side.label else PIECE_LEN) - len(side.text)
            fits = len(line) + len(newline) <= room
            side.text += (line + newline)[:room]
            side.place = place
            side.fresh = fits and bool(newline)
            side.tail = b"" if side.fresh else (side.tail + line[:room])[-TAIL_LEN:]
            run = rest if fits else run[room:]
            if (side.label and side.fresh) or len(side.text) >= (
                LINE_LEN if side.label else PIECE_LEN
            ):
                self._flush(side, found, outbound=outbound)

    def _begin(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        """Begins a line: where it answers a prompt, what stands before it on both sides is given first."""
        side.fresh = False
        other = self._sides[not outbound]
        label = _prompted(other.tail) if self._typing in (None, outbound) else ""
        if label:
            self._typing = outbound
            self._flush(other, found, outbound=not outbound)
            self._flush(side, found, outbound=outbound)
            side.label, other.tail = label, b""

    def _flush(self, side: _Side, found: list[Event | Content], *, outbound: bool) -> None:
        """Gives the text that was gathered."""
        label, data = side.label, bytes(side.text)
        side.text.clear()
        side.label = ""
        data = _edited(data.strip(b"\r\n")) if label else _COLOUR.sub(b"", data)
        if not data.strip():
            return
        where = f"{ID}.{label or 'text'}"
        found.append(
            Content(self._flow, *side.place, outbound, where, "plaintext", data, key=label)
        )
        side.given += len(data)
        if side.given >= TEXT_LEN:
            side.over = True
            detail = f"{ID}: text beyond {TEXT_LEN} bytes was not read"
            found.append(Oddity(self._flow, *side.place, outbound, "event_limit", detail))

    def _subnegotiation(
        self, side: _Side, place: tuple[int, int], found: list[Event | Content], *, outbound: bool
    ) -> None:
        """Hands on what an option tells about the terminal and its user."""
        sub = bytes(side.sub)
        option, verb, value = sub[:1], sub[1:2], sub[2:]
        if not option or not verb:
            return
        if option[0] in TEXTS:
            text = (
                sub[1:] if option[0] not in (TERMINAL_TYPE, 35) else value if verb[0] == IS else b""
            )
            self._teller.give(TEXTS[option[0]], TEXTS[option[0]], text, place, found, outbound=outbound)
        elif option[0] in (ENVIRON, NEW_ENVIRON) and verb[0] in (IS, INFO):
            for name, text in _variables(value):
                self._teller.give("environ", name, text, place, found, outbound=outbound)
        elif option[0] == ENCRYPT and verb[0] == ENCRYPT_START:
            side.encrypted = True


def _prompted(tail: bytes) -> str:
    """Gives what the other end has asked for in the line that it left open, "" for nothing that is known."""
    tail = _COLOUR.sub(b"", tail)
    if _PASSWORD.search(tail):
        return "password"
    return "username" if _USER.search(tail) else ""


def _edited(line: bytes) -> bytes:
    """Gives a typed line as it stood after its backspaces."""
    if b"\x08" not in line and b"\x7f" not in line:
        return line
    kept = bytearray()
    for byte in line:
        if byte in (0x08, 0x7F):
            del kept[-1:]
        else:
            kept.append(byte)
    return bytes(kept)


def _variables(data: bytes) -> list[tuple[str, bytes]]:
    """Gives names and values of an ENVIRON list."""
    found: list[tuple[str, bytes]] = []
    parts = (bytearray(), bytearray())
    into = -1
    escaped = False
    for byte in data:
        if byte in (VAR, USER_VAR) and not escaped:
            _add(found, parts)
            into = 0
        elif byte == VALUE and not escaped:
            into = 1
        elif byte == ESC and not escaped:
            escaped = True
            continue
        elif into >= 0:
            parts[into].append(byte)
        escaped = False
    _add(found, parts)
    return found


def _add(found: list[tuple[str, bytes]], parts: tuple[bytearray, bytearray]) -> None:
    name, value = parts
    if name and value:
        found.append((name[:64].decode("utf-8", "replace"), bytes(value)))
    name.clear()
    value.clear()
