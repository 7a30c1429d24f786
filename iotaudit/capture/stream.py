"""Byte streams under a capture: the raw file, hashed as it is read, and gzip and zstd on top of it.

Every stream here gives `readinto` and ends (returns 0) where nothing more can be read; why it ended early is
a `Problem`, not an exception, so that what was read before a damaged place is kept. A file that still grows gives None
where it has nothing more for now, so that what came so far is looked at; asked again, it waits.

Source: RFC 1952 (gzip), RFC 8878 (zstd).
"""

import hashlib
import io
import queue
import threading
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

from iotaudit.capture.growth import Growth
from iotaudit.model.problems import Problem, ProblemTally

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_LEN = 4096
"""Bytes that a format is recognised by."""
HEAD_MIN = 4
"""Bytes that a capture which still grows is recognised by."""
CHUNK_LEN = 1 << 22
FIRST_CHUNK_LEN = 1 << 20
"""Raw reads: the first one is smaller, so that a small file costs little."""
FEED_LEN = 1 << 16
"""Compressed bytes handed to a decompressor at once."""
ZSTD_WINDOW_MAX = 1 << 27
"""Memory that a zstd frame may ask for (what `zstd -d` allows by default)."""
BOMB_LEN = 1 << 30
BOMB_RATIO = 1000
"""A stream that grew beyond BOMB_LEN and by more than BOMB_RATIO is not read further."""
MAX_LAYERS = 2
"""How often a file may be compressed."""

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class RawStream(io.RawIOBase):
    """The file as given: counts and hashes what is read, and turns a failing read into a problem."""

    def __init__(
        self,
        file: BinaryIO,
        index: int,
        problems: ProblemTally,
        *,
        hashed: bool = True,
        growth: Growth | None = None,
    ) -> None:
        self.done_len = 0
        self._file = file
        self._index = index
        self._problems = problems
        self._digest = _Digest()
        self._hashed = hashed
        self._growth = growth
        self._paused = False
        self._rest = b""
        self._rest_at = 0
        self._ended = False

    def readable(self) -> bool:
        """Says that the stream can be read."""
        return True

    def readinto(self, into: "WriteableBuffer", /) -> int | None:
        """Fills `into` with the next bytes and gives their number, 0 at the end, None where there are none yet."""
        if self._rest_at >= len(self._rest) and not self._fetch():
            return 0 if self._ended else None
        view = memoryview(into)
        piece = memoryview(self._rest)[self._rest_at : self._rest_at + len(view)]
        view[: len(piece)] = piece
        self._rest_at += len(piece)
        return len(piece)

    def drain(self) -> None:
        """Reads to the end of the file, for the digest alone."""
        while self._fetch():
            pass

    def sha256(self) -> str:
        """Gives the digest of what was read so far, in hex."""
        return self._digest.hexdigest()

    def _fetch(self) -> bool:
        if self._ended:
            return False
        try:
            data = self._read() if self._growth is None else self._read_growing(self._growth)
        except OSError as error:
            self._break_off(f"the machine could not read on: {error.strerror or type(error).__name__}")
            data = b""
        self._rest, self._rest_at = data or b"", 0
        if not data:
            self._ended = not self._paused
            return False
        self.done_len += len(data)
        if self._hashed:
            self._digest.update(data)
        return True

    def _read(self, end_len: int | None = None) -> bytes:
        size = CHUNK_LEN if self.done_len else FIRST_CHUNK_LEN
        return self._file.read(size if end_len is None else min(size, max(end_len - self.done_len, 0)))

    def _read_growing(self, growth: Growth) -> bytes:
        """Gives what comes next of a file that still grows; at its end nothing at first, then waits for more."""
        waits, self._paused = self._paused, False
        descriptor = self._file.fileno()
        while True:
            fault = growth.fault(descriptor, self.done_len)
            data = self._read(growth.end_len)  # after the look at it: what the writer left last is still taken
            if data or growth.stopped:
                return data
            if fault:
                self._break_off(fault)
                return b""
            if not waits:
                self._paused = True
                return b""
            growth.wait(descriptor)

    def _break_off(self, detail: str) -> None:
        self._problems.add(
            Problem("truncated_file", self._index, None, self.done_len, detail, loses_payload=True)
        )


class _Digest:
    """SHA-256 that runs in a thread of its own once there is enough to hash (hashlib releases the GIL)."""

    THREAD_FROM = 1 << 23

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._len = 0
        self._queue: queue.Queue[bytes | None] = queue.Queue(maxsize=3)
        self._thread: threading.Thread | None = None

    def update(self, data: bytes) -> None:
        self._len += len(data)
        if self._thread is None:
            if self._len < self.THREAD_FROM:
                self._hash.update(data)
                return
            self._thread = threading.Thread(target=self._run, name="iotaudit-sha256", daemon=True)
            self._thread.start()
        self._queue.put(data)

    def hexdigest(self) -> str:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        return self._hash.hexdigest()

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            self._hash.update(data)


class PeekedStream(io.RawIOBase):
    """A stream whose first bytes were looked at: gives them again, then the rest."""

    def __init__(self, below: io.RawIOBase) -> None:
        self._below = below
        head = bytearray(HEAD_LEN)
        at = 0
        while at < HEAD_LEN and (size := below.readinto(memoryview(head)[at:])) != 0:
            if size is None and at >= HEAD_MIN:
                break
            at += size or 0
        self.head = bytes(head[:at])
        self._at = 0

    def readable(self) -> bool:
        """Says that the stream can be read."""
        return True

    def readinto(self, into: "WriteableBuffer", /) -> int | None:
        """Fills `into` with the next bytes and gives their number, 0 at the end, None where there are none yet."""
        if self._at < len(self.head):
            view = memoryview(into)
            piece = self.head[self._at : self._at + len(view)]
            view[: len(piece)] = piece
            self._at += len(piece)
            return len(piece)
        return self._below.readinto(into)


class _Inflating(io.RawIOBase):
    """What both decompressors share: reading from below, the bound of growth, and how a stream ends."""

    name = ""

    def __init__(self, below: io.RawIOBase, index: int, problems: ProblemTally) -> None:
        self._below = below
        self._index = index
        self._problems = problems
        self._in_len = 0
        self._out_len = 0
        self._ended = False
        self._input = bytearray(FEED_LEN)

    def readable(self) -> bool:
        """Says that the stream can be read."""
        return True

    def _feed(self) -> bytes:
        size = self._below.readinto(self._input) or 0
        self._in_len += size
        return bytes(memoryview(self._input)[:size])

    def _give(self, size: int) -> int:
        """Counts output; ends the stream where it is a bomb."""
        self._out_len += size
        if self._out_len > BOMB_LEN and self._out_len > BOMB_RATIO * self._in_len:
            self._end("decompression_bomb", f"more than {BOMB_RATIO} times its compressed size")
        return size

    def _end(self, kind: str, detail: str) -> int:
        self._ended = True
        text = f"{self.name}: {detail}"
        self._problems.add(Problem(kind, self._index, None, self._in_len, text, loses_payload=True))
        return 0


class GzipStream(_Inflating):
    """Decompresses one or more gzip members; zero bytes after the last one are padding."""

    name = "gzip"

    def __init__(self, below: io.RawIOBase, index: int, problems: ProblemTally) -> None:
        super().__init__(below, index, problems)
        self._member = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._between = False

    def readinto(self, into: "WriteableBuffer", /) -> int:
        """Fills `into` with decompressed bytes and gives their number, 0 at the end."""
        view = memoryview(into)
        while view and not self._ended:
            if not self._pending:
                self._pending = self._feed()
                if not self._pending:
                    return self._finish()
            if self._between and not self._next_member():
                continue
            try:
                data = self._member.decompress(self._pending, len(view))
            except zlib.error:
                return self._end("decompression_failed", "the compressed data is damaged")
            self._pending = self._member.unconsumed_tail
            if self._member.eof:
                self._pending, self._between = self._member.unused_data, True
            if data:
                view[: len(data)] = data
                return self._give(len(data))
        return 0

    def _next_member(self) -> bool:
        """Opens the next member; False where more input is needed or the stream has ended."""
        self._pending = self._pending.lstrip(b"\0")
        if not self._pending:
            return False
        if self._pending[:1] != GZIP_MAGIC[:1]:
            self._end("decompression_failed", "bytes after the last member are no gzip")
            return False
        self._member, self._between = zlib.decompressobj(wbits=31), False
        return True

    def _finish(self) -> int:
        if self._between:
            self._ended = True
            return 0
        return self._end("decompression_failed", "the file ends inside a member")


class ZstdStream(_Inflating):
    """Decompresses one or more zstd frames, skippable ones included."""

    name = "zstd"

    def __init__(self, below: io.RawIOBase, index: int, problems: ProblemTally) -> None:
        super().__init__(below, index, problems)
        self._walk = FrameWalk()
        decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX)
        source = cast("BinaryIO", _Fed(self._feed_walked))
        self._frames = decompressor.stream_reader(source, FEED_LEN, read_across_frames=True)

    def readinto(self, into: "WriteableBuffer", /) -> int:
        """Fills `into` with decompressed bytes and gives their number, 0 at the end."""
        if self._ended:
            return 0
        try:
            size = self._frames.readinto1(into)
        except zstandard.ZstdError:
            return self._end(
                "decompression_failed", "the compressed data is damaged or asks for too much memory"
            )
        if not size and not self._walk.whole:
            return self._end("decompression_failed", "the file ends inside a frame")
        return self._give(size)

    def _feed_walked(self) -> bytes:
        data = self._feed()
        self._walk.feed(data)
        return data


class _Fed:
    """The `read` that zstandard asks for."""

    def __init__(self, feed: Callable[[], bytes]) -> None:
        self._feed = feed

    def read(self, _size: int = -1) -> bytes:
        return self._feed()


class FrameWalk:
    """Follows the frames and blocks of a zstd stream by their headers: did it end between frames?

    The decompressor itself takes a cut stream for a finished one. Source: RFC 8878, sections 3.1.1 and 3.1.2.
    """

    def __init__(self) -> None:
        self._need = 4
        self._held = bytearray()
        self._skip = 0
        self._step: Callable[[bytes], None] = self._magic
        self._checksum_len = 0
        self._lost = False

    @property
    def whole(self) -> bool:
        """Whether the bytes so far end at the end of a frame."""
        return self._step == self._magic and not self._held and not self._skip and not self._lost

    def feed(self, data: bytes) -> None:
        """Takes the next compressed bytes."""
        at = 0
        while at < len(data) and not self._lost:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            piece = data[at : at + self._need - len(self._held)]
            self._held += piece
            at += len(piece)
            if len(self._held) == self._need:
                held = bytes(self._held)
                self._held.clear()
                self._step(held)

    def _expect(self, size: int, step: Callable[[bytes], None]) -> None:
        self._need, self._step = size, step

    def _magic(self, data: bytes) -> None:
        value = int.from_bytes(data, "little")
        if value & 0xFFFFFFF0 == 0x184D2A50:
            self._expect(4, self._skippable)
        elif data == ZSTD_MAGIC:
            self._expect(1, self._descriptor)
        else:
            self._lost = True

    def _skippable(self, data: bytes) -> None:
        self._skip = int.from_bytes(data, "little")
        self._expect(4, self._magic)

    def _descriptor(self, data: bytes) -> None:
        flags = data[0]
        single = bool(flags & 0x20)
        content_len = (1 if single else 0, 2, 4, 8)[flags >> 6]
        self._checksum_len = 4 if flags & 0x04 else 0
        self._skip = (0 if single else 1) + (0, 1, 2, 4)[flags & 3] + content_len
        self._expect(3, self._block)

    def _block(self, data: bytes) -> None:
        value = int.from_bytes(data, "little")
        kind, size = value >> 1 & 3, value >> 3
        self._skip = 1 if kind == 1 else size
        if value & 1:
            self._skip += self._checksum_len
            self._expect(4, self._magic)


def open_stream(raw: RawStream, index: int, problems: ProblemTally) -> tuple[PeekedStream, str]:
    """Gives the decompressed stream of a file and how it was compressed ("" not at all, "gzip")."""
    stream = PeekedStream(raw)
    layers: list[str] = []
    while len(layers) < MAX_LAYERS:
        below: _Inflating
        if stream.head.startswith(GZIP_MAGIC):
            below = GzipStream(stream, index, problems)
        elif is_zstd(stream.head):
            below = ZstdStream(stream, index, problems)
        else:
            break
        layers.append(below.name)
        stream = PeekedStream(below)
    return stream, " in ".join(reversed(layers))


def is_zstd(head: bytes) -> bool:
    """Says whether a zstd frame, or a skippable frame (RFC 8878, section 3.1.2), starts here."""
    return head.startswith(ZSTD_MAGIC) or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)
