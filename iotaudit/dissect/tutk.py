"""TUTK (ThroughTek Kalay, IOTC): how cameras are found and reached, scrambled with one published text.

Searches and sessions name the device (UID); what a session carries is not read: it may be DTLS, media or
commands.
Source: the project go2rtc (pkg/tutk: scrambling, messages); the text is also told in
G. Hilliard, "Hacking Reolink cameras for fun and profit" (2020). It was not seen in a capture of ours.
"""

import re

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content, open_session
from iotaudit.dissect.reader import Budget, Datagrams
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "tutk"
PORTS = frozenset({10001, 10240, 32761})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(256))
AWAY = FIRST
SURE: frozenset[int] = frozenset()

CHARLIE = b"Charlie is the d"
"""The part of the text that is used."""
BLOCK_LEN = 16
MAGIC = b"\4\2"
GENERATION = 2
"""Fourth byte of every header that is documented."""
WORD = 0xFFFFFFFF
SHUFFLE = (11, 9, 8, 15, 13, 10, 12, 14, 2, 1, 5, 0, 6, 4, 7, 3)
HINT_AT, HINT_SHIFT, HINT = 8, 13, CHARLIE[0] ^ 0x02
"""Where 8 bits of the magic are under the scrambling: most other datagrams are told by them at once."""
UID_AT, UID_LEN = 16, 20
UID = re.compile(rb"[A-Z0-9]{20}\Z")
SEARCH, SEARCH_ANSWER, SESSION, SESSION_ANSWER, SESSION_DATA = (
    0x0601,
    0x0602,
    0x0402,
    0x0404,
    (0x0407, 0x0408),
)
NAMING = frozenset({SEARCH, SEARCH_ANSWER, SESSION, SESSION_ANSWER})
READ_LEN = 48
"""Bytes of a datagram that are unscrambled."""


def recognise(head: Head) -> Likeness:
    """Fits the header under the scrambling: magic, generation and the length of the datagram."""
    data = head.data
    hint = int.from_bytes(data[HINT_AT : HINT_AT + 4], "little") >> HINT_SHIFT & 0xFF
    if len(data) < BLOCK_LEN or hint != HINT:
        return Likeness.NO
    plain = _block(data[:BLOCK_LEN])
    if not plain.startswith(MAGIC):
        return Likeness.NO
    fits = plain[3] == GENERATION and int.from_bytes(plain[4:6], "little") + BLOCK_LEN == len(data)
    return Likeness.LIKELY if fits else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader(Datagrams):
    """Reads the number of the device in searches and sessions."""

    __slots__ = ("_budget", "_other", "_said")

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._other = 0

    def wants(self, *, outbound: bool) -> bool:
        """True for the first datagrams."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one datagram."""
        self._budget.spend(outbound=message.outbound)
        data = message.data[:READ_LEN]
        plain = b"".join(
            _block(data[at : at + BLOCK_LEN]) for at in range(0, len(data) - BLOCK_LEN + 1, BLOCK_LEN)
        )
        if not plain.startswith(MAGIC):
            return "not a message"
        if int.from_bytes(plain[8:10], "little") not in NAMING:
            self._other += 1
            return None
        uid = plain[UID_AT : UID_AT + UID_LEN]
        if UID.match(uid) and self._said.is_new(uid):
            found.append(content(message, "tutk.uid", uid, key="uid"))
        return None

    def reading(self) -> Reading:
        """Gives opaque once anything but a search or the opening of a session was seen."""
        if self._other:
            reason = "TUTK messages under a fixed scrambling, what the sessions carry is unread"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        reason = "TUTK searches under a fixed scrambling, which anyone undoes"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))


def _block(data: bytes) -> bytes:
    """Gives a block without the scrambling: words turned, bytes shuffled, text XORed, words turned."""
    turned = _turned(data, 3)
    mixed = bytes(turned[at] ^ key for at, key in zip(SHUFFLE, CHARLIE, strict=True))
    return _turned(mixed, 1)


def _turned(data: bytes, start: int) -> bytes:
    """Turns the words of a block to the left: the first by `start` bits, each by 4 more."""
    words = (int.from_bytes(data[at : at + 4], "little") for at in range(0, BLOCK_LEN, 4))
    bits = range(start, start + BLOCK_LEN, 4)
    return b"".join(
        ((word << turn | word >> 32 - turn) & WORD).to_bytes(4, "little")
        for word, turn in zip(words, bits, strict=True)
    )
