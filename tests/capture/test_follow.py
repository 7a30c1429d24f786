"""Following a file that still grows: the same as the whole file, whatever pieces it comes in, and how that ends."""

import hashlib
import itertools
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import iotaudit
from iotaudit import report
from iotaudit.capture import InputReader, follow_input, open_inputs
from iotaudit.errors import InputError, UsageError
from iotaudit.model.raw import FrameBatch

if TYPE_CHECKING:
    from iotaudit.pipeline import Progress

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "captures"
SECOND = 1_700_000_000
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def record(data: bytes, second: int = SECOND) -> bytes:
    return struct.pack("<4I", second, 0, len(data), len(data)) + data


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    size = 12 + len(body)
    return struct.pack(f"{order}II", kind, size) + body + struct.pack(f"{order}I", size)


def section(order: str = "<") -> bytes:
    """Gives the header of a section of unknown length, and the description of an Ethernet interface."""
    head = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    return head + block(1, struct.pack(f"{order}HHI", 1, 0, 65535), order)


def packet(data: bytes, order: str = "<") -> bytes:
    ticks = SECOND * 1_000_000
    fields = struct.pack(f"{order}5I", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(6, fields + data + bytes(-len(data) % 4), order)


PCAP = HEADER + b"".join(record(bytes([n]) * (20 + n), SECOND + n) for n in range(1, 9))
PCAPNG = (
    section()
    + b"".join(packet(bytes([n]) * (20 + n)) for n in range(1, 5))
    + section(">")
    + b"".join(packet(bytes([n]) * (20 + n), ">") for n in range(5, 9))
)
DAMAGED = HEADER + record(b"a" * 60) + b"\xff" * 100 + b"".join(record(bytes([n]) * 60) for n in range(1, 9))


def growing(path: Path, pieces: Iterable[bytes]) -> Callable[[], bool]:
    """Gives a wait that appends the next piece each time, and says after the last one that following ends."""
    rest = iter(pieces)

    def wait() -> bool:
        piece = next(rest, None)
        if piece is None:
            return False
        with path.open("ab") as file:
            file.write(piece)
        return True

    return wait


def cuts(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def followed(path: Path, wait: Callable[[], bool]) -> InputReader:
    (reader,) = follow_input([str(path)], wait)
    return reader


def frames(reader: InputReader) -> list[tuple[int, int, bytes]]:
    """Gives the packet ids, times and bytes of all frames."""
    found = []
    for item in reader.read():
        assert isinstance(item, FrameBatch)
        buffer = item.buffer.tobytes()
        rows = (item.number, item.time_ns, item.frame_at, item.captured_len)
        for number, time_ns, at, size in zip(*(column.tolist() for column in rows), strict=True):
            found.append((number, time_ns, buffer[at : at + size]))
    return found


def whole(path: Path, data: bytes) -> tuple[Any, Any]:
    """Gives the frames and facts of a file that is complete."""
    path.write_bytes(data)
    (reader,) = open_inputs([str(path)])
    found = frames(reader), reader.facts()
    path.unlink()
    return found


def document(path: Path, **options: Any) -> dict[str, Any]:
    found = report.document(iotaudit.audit(path, as_of="2026-11-24", **options))
    del found["run"]
    return found


@pytest.mark.parametrize("begun", [0, 3, 24, 40])
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("data", [PCAP, PCAPNG, DAMAGED], ids=["pcap", "pcapng", "damaged"])
def test_pass_a_file_that_grows_reads_as_the_whole_one(
    tmp_path: Path, data: bytes, size: int, begun: int
) -> None:
    path = tmp_path / "lab.cap"
    expected = whole(path, data)
    assert len(expected[0]) >= 8
    kinds = {problem.kind for problem in expected[1].problems}
    assert kinds == ({"bad_record", "resynchronised"} if data is DAMAGED else set())
    path.write_bytes(data[:begun])
    reader = followed(path, growing(path, cuts(data[begun:], size)))
    assert reader.total_len is None
    assert (frames(reader), reader.facts()) == expected


@pytest.mark.parametrize("name", ["camera-clear.pcap", "robot-eu-name.pcapng"])
def test_pass_the_audit_of_a_file_that_grows_is_that_of_the_whole_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    data = (CAPTURES / name).read_bytes()
    path.write_bytes(data)
    expected = document(path)
    assert expected["flows"]
    path.write_bytes(data[:5000])
    told: list[tuple[int, int | None]] = []

    def tell(progress: "Progress") -> None:
        told.append((progress.done_len, progress.total_len))

    found = document(path, follow=growing(path, cuts(data[5000:], 1777)), progress=tell, jobs=2)
    assert found == expected
    assert found["inputs"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    assert {total_len for _, total_len in told} == {None}
    assert told[-1] == (len(data), None)


def test_pass_packets_are_given_before_more_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(HEADER)
    seen: list[int] = []
    at_wait: list[int] = []
    append = growing(path, [record(bytes([n]) * 60) for n in range(4)])

    def wait() -> bool:
        at_wait.append(len(seen))
        return append()

    for item in followed(path, wait).read():
        assert isinstance(item, FrameBatch)
        seen += item.number.tolist()
    # the header alone gives nothing; then each packet is out before the next wait
    assert at_wait == [0, 1, 2, 3, 4]


def test_pass_what_was_written_up_to_the_stop_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(PCAP[:100])

    def stop() -> bool:
        path.write_bytes(PCAP)
        return False

    reader = followed(path, stop)
    assert len(frames(reader)) == 8
    assert reader.facts().problems == ()


@pytest.mark.parametrize(("data", "header_len"), [(PCAP, len(HEADER)), (PCAPNG, len(section()))])
def test_pass_a_record_that_is_still_written_at_the_stop_is_no_problem(
    tmp_path: Path, data: bytes, header_len: int
) -> None:
    path = tmp_path / "lab.cap"
    for end in range(header_len, header_len + 60):
        path.write_bytes(data[:end])
        reader = followed(path, lambda: False)
        frames(reader)
        assert reader.facts().problems == ()
        assert reader.facts().sha256 == hashlib.sha256(data[:end]).hexdigest()


def test_inconclusive_a_file_that_is_empty_at_the_stop_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.cap"
    path.touch()
    reader = followed(path, lambda: False)
    assert frames(reader) == []
    assert [problem.kind for problem in reader.facts().problems] == ["empty_file"]


def test_fail_a_file_header_that_is_cut_at_the_stop_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.cap"
    path.write_bytes(HEADER[:10])
    reader = followed(path, lambda: False)
    assert frames(reader) == []
    assert [problem.detail for problem in reader.facts().problems] == ["the file header is cut"]


def test_fail_a_file_that_turns_out_to_be_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.cap"
    path.touch()
    reader = followed(path, growing(path, [b"\x1f\x8b\x08\0" + bytes(40)]))
    assert frames(reader) == []
    assert [problem.kind for problem in reader.facts().problems] == ["not_a_capture"]


def _shrink(path: Path) -> None:
    os.truncate(path, 30)


def _replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(PCAP)
    other.replace(path)


def _remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("change", "told"), [(_shrink, "shrank"), (_replace, "was replaced"), (_remove, "was removed")]
)
def test_fail_a_file_that_is_no_longer_the_same_ends_the_reading(
    tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    path = tmp_path / "lab.cap"
    path.write_bytes(PCAP[:150])
    waits = itertools.count()

    def wait() -> bool:
        assert next(waits) == 0, "it is not waited for again"
        change(path)
        return True

    reader = followed(path, wait)
    assert frames(reader)
    details = [problem.detail for problem in reader.facts().problems if problem.kind == "truncated_file"]
    assert f"the file {told} while it was followed" in details
    assert reader.facts().sha256 == hashlib.sha256(PCAP[:150]).hexdigest()


def test_fail_what_cannot_be_followed_is_a_usage_error(tmp_path: Path) -> None:
    capture, har = tmp_path / "a.pcap", tmp_path / "a.har"
    capture.write_bytes(PCAP)
    har.write_bytes(b'{"log": {"version": "1.2", "entries": []}}')
    for names, text in (
        ([], "one capture file, not 0"),
        ([capture, capture], "one capture file, not 2"),
        (["-"], "standard input"),
        ([tmp_path], "no regular file"),
        ([har], "plain pcap or pcapng"),
    ):
        with pytest.raises(UsageError, match=text):
            follow_input([str(name) for name in names], lambda: False)
    with pytest.raises(InputError, match="no such file"):
        follow_input([str(tmp_path / "gone")], lambda: False)
