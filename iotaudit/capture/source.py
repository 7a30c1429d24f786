"""The inputs of an audit: files, recording folders and standard input, each read as a stream of items."""

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

from iotaudit.capture.folder import Recording, open_recording
from iotaudit.capture.frames import CountedBatch
from iotaudit.capture.growth import Growth
from iotaudit.capture.link_types import link_name
from iotaudit.capture.marks import MarkQueue, read_lines
from iotaudit.capture.stream import HEAD_LEN, HEAD_MIN, PeekedStream, RawStream, open_stream
from iotaudit.errors import InputError, UsageError
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Exchange, FrameBatch, Secret

STDIN = "-"
BUFFER_LEN = 1 << 16
LOOKED_AT = 16
"""Items at the beginning of an input in which its first time is looked for."""
ACCEPTED = "pcap, pcapng, HAR and mitmproxy flow files are read, each plain or compressed with gzip or zstd"
GROWING = "a file that still grows must be a plain pcap or pcapng file"
OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"snoop\0\0\0", "a snoop capture"),
    (b"btsnoop\0", "a Bluetooth snoop log"),
    (b"GMBU", "a Network Monitor 2 capture"),
    (b"RTSS", "a Network Monitor 1 capture"),
    (b"XCP\0", "a NetXRay capture"),
    (b"iptrace 1.0", "an AIX iptrace capture"),
    (b"iptrace 2.0", "an AIX iptrace capture"),
    (b"TRSNIFF data ", "a Sniffer capture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"\x1f\x8b", "compressed more than twice"),
    (b"\x28\xb5\x2f\xfd", "compressed more than twice"),
)
"""How formats that are not read begin, to name them. Source: wiretap's magics, and file(1)."""
OTHER_PCAPS: dict[int, str] = {
    0xA1B2C3CB: "a pcap file of a kind that is not read",
    0xA1B234CD: "a pcap file of a kind that is not read",
    0xA12B3C4D: "a Navtel pcap file",
    0x1C0001AB: "an IXIA capture",
    0x1C0001AC: "an IXIA capture",
}
"""Relatives of pcap by the first word, in either byte order. Source: libpcap and wiretap."""

Item = FrameBatch | Exchange | Mark | Secret
"""What reading an input gives."""


class Reader(Protocol):
    """A module that reads one format. `sniff` sees the first 4096 decompressed bytes."""

    ID: str

    def sniff(self, head: bytes, /) -> bool:
        """Says whether a file that begins so has this format."""

    def read(
        self, file: io.BufferedReader, index: int, problems: ProblemTally, /
    ) -> Iterator[CountedBatch | Exchange | Mark | Secret]:
        """Gives what the decompressed file holds; whatever cannot be read goes to `problems`."""


class InputReader:
    """One input: read once, as a stream of items; the facts about it can be asked for at any time."""

    def __init__(
        self,
        name: str,
        index: int,
        open_file: Callable[[], AbstractContextManager[BinaryIO]],
        total_len: int | None,
        readers: Sequence[Reader],
        *,
        hashed: bool = True,
        growth: Growth | None = None,
        fault: str = "",
    ) -> None:
        self.name = name
        self.index = index
        self.total_len = total_len
        self._open_file = open_file
        self._readers = readers
        self._hashed = hashed
        self._growth = growth
        self._fault = fault
        self._raw: RawStream | None = None
        self._problems = ProblemTally()
        self._counts = _Counts()
        self._format = "unknown"
        self._marks = MarkQueue(())
        self._keys = b""
        self._earlier: tuple[InputReader, ...] = ()

    @property
    def done_len(self) -> int:
        """Bytes of the file, as it is on disk, that were read so far."""
        return self._raw.done_len if self._raw else 0

    def read(self) -> Iterator[Item]:
        """Gives the items of the input in its order.

        A batch is only valid until the next item is asked for.

        Raises:
            InputError: the file cannot be opened any more.
        """
        if self._fault:
            self._problems.add(Problem("not_opened", self.index, detail=self._fault, loses_payload=True))
            return
        with self._open_file() as file:
            raw = self._raw = RawStream(
                file, self.index, self._problems, hashed=self._hashed, growth=self._growth
            )
            for item in self._items(raw):
                yield from self._count(item)
            yield from self._marks.rest()
            if self.total_len is not None and self._hashed:
                raw.drain()

    def begins_ns(self) -> int:
        """Gives the time of the first packet or exchange, -1: it has none, or cannot be looked at before it is read.

        Raises:
            InputError: the file cannot be opened any more.
        """
        if self.total_len is None or self._fault:
            return -1
        problems = ProblemTally()  # reading reports them
        with self._open_file() as file:
            raw = RawStream(file, self.index, problems, hashed=False)
            stream, _ = open_stream(raw, self.index, problems)
            reader = next((reader for reader in self._readers if reader.sniff(stream.head)), None)
            if reader is None:
                return -1
            items = reader.read(io.BufferedReader(stream, BUFFER_LEN), self.index, problems)
            return next((time for item in islice(items, LOOKED_AT) if (time := _first_ns(item)) >= 0), -1)

    def facts(self) -> InputFacts:
        """Gives what is known of the input; where reading was stopped, of the part that was read."""
        sha256, counts = self.sha256(), self._counts
        problems = [*self._problems.rows(self.index), *counts.problems(self.index)]
        if self._growth and self._growth.stopped:
            # the last record was still being written; a file header that is cut has a detail, and stays
            problems = [p for p in problems if p.kind != "truncated_file" or p.detail]
        for other in self._earlier:
            if self.done_len and other.done_len == self.done_len and other.sha256() == sha256:
                problems.append(
                    Problem("duplicate_input", self.index, detail=f"the same bytes as {other.name}")
                )
                break
        return InputFacts(
            name=self.name,
            sha256=sha256,
            bytes=self.done_len,
            format=self._format,
            link_types=tuple(sorted({link_name(number) for number in counts.link_types})),
            packets=counts.packets,
            wire_bytes=counts.wire_len,
            first_ns=counts.first_ns,
            last_ns=counts.last_ns,
            truncated_packets=counts.truncated,
            dropped_packets=counts.dropped,
            problems=tuple(sorted(problems, key=lambda p: (p.kind, p.packet or 0, p.offset or 0, p.detail))),
        )

    def sha256(self) -> str:
        """Gives the SHA-256 of the bytes read so far, in hex."""
        return (self._raw or RawStream(io.BytesIO(), self.index, self._problems)).sha256()

    def join(self, recording: Recording) -> None:
        """Takes over the marks and keys that lie beside the captures of a recording folder."""
        marks, unread = read_lines(recording.marks)
        self._marks, self._keys = MarkQueue(marks), recording.keys
        if unread:
            detail = "lines of marks.jsonl could not be read"
            self._problems.add(Problem("bad_record", self.index, None, None, detail, unread))

    def follow(self, earlier: "tuple[InputReader, ...]") -> None:
        """Names the inputs before this one, among which a duplicate is looked for."""
        self._earlier = earlier

    def _items(self, raw: RawStream) -> Iterator[CountedBatch | Exchange | Mark | Secret]:
        if self._keys:
            yield Secret("tls", self._keys)
        stream, compression = (
            (PeekedStream(raw), "") if self._growth else open_stream(raw, self.index, self._problems)
        )
        reader = next((reader for reader in self._readers if reader.sniff(stream.head)), None)
        if reader is None:
            self._refuse(stream.head)
            return
        self._format = f"{reader.ID} ({compression} compressed)" if compression else reader.ID
        file: io.BufferedReader = io.BufferedReader(stream, BUFFER_LEN)
        yield from reader.read(file, self.index, self._problems)

    def _refuse(self, head: bytes) -> None:
        if not head:
            self._problems.add(Problem("empty_file", self.index, None, 0, loses_payload=True))
            return
        if self._growth:
            self._problems.add(Problem("not_a_capture", self.index, None, 0, GROWING, loses_payload=True))
            return
        what = next((name for magic, name in OTHER_FORMATS if head.startswith(magic)), None)
        for order in ("little", "big"):
            what = what or OTHER_PCAPS.get(int.from_bytes(head[:4], order))
        detail = f"this is {what}; {ACCEPTED}" if what else ACCEPTED
        self._problems.add(Problem("not_a_capture", self.index, None, 0, detail, loses_payload=True))

    def _count(self, item: CountedBatch | Exchange | Mark | Secret) -> Iterator[Item]:
        match item:
            case CountedBatch():
                self._counts.add_frames(item)
                if item.batch is not None:
                    yield from self._marks.reach(item.batch)
                    yield item.batch
            case Exchange():
                self._counts.add_exchange(item)
                yield item
            case Mark():
                yield from self._marks.comment(item)
            case _:
                yield item


def _first_ns(item: CountedBatch | Exchange | Mark | Secret) -> int:
    """Gives the first time in an item, -1 none."""
    match item:
        case CountedBatch(batch=FrameBatch(time_ns=times)):
            timed = times[times >= 0]
            return int(timed[0]) if len(timed) else -1
        case Exchange():
            return item.time_ns
        case _:
            return -1


class _Counts:
    """What is summed up while an input is read."""

    def __init__(self) -> None:
        self.packets = 0
        self.wire_len = 0
        self.truncated = 0
        self.dropped: int | None = None
        self.first_ns = -1
        self.last_ns = -1
        self.link_types: set[int] = set()

    def add_frames(self, counted: CountedBatch) -> None:
        self.truncated += counted.truncated
        self.dropped = counted.dropped
        self.link_types.update(counted.link_types)
        self.packets += counted.others
        self.wire_len += counted.others_len
        batch = counted.batch
        if batch is None or not len(batch.number):
            return
        self.packets += len(batch.number)
        self.wire_len += int(batch.wire_len.sum())
        times = batch.time_ns if int(batch.time_ns.min()) >= 0 else batch.time_ns[batch.time_ns >= 0]
        if len(times):
            self._stamp(int(times.min()), int(times.max()))

    def add_exchange(self, exchange: Exchange) -> None:
        self.packets += 1
        self.wire_len += exchange.request_len + exchange.response_len
        if exchange.time_ns >= 0:
            self._stamp(exchange.time_ns, max(exchange.time_ns, exchange.end_ns))

    def problems(self, index: int) -> Iterator[Problem]:
        """Gives the problems that the sums show."""
        if self.truncated:
            yield Problem("truncated_packets", index, count=self.truncated, loses_payload=True)
        if self.dropped:
            yield Problem("dropped_packets", index, count=self.dropped, loses_payload=True)

    def _stamp(self, first_ns: int, last_ns: int) -> None:
        self.first_ns = first_ns if self.first_ns < 0 else min(self.first_ns, first_ns)
        self.last_ns = max(self.last_ns, last_ns)


def open_inputs(
    names: Sequence[str], readers: Sequence[Reader], *, stdin: BinaryIO | None, hashed: bool = True
) -> tuple[InputReader, ...]:
    """Gives a reader for each input, in the order given; a recording folder gives one for each capture in it.

    Args:
        names: files, recording folders, or "-" for `stdin`.
        readers: the formats that are read.
        stdin: what "-" reads.
        hashed: work out the SHA-256 of each; without, it stays that of no bytes.

    Raises:
        UsageError: no name, or "-" twice, or without a standard input.
        InputError: none of them can be read. Where one can, the others are inputs with the problem `not_opened`.
    """
    if not names:
        raise UsageError("no capture was given; name a file, a recording folder, or - for standard input")
    if names.count(STDIN) > 1:
        raise UsageError("standard input (-) can be given only once")
    found: list[InputReader] = []
    faults: list[InputError] = []
    for name in names:
        if name == STDIN:
            found.append(_standard_input(len(found), stdin, readers, hashed=hashed))
            continue
        try:
            found += _inputs_of(name, len(found), readers, hashed=hashed)
        except InputError as error:
            faults.append(error)
            found.append(_unopened(name, len(found), error))
    if len(faults) == len(found):
        raise faults[0]
    for position, reader in enumerate(found):
        reader.follow(tuple(found[:position]))
    return tuple(found)


def follow_input(names: Sequence[str], readers: Sequence[Reader], wait: Callable[[], bool]) -> InputReader:
    """Gives a reader for one file that still grows: at its end it waits for more.

    Args:
        names: that one file.
        readers: the formats that can be read while they are written.
        wait: waits a while for more; False: read what is there, and end.

    Raises:
        UsageError: not one file, or none that is regular, or of another format.
        InputError: the file is missing or may not be read.
    """
    if len(names) != 1:
        raise UsageError(f"--follow takes one capture file, not {len(names)}")
    (name,) = names
    if name == STDIN:
        raise UsageError("--follow takes a file; standard input (-) is read until it ends without it")
    path, info = _look(name)
    if not stat.S_ISREG(info.st_mode):
        raise UsageError(f"--follow takes a capture file, and {name} is no regular file")
    with _open(path) as file:
        head = file.read(HEAD_LEN)
    if len(head) >= HEAD_MIN and not any(reader.sniff(head) for reader in readers):
        raise UsageError(f"--follow cannot read {name}: {GROWING}")
    growth = Growth(path, wait)
    return InputReader(_shown(path.name), 0, lambda: _open(path), None, readers, growth=growth)


def _standard_input(
    index: int, stdin: BinaryIO | None, readers: Sequence[Reader], *, hashed: bool
) -> InputReader:
    if stdin is None:
        raise UsageError("there is no standard input to read; name a file instead of -")
    return InputReader("stdin", index, lambda: nullcontext(stdin), None, readers, hashed=hashed)


def _unopened(name: str, index: int, error: InputError) -> InputReader:
    """Gives an input that could not be opened, beside others that could: it has nothing but its problem."""
    shown = _shown(Path(name).name)
    return InputReader(
        shown, index, lambda: nullcontext(io.BytesIO()), 0, (), fault=_shown(str(error)).replace(_shown(name), shown)
    )


def _inputs_of(name: str, index: int, readers: Sequence[Reader], *, hashed: bool) -> list[InputReader]:
    """Gives the input that a path names, or those in the folder that it names."""
    path, info = _look(name)
    if not stat.S_ISDIR(info.st_mode):
        return [_file_input(path, path.name, info, index, readers, hashed=hashed)]
    recording = open_recording(path)
    found = [
        _file_input(member, f"{recording.name}/{member.name}", member.stat(), index + k, readers, hashed=hashed)
        for k, member in enumerate(recording.inputs)
    ]
    found[0].join(recording)
    return found


def _look(name: str) -> tuple[Path, os.stat_result]:
    """Gives the path that a name is, and what the system knows of it."""
    path = Path(name)
    try:
        return path, path.stat()
    except FileNotFoundError:
        raise InputError(f"{name}: no such file; check the path") from None
    except OSError as error:
        raise InputError(
            f"{name}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from None
    except ValueError:
        raise InputError(f"{name!r}: this cannot be the name of a file") from None


def _file_input(
    path: Path, name: str, info: os.stat_result, index: int, readers: Sequence[Reader], *, hashed: bool
) -> InputReader:
    regular = stat.S_ISREG(info.st_mode)
    if regular:  # a pipe can be opened only once, so only a file is tried
        _open(path).close()
    total_len = info.st_size if regular else None
    return InputReader(_shown(name), index, lambda: _open(path), total_len, readers, hashed=hashed)


def _shown(name: str) -> str:
    """Gives a file's name as text, whatever bytes it has."""
    return os.fsencode(name).decode("utf-8", "replace")


def _open(path: Path) -> io.FileIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from None
