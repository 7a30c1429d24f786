"""FTP's control connection in the clear: user, password, file names; what follows AUTH TLS is recognised afresh.

Source: RFC 959 sections 4.1 (commands), 5.4 (sequences), RFC 4217 section 4 (AUTH).
"""

import re

from iotaudit.dissect.commands import CommandSession
from iotaudit.dissect.session import TCP, Context, Head, Likeness

ID = "ftp"
PORTS = frozenset({21, 2121})
TRANSPORT = frozenset({TCP})

GREETING = re.compile(rb"220[ -][ -~\x80-\xff]*?FTP", re.IGNORECASE)
LINE_LEN = 512
WORDS = (b"220 ", b"220-", b"USER ")
FIRST = frozenset(word[0] for word in WORDS)
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits a greeting that names the protocol; another greeting, or USER, counts on a port of FTP."""
    data = head.data[:LINE_LEN]
    if len(data) < 6 and any(word.startswith(data) or data.startswith(word) for word in WORDS):
        return Likeness.MORE
    line, newline, _ = data.partition(b"\n")
    if not line.startswith(WORDS) or any(byte < 0x20 and byte != 0x0D for byte in line):
        return Likeness.NO
    if not newline and len(data) < LINE_LEN:
        return Likeness.MORE
    return Likeness.CERTAIN if GREETING.match(line) else Likeness.WEAK


def open(context: Context) -> CommandSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return CommandSession(context, ID)
