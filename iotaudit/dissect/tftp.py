"""TFTP: which files are fetched and stored, and what is in them; the data are a conversation of their own.

The server answers from a port that it chooses (RFC 1350 section 4), so data are told by their form alone:
an option acknowledgement, or blocks that are counted from 1.
Source: RFC 1350 section 5 (packets), RFC 2347 (options), RFC 2348, RFC 2349, RFC 7440 (their names).
"""

import re
from dataclasses import dataclass, field

from iotaudit.dissect.datagrams import Seen, clear_reading, malformed
from iotaudit.dissect.frames import content
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.model.raw import Segment

ID = "tftp"
PORTS = frozenset({69})
TRANSPORT = frozenset({UDP})
FIRST = frozenset({0})
AWAY = FIRST
SURE = FIRST

REQUESTS = {1: "read", 2: "write"}
DATA, ACK, ERROR, OPTIONS = 3, 4, 5, 6
HEADER_LEN = 4
BLOCK_LEN = 512
"""Bytes of a block where no option says otherwise; a shorter block is the last."""
REQUEST = re.compile(
    rb"\x00[\x01\x02]([ -~\x80-\xff]{1,255})\0(netascii|octet|mail)\0"
    rb"((?:[!-~]{1,32}\0[ -~]{0,255}\0){0,16})\Z",
    re.IGNORECASE,
)
ACKNOWLEDGED = re.compile(
    rb"\x00\x06(?:(?:blksize|tsize|timeout|windowsize)\0[0-9]{1,20}\0){1,4}\Z", re.IGNORECASE
)
BLOCK_SIZE = re.compile(rb"(?:\A|\0)blksize\0([0-9]{1,5})\0", re.IGNORECASE)
PIECE_LEN = 1 << 16
FILE_LEN = 1 << 20
"""Bytes of one direction's files that are handed on."""


def recognise(head: Head) -> Likeness:
    """Fits a request, an acknowledgement of options, or blocks (or what acknowledges them) 1 and 2."""
    data = head.data
    if len(data) < HEADER_LEN or data[0] or not 1 <= data[1] <= OPTIONS:
        return Likeness.NO
    if data[1] in REQUESTS:
        return Likeness.CERTAIN if REQUEST.match(data) else Likeness.NO
    if data[1] == OPTIONS:
        return Likeness.CERTAIN if ACKNOWLEDGED.match(data) else Likeness.NO
    if data[1] == ERROR:
        return (
            Likeness.WEAK if data[2] == 0 and data[3] <= 8 and data.endswith(b"\0") else Likeness.NO
        )
    return _counted(head)


def _counted(head: Head) -> Likeness:
    """Fits blocks that are counted from 1, all but the last of them full; acknowledgements likewise."""
    datagrams = head.datagrams or (head.data,)
    first = datagrams[0]
    full = HEADER_LEN + BLOCK_LEN if first[1:2] == b"\3" else HEADER_LEN
    for number, data in enumerate(datagrams, start=1):
        if data[:HEADER_LEN] != first[:2] + number.to_bytes(2):
            return Likeness.NO
        if len(data) != full and (number < len(datagrams) or data[1] == ACK or len(data) > full):
            return Likeness.NO
    return Likeness.LIKELY if len(datagrams) > 1 else Likeness.MORE


def open(context: Context) -> "TftpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    del context
    return TftpSession()


@dataclass(slots=True)
class _File:
    """A file in one direction: the last block, and what is not handed on yet."""

    block: int = 0
    kept: bytearray = field(default_factory=bytearray)
    given: int = 0
    cut: bool = False


class TftpSession:
    """Reads the packets of both directions and puts blocks together."""

    def __init__(self) -> None:
        self._last: dict[bool, Segment] = {}
        self._files = {True: _File(), False: _File()}
        self._block_len = BLOCK_LEN
        self._name = ""

    def feed(self, segment: Segment) -> Output:
        """Takes one packet."""
        if not segment.data:
            return ()
        found: Seen = []
        self._last[segment.outbound] = segment
        fault = self._read(segment, found)
        if fault and not segment.truncated_len:
            found.append(malformed(segment, ID, fault))
        return tuple(found)

    def close(self) -> Output:
        """Gives what is there of files whose end is missing."""
        found: Seen = []
        for outbound, segment in self._last.items():
            kept = bytes(self._files[outbound].kept)
            self._give(segment, "data", self._name, kept, found, truncated=True)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True: another request may follow."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext."""
        return clear_reading(ID)

    def rest(self) -> None:
        """Never changes to another protocol."""

    def _read(self, segment: Segment, found: Seen) -> str | None:
        """Reads one packet; gives what was wrong with it."""
        data = segment.data
        kind = int.from_bytes(data[:2])
        if len(data) < HEADER_LEN:
            return "packet too short"
        if kind in REQUESTS:
            return self._request(segment, REQUESTS[kind], found)
        if kind == DATA:
            self._data(segment, found)
        elif kind == OPTIONS:
            size = BLOCK_SIZE.search(data[2:])
            self._block_len = max(int(size[1]), 8) if size else BLOCK_LEN
        elif kind == ERROR:
            self._give(segment, "error", "error", data[HEADER_LEN:].rstrip(b"\0"), found)
        return None if kind in (DATA, ACK, ERROR, OPTIONS) else "unknown packet"

    def _request(self, segment: Segment, kind: str, found: Seen) -> str | None:
        request = REQUEST.match(segment.data)
        if request is None:
            return "request without name and mode"
        self._name = request[1].decode("utf-8", "replace")
        self._files = {True: _File(), False: _File()}
        self._give(segment, kind, "filename", request[1], found)
        options = request[3].split(b"\0")
        for name, value in zip(options[::2], options[1::2], strict=False):
            if name.lower() not in (b"blksize", b"tsize", b"timeout", b"windowsize"):
                self._give(segment, "option", name.decode("ascii", "replace"), value, found)
        return None

    def _data(self, segment: Segment, found: Seen) -> None:
        """Adds a block; one that was sent again adds nothing, a missing one is noted."""
        file = self._files[segment.outbound]
        block, data = int.from_bytes(segment.data[2:4]), segment.data[HEADER_LEN:]
        step = (block - file.block) & 0xFFFF
        if step == 0 or step > 0x8000:
            return
        file.block = block
        last = len(data) + segment.truncated_len < self._block_len
        file.cut = file.cut or step > 1 or segment.truncated_len > 0
        file.kept += data[: FILE_LEN - file.given - len(file.kept)]
        full = file.given + len(file.kept) >= FILE_LEN
        if file.kept and (last or full or len(file.kept) >= PIECE_LEN):
            cut = file.cut or not last or file.given > 0
            self._give(segment, "data", self._name, bytes(file.kept), found, truncated=cut)
            file.given += len(file.kept)
            file.kept.clear()
        if last:
            self._files[segment.outbound] = _File(block=block)

    def _give(
        self,
        segment: Segment,
        what: str,
        key: str,
        data: bytes,
        found: Seen,
        *,
        truncated: bool = False,
    ) -> None:
        if data:
            found.append(content(segment, f"{ID}.{what}", data, key=key, truncated=truncated))
