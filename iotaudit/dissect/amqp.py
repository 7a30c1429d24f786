"""AMQP 0-9-1 and 1.0: who signs on, what is published where; the header that asks for TLS ends reading.

Source: AMQP 0-9-1 specification sections 2.2.4 and 4.2 (header, frames); OASIS AMQP 1.0 part 2 sections 2.2
and 2.3, part 5 sections 5.2 and 5.3; the dissector `amqp` of Wireshark.
"""

from iotaudit.dissect import frames
from iotaudit.dissect.amqp_0_9 import Classic
from iotaudit.dissect.amqp_1_0 import Modern
from iotaudit.dissect.datagrams import Seen
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "amqp"
PORTS = frozenset({5672})
TRANSPORT = frozenset({TCP})
MAGIC = b"AMQP"
FRAMES = frozenset({1, 2, 3, 8})
"""First bytes of the frames of 0-9-1 (one of 1.0 begins with its length, and so with 0)."""
FIRST = frozenset({MAGIC[0]}) | FRAMES
AWAY = FIRST
SURE = frozenset({MAGIC[0]})

HEADER_LEN = 8
VERSIONS = {
    b"\0\0\x09\1": "0-9-1",
    b"\1\1\0\x09": "0-9",
    b"\1\1\x08\0": "0-8",
    b"\1\1\0\x0a": "0-10",
    b"\0\1\0\0": "1.0",
    b"\2\1\0\0": "1.0",
    b"\3\1\0\0": "1.0",
}
TLS = b"\2\1\0\0"
HANDSHAKE = 0x16
FRAME_HEAD, FRAME_END = 7, 0xCE
SHOWN_LEN = 2048
"""Longest frame of 0-9-1 that counts as the beginning of what was recorded."""
MESSAGE_LEN = 1 << 24


def recognise(head: Head) -> Likeness:
    """Fits the protocol header, or a whole frame of 0-9-1 with its end."""
    data = head.data
    if data[:1] and data[0] in FRAMES:
        return _recognise_frame(data)
    if not MAGIC.startswith(data[:4]):
        return Likeness.NO
    if not any(version.startswith(data[4:HEADER_LEN]) for version in VERSIONS):
        return Likeness.NO
    return Likeness.CERTAIN if len(data) >= HEADER_LEN else Likeness.MORE


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.FrameSession(context, ID, _Reader())


class _Reader:
    def __init__(self) -> None:
        self._version = ""
        self._asked_tls = False
        self._classic = Classic()
        self._modern = Modern()

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of a header or frame; its first byte tells which it is."""
        del outbound
        if not head:
            return frames.MORE
        if self._asked_tls and head[0] == HANDSHAKE:
            return frames.OTHER
        if head[0] == MAGIC[0]:
            return HEADER_LEN if MAGIC.startswith(head[:4]) else frames.NONE
        if head[0] in FRAMES:
            if len(head) < FRAME_HEAD:
                return frames.MORE
            size = FRAME_HEAD + int.from_bytes(head[3:7]) + 1
            return size if size <= MESSAGE_LEN else frames.NONE
        if head[0]:
            return frames.NONE
        if len(head) < 4:
            return frames.MORE
        size = int.from_bytes(head[:4])
        return size if size >= HEADER_LEN else frames.NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a frame surely begins here."""
        return recognise(Head(data, TCP)) >= Likeness.LIKELY

    def end(self, found: Seen) -> None:
        """Gives messages whose end never came."""
        self._classic.end(found)
        self._modern.end(found)

    def wants(self, *, outbound: bool) -> bool:
        """True always: a connection may always carry one more message."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext."""
        reason = "AMQP in the clear" + (", TLS asked for" if self._asked_tls else "")
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, self._version or None, None, reason))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads a header or frame."""
        data = message.data
        if data[0] == MAGIC[0]:
            self._version = VERSIONS.get(data[4:8], self._version)
            self._asked_tls = self._asked_tls or data[4:8] == TLS
            return None if data[4:8] in VERSIONS else "a header of no known version"
        if data[0] in FRAMES:
            if not message.truncated_len and data[-1] != FRAME_END:
                return "a frame without its end"
            return self._classic.read(message, found)
        return self._modern.read(message, found)


def _recognise_frame(data: bytes) -> Likeness:
    if len(data) < FRAME_HEAD:
        return Likeness.MORE
    end = FRAME_HEAD + int.from_bytes(data[3:7])
    if end > SHOWN_LEN:
        return Likeness.NO
    if len(data) <= end:
        return Likeness.MORE
    return Likeness.LIKELY if data[end] == FRAME_END else Likeness.NO
