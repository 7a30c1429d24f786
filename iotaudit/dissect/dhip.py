"""DHIP: JSON messages by which cameras and recorders of Dahua and its platform are found and controlled.

Source: the projects rroller/dahua (discovery, UDP 37810) and mcw0/DahuaConsole (control, TCP): header of 32
bytes that begins with its length and "DHIP", length of the JSON at offset 16 in little-endian order. There is
no public standard.
"""

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import FRAME_LEN, MORE, NONE, content, open_session
from iotaudit.dissect.reader import Budget
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "dhip"
PORTS = frozenset({5000, 37777, 37810})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset(b" ")
AWAY = FIRST
SURE = FIRST

MAGIC = b" \0\0\0DHIP"
HEADER_LEN = 32


def recognise(head: Head) -> Likeness:
    """Fits the magic."""
    data = head.data
    if head.protocol == TCP and len(data) < HEADER_LEN:
        return Likeness.MORE if MAGIC.startswith(data[: len(MAGIC)]) else Likeness.NO
    return Likeness.CERTAIN if len(data) >= HEADER_LEN and _measure(data) > 0 else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader:
    """Reads the JSON of each message, the same one once."""

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._other = False

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the message that begins so."""
        del outbound
        return MORE if len(head) < HEADER_LEN else _measure(head)

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return len(data) >= HEADER_LEN and _measure(data) > 0

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Gives the JSON of one message."""
        data = message.data
        if len(data) < HEADER_LEN or _measure(data) < 0:
            return "not a message"
        self._budget.spend(outbound=message.outbound)
        text = data[HEADER_LEN : _measure(data)].rstrip(b"\0\r\n ")
        if not text.startswith(b"{"):
            self._other = self._other or bool(text)
        elif self._said.is_new(text):
            cut = message.truncated_len > 0
            found.append(content(message, "dhip.message", text, media_type="application/json", truncated=cut))
        return "message is cut" if _measure(data) > len(data) else None

    def reading(self) -> Reading:
        """Gives plaintext for JSON."""
        state = EncryptionState.OPAQUE if self._other else EncryptionState.PLAINTEXT
        reason = "DHIP messages that are no JSON" if self._other else "DHIP JSON in the clear"
        return Reading(Encryption(state, ID, None, None, reason))


def _measure(data: bytes) -> int:
    """Gives the length of the message that begins here, `NONE` where none does; `data` holds a header."""
    length = int.from_bytes(data[16:20], "little")
    return HEADER_LEN + length if data.startswith(MAGIC) and length <= FRAME_LEN else NONE
