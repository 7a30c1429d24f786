"""Baichuan: the control port of Reolink cameras (TCP 9000). Messages of a fixed header and XML or media.

The XML is under a fixed XOR that is published (it counts as in the clear), or under AES with a key made of
the password.
Source: G. Hilliard, "Hacking Reolink cameras for fun and profit" (2020); the project neolink (core/src/bc).
Observed in `neolink/EncryptionProtocol02_login.pcapng`, packets 2 to 14.
"""

from itertools import cycle, islice

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import MORE, NONE, FrameSession, content
from iotaudit.dissect.reader import Budget
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Reading, Session
from iotaudit.dissect.xml_values import xml_values
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "baichuan"
PORTS = frozenset({9000})
TRANSPORT = frozenset({TCP})
FIRST = frozenset({0xF0})
AWAY = FIRST
SURE = FIRST

MAGIC = b"\xf0\xde\xbc\x0a"
LOGIN = 1
LEGACY, MODERN = 0x6514, 0x6614
HEADER_LENS = {LEGACY: 20, MODERN: 20, 0x6414: 24, 0x6482: 24, 0x0000: 24}
"""Length of the header by the class of a message."""
COMMON_LEN = 20
MESSAGE_LEN = 1 << 24
XML_LEN = 1 << 16
XML = b"<?xml"
XOR_KEY = b"\x1f\x2d\x3c\x4b\x5a\x69\x78\xff"
OFFERED = 0xDD
"""High byte of the status of a login that speaks of the cipher; the low one says which."""
CIPHERS = {0: "none", 1: "XOR", 2: "AES-128-CFB", 3: "AES-128-CFB", 0x12: "AES-128-CFB"}
HASH_LEN = 32
"""Length of user name and of password, as hex digits of MD5, in the login of old cameras."""
MESSAGES = 2000
ROUTINE = frozenset({"type", "nonce"})


def recognise(head: Head) -> Likeness:
    """Fits the magic with a known class of message."""
    data = head.data
    if len(data) < COMMON_LEN:
        return Likeness.MORE if MAGIC.startswith(data[:4]) else Likeness.NO
    return Likeness.CERTAIN if _measure(data) > 0 else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return FrameSession(context, ID, _Reader())


class _Reader:
    """Reads logins, and the XML that can be read."""

    def __init__(self) -> None:
        self._budget = Budget(MESSAGES)
        self._said = Said()
        self._cipher = ""
        self._closed = 0
        self._media = False

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the message that begins so."""
        del outbound
        return MORE if len(head) < COMMON_LEN else _measure(head)

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return len(data) >= COMMON_LEN and _measure(data) > 0

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message."""
        data = message.data
        if len(data) < COMMON_LEN:
            return "header is cut"
        self._budget.spend(outbound=message.outbound)
        kind = int.from_bytes(data[4:8], "little")
        status, shape = int.from_bytes(data[16:18], "little"), int.from_bytes(data[18:20], "little")
        start = HEADER_LENS.get(shape, COMMON_LEN)
        body = data[start:]
        if kind == LOGIN and status >> 8 == OFFERED:
            self._cipher = CIPHERS.get(status & 0xFF, self._cipher)
        if kind == LOGIN and shape == LEGACY and len(body) >= 2 * HASH_LEN:
            self._login(message, found, body)
            return None
        at = min(int.from_bytes(data[20:24], "little"), len(body)) if start > COMMON_LEN else 0
        for part in (body[:at], body[at:]):
            self._part(message, found, part[:XML_LEN], data[12])
        return None

    def reading(self) -> Reading:
        """Gives encrypted where a login agreed on AES or bodies stayed closed after it."""
        if self._cipher.startswith("AES"):
            reason = "Baichuan: XML encrypted with a key made of the password; media may be in the clear"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, None, self._cipher, reason))
        if self._closed and not self._media:
            reason = "Baichuan messages whose bodies could not be read; the login was not seen"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        reason = "Baichuan XML in the clear or under a fixed XOR, which anyone undoes"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def _login(self, message: Segment, found: Seen, body: bytes) -> None:
        """Gives the hashes of the login of old cameras: they are as good as what they were made of."""
        user, password = body[:HASH_LEN].rstrip(b"\0"), body[HASH_LEN : 2 * HASH_LEN].rstrip(b"\0")
        for where, key, value in (("username", "username", user), ("password", "password", password)):
            if value.isalnum() and self._said.is_new(where, value):
                found.append(content(message, f"baichuan.{where}", value, key=key))

    def _part(self, message: Segment, found: Seen, part: bytes, channel: int) -> None:
        """Gives the elements of a part that is XML, clear or under the XOR."""
        if not part:
            return
        text = part if part.startswith(XML) else _opened(part, channel)
        if not text.startswith(XML):
            self._closed += 1
            return
        self._media = self._media or b"<binaryData>1<" in text
        for key, value in xml_values(text):
            if key not in ROUTINE and self._said.is_new(key, value):
                found.append(content(message, f"baichuan.{key}", value, key=key))


def _measure(data: bytes) -> int:
    """Gives the length of the message that begins here, else `NONE`; `data` holds the common header."""
    header = HEADER_LENS.get(int.from_bytes(data[18:20], "little"))
    length = int.from_bytes(data[8:12], "little")
    return header + length if data.startswith(MAGIC) and header and length <= MESSAGE_LEN else NONE


def _opened(data: bytes, channel: int) -> bytes:
    """Gives the bytes XORed with the fixed key from the place that the channel says, and with the channel."""
    key = bytes(byte ^ channel for byte in XOR_KEY)
    start = channel % len(key)
    stream = bytes(islice(cycle(key[start:] + key[:start]), len(data)))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))
