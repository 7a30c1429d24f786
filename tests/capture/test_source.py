"""Inputs: what may be named, what the facts say, duplicates, standard input, and stopping half-way."""

import gzip
import hashlib
import io
import os
import struct
import threading
from pathlib import Path

import pytest

from iotaudit.capture import READERS, InputReader, open_inputs
from iotaudit.errors import InputError, UsageError
from iotaudit.model.packets import input_of
from iotaudit.model.raw import Exchange, FrameBatch

SECOND = 1_700_000_000
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def record(data: bytes, second: int = SECOND, original: int | None = None) -> bytes:
    return struct.pack("<4I", second, 0, len(data), len(data) if original is None else original) + data


CAPTURE = HEADER + record(b"a" * 60, SECOND + 3) + record(b"b" * 60, SECOND + 1, original=90)
HAR = b'{"log": {"version": "1.2", "entries": []}}'


def opened(path: Path) -> InputReader:
    (reader,) = open_inputs([str(path)])
    return reader


def kinds(reader: InputReader) -> list[str]:
    return [problem.kind for problem in reader.facts().problems]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "camera.bin"
    path.write_bytes(CAPTURE)
    return path


def test_pass_the_facts_of_a_capture(capture: Path) -> None:
    reader = opened(capture)
    assert (reader.total_len, reader.done_len) == (len(CAPTURE), 0)
    (batch,) = reader.read()
    assert isinstance(batch, FrameBatch)
    assert batch.number.tolist() == [1, 2]
    assert reader.done_len == len(CAPTURE)
    facts = reader.facts()
    assert facts.name == "camera.bin"
    assert facts.sha256 == hashlib.sha256(CAPTURE).hexdigest()
    assert facts.bytes == len(CAPTURE)
    assert facts.format == "pcap"
    assert facts.link_types == ("ether",)
    assert (facts.packets, facts.wire_bytes) == (2, 150)
    assert (facts.first_ns, facts.last_ns) == ((SECOND + 1) * 10**9, (SECOND + 3) * 10**9)
    assert facts.truncated_packets == 1
    assert facts.dropped_packets is None
    found = {p.kind: (p.count, p.loses_payload) for p in facts.problems}
    assert found == {"truncated_packets": (1, True), "time_disorder": (1, False), "clock_jump": (1, False)}


def test_pass_drops_that_the_recorder_tells_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "drops"
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
    statistics = struct.pack("<IIIIIHHQI", 5, 36, 0, 0, 0, 5, 8, 12, 36)
    path.write_bytes(section + interface + statistics)
    reader = opened(path)
    list(reader.read())
    facts = reader.facts()
    assert (facts.format, facts.dropped_packets, facts.link_types) == ("pcapng", 12, ("ether",))
    assert [(p.kind, p.count, p.loses_payload) for p in facts.problems] == [("dropped_packets", 12, True)]


def test_pass_the_digest_of_a_compressed_file_is_of_its_compressed_bytes(tmp_path: Path) -> None:
    path = tmp_path / "no-suffix"
    data = gzip.compress(CAPTURE)
    path.write_bytes(data)
    reader = opened(path)
    list(reader.read())
    facts = reader.facts()
    assert facts.format == "pcap (gzip compressed)"
    assert (facts.sha256, facts.bytes, facts.packets) == (hashlib.sha256(data).hexdigest(), len(data), 2)


def test_pass_standard_input_has_no_length_and_is_left_open() -> None:
    stdin = io.BytesIO(CAPTURE)
    (reader,) = open_inputs(["-"], stdin=stdin)
    assert reader.total_len is None
    assert len(list(reader.read())) == 1
    facts = reader.facts()
    assert (facts.name, facts.packets, facts.bytes) == ("stdin", 2, len(CAPTURE))
    assert not stdin.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pass_a_pipe_is_opened_only_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    (reader,) = open_inputs([str(path)])
    assert reader.total_len is None
    writer = threading.Thread(target=path.write_bytes, args=(CAPTURE,))
    writer.start()
    assert len(list(reader.read())) == 1
    writer.join()
    assert reader.facts().packets == 2


def test_pass_several_inputs_keep_their_order_and_index(capture: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(HAR)
    readers = open_inputs([str(log), str(capture)])
    assert [(r.index, r.facts().name) for r in readers] == [(0, "log"), (1, "camera.bin")]
    assert list(readers[0].read()) == []
    (batch,) = readers[1].read()
    assert isinstance(batch, FrameBatch)
    assert input_of(int(batch.number[0])) == 1
    assert readers[0].facts().format == "har"


def test_fail_the_same_content_twice_is_noticed(capture: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(CAPTURE)
    other = tmp_path / "other"
    other.write_bytes(HEADER + record(b"c" * 60, SECOND + 3) + record(b"b" * 60, SECOND + 1, original=90))
    readers = open_inputs([str(capture), str(other), str(copy)])
    for reader in readers:
        list(reader.read())
    found = [[p for p in r.facts().problems if p.kind == "duplicate_input"] for r in readers]
    assert found[:2] == [[], []]
    assert [(p.input, p.detail, p.loses_payload) for p in found[2]] == [
        (2, "the same bytes as camera.bin", False)
    ]


def test_fail_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    reader = opened(path)
    assert list(reader.read()) == []
    assert [(p.kind, p.loses_payload) for p in reader.facts().problems] == [("empty_file", True)]
    assert reader.facts().format == "unknown"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"snoop\0\0\0\0\0\0\2", "snoop"),
        (b"GMBU\0\0", "Network Monitor"),
        (bytes.fromhex("a12b3c4d"), "Navtel"),
        (bytes.fromhex("4d3c2ba1"), "Navtel"),
        (b"iptrace 2.0", "iptrace"),
        (b"PK\x03\x04", "zip"),
        (gzip.compress(gzip.compress(gzip.compress(CAPTURE, mtime=0), mtime=0), mtime=0), "more than twice"),
        (b"just some text", "mitmproxy"),
    ],
)
def test_fail_an_unknown_format_names_what_is_read(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(data)
    reader = opened(path)
    assert list(reader.read()) == []
    (problem,) = reader.facts().problems
    assert (problem.kind, problem.loses_payload) == ("not_a_capture", True)
    assert name in problem.detail
    assert "pcapng" in problem.detail
    assert "\n" not in problem.detail
    assert reader.facts().sha256 == hashlib.sha256(data).hexdigest()


def test_fail_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.pcap: no such file"):
        open_inputs([str(tmp_path / "gone.pcap")])


def test_an_input_that_cannot_be_opened_beside_one_that_can_is_a_problem_that_loses_payload(tmp_path: Path) -> None:
    (tmp_path / "here.pcap").write_bytes(HEADER + record(b"a" * 60))
    here, gone = open_inputs([str(tmp_path / "here.pcap"), str(tmp_path / "gone.pcap")])
    assert list(gone.read()) == []
    assert list(here.read())
    (problem,) = gone.facts().problems
    assert (problem.kind, problem.input, problem.loses_payload) == ("not_opened", 1, True)
    assert problem.detail == "gone.pcap: no such file; check the path"
    assert here.facts().problems == ()


def test_fail_none_of_several_inputs_can_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"first\.pcap: no such file"):
        open_inputs([str(tmp_path / "first.pcap"), str(tmp_path / "second.pcap")])


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
def test_fail_a_name_that_cannot_be_one_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError) as failed:
        open_inputs([name])
    assert "\n" not in str(failed.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_fail_a_file_without_permission(capture: Path) -> None:
    capture.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        open_inputs([str(capture)])


def test_fail_a_file_that_cannot_be_opened(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, *_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        open_inputs([str(capture)])


def test_fail_a_file_that_is_gone_when_it_is_read(capture: Path) -> None:
    reader = opened(capture)
    capture.unlink()
    with pytest.raises(InputError, match="cannot be opened"):
        next(reader.read())


def test_fail_no_input_or_standard_input_twice() -> None:
    with pytest.raises(UsageError, match="no capture"):
        open_inputs([])
    with pytest.raises(UsageError, match="only once"):
        open_inputs(["-", "-"], stdin=io.BytesIO())
    with pytest.raises(UsageError, match="no standard input"):
        open_inputs(["-"], stdin=None)


def test_inconclusive_facts_of_a_reading_that_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "long"
    data = HEADER + record(b"x" * 1000) * 12_000
    path.write_bytes(data)
    reader = opened(path)
    items = reader.read()
    first = next(items)
    assert isinstance(first, FrameBatch)
    with pytest.raises(KeyboardInterrupt):
        items.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    facts = reader.facts()
    assert 0 < facts.packets == len(first.number) < 12_000
    assert facts.bytes == reader.done_len < len(data)
    assert facts.sha256 == hashlib.sha256(data[: facts.bytes]).hexdigest()


def test_inconclusive_facts_of_an_input_that_was_never_read(capture: Path) -> None:
    facts = opened(capture).facts()
    assert (facts.packets, facts.bytes, facts.first_ns, facts.problems) == (0, 0, -1, ())
    assert facts.sha256 == hashlib.sha256().hexdigest()


def test_no_two_formats_claim_the_same_beginning() -> None:
    heads = [CAPTURE, bytes.fromhex("0a0d0d0a1c0000004d3c2b1a"), HAR, b"200:8:response;", b"", b"\xff" * 50]
    for head in heads:
        assert sum(reader.sniff(head) for reader in READERS) <= 1


def test_pass_web_log_entries_count_as_packets() -> None:
    samples = Path(__file__).resolve().parents[2] / "../shared/captures/mitmproxy"
    path = samples / "har_files_firefox.har"
    if not path.exists():
        pytest.skip("the shared captures are not here")
    reader = opened(path)
    entries = list(reader.read())
    assert entries
    assert all(isinstance(entry, Exchange) for entry in entries)
    facts = reader.facts()
    assert facts.packets == len(entries)
    assert 0 < facts.first_ns <= facts.last_ns
