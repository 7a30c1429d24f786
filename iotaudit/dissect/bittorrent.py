"""BitTorrent: which files (by info hash) a peer shares, peer ids and clients, the hash table, UDP trackers.

Source: BEP 3 (peer protocol), 5 (hash table), 10 (extended handshake), 15 (UDP trackers), 29 (uTP) of
bittorrent.org.
"""

from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "bittorrent"
PORTS = frozenset(range(6881, 6890))
TRANSPORT = frozenset({TCP, UDP})

HANDSHAKE = b"\x13BitTorrent protocol"
HANDSHAKE_LEN = 68
MESSAGE_LEN = 1 << 24
EXTENDED = b"\x14\0"
"""Message 20 with the extended number 0: the extended handshake."""
MESSAGES = 16
"""Messages of one direction in which the extended handshake is looked for."""
QUERIES = (b"d1:ad2:id20:", b"d1:rd2:id20:", b"d2:ip6:", b"d1:el", b"d1:eli")
CONNECT = bytes.fromhex("0000041727101980 00000000")
CONNECT_LEN, ANNOUNCE_LEN = 16, 98
UTP_DATA, UTP_LEN = b"\1\0", 20
FIRST = frozenset({HANDSHAKE[0], b"d"[0], CONNECT[0], UTP_DATA[0]})
AWAY = FIRST
SURE = FIRST
DEPTH, ITEMS = 6, 512
NUMBER_LEN = 20
TEXT_LEN = 256

Value = bytes | int | list["Value"] | dict[bytes, "Value"]


def recognise(head: Head) -> Likeness:
    """Fits the handshake of peers (TCP or uTP), a message of the hash table, or a UDP tracker's connect."""
    data = head.data
    if head.protocol == TCP:
        if not HANDSHAKE.startswith(data[: len(HANDSHAKE)]):
            return Likeness.NO
        return Likeness.CERTAIN if len(data) >= len(HANDSHAKE) else Likeness.MORE
    if data[: len(CONNECT)] == CONNECT and len(data) == CONNECT_LEN:
        return Likeness.CERTAIN
    if data[:2] == UTP_DATA and data[UTP_LEN : UTP_LEN + len(HANDSHAKE)] == HANDSHAKE:
        return Likeness.CERTAIN
    return Likeness.CERTAIN if data.startswith(QUERIES) and b"1:y1:" in data[-64:] else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.open_session(context, ID, _Reader())


class _Reader:
    def __init__(self) -> None:
        self._said = Said()
        self._met = {True: False, False: False}
        self._read = {True: 0, False: 0}
        self._tracked = False

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the handshake, then of each message."""
        if not self._met[outbound]:
            if not HANDSHAKE.startswith(head[: len(HANDSHAKE)]):
                return frames.NONE
            return HANDSHAKE_LEN if len(head) >= len(HANDSHAKE) else frames.MORE
        if len(head) < 4:
            return frames.MORE
        length = int.from_bytes(head[:4])
        return 4 + length if length <= MESSAGE_LEN else frames.NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a handshake begins here; what else travels tells nothing."""
        return data.startswith(HANDSHAKE)

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True for datagrams, and for the first messages behind the handshake."""
        return self._read[outbound] < MESSAGES

    def reading(self) -> Reading:
        """Gives plaintext."""
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, "BitTorrent in the clear"))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads a handshake, a message behind it, or a datagram."""
        data, outbound = message.data, message.outbound
        if data.startswith(HANDSHAKE):
            self._met[outbound] = True
            self._handshake(message, data, found)
            return None
        if self._met[outbound]:
            self._read[outbound] += 1
            if data[4:6] == EXTENDED:
                self._extended(message, parse(data[6:]), found)
            return None
        if data[:2] == UTP_DATA and data.startswith(HANDSHAKE, UTP_LEN):
            self._handshake(message, data[UTP_LEN:], found)
        elif data.startswith(CONNECT):
            self._tracked = True
        elif self._tracked and len(data) >= ANNOUNCE_LEN and data[8:12] == b"\0\0\0\1":
            self._hash(message, found, "info_hash", data[16:36])
            self._text(message, found, "peer_id", data[36:56])
        elif data[:1] == b"d":
            return self._table(message, parse(data), found)
        return None

    def _handshake(self, message: Segment, data: bytes, found: Seen) -> None:
        if len(data) >= HANDSHAKE_LEN - 20:
            self._hash(message, found, "info_hash", data[28:48])
        if len(data) >= HANDSHAKE_LEN:
            self._text(message, found, "peer_id", data[48:68])

    def _extended(self, message: Segment, value: Value | None, found: Seen) -> None:
        if isinstance(value, dict):
            client = value.get(b"v")
            if isinstance(client, bytes):
                self._text(message, found, "client", client)

    def _table(self, message: Segment, value: Value | None, found: Seen) -> str | None:
        """Gives the ids of a message of the hash table, and what it looks for."""
        if not isinstance(value, dict):
            return "no dictionary"
        for part in (value.get(b"a"), value.get(b"r")):
            if isinstance(part, dict):
                for key, where in ((b"id", "node_id"), (b"info_hash", "info_hash"), (b"target", "target")):
                    named = part.get(key)
                    if isinstance(named, bytes) and len(named) == 20:
                        self._hash(message, found, where, named)
        return None

    def _hash(self, message: Segment, found: Seen, where: str, data: bytes) -> None:
        self._text(message, found, where, data.hex().encode())

    def _text(self, message: Segment, found: Seen, where: str, data: bytes) -> None:
        if data and self._said.is_new(where, data[:TEXT_LEN]):
            found.append(frames.content(message, f"bittorrent.{where}", data[:TEXT_LEN], key=where))


def parse(data: bytes) -> Value | None:
    """Gives the first value in bencoding, None where it is none, is cut, or is beyond the bounds."""
    parsed = _value(data, 0, DEPTH, [ITEMS])
    return parsed[0] if parsed else None


def _value(data: bytes, at: int, depth: int, left: list[int]) -> tuple[Value, int] | None:
    """Gives one value and where it ends; `left` counts down the values of the whole."""
    left[0] -= 1
    kind = data[at : at + 1]
    if left[0] < 0 or not depth:
        return None
    if kind == b"i":
        end = data.find(b"e", at, at + NUMBER_LEN + 2)
        digits = data[at + 1 : end].removeprefix(b"-") if end > 0 else b""
        return (int(data[at + 1 : end]), end + 1) if digits.isdigit() else None
    if kind.isdigit():
        colon = data.find(b":", at, at + NUMBER_LEN)
        if colon < 0 or not data[at:colon].isdigit():
            return None
        end = colon + 1 + int(data[at:colon])
        return (data[colon + 1 : end], end) if end <= len(data) else None
    if kind not in (b"l", b"d"):
        return None
    row: list[Value] = []
    at += 1
    while data[at : at + 1] != b"e":
        parsed = _value(data, at, depth - 1, left)
        if parsed is None:
            return None
        row.append(parsed[0])
        at = parsed[1]
    if kind == b"l":
        return row, at + 1
    return {
        key: item for key, item in zip(row[::2], row[1::2], strict=False) if isinstance(key, bytes)
    }, at + 1
