"""Several inputs are read as one in the order of time, whatever order they were named in."""

import gzip
import io
import json
import struct
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import InputReader, open_inputs
from iotaudit.capture.order import TimeOrder, by_input
from iotaudit.model.raw import FrameBatch

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
BASE = 1_700_000_000


def frame_at(index: int, number: int) -> bytes:
    """The frame of an input with this number."""
    return struct.pack(">II", index, number).ljust(60, b"\0")


def capture(times: Sequence[int], index: int = 0) -> bytes:
    """A capture with a frame at each of these seconds."""
    frames = ((time, frame_at(index, number)) for number, time in enumerate(times, 1))
    return HEADER + b"".join(struct.pack("<4I", BASE + time, 0, 60, 60) + frame for time, frame in frames)


def opened(folder: Path, *captures: bytes) -> tuple[InputReader, ...]:
    paths = [folder / f"{number}.pcap" for number in range(len(captures))]
    for path, data in zip(paths, captures, strict=True):
        path.write_bytes(data)
    return open_inputs([str(path) for path in paths])


def pieces(readers: tuple[InputReader, ...]) -> list[tuple[int, int, int]]:
    """Input, first second and number of frames of each batch."""
    found = []
    for reader, item in TimeOrder(readers):
        assert isinstance(item, FrameBatch)
        assert item.input == reader.index
        found.append((reader.index, int(item.time_ns[0]) // 10**9 - BASE, len(item.number)))
    return found


def test_pass_files_of_a_ring_are_read_in_their_order_and_keep_their_index(tmp_path: Path) -> None:
    readers = opened(tmp_path, capture([7, 8, 9]), capture([1, 2]), capture([4]))
    assert pieces(readers) == [(1, 1, 2), (2, 4, 1), (0, 7, 3)]


def test_pass_frames_of_one_time_keep_the_order_of_the_inputs(tmp_path: Path) -> None:
    ((_, batch),) = TimeOrder(opened(tmp_path, capture([1, 1]), capture([1, 1])))
    assert isinstance(batch, FrameBatch)
    assert (batch.number >> 40).tolist() == [0, 0, 1, 1]


def test_pass_overlapping_inputs_are_sorted_by_time(tmp_path: Path) -> None:
    readers = opened(tmp_path, capture(range(0, 1000, 2)), capture(range(1, 1001, 2), 1), capture([5000], 2))
    batches = [item for _, item in TimeOrder(readers) if isinstance(item, FrameBatch)]
    times = [time // 10**9 - BASE for batch in batches for time in batch.time_ns.tolist()]
    assert times == [*range(1000), 5000]
    assert len(batches) <= 4
    frames = [(part.input, len(part.number)) for batch in batches for part in by_input(batch)]
    assert sum(count for index, count in frames if index == 1) == 500
    for batch in batches:
        for number, at, length in zip(batch.number, batch.frame_at, batch.captured_len, strict=True):
            frame = batch.buffer[at : at + length].tobytes()
            assert frame[:8] == frame_at(int(number) >> 40, int(number & 0xFFFF))[:8]
        assert len(batch.buffer) >= int((batch.frame_at + batch.captured_len).max()) + 256


def test_a_clock_that_goes_back_keeps_the_order_within_its_input(tmp_path: Path) -> None:
    readers = opened(tmp_path, capture([1, 9, 3, 10]), capture([5]))
    numbers = [
        (int(number) >> 40, int(number) & 0xFFFF)
        for _, item in TimeOrder(readers)
        if isinstance(item, FrameBatch)
        for number in item.number
    ]
    assert numbers == [(0, 1), (1, 1), (0, 2), (0, 3), (0, 4)]


def test_a_file_is_opened_when_it_is_due(tmp_path: Path) -> None:
    readers = opened(tmp_path, capture([5]), capture([1]))
    with closing(TimeOrder(readers)) as order:
        reader, _ = next(iter(order))
    assert reader.index == 1
    assert readers[0].done_len == 0


def test_compressed_files_are_looked_into(tmp_path: Path) -> None:
    assert pieces(opened(tmp_path, gzip.compress(capture([5])), capture([1]))) == [(1, 1, 1), (0, 5, 1)]


def test_inconclusive_what_cannot_be_looked_at_first_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "early.pcap"
    path.write_bytes(capture([1]))
    readers = open_inputs([str(path), "-"], stdin=io.BytesIO(capture([5])))
    assert pieces(readers) == [(0, 1, 1), (1, 5, 1)]
    assert readers[1].begins_ns() == -1


def test_fail_an_unreadable_input_is_still_reported_once(tmp_path: Path) -> None:
    readers = opened(tmp_path, b"no capture at all", b"", capture([3]))
    assert pieces(readers) == [(2, 3, 1)]
    assert [[p.kind for p in reader.facts().problems] for reader in readers] == [["not_a_capture"], ["empty_file"], []]


def test_what_was_not_finished_is_known(tmp_path: Path) -> None:
    with closing(TimeOrder(opened(tmp_path, capture([9]), capture([1]), capture([2])))) as order:
        list(islice(order, 2))
    assert [(reader.index, begun) for reader, begun in order.unfinished()] == [(0, False), (2, True)]


def test_files_that_were_not_read_to_their_ends_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[io.FileIO] = []
    open_file = Path.open

    def watched(path: Path, *arguments: Any, **options: Any) -> Any:
        file = open_file(path, *arguments, **options)
        files.append(file)
        return file

    monkeypatch.setattr(Path, "open", watched)
    readers = opened(tmp_path, capture([1, 2]), capture([1, 3]))
    order = TimeOrder(readers)
    items = iter(order)
    next(items)
    assert not all(file.closed for file in files)
    order.close()
    assert all(file.closed for file in files)


def test_all_is_unfinished_where_looking_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: InputReader) -> int:
        raise KeyboardInterrupt

    order = TimeOrder(opened(tmp_path, capture([9]), capture([1])))
    monkeypatch.setattr(InputReader, "begins_ns", stop)
    with pytest.raises(KeyboardInterrupt):
        next(iter(order))
    assert [(reader.index, begun) for reader, begun in order.unfinished()] == [(0, False), (1, False)]


def test_marks_and_exchanges_go_between_the_frames(tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2023-11-14T22:13:25Z",  # second 5
        "time": 1,
        "request": {"method": "GET", "url": "https://api.example/", "httpVersion": "HTTP/1.1", "headers": []},
        "response": {"status": 200, "httpVersion": "HTTP/1.1", "headers": [], "content": {"size": 0}},
    }
    har = json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()
    items = [(reader.index, type(item).__name__) for reader, item in TimeOrder(opened(tmp_path, capture([1, 9]), har))]
    assert items == [(0, "FrameBatch"), (1, "Exchange"), (0, "FrameBatch")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 50), max_size=600).map(sorted), min_size=1, max_size=4))
def test_every_frame_comes_once_and_in_its_inputs_order(
    tmp_path_factory: pytest.TempPathFactory, inputs: list[list[int]]
) -> None:
    readers = opened(tmp_path_factory.mktemp("ring"), *(capture(times) for times in inputs))
    numbers: dict[int, list[int]] = {reader.index: [] for reader in readers}
    for _, item in TimeOrder(readers):
        assert isinstance(item, FrameBatch)
        for part in by_input(item):
            numbers[part.input] += (part.number & 0xFFFFFFFF).tolist()
    assert numbers == {k: list(range(1, len(times) + 1)) for k, times in enumerate(inputs)}
