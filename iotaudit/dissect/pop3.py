"""POP3 in the clear: credentials and the mail that is fetched; after STLS the bytes are recognised afresh.

Source: RFC 1939 sections 3 (lines, answers), 5 to 7 (commands); RFC 2595 section 4 (STLS); RFC 5034 (AUTH);
RFC 2449 (CAPA).
"""

import re
from collections import deque

from iotaudit.dissect.http_body import Piece
from iotaudit.dissect.lines import Found, Line, LineSession, Then
from iotaudit.dissect.sasl import SignOn
from iotaudit.dissect.session import TCP, Context, Head, Likeness
from iotaudit.model.raw import Content

ID = "pop3"
PORTS = frozenset({110})
TRANSPORT = frozenset({TCP})

GREETING = re.compile(rb"\+OK[ -~\x80-\xff]*?(?:\bPOP|<[!-;=?-~]+@[!-;=?-~]+>)", re.IGNORECASE)
"""Names the protocol, or ends with the stamp of APOP."""
COMMAND = re.compile(
    rb"(?:USER [!-~]|APOP [!-~]+ [0-9a-f]|AUTH[ \r\n]|CAPA\r?\n|STLS\r?\n)", re.IGNORECASE
)
WORDS = (b"+OK", b"USER ", b"APOP ", b"AUTH", b"CAPA", b"STLS")
LINE_LEN = 512
FIRST = frozenset(b"+UuAaCcSs")
AWAY = FIRST
SURE = frozenset(b"+")

ANSWERS = (b"+OK", b"-ERR")
CHALLENGE = b"+ "
LONG = frozenset((b"CAPA", b"RETR", b"TOP"))
"""Commands whose answer is a text; those of LISTS are so where they name no message."""
LISTS = frozenset((b"LIST", b"UIDL"))
MAIL = frozenset((b"RETR", b"TOP"))
PENDING = 64
"""Commands without an answer that are remembered."""


def recognise(head: Head) -> Likeness:
    """Fits a greeting that names the protocol or has its stamp; other answers and commands need the port."""
    data = head.data[:LINE_LEN]
    upper = data[:5].upper()
    if not any(word.startswith(upper) or upper.startswith(word) for word in WORDS):
        return Likeness.NO
    line, newline, _ = data.partition(b"\n")
    if any(byte < 0x20 and byte not in b"\r\t" for byte in line):
        return Likeness.NO
    if not newline and len(data) < LINE_LEN:
        return Likeness.MORE
    if data.startswith(b"+OK"):
        if data[3:4] not in (b" ", b"\r", b"\n"):
            return Likeness.NO
        return Likeness.CERTAIN if GREETING.match(line) else Likeness.WEAK
    return Likeness.WEAK if COMMAND.match(data) else Likeness.NO


def open(context: Context) -> LineSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return LineSession(context, ID, _Talk(context.flow))


class _Talk:
    """What the lines of POP3 mean. The end that answers is the server, from its first answer on."""

    def __init__(self, flow: int) -> None:
        self._flow = flow
        self._server: bool | None = None
        self._pending: deque[bytes] = deque(maxlen=PENDING)
        self._sign_on: SignOn | None = None
        self._body = b""

    def line(self, line: Line, found: Found) -> Then | int:
        """Takes a command or an answer."""
        if line.data.startswith((*ANSWERS, CHALLENGE)) and self._server in (None, line.outbound):
            self._server = line.outbound
            return self._answer(line.data)
        if self._server is line.outbound:
            return Then.LINE  # part of a text whose beginning was missed
        if self._sign_on:
            self._credentials(self._sign_on, line.data.strip(), line, found)
            return Then.LINE
        return self._command(line, found)

    def body(self, piece: Piece, found: Found, *, outbound: bool) -> None:
        """Hands mail on; lists are not kept."""
        if self._body in MAIL:
            where, media = f"{ID}.message", "message/rfc822"
            found.append(
                Content(
                    self._flow,
                    *piece.place,
                    outbound,
                    where,
                    "plaintext",
                    piece.data,
                    media_type=media,
                    truncated=piece.truncated,
                )
            )

    def lost(self, *, outbound: bool) -> None:
        """Forgets which command the next answer is for."""
        del outbound
        self._pending.clear()
        self._sign_on = None

    def _answer(self, data: bytes) -> Then:
        if data.startswith(CHALLENGE):
            return Then.LINE
        self._sign_on = None
        asked = self._pending.popleft() if self._pending else b""
        good = data.startswith(b"+OK")
        if asked == b"STLS":
            return Then.TLS if good else Then.REFUSED
        self._body = asked
        return Then.DOTTED if good and asked in LONG else Then.LINE

    def _command(self, line: Line, found: Found) -> Then:
        word, _, rest = line.data.strip().partition(b" ")
        verb, rest = word.upper(), rest.strip()
        self._pending.append(b"CAPA" if verb in LISTS and not rest else verb)
        if verb == b"AUTH" and rest:
            mechanism, _, answer = rest.partition(b" ")
            self._sign_on = SignOn(mechanism)
            if answer:
                self._credentials(self._sign_on, answer.strip(), line, found)
        elif verb == b"AUTH":
            self._pending[-1] = b"CAPA"  # lists the mechanisms
        elif verb == b"USER":
            self._give("username", rest, line, found)
        elif verb == b"PASS":
            self._give("password", rest, line, found)
        elif verb == b"APOP":
            self._give("username", rest.partition(b" ")[0], line, found)
        return Then.ASKED if verb == b"STLS" else Then.LINE

    def _credentials(self, sign_on: SignOn, answer: bytes, line: Line, found: Found) -> None:
        for what, data in sign_on.answer(answer):
            self._give(what, data, line, found)

    def _give(self, what: str, data: bytes, line: Line, found: Found) -> None:
        if data:
            where = f"{ID}.{what}"
            found.append(
                Content(self._flow, *line.place, line.outbound, where, "plaintext", data, key=what)
            )
