"""Byte streams: digests, gzip members, zstd frames, cuts at every byte, damage and bombs."""

import gzip
import hashlib
import io
import random
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import stream
from iotaudit.capture.stream import FrameWalk, RawStream, open_stream
from iotaudit.model.problems import Problem, ProblemTally

DATA = bytes(range(256)) * 40 + b"the end"
SKIPPABLE = bytes.fromhex("502a4d18 05000000") + b"notes"


def zstd(data: bytes, *, checksum: bool = False, size: bool = True) -> bytes:
    compressor = zstandard.ZstdCompressor(3, write_checksum=checksum, write_content_size=size)
    return compressor.compress(data)


def read(data: bytes, piece_len: int = 1 << 16) -> tuple[bytes, str, tuple[Problem, ...]]:
    problems = ProblemTally()
    opened, how = open_stream(RawStream(io.BytesIO(data), 0, problems), 0, problems)
    found = bytearray()
    piece = bytearray(piece_len)
    while size := opened.readinto(piece):
        found += piece[:size]
    return bytes(found), how, problems.rows()


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (DATA, ""),
        (gzip.compress(DATA), "gzip"),
        (zstd(DATA), "zstd"),
        (zstd(DATA, checksum=True, size=False), "zstd"),
        (gzip.compress(zstd(DATA)), "zstd in gzip"),
        (zstd(gzip.compress(DATA)), "gzip in zstd"),
        (gzip.compress(DATA[:5000]) + gzip.compress(b"") + gzip.compress(DATA[5000:]), "gzip"),
        (gzip.compress(DATA) + bytes(700), "gzip"),
        (zstd(DATA[:5000]) + SKIPPABLE + zstd(b"") + zstd(DATA[5000:]), "zstd"),
        (SKIPPABLE + zstd(DATA), "zstd"),
    ],
)
@pytest.mark.parametrize("piece_len", [1, 1000, 1 << 20])
def test_pass_plain_and_compressed_give_the_same_bytes(data: bytes, how: str, piece_len: int) -> None:
    assert read(data, piece_len) == (DATA, how, ())


def test_pass_a_third_layer_is_left_as_it_is() -> None:
    inner = gzip.compress(DATA)
    assert read(gzip.compress(gzip.compress(inner)))[0] == inner


RANDOM = random.Random(7)  # noqa: S311 - the same bytes each time
SMALL = RANDOM.randbytes(60)


@pytest.mark.parametrize(
    "whole", [gzip.compress(SMALL), zstd(SMALL), zstd(SMALL, checksum=True)], ids=["gzip", "zstd", "checked zstd"]
)
def test_fail_cut_at_every_byte_is_a_problem(whole: bytes) -> None:
    for cut in range(4, len(whole)):
        found, _, problems = read(whole[:cut])
        assert SMALL.startswith(found)
        assert [(p.kind, p.loses_payload) for p in problems] == [("decompression_failed", True)], cut


def test_fail_what_came_before_a_cut_is_kept() -> None:
    data = RANDOM.randbytes(1 << 20)
    for whole in (gzip.compress(data, 1), zstd(data)):
        found, _, problems = read(whole[: len(whole) // 2])
        assert len(found) > 300_000
        assert data.startswith(found)
        assert [p.kind for p in problems] == ["decompression_failed"]


@pytest.mark.parametrize("whole", [gzip.compress(DATA), zstd(DATA)], ids=["gzip", "zstd"])
def test_fail_bytes_behind_the_last_member_are_a_problem(whole: bytes) -> None:
    found, _, problems = read(whole + b"something else")
    assert found == DATA
    assert [p.kind for p in problems] == ["decompression_failed"]


def test_fail_a_damaged_middle_keeps_the_beginning() -> None:
    data = RANDOM.randbytes(1 << 20)
    whole = bytearray(gzip.compress(data, 1))
    whole[len(whole) // 2 : len(whole) // 2 + 40] = b"\xff" * 40
    found, _, problems = read(bytes(whole))
    assert data[:1000] == found[:1000]
    assert [p.kind for p in problems] == ["decompression_failed"]


def test_fail_a_zstd_frame_that_asks_for_too_much_memory() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, compression_level=1)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(bytes(1000)) + compressor.flush()
    assert [p.kind for p in read(data)[2]] == ["decompression_failed"]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_fail_a_bomb_is_cut(compress: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BOMB_LEN", 1 << 16)
    monkeypatch.setattr(stream, "BOMB_RATIO", 100)
    found, _, problems = read(compress(bytes(40 << 20)))
    assert len(found) < 40 << 20
    assert [(p.kind, p.loses_payload) for p in problems] == [("decompression_bomb", True)]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_inconclusive_a_high_ratio_of_a_small_file_is_no_bomb(compress: Callable[[bytes], bytes]) -> None:
    assert read(compress(bytes(8 << 20))) == (bytes(8 << 20), read(compress(b""))[1], ())


@pytest.mark.parametrize("size", [0, 1, 100_000, 40_000_000])
def test_pass_the_digest_is_of_the_raw_bytes(size: int) -> None:
    data = RANDOM.randbytes(min(size, 1 << 16)) * (size // (1 << 16) + 1)
    raw = RawStream(io.BytesIO(data[:size]), 0, ProblemTally())
    piece = bytearray(1_000_003)
    while raw.readinto(piece):
        assert raw.done_len
    assert raw.sha256() == raw.sha256() == hashlib.sha256(data[:size]).hexdigest()
    assert raw.done_len == size


def test_fail_a_failing_disk_is_a_problem_and_what_was_read_counts() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(7 if size else 0)

    problems = ProblemTally()
    raw = RawStream(Failing(b"some bytes"), 0, problems)
    piece = bytearray(100)
    assert (raw.readinto(piece), raw.readinto(piece), raw.readinto(piece)) == (7, 0, 0)
    assert raw.sha256() == hashlib.sha256(b"some by").hexdigest()
    (problem,) = problems.rows()
    assert (problem.kind, problem.offset, problem.loses_payload) == ("truncated_file", 7, True)


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.binary(max_size=50), min_size=1, max_size=4),
    step=st.integers(1, 30),
    checksum=st.booleans(),
)
def test_the_walk_knows_frame_ends(parts: list[bytes], step: int, checksum: bool) -> None:  # noqa: FBT001
    data = b"".join(zstd(part, checksum=checksum) + SKIPPABLE for part in parts)
    walk = FrameWalk()
    for at in range(0, len(data), step):
        walk.feed(data[at : at + step])
    assert walk.whole
    cut = FrameWalk()
    cut.feed(data[:-1])
    assert not cut.whole


@settings(max_examples=100, deadline=None)
@given(
    magic=st.sampled_from([stream.GZIP_MAGIC, stream.ZSTD_MAGIC, SKIPPABLE[:4]]), tail=st.binary(max_size=200)
)
def test_any_bytes_behind_a_magic_give_bytes_or_a_problem(magic: bytes, tail: bytes) -> None:
    found, _, problems = read(magic + tail)
    assert found or problems or magic == SKIPPABLE[:4]
