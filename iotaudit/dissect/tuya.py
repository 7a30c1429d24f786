"""Tuya on the local network: what devices announce of themselves, and the frames of their control port.

Announcements are clear (version 3.1), or encrypted with one key for all devices that is published: anyone on
the network reads them. Commands are encrypted with a key of each device, that only its maker's cloud and its
owner have.
Source: the projects tinytuya (docs of the protocol, versions 3.1 to 3.5) and tuyapi; frames observed in
`ndpi/tuya_lp.pcap` and `toolsaf/deltaco-setup.pcap`.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import MORE, NONE, content, open_session
from iotaudit.dissect.reader import Budget
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "tuya"
PORTS = frozenset({6666, 6667, 6668, 7000})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset({0})
AWAY = FIRST
SURE = FIRST

FRAME, FRAME_END = b"\0\0\x55\xaa", b"\0\0\xaa\x55"
SEALED, SEALED_END = b"\0\0\x66\x99", b"\0\0\x99\x66"
"""How frames of versions up to 3.4, and of 3.5, begin and end."""
HEADER_LEN, SEALED_HEADER_LEN = 16, 18
CHECK_LENS = (4, 32)
"""CRC-32, and from version 3.4 on HMAC-SHA-256."""
NONCE_LEN, TAG_LEN = 12, 16
BLOCK_LEN = 16
BODY_LEN = 1 << 16
COMMANDS = {
    0x03: "SESS_KEY_NEG_START",
    0x04: "SESS_KEY_NEG_RESP",
    0x05: "SESS_KEY_NEG_FINISH",
    0x07: "CONTROL",
    0x08: "STATUS",
    0x09: "HEART_BEAT",
    0x0A: "DP_QUERY",
    0x0D: "CONTROL_NEW",
    0x10: "DP_QUERY_NEW",
    0x12: "UPDATEDPS",
    0x13: "UDP_NEW",
    0x14: "AP_CONFIG_NEW",
    0x23: "BROADCAST_LPV34",
    0x25: "REQ_DEVINFO",
    0x40: "LAN_EXT_STREAM",
}
NEGOTIATION = frozenset({3, 4, 5})
COMMAND_LIMIT = 0x100
DISCOVERY_KEY = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()
"""The key of all announcements, the same in every device."""
VERSIONS = (b"3.1", b"3.2", b"3.3", b"3.4", b"3.5")
COMMANDS_TOLD = 12


def recognise(head: Head) -> Likeness:
    """Fits the magic of a frame with a length and a command that can be; a datagram must be a whole frame."""
    data = head.data
    if len(data) < SEALED_HEADER_LEN:
        begins = any(magic.startswith(data[:4]) for magic in (FRAME, SEALED))
        return Likeness.MORE if begins and head.protocol == TCP else Likeness.NO
    size = _measure(data)
    if size < 0:
        return Likeness.NO
    if head.protocol == TCP or data[size - 4 : size] in (FRAME_END, SEALED_END):
        return Likeness.CERTAIN
    return Likeness.WEAK if size > len(data) else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader(stream=context.protocol == TCP))


class _Reader:
    """Reads the frames of one flow."""

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._budget = Budget()
        self._said = Said()
        self._commands: dict[int, None] = {}
        self._version = ""
        self._clear = 0
        self._closed = 0

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the frame that begins so."""
        del outbound
        return MORE if len(head) < SEALED_HEADER_LEN else _measure(head)

    def resumes(self, data: bytes) -> bool:
        """Says whether a frame begins here."""
        return len(data) >= SEALED_HEADER_LEN and _measure(data) > 0

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True for the first frames."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one frame; what the capture cut is not opened."""
        data = message.data
        size = _measure(data) if len(data) >= SEALED_HEADER_LEN else NONE
        if size < 0:
            return "not a frame"
        self._budget.spend(outbound=message.outbound)
        if len(data) < size:
            return "frame is cut"
        sealed = data.startswith(SEALED)
        command = int.from_bytes(data[10:14] if sealed else data[8:12])
        if len(self._commands) < COMMANDS_TOLD:
            self._commands[command] = None
        text, body = _sealed(data[:size]) if sealed else _plain(data[:size])
        if text:
            self._clear += 1
            self._note(text)
            if self._said.is_new(text):
                where = "tuya.message" if self._stream else "tuya.discovery"
                found.append(content(message, where, text, media_type="application/json"))
        elif body:
            self._closed += 1
            self._note_closed(body, command, sealed=sealed)
        return None

    def reading(self) -> Reading:
        """Gives encrypted where bodies are closed, else plaintext; tells the commands seen."""
        names = ", ".join(COMMANDS.get(number, f"0x{number:02x}") for number in self._commands)
        told = f"; commands: {names}" if names else ""
        version = f"Tuya {self._version}" if self._version else None
        if self._closed:
            sealed = "GCM" if self._version == "3.5" else "ECB"
            reason = f"Tuya frames, bodies encrypted with the key of the device{told}"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, version, f"AES-128-{sealed}", reason))
        how = (
            "Tuya announcements, clear or under the published key"
            if self._clear
            else "Tuya frames without a body"
        )
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, version, None, how + told))

    def _note(self, text: bytes) -> None:
        """Takes the version that an announcement states."""
        for version in VERSIONS:
            if b'"version":"' + version + b'"' in text:
                self._version = version.decode("ascii")

    def _note_closed(self, body: bytes, command: int, *, sealed: bool) -> None:
        stated = body[:3]
        if sealed:
            self._version = "3.5"
        elif stated in VERSIONS:
            self._version = stated.decode("ascii")
        elif command in NEGOTIATION:
            self._version = "3.4"


def _measure(data: bytes) -> int:
    """Gives the length of the frame that begins here, `NONE` where none does; `data` holds a header."""
    if data.startswith(FRAME):
        command, length = int.from_bytes(data[8:12]), int.from_bytes(data[12:16])
        fits = 8 <= length <= BODY_LEN
        size = HEADER_LEN + length
    elif data.startswith(SEALED):
        command, length = int.from_bytes(data[10:14]), int.from_bytes(data[14:18])
        fits = NONCE_LEN + TAG_LEN <= length <= BODY_LEN
        size = SEALED_HEADER_LEN + length + len(SEALED_END)
    else:
        return NONE
    return size if fits and command < COMMAND_LIMIT else NONE


def _plain(frame: bytes) -> tuple[bytes, bytes]:
    """Gives the JSON of a frame up to version 3.4, and what was encrypted of it; "" where there is none."""
    inner = frame[HEADER_LEN : -len(FRAME_END)]
    for check_len in CHECK_LENS:
        body = inner[: max(len(inner) - check_len, 0)]
        for start in (0, 4):  # answers have a return code first
            text = body[start:]
            if _is_json(text):
                return text, b""
            if text and len(text) % BLOCK_LEN == 0:
                opened = _opened(text)
                if _is_json(opened):
                    return opened, text
    body = inner[: -CHECK_LENS[0]]
    return b"", body[4:] if body[:4] == bytes(4) else body


def _sealed(frame: bytes) -> tuple[bytes, bytes]:
    """Gives the JSON of a frame of version 3.5 as `_plain` does; its header is authenticated with it."""
    at = SEALED_HEADER_LEN
    nonce, body = frame[at : at + NONCE_LEN], frame[at + NONCE_LEN : -len(SEALED_END)]
    try:
        opened = AESGCM(DISCOVERY_KEY).decrypt(nonce, body, frame[4:at])
    except InvalidTag:
        return b"", body
    start = opened.find(b"{", 0, 8)
    return (opened[start:], body) if start >= 0 and _is_json(opened[start:]) else (b"", body)


def _opened(body: bytes) -> bytes:
    """Gives what the published key makes of whole blocks, without the padding, "" where that is not sound."""
    decryptor = Cipher(AES(DISCOVERY_KEY), ECB()).decryptor()  # noqa: S305 - the protocol's own
    if decryptor.update(body[:BLOCK_LEN])[:1] != b"{":
        return b""
    opened = Cipher(AES(DISCOVERY_KEY), ECB()).decryptor().update(body)  # noqa: S305 - the protocol's own
    padding = opened[-1]
    return opened[:-padding] if 1 <= padding <= BLOCK_LEN else b""


def _is_json(text: bytes) -> bool:
    return text.startswith(b"{") and text.rstrip(b"\0\r\n ").endswith(b"}")
