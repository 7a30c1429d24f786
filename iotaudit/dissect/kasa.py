"""Smart Home protocol of TP-Link (Kasa): JSON that is XORed with itself, and the newer discovery.

The XOR begins with a fixed value, so that every reader opens it: it counts as in the clear.
Source: L. Stroetmann, T. Esser, "Reverse Engineering the TP-Link HS110" (softScheck, 2016); dissector
`tplink-smarthome` of Wireshark; the project python-kasa (port 20002: header of 16 bytes with the length, then
JSON). Observed in `ndpi/tplink_shp.pcap` and `smart-home-firewall/tplink-plug_no-firewall_wlan5.0.pcap`.
"""

import re
import zlib

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import FRAME_LEN, MORE, NONE, content, open_session
from iotaudit.dissect.reader import Budget
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "kasa"
PORTS = frozenset({9999, 20002, 20004})
TRANSPORT = frozenset({TCP, UDP})

XOR_BEGIN = 171
BEGIN = b"\xd0"
"""What an opening brace becomes."""
DISCOVERY = b"\2\0\0\1"
"""Version 2, type 0, operation 1."""
DISCOVERY_LEN = 16
CRC_AT, CRC_BEGIN = 12, b"\x5a\x6b\x7c\x8d"
"""Where the CRC-32 of a question is, and what stands there while it is made."""
LENGTH_LEN = 4
FIRST = frozenset({0, *BEGIN, *DISCOVERY[:1]})
AWAY = frozenset({*BEGIN, *DISCOVERY[:1]})
SURE: frozenset[int] = frozenset()
TEXT = re.compile(rb'\{\s{0,8}(?:"[ -~]{3}|\}\s*\Z)')
BROKEN = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f]")
BEGIN_LEN = 16
"""Bytes of a message that tell whether it begins as JSON does."""
LOOKED_LEN = 48
"""Bytes that have to be text."""


def recognise(head: Head) -> Likeness:
    """Fits JSON under the XOR behind a length (TCP) or alone (UDP), and the header of the newer discovery."""
    data = head.data
    if head.protocol == TCP:
        if _may_begin(data) and len(data) < LENGTH_LEN + min(BEGIN_LEN, _length(data)):
            return Likeness.MORE
        return Likeness.LIKELY if _may_begin(data) and _is_text(data[LENGTH_LEN:]) else Likeness.NO
    if data.startswith(BEGIN):
        return Likeness.LIKELY if _is_text(data) else Likeness.NO
    if data.startswith(DISCOVERY) and len(data) >= DISCOVERY_LEN:
        length = int.from_bytes(data[4:6])
        if length + DISCOVERY_LEN == len(data):
            sound = data[DISCOVERY_LEN:].startswith(b'{"') if length else _is_sound(data)
            return Likeness.LIKELY if sound else Likeness.NO
    return Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader(stream=context.protocol == TCP))


class _Reader:
    """Reads the messages of one flow."""

    def __init__(self, *, stream: bool) -> None:
        self._budget = Budget()
        self._said = Said()
        self._stream = stream
        self._newer = False

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the message that begins so."""
        del outbound
        if len(head) <= LENGTH_LEN:
            return MORE
        return LENGTH_LEN + _length(head) if _may_begin(head) else NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return len(data) > LENGTH_LEN + 1 and _may_begin(data) and _is_text(data[LENGTH_LEN:])

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Opens one message and gives its JSON."""
        self._budget.spend(outbound=message.outbound)
        data = message.data[LENGTH_LEN:] if self._stream else message.data
        if not self._stream and data.startswith(DISCOVERY):
            self._newer = True
            where, text = "kasa.discovery", data[DISCOVERY_LEN:]
        else:
            where, text = "kasa.message", _opened(data)
        if text and not TEXT.match(text):
            return "no JSON"
        if text and self._said.is_new(where, text):
            cut = message.truncated_len > 0
            found.append(content(message, where, text, media_type="application/json", truncated=cut))
        return None

    def reading(self) -> Reading:
        """Gives plaintext."""
        reason = "Kasa JSON under a fixed XOR, which anyone undoes"
        if self._newer:
            reason = "Kasa discovery in the clear"
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))


def _length(data: bytes) -> int:
    """Gives the length that stands before a message of a stream, the longest where it is not there yet."""
    return int.from_bytes(data[:LENGTH_LEN]) if len(data) >= LENGTH_LEN else FRAME_LEN


def _may_begin(data: bytes) -> bool:
    """Says whether a length that can be begins, and JSON under the XOR behind it."""
    if not (bytes(2).startswith(data[:2]) or data[:2] in (b"\0\1", b"\0\2", b"\0\3")):
        return False
    fits = 2 <= _length(data) <= FRAME_LEN
    return fits and data[LENGTH_LEN : LENGTH_LEN + 1] in (b"", BEGIN)


def _is_sound(data: bytes) -> bool:
    """Says whether the CRC of a question fits."""
    return zlib.crc32(data[:CRC_AT] + CRC_BEGIN + data[CRC_AT + 4 :]) == int.from_bytes(
        data[CRC_AT : CRC_AT + 4]
    )


def _is_text(data: bytes) -> bool:
    """Says whether the beginning of the message opens to the beginning of a JSON object."""
    text = _opened(data[:LOOKED_LEN])
    return TEXT.match(text) is not None and BROKEN.search(text) is None


def _opened(data: bytes) -> bytes:
    """Gives each byte XORed with the one before it."""
    before = bytes((XOR_BEGIN,)) + data[:-1]
    return (int.from_bytes(data) ^ int.from_bytes(before)).to_bytes(len(data)) if data else b""
