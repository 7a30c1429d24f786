"""pcap: every magic, both byte orders, cut at every byte, damaged places, and the block boundary."""

import io
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import pcap, window
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally

SECOND = 1_700_000_000


@dataclass(frozen=True)
class Seen:
    """What was read of a file, with the frames copied out."""

    frames: tuple[bytes, ...]
    time_ns: tuple[int, ...]
    wire_len: tuple[int, ...]
    number: tuple[int, ...]
    link_types: tuple[int, ...]
    truncated: int
    problems: tuple[Problem, ...]

    def kinds(self) -> set[str]:
        """Gives the kinds of the problems."""
        return {problem.kind for problem in self.problems}


def header(
    magic: int = pcap.MICRO,
    order: str = "<",
    version: tuple[int, int] = (2, 4),
    snap_len: int = 65535,
    last: int = 1,
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap_len, last)


def record(
    data: bytes, second: int = SECOND, ticks: int = 5, original: int | None = None, order: str = "<"
) -> bytes:
    wire_len = len(data) if original is None else original
    return struct.pack(order + "4I", second, ticks, len(data), wire_len) + data


def read(data: bytes, index: int = 0) -> Seen:
    problems = ProblemTally()
    frames: list[bytes] = []
    columns: dict[str, list[int]] = {"time_ns": [], "wire_len": [], "number": []}
    link_types: tuple[int, ...] = ()
    truncated = 0
    for counted in pcap.read(io.BufferedReader(io.BytesIO(data)), index, problems):
        link_types, truncated = counted.link_types, truncated + counted.truncated
        batch = counted.batch
        if batch is None:
            continue
        rows = len(batch.number)
        assert {len(getattr(batch, name)) for name in ("time_ns", "interface", "link_type", "frame_at")} == {
            rows
        }
        assert batch.input == index
        assert len(batch.buffer) >= int((batch.frame_at + batch.captured_len).max()) + 256
        for at, size in zip(batch.frame_at.tolist(), batch.captured_len.tolist(), strict=True):
            frames.append(batch.buffer[at : at + size].tobytes())
        for name, values in columns.items():
            values.extend(getattr(batch, name).tolist())
    return Seen(
        tuple(frames),
        tuple(columns["time_ns"]),
        tuple(columns["wire_len"]),
        tuple(columns["number"]),
        link_types,
        truncated,
        problems.rows(),
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "tick_ns"), [(pcap.MICRO, 1000), (pcap.NANO, 1)])
def test_pass_every_magic_in_both_byte_orders(magic: int, tick_ns: int, order: str) -> None:
    data = header(magic, order) + record(b"one", order=order) + record(b"three", ticks=7, order=order)
    seen = read(data)
    assert seen.frames == (b"one", b"three")
    assert seen.time_ns == (SECOND * 10**9 + 5 * tick_ns, SECOND * 10**9 + 7 * tick_ns)
    assert seen.number == (1, 2)
    assert seen.problems == ()


@pytest.mark.parametrize("order", ["<", ">"])
def test_pass_the_modified_form_has_longer_record_headers(order: str) -> None:
    extra = struct.pack(order + "IHBB", 2, 0x0800, 0, 0)  # interface index, protocol, packet type, padding
    one = struct.pack(order + "4I", SECOND, 5, 3, 3) + extra + b"one"
    seen = read(header(pcap.MODIFIED, order) + one + one)
    assert seen.frames == (b"one", b"one")
    assert seen.problems == ()


def test_pass_bytes_from_a_file_on_disk() -> None:
    data = bytes.fromhex(
        "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"  # magic, 2.4, zone, accuracy, snap, Ethernet
        "00f15365 40420f00 04000000 3c000000 ffffffff"  # 1700000000 s + 1000000 us, 4 of 60 bytes
    )
    seen = read(data)
    assert seen.frames == (b"\xff" * 4,)
    assert seen.wire_len == (60,)
    assert seen.truncated == 1
    assert seen.time_ns == (1_700_000_001 * 10**9,)
    assert seen.kinds() == {"bad_timestamp"}


def test_pass_numbers_carry_the_input() -> None:
    assert read(header() + record(b"x") * 2, index=3).number == (packet_id(3, 1), packet_id(3, 2))


def test_pass_the_fcs_is_taken_off_the_captured_bytes_but_not_off_the_wire_length() -> None:
    last = 1 | 0x0400_0000 | 2 << 28  # Ethernet, FCS length given, two 16-bit words
    seen = read(header(last=last) + record(b"datadataFCS!") + record(b"data", original=12))
    assert seen.frames == (b"datadata", b"data")
    assert seen.wire_len == (12, 12)
    assert seen.truncated == 1


def test_pass_the_link_type_is_the_low_half_of_the_last_word() -> None:
    seen = read(header(last=0x0003_0071) + record(b"x"))
    assert seen.link_types == (113,)
    assert seen.kinds() == {"bad_header"}


def test_pass_a_file_without_packets_names_its_link_type() -> None:
    seen = read(header(last=101))
    assert (seen.frames, seen.link_types, seen.problems) == ((), (101,), ())


def test_pass_lengths_change_places_before_version_2_3() -> None:
    swapped = struct.pack("<4I", SECOND, 0, 60, 3) + b"abc"
    seen = read(header(version=(2, 2)) + swapped * 2)
    assert seen.frames == (b"abc", b"abc")
    assert seen.wire_len == (60, 60)


def test_fail_an_unknown_version_is_reported_and_tried() -> None:
    seen = read(header(version=(7, 1)) + record(b"abc"))
    assert seen.frames == (b"abc",)
    assert [(p.kind, p.loses_payload) for p in seen.problems] == [("unsupported_version", True)]


def test_fail_a_cut_file_header_is_a_problem() -> None:
    seen = read(header()[:23])
    assert [(p.kind, p.loses_payload) for p in seen.problems] == [("truncated_file", True)]


@pytest.mark.parametrize("magic", [pcap.MICRO, pcap.MODIFIED])
def test_fail_cut_at_every_byte_keeps_every_whole_packet(magic: int) -> None:
    extra = bytes(8) if magic == pcap.MODIFIED else b""
    records = [
        struct.pack("<4I", SECOND, k, len(data), len(data)) + extra + data
        for k, data in enumerate([b"first", b"", b"third frame"])
    ]
    whole = header(magic) + b"".join(records)
    ends = [24 + sum(map(len, records[: k + 1])) for k in range(3)]
    for cut in range(24, len(whole) + 1):
        seen = read(whole[:cut])
        assert len(seen.frames) == sum(end <= cut for end in ends)
        assert seen.kinds() == (set() if cut in (24, *ends) else {"truncated_file"})


def test_fail_a_cut_names_the_packet_and_the_offset() -> None:
    seen = read(header() + record(b"whole") + record(b"cut off")[:-1])
    (problem,) = seen.problems
    assert (problem.packet, problem.offset, problem.loses_payload) == (2, 24 + 21, True)


def test_fail_lengths_that_contradict_each_other_are_reported_not_rejected() -> None:
    data = header(snap_len=4) + record(b"longer than said", original=3)
    seen = read(data)
    assert seen.frames == (b"longer than said",)
    assert seen.wire_len == (3,)
    details = {p.detail for p in seen.problems if p.kind == "malformed_packet"}
    assert len(details) == 2
    assert not any(p.loses_payload for p in seen.problems)


def test_fail_an_impossible_original_length_is_cut_as_in_tshark() -> None:
    seen = read(header() + record(b"data", original=0xF000_0000))
    assert seen.wire_len == (0x7FFF_FFFF,)
    assert [(p.kind, p.detail) for p in seen.problems] == [
        ("malformed_packet", "original length of 2 GiB or more")
    ]


def test_fail_time_that_goes_back_or_jumps_is_counted() -> None:
    seconds = [SECOND, SECOND + 2, SECOND + 1, SECOND + 90_000, SECOND]
    seen = read(header() + b"".join(record(b"x", second=s) for s in seconds))
    found = {(p.kind, p.detail): (p.count, p.packet) for p in seen.problems}
    assert found == {
        ("time_disorder", ""): (2, 3),
        ("clock_jump", "backwards by more than a second"): (1, 5),
        ("clock_jump", "forwards by more than an hour"): (1, 4),
    }
    assert not any(p.loses_payload for p in seen.problems)


def test_inconclusive_a_step_back_of_a_millisecond_is_disorder_but_no_jump() -> None:
    seen = read(header() + record(b"x", ticks=5000) + record(b"x", ticks=4000))
    assert [p.kind for p in seen.problems] == ["time_disorder"]


def test_fail_reading_goes_on_behind_a_damaged_place() -> None:
    junk = b"\xff" * 50
    data = header() + record(b"a" * 60) * 2 + junk + record(b"b" * 70) * 4
    seen = read(data)
    assert seen.frames == (b"a" * 60,) * 2 + (b"b" * 70,) * 4
    found = {p.kind: p for p in seen.problems}
    assert set(found) == {"bad_record", "resynchronised"}
    assert found["bad_record"].offset == 24 + 2 * 76
    assert found["resynchronised"].detail == "50 bytes were not read"
    assert all(p.loses_payload for p in seen.problems)


def test_fail_the_last_record_alone_is_found_behind_a_damaged_place() -> None:
    seen = read(header() + record(b"a" * 60) + b"\xff" * 20 + record(b"b" * 70))
    assert seen.frames == (b"a" * 60, b"b" * 70)


def test_fail_reading_stops_where_nothing_sound_follows() -> None:
    seen = read(header() + record(b"a" * 60) + b"\xff" * 500)
    assert seen.frames == (b"a" * 60,)
    assert seen.kinds() == {"bad_record"}


def test_inconclusive_two_records_before_more_junk_are_not_believed() -> None:
    seen = read(header() + record(b"a" * 60) + b"\xff" * 20 + record(b"b" * 70) * 2 + b"\xff" * 40)
    assert seen.frames == (b"a" * 60,)


def test_fail_a_frame_above_the_recorders_bound_is_a_bad_record() -> None:
    largest = record(bytes(262_144))
    assert len(read(header() + largest).frames) == 1
    assert read(header() + record(bytes(262_145))).kinds() == {"bad_record"}


def test_fail_a_record_above_the_window_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "WINDOW_MAX", 4096)
    monkeypatch.setattr(pcap, "WINDOW_MAX", 4096)
    monkeypatch.setattr(window, "FIRST_LEN", 1024)
    monkeypatch.setattr(window, "BLOCK_LEN", 1024)
    seen = read(header() + record(b"before") + record(bytes(9000)) + record(b"behind"))
    assert seen.frames == (b"before", b"behind")
    assert seen.number == (1, 3)
    assert [(p.kind, p.packet, p.loses_payload) for p in seen.problems] == [("oversized_record", 2, True)]


@pytest.mark.parametrize("block_len", [64, 100, 257, 1000])
def test_pass_records_across_block_boundaries_are_whole(
    block_len: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "FIRST_LEN", 40)
    monkeypatch.setattr(window, "BLOCK_LEN", block_len)
    frames = tuple(bytes([k % 251]) * (k * 37 % 300) for k in range(200))
    seen = read(header() + b"".join(record(frame) for frame in frames))
    assert seen.frames == frames
    assert seen.number == tuple(range(1, 201))
    assert seen.problems == ()


def test_pass_offsets_stop_at_the_first_record_that_is_not_whole() -> None:
    layout = pcap.read_header(header(), 0, ProblemTally()).layout
    data = np.frombuffer(record(b"abcd") * 2 + record(b"abcd")[:-1] + bytes(256), np.uint8)
    scan = pcap.offsets(data, 0, 59, layout)
    assert scan.at.tolist() == [0, 20]
    assert (scan.next_at, scan.stop, scan.need_len) == (40, window.Stop.NEED_MORE, 20)


FRAMES = st.lists(st.binary(max_size=80), max_size=12)


@settings(max_examples=60, deadline=None)
@given(frames=FRAMES, order=st.sampled_from("<>"), block_len=st.integers(64, 400))
def test_what_is_written_is_read_back(frames: list[bytes], order: str, block_len: int) -> None:
    data = header(order=order) + b"".join(record(f, order=order) for f in frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "FIRST_LEN", 48)
        patch.setattr(window, "BLOCK_LEN", block_len)
        seen = read(data)
    assert seen.frames == tuple(frames)
    assert seen.problems == ()


@settings(max_examples=100, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=400),
        st.tuples(FRAMES, st.integers(0, 400), st.binary(max_size=30)).map(
            lambda parts: _overwrite(b"".join(map(record, parts[0])), parts[1], parts[2])
        ),
    ),
    magic=st.sampled_from([pcap.MICRO, pcap.NANO, pcap.MODIFIED]),
    minor=st.integers(0, 9),
)
def test_any_bytes_give_frames_or_a_problem(body: bytes, magic: int, minor: int) -> None:
    seen = read(header(magic, version=(2, minor)) + body)
    assert sum(map(len, seen.frames)) <= len(body)
    assert all(p.offset is None or 0 <= p.offset <= 24 + len(body) for p in seen.problems)


def _overwrite(data: bytes, at: int, piece: bytes) -> bytes:
    at = min(at, len(data))
    return data[:at] + piece + data[at + len(piece) :]
