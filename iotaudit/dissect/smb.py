"""SMB 1, 2 and 3: version, user and host names of the sign-on, shares and files; sealed messages stay closed.

Source: [MS-SMB2] sections 2.1 (transport), 2.2.1 to 2.2.13 (messages), 2.2.41 (transform header), 2.2.42
(compression); [MS-CIFS] sections 2.2.3 (header) and 2.2.4 (commands), [MS-SMB] section 2.2.4.6; RFC 1002
section 4.3 (session service); the dissectors `smb`, `smb2` and `nbss` of Wireshark.
"""

from iotaudit.dissect import frames, ntlm
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Reading, Session
from iotaudit.model.events import HostNamed
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "smb"
PORTS = frozenset({139, 445})
TRANSPORT = frozenset({TCP})
MESSAGE, SESSION, KINDS = 0, 0x81, frozenset({0, 0x81, 0x82, 0x83, 0x84, 0x85})
FIRST = frozenset({MESSAGE, SESSION})
AWAY = FIRST
SURE = FIRST

SMB_1, SMB_2, SEALED, PACKED = b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"
MAGIC = (SMB_1, SMB_2, SEALED, PACKED)
NAME_LEN = 34
"""An encoded name of the session service, with its length and end."""
SESSION_LEN = 4 + 2 * NAME_LEN

NEGOTIATE_1, SETUP_1, TREE_1, OPEN_1, CREATE_1 = 0x72, 0x73, 0x75, 0x2D, 0xA2
HEADER_1, WIDE = 32, 0x8000
HASH_LEN = 24
"""Length of what answers a challenge; a password in the clear stands in the same field."""
NEGOTIATE, SETUP, TREE, CREATE, READ, WRITE = 0, 1, 3, 5, 8, 9
HEADER_2, IS_ANSWER = 64, 1
DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
COMPOUND = 32
"""Messages in one frame that are read."""
TEXT_LEN = 1024


def recognise(head: Head) -> Likeness:
    """Fits the magic behind the header of the session service, or a session request with its names."""
    data = head.data
    if data and data[0] not in FIRST:
        return Likeness.NO
    if data[:1] == bytes((SESSION,)):
        wanted = bytes((SESSION, 0, 0, 2 * NAME_LEN, 0x20))
        if data[: len(wanted)] != wanted[: len(data)]:
            return Likeness.NO
        if any(not 0x41 <= letter <= 0x50 for letter in data[5:37]):
            return Likeness.NO
        return Likeness.CERTAIN if len(data) >= SESSION_LEN else Likeness.MORE
    magic = data[4:8]
    if not any(known.startswith(magic) for known in MAGIC):
        return Likeness.NO
    return Likeness.CERTAIN if len(magic) == 4 else Likeness.MORE


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.FrameSession(context, ID, _Reader(context))


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()
        self._version = ""
        self._sealed = 0
        self._used = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the session service's header."""
        del outbound
        if head and head[0] not in KINDS:
            return frames.NONE
        return 4 + int.from_bytes(head[1:4]) if len(head) >= 4 else frames.MORE

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return recognise(Head(data, TCP)) is Likeness.CERTAIN

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: more files may be named."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext; encrypted where files were only used in sealed messages."""
        version = self._version or None
        if self._sealed and not self._used:
            reason = f"{self._sealed} sealed messages of SMB 3"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, None, reason))
        beside = f" beside {self._sealed} sealed messages" if self._sealed else ""
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, version, None, f"SMB in the clear{beside}"))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one frame."""
        data = message.data[4:]
        if message.data[0] == SESSION:
            for what, at in (("called", 0), ("calling", NAME_LEN)):
                self._give(message, found, what, _netbios(data[at : at + NAME_LEN]))
            return None
        if message.data[0] != MESSAGE:
            return None
        match data[:4]:
            case magic if magic == SEALED:
                self._sealed += 1
            case magic if magic == SMB_1:
                return self._read_1(message, data, found)
            case magic if magic == SMB_2:
                return self._compound(message, data, found)
            case magic if magic == PACKED:
                self._used += 1
            case _:
                return "no message of SMB"
        return None

    def _compound(self, message: Segment, data: bytes, found: Seen) -> str | None:
        """Reads the messages of SMB 2 that follow each other in one frame."""
        at = 0
        for _ in range(COMPOUND):
            if len(data) < at + HEADER_2 or data[at : at + 4] != SMB_2:
                return "a header of SMB 2"
            behind = int.from_bytes(data[at + 20 : at + 24], "little")
            if 0 < behind < HEADER_2:
                return "a compound of SMB 2"
            self._read_2(message, data[at : at + behind] if behind else data[at:], found)
            if not behind:
                return None
            at += behind
        return None

    def _read_2(self, message: Segment, data: bytes, found: Seen) -> None:
        """Reads one message of SMB 2 or 3; offsets count from its header."""
        command, answer = _number(data, 12), bool(data[16] & IS_ANSWER)
        body = data[HEADER_2:]
        if command == NEGOTIATE and answer:
            self._version = DIALECTS.get(_number(body, 4), self._version)
        elif command == SETUP:
            start, length = _number(body, 4 if answer else 12), _number(body, 6 if answer else 14)
            self._sign_on(message, data[start : start + length], found)
        elif command == TREE and not answer:
            start, length = _number(body, 4), _number(body, 6)
            self._give(message, found, "tree", ntlm.utf_8(data[start : start + length]))
        elif command == CREATE and not answer:
            self._used += 1
            start, length = _number(body, 44), _number(body, 46)
            self._give(message, found, "file", ntlm.utf_8(data[start : start + length]))
        elif command in (READ, WRITE):
            self._used += 1

    def _read_1(self, message: Segment, data: bytes, found: Seen) -> str | None:
        """Reads one message of SMB 1: parameters of words, then bytes."""
        if len(data) < HEADER_1 + 3:
            return "a header of SMB 1"
        command, answer, wide = data[4], bool(data[9] & 0x80), bool(_number(data, 10) & WIDE)
        count = data[HEADER_1]
        words = data[HEADER_1 + 1 : HEADER_1 + 1 + 2 * count]
        at = HEADER_1 + 1 + 2 * count + 2
        if command == NEGOTIATE_1:
            if answer:
                self._version = self._version or "1"
        elif command == SETUP_1:
            self._setup_1(message, data, words, at, found, answer=answer, wide=wide)
        elif command == TREE_1 and not answer and count >= 4:
            start = at + _number(words, 6)
            self._give(message, found, "tree", _text_1(data, start, wide=wide))
        elif command in (OPEN_1, CREATE_1) and not answer:
            self._used += 1
            self._give(message, found, "file", _text_1(data, at, wide=wide))
        else:
            self._used += 1
        return None

    def _setup_1(
        self, message: Segment, data: bytes, words: bytes, at: int, found: Seen, *, answer: bool, wide: bool
    ) -> None:
        """Reads the sign-on of SMB 1: a token, or in the old form user and domain in the clear."""
        if len(words) == 2 * 13 and not answer:
            oem, closed = _number(words, 14), _number(words, 16)
            start = at + oem + closed
            secret = data[at : at + oem].rstrip(b"\0")
            if secret and not closed and oem != HASH_LEN:
                self._give(message, found, "password", secret)
            user = _text_1(data, start, wide=wide)
            behind = _end_1(data, start, wide=wide)
            self._give(message, found, "username", user)
            self._give(message, found, "domain", _text_1(data, behind, wide=wide))
        elif len(words) in (2 * 12, 2 * 4):
            length = _number(words, 14 if len(words) == 24 else 6)
            self._sign_on(message, data[at : at + length], found)

    def _sign_on(self, message: Segment, token: bytes, found: Seen) -> None:
        """Gives the names in a token of NTLM; a server names itself in its challenge."""
        for what, text in ntlm.read(token):
            if what == "computer":
                self._announce(message, text, found)
            elif what in ("username", "domain", "workstation"):
                self._give(message, found, what, text)
            else:
                self._give(message, found, f"server_{what}", text)

    def _announce(self, message: Segment, name: bytes, found: Seen) -> None:
        if self._said.is_new("computer", name):
            place = (message.flow, message.packet, message.time_ns, message.outbound)
            ip = self._context.sender(outbound=message.outbound).ip
            text = name.decode("utf-8", "replace").lower()
            found.append(HostNamed(*place, ip, text, "netbios", "NTLM challenge"))

    def _give(self, message: Segment, found: Seen, what: str, text: bytes) -> None:
        if text and self._said.is_new(what, text[:TEXT_LEN]):
            found.append(frames.content(message, f"smb.{what}", text[:TEXT_LEN], key=what))


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _end_1(data: bytes, at: int, *, wide: bool) -> int:
    """Gives where the text at `at` ends, its end included; wide texts begin at even places."""
    if not wide:
        end = data.find(b"\0", at)
        return end + 1 if end >= 0 else len(data)
    at += at & 1
    while at + 1 < len(data) and data[at : at + 2] != b"\0\0":
        at += 2
    return at + 2


def _text_1(data: bytes, at: int, *, wide: bool) -> bytes:
    """Gives the text at `at`."""
    end = min(_end_1(data, at, wide=wide), at + 2 * TEXT_LEN)
    return ntlm.utf_8(data[at + (at & 1) : end]) if wide else data[at:end].rstrip(b"\0")


def _netbios(encoded: bytes) -> bytes:
    """Gives a name of the session service: letters A to P for half bytes, the last byte is its kind."""
    letters = encoded[1:33]
    if len(letters) < 32 or any(not 0x41 <= letter <= 0x50 for letter in letters):
        return b""
    return bytes((letters[i] - 65) << 4 | (letters[i + 1] - 65) for i in range(0, 30, 2)).rstrip(b" \0")
