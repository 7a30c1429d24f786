"""SMTP in the clear: who mails what to whom, with which credentials; what follows STARTTLS is recognised afresh.

Source: RFC 5321 sections 3.1 (greeting), 4.1.1.1 (EHLO), RFC 3207 (STARTTLS).
"""

import re

from iotaudit.dissect.commands import CommandSession
from iotaudit.dissect.session import TCP, Context, Head, Likeness

ID = "smtp"
PORTS = frozenset({25, 587, 2525})
TRANSPORT = frozenset({TCP})

HELLO = re.compile(rb"(?:EHLO|HELO|ehlo|helo) [!-~]")
GREETING = re.compile(rb"220[ -][!-~]+ [ -~]*?E?SMTP", re.IGNORECASE)
LINE_LEN = 512
WORDS = (b"EHLO ", b"HELO ", b"ehlo ", b"helo ", b"220 ", b"220-")
FIRST = frozenset(word[0] for word in WORDS)
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits a hello, or a greeting that names the protocol; another greeting counts on a port of SMTP."""
    data = head.data[:LINE_LEN]
    if HELLO.match(data):
        return Likeness.CERTAIN
    if len(data) < 6 and any(word.startswith(data) or data.startswith(word) for word in WORDS):
        return Likeness.MORE
    line, newline, _ = data.partition(b"\n")
    if line[:4] not in (b"220 ", b"220-") or any(byte < 0x20 and byte != 0x0D for byte in line):
        return Likeness.NO
    if not newline and len(data) < LINE_LEN:
        return Likeness.MORE
    return Likeness.CERTAIN if GREETING.match(line) else Likeness.WEAK


def open(context: Context) -> CommandSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return CommandSession(context, ID)
