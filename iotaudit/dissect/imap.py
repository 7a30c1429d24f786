"""IMAP in the clear: credentials, mailboxes, mail; after STARTTLS the bytes are recognised afresh.

Source: RFC 9051 sections 2.2 (tags, literals), 6 (commands), 7 (answers); RFC 7888 (literals without
waiting); RFC 4959 (first answer of SASL); RFC 2971 (ID).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from iotaudit.dissect.http_body import Piece
from iotaudit.dissect.lines import Found, Line, LineSession, Then
from iotaudit.dissect.sasl import SignOn
from iotaudit.dissect.session import TCP, Context, Head, Likeness
from iotaudit.model.raw import Content

ID = "imap"
PORTS = frozenset({143})
TRANSPORT = frozenset({TCP})

GREETING = re.compile(
    rb"\* (?:OK|PREAUTH|BYE)[ -~\x80-\xff]*?(?:IMAP|\[CAPABILITY )", re.IGNORECASE
)
GREETINGS = (b"* OK ", b"* PREAUTH ", b"* BYE ")
COMMAND = re.compile(
    rb"[A-Za-z]{0,4}[0-9]{1,6} (?:CAPABILITY|STARTTLS|AUTHENTICATE [!-~]+|LOGIN [!-~]+ [!-~]+"
    rb"|ID (?:NIL|\([ -~]*\)))"
    rb"[ -~]*\r?\Z",
    re.IGNORECASE,
)
VERBS = (b"CAPABILITY", b"STARTTLS", b"AUTHENTICATE", b"LOGIN", b"ID")
TAG = re.compile(rb"[A-Za-z]{0,4}[0-9]{0,6}\Z")
LINE_LEN = 512
FIRST = frozenset(b"*0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
AWAY = FIRST
SURE = frozenset(b"*")

LITERAL = re.compile(rb"(?:\{|~\{)(\d{1,10})(\+?)\}\Z")
STATUS = re.compile(rb"[!-~]{1,64} (?:OK|NO|BAD|BYE|PREAUTH) ", re.IGNORECASE)
"""Begins an answer whose text is for people, so that it ends with no literal."""
WORD = re.compile(rb'"((?:[^"\\]|\\.?)*)"?|[()]|([^\s"()]+)', re.DOTALL)
ESCAPED = re.compile(rb'\\(["\\])')
WHOLE = re.compile(
    rb"(?:BODY\[(?:HEADER[^\]]*)?\](?:<\d+>)?|RFC822(?:\.HEADER)?) \Z", re.IGNORECASE
)
"""Stands before a literal that begins as a message does."""
SAFE_VERBS = frozenset(
    b"CAPABILITY CHECK CLOSE COMPRESS COPY DONE ENABLE EXPUNGE FETCH IDLE LOGOUT NAMESPACE NOOP STORE".split()
)
KEPT_LEN = 4096
"""Bytes of a literal that may be an argument of a command; a longer one is a message."""
PARTS = 16
"""Literals of one command that are arguments."""


def recognise(head: Head) -> Likeness:
    """Fits a greeting that names the protocol, or a command of the sign-on; other greetings need the port."""
    data = head.data[:LINE_LEN]
    line, newline, _ = data.partition(b"\n")
    if any(byte < 0x20 and byte not in b"\r\t" for byte in line):
        return Likeness.NO
    if data.startswith(b"*"):
        upper = line[:10].upper()
        if not any(word.startswith(upper) or upper.startswith(word) for word in GREETINGS):
            return Likeness.NO
        if not newline and len(data) < LINE_LEN:
            return Likeness.MORE
        return Likeness.CERTAIN if GREETING.match(line) else Likeness.WEAK
    tag, space, rest = line.partition(b" ")
    verb = rest[:16].split(b" ")[0].rstrip(b"\r").upper()
    if not TAG.match(tag) or (
        space and not (tag[-1:].isdigit() and any(word.startswith(verb) for word in VERBS))
    ):
        return Likeness.NO
    if not newline:
        return Likeness.MORE if len(data) < LINE_LEN else Likeness.NO
    return Likeness.LIKELY if COMMAND.match(line) else Likeness.NO


def open(context: Context) -> LineSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return LineSession(context, ID, _Talk(context.flow))


@dataclass(slots=True)
class _Open:
    """What is there of one command or answer: its words (short literals of commands among them) and its text.

    `before` is the text in front of the newest literal, `length` that literal's length.
    """

    answer: bool | None = None
    words: list[bytes] = field(default_factory=list)
    text: bytes = b""
    before: bytes = b""
    length: int = 0
    literals: int = 0


class _Talk:
    """What the lines of IMAP mean. Whether a line is an answer is told by its form."""

    def __init__(self, flow: int) -> None:
        self._flow = flow
        self._open = {True: _Open(), False: _Open()}
        self._refusable = b""
        self._tls_tag = b""
        self._sign_on: SignOn | None = None

    def line(self, line: Line, found: Found) -> Then | int:
        """Takes a line; a literal at its end keeps the command or answer open."""
        open_ = self._open[line.outbound]
        if open_.answer is None:
            open_.answer = _is_answer(line.data)
            if self._sign_on and not open_.answer:
                open_.answer = None
                self._credentials(self._sign_on, line.data.strip(), line, found)
                return Then.LINE
        literal = None if STATUS.match(line.data) else LITERAL.search(line.data)
        text = line.data[: literal.start()] if literal else line.data
        if open_.literals <= PARTS:
            open_.words += _words(text)
            open_.text += text
        if literal:
            open_.before, open_.length = text, int(literal[1])
            open_.literals += 1
            waits = not open_.answer and not literal[2]
            self._refusable = open_.words[0] if waits and open_.words else self._refusable
            return open_.length
        self._open[line.outbound] = _Open()
        if not open_.words:
            return Then.LINE
        if open_.answer:
            return self._answer(open_, line, found)
        return self._command(open_.words, line, found)

    def body(self, piece: Piece, found: Found, *, outbound: bool) -> None:
        """Keeps a short literal of a command as an argument; hands others on as messages."""
        open_ = self._open[outbound]
        if not open_.answer:
            self._refusable = b""
            if open_.length <= KEPT_LEN and open_.literals <= PARTS and not _is_append(open_.words):
                open_.words.append(piece.data)
                return
        whole = not open_.answer or WHOLE.search(open_.before)
        found.append(
            Content(
                self._flow,
                *piece.place,
                outbound,
                f"{ID}.message",
                "plaintext",
                piece.data,
                media_type="message/rfc822" if whole else "",
                truncated=piece.truncated,
            )
        )

    def lost(self, *, outbound: bool) -> None:
        """Forgets what is open in a direction."""
        self._open[outbound] = _Open()
        self._sign_on = None
        self._refusable = b""

    def _answer(self, open_: _Open, line: Line, found: Found) -> Then:
        """Settles what was asked for; what the server tells about mail and about itself is handed on."""
        words = open_.words
        tag = words[0]
        if tag == b"*":
            kinds = [word.upper() for word in words[1:3]]
            if kinds[1:] == [b"FETCH"] and b'"' in open_.text:
                self._give("fetch", "fetch", open_.text, line, found)
            elif kinds[:1] == [b"ID"]:
                self._identity(words[2:], line, found)
            return Then.LINE
        if tag == b"+":
            return Then.LINE
        good = words[1:2] == [b"OK"]
        self._sign_on = None
        if tag == self._tls_tag:
            self._tls_tag = b""
            return Then.TLS if good else Then.REFUSED
        if not good and tag == self._refusable:
            self._refusable = b""
            self._open[not line.outbound] = _Open()
            return Then.REFUSED
        return Then.LINE

    def _command(self, words: list[bytes], line: Line, found: Found) -> Then:
        verb = words[1].upper() if len(words) > 1 else b""
        rest = words[2:]
        if verb == b"UID" and rest:
            verb, rest = rest[0].upper(), rest[1:]
        if verb == b"STARTTLS":
            self._tls_tag = words[0]
            return Then.ASKED
        if verb == b"LOGIN":
            for what, data in zip(("username", "password"), rest, strict=False):
                self._give(what, what, data, line, found)
        elif verb == b"AUTHENTICATE" and rest:
            self._sign_on = SignOn(rest[0])
            if len(rest) > 1:
                self._credentials(self._sign_on, rest[1], line, found)
        elif verb == b"ID":
            self._identity(rest, line, found)
        elif verb.isalpha() and len(verb) <= 16 and verb not in SAFE_VERBS:
            told = b" ".join(rest)
            self._give("command", verb.decode("ascii").lower(), told, line, found)
        return Then.LINE

    def _credentials(self, sign_on: SignOn, answer: bytes, line: Line, found: Found) -> None:
        for what, data in sign_on.answer(answer):
            self._give(what, what, data, line, found)

    def _identity(self, words: list[bytes], line: Line, found: Found) -> None:
        """Hands on what an end says about itself, name by name."""
        pairs = [word for word in words if word not in (b"(", b")")]
        for name, value in zip(pairs[::2], pairs[1::2], strict=False):
            if value.upper() != b"NIL":
                self._give("id", name[:64].decode("utf-8", "replace"), value, line, found)

    def _give(self, what: str, key: str, data: bytes, line: Line, found: Found) -> None:
        if data:
            where = f"{ID}.{what}"
            found.append(
                Content(self._flow, *line.place, line.outbound, where, "plaintext", data, key=key)
            )


def _is_answer(text: bytes) -> bool:
    """Says whether a line is one of the server by its form."""
    if text.startswith((b"* ", b"+ ")) or text == b"+":
        return True
    words = text[:128].split(b" ", 2)
    return len(words) > 1 and words[1] in (b"OK", b"NO", b"BAD")


def _is_append(words: list[bytes]) -> bool:
    """Says whether the words begin a command whose literal is a message."""
    return words[1:2] != [] and words[1].upper() == b"APPEND" and len(words) > 2


def _words(text: bytes) -> list[bytes]:
    """Gives the words of a text, quoted ones without their quotes, parentheses as words."""
    return list(_each_word(text))


def _each_word(text: bytes) -> Iterator[bytes]:
    for match in WORD.finditer(text):
        quoted, plain = match[1], match[2]
        yield ESCAPED.sub(rb"\1", quoted) if quoted is not None else plain or match[0]
