"""Turns what a recorder writes into its pipe (classic pcap or pcapng) into whole pcapng blocks, as it comes.

Sans-io: bytes go in, blocks that can be written come out; a packet of which a part is still to come is held.

Source: draft-ietf-opsawg-pcap; draft-ietf-opsawg-pcapng sections 3.1 and 4.
"""

import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from iotaudit.capture.live import pcapng
from iotaudit.capture.live.pcapng import LENGTH, PACKET_HEAD, PADDING, Source
from iotaudit.errors import InputError

RECORD_MAX = 1 << 18
"""Longest packet that libpcap records (its largest snap length)."""
BLOCK_MAX = 1 << 24
INTERFACES = 1000
HEAD_MAX = 1 << 20
"""Bounds of the interface descriptions, which stand at the head of every file."""
LATE_S = 2.0
"""A mark is put on the next packet that comes so long after it, whatever its time stamp: clocks jump."""
MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 6),
    b"\xa1\xb2\xc3\xd4": (">", 6),
    b"\x4d\x3c\xb2\xa1": ("<", 9),
    b"\xa1\xb2\x3c\x4d": (">", 9),
}
SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
Keep = Callable[[int, bytes], bool]
"""Says of a link type and a frame whether it is recorded."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    comment: str
    time_ns: int
    since_s: float


class Stream:
    """One recording on its way into files.

    `head` is what every file begins with, `packets` the number given so far, `first` and `last` the times of packets
    in ticks (10 ** -`digits` s). With `own_clock` the time stamps are this host's.
    """

    def __init__(
        self, source: Source, *, own_clock: bool, keep: Keep | None = None, plain: bool = True
    ) -> None:
        self.source = source
        self.head = b""
        self.packets = 0
        self.first: int | None = None
        self.last = 0
        self.digits = 9
        self.link_type = 0
        self.plain = plain
        """Whether the head is ours; a foreign pcapng keeps its own, with its interfaces and statistics."""
        self._keep = keep
        self._own_clock = own_clock
        self._held = b""
        self._done_len = 0
        self._order = ""
        self._classic = False
        self._interfaces: list[tuple[int, int]] = []
        self._given = False
        self._waiting: deque[_Waiting] = deque()

    def mark(self, comment: str, time_ns: int) -> None:
        """Puts a comment on the first packet from now on (of this host's clock: at or after `time_ns`)."""
        self._waiting.append(_Waiting(comment, time_ns, time.monotonic()))

    @property
    def order(self) -> str:
        """The byte order of the blocks that are given: "<" or ">"."""
        return "<" if self._classic else self._order

    @property
    def whole(self) -> bool:
        """Whether nothing is held: a stream that ends here ends after a packet."""
        return not self._held

    def feed(self, data: bytes) -> bytes:
        """Gives the blocks that are complete now.

        Raises:
            InputError: this is no capture, or it is damaged; blocks before the damage were given before.
        """
        data = self._held + data if self._held else data
        self._held = b""
        if not self._order:
            if len(data) < 24:
                self._held = data
                return b""
            data = self._begin(data)
        blocks, used = self._records(data) if self._classic else self._blocks(data)
        self._held = data[used:]
        self._done_len += used
        return blocks

    def _begin(self, data: bytes) -> bytes:
        """Reads how a stream begins, and gives what follows a classic header."""
        if data[:4] == SECTION_MAGIC:
            self._order = BYTE_ORDERS.get(data[8:12], "<")
            return data
        if data[:4] not in MAGICS:
            raise InputError("this is no capture (neither pcap nor pcapng)")
        self._classic = self.plain = True
        self._order, self.digits = MAGICS[data[:4]]
        snap_len, self.link_type = struct.unpack_from(f"{self._order}II", data, 16)
        self.link_type &= 0xFFFF
        self.head = pcapng.head(
            self.source, link_type=self.link_type, snap_len=snap_len, digits=self.digits
        )
        self._done_len = 24
        return data[24:]

    def _records(self, data: bytes) -> tuple[bytes, int]:
        """Gives classic records as blocks, and how many bytes of `data` they were."""
        unpack, pack, end = struct.Struct(f"{self._order}4I").unpack_from, PACKET_HEAD.pack, len(data)
        length, ticks_per_s, keep, link = LENGTH.pack, 10**self.digits, self._keep, self.link_type
        out: list[bytes] = []
        put = out.append
        at, count = 0, 0
        ticks = self.last
        while end - at >= 16:
            seconds, rest, captured, wire = unpack(data, at)
            after = at + 16 + captured
            if captured > RECORD_MAX:
                if not count:
                    raise InputError(f"the stream is damaged at byte {self._done_len + at}")
                break
            if after > end:
                break
            frame = data[at + 16 : after]
            at = after
            if keep is not None and not keep(link, frame):
                continue
            ticks = seconds * ticks_per_s + rest
            if self.first is None:
                self.first = ticks
            count += 1
            comments = self._comments(ticks, self.digits) if self._waiting else ()
            if comments:
                put(pcapng.packet(ticks, frame, wire, comments))
                continue
            total = 32 + captured + (-captured & 3)
            put(pack(6, total, 0, ticks >> 32, ticks & 0xFFFFFFFF, captured, wire))
            put(frame)
            put(PADDING[captured & 3])
            put(length(total))
        self.packets += count
        self.last = ticks
        return b"".join(out), at

    def _blocks(self, data: bytes) -> tuple[bytes, int]:
        """Gives the blocks of a pcapng stream that are complete, and how many bytes of `data` they were."""
        out: list[bytes] = []
        at, start, end = 0, 0, len(data)
        while end - at >= 12:
            if data[at : at + 4] == SECTION_MAGIC:
                self._order = BYTE_ORDERS.get(data[at + 8 : at + 12], self._order)
            kind, size = struct.unpack_from(f"{self._order}II", data, at)
            if size < 12 or size & 3 or size > BLOCK_MAX:
                if at:
                    break
                raise InputError(f"the stream is damaged at byte {self._done_len}")
            if at + size > end:
                break
            block = data[at : at + size]
            new = self._take(kind, block)
            if new is not block:
                out += (data[start:at], new)
                start = at + size
            at += size
        out.append(data[start:at])
        return b"".join(out), at

    def _take(self, kind: int, block: bytes) -> bytes:
        """Gives the block as it is written: itself, another one, or nothing."""
        if kind == pcapng.PACKET:
            return self._packet(block)
        if kind in (pcapng.SECTION, pcapng.INTERFACE):
            return self._describe(kind, block)
        self._given = True
        return b"" if self.plain and kind == pcapng.STATISTICS else block

    def _packet(self, block: bytes) -> bytes:
        if len(block) < 32:
            raise InputError(f"the stream is damaged near byte {self._done_len}")
        number, high, low, captured = struct.unpack_from(f"{self._order}4I", block, 8)
        link, digits = self._interfaces[number] if number < len(self._interfaces) else (0, 6)
        if captured > len(block) - 32:
            raise InputError(f"the stream is damaged near byte {self._done_len}")
        if self._keep is not None and not self._keep(link, block[28 : 28 + captured]):
            return b""
        ticks = high << 32 | low
        self._given = True
        self.packets += 1
        self.first = ticks if self.first is None else self.first
        self.last = ticks
        comments = self._comments(ticks, digits) if self._waiting else ()
        return pcapng.commented(block, comments, self._order) if comments else block

    def _describe(self, kind: int, block: bytes) -> bytes:
        """Keeps section headers and interface descriptions for the next file; gives none of them, once in `head`.

        A section or an interface that comes later stands where it comes, and in the next file's head.
        """
        late = self._given
        if kind == pcapng.SECTION:
            self._interfaces = []
            self.head = b"" if self.plain else block
            return block if late and not self.plain else b""
        link, _, snap_len = struct.unpack_from(f"{self._order}HHI", block, 8)
        digits = _resolution(block, self._order)
        if len(self._interfaces) >= INTERFACES:
            raise InputError("the stream describes too many interfaces")
        self._interfaces.append((link, digits))
        if not self.plain:
            if len(self.head) + len(block) > HEAD_MAX:
                raise InputError("the stream describes its interfaces at too great length")
            self.head += block
            return block if late else b""
        if len(self._interfaces) == 1:
            self.link_type, self.digits = link, digits
            self.head = pcapng.head(self.source, link_type=link, snap_len=snap_len, digits=digits)
        return b""

    def _comments(self, ticks: int, digits: int) -> tuple[str, ...]:
        """Gives the comments that are due with a packet of this time."""
        now = time.monotonic()
        time_ns = ticks * 10 ** (9 - digits) if digits <= 9 else ticks // 10 ** (digits - 9)
        due: list[str] = []
        while self._waiting:
            first = self._waiting[0]
            if self._own_clock and time_ns < first.time_ns and now - first.since_s < LATE_S:
                break
            due.append(self._waiting.popleft().comment)
        return tuple(due)


def _resolution(block: bytes, order: str) -> int:
    """Gives the decimals of a second of an interface description (option 9; 6 where it is not there)."""
    at = 16
    while at + 4 <= len(block) - 4:
        code, size = struct.unpack_from(f"{order}HH", block, at)
        if code == 0:
            break
        if code == pcapng.IF_RESOLUTION and size and not block[at + 4] & 0x80:
            return min(block[at + 4], 18)
        at += 4 + size + (-size & 3)
    return 6

