"""pcapng: every block type, both byte orders, sections, options, cut at every byte, lengths that lie."""

import io
import struct
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import pcapng, window
from iotaudit.capture.pcapng_interfaces import Interfaces, times
from iotaudit.model.inputs import Mark
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Secret

TICKS = 1_700_000_000_123_456  # microseconds


def pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    size = len(pad(body)) + 12
    return struct.pack(order + "II", kind, size) + pad(body) + struct.pack(order + "I", size)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + pad(value)


def section(order: str = "<", version: tuple[int, int] = (1, 0), length: int = -1) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length), order)


def interface(options: bytes = b"", link_type: int = 1, snap_len: int = 0, order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_len) + options, order)


def packet(
    data: bytes,
    options: bytes = b"",
    ticks: int = TICKS,
    number: int = 0,
    original: int | None = None,
    order: str = "<",
) -> bytes:
    wire_len = len(data) if original is None else original
    head = struct.pack(order + "5I", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire_len)
    return block(6, head + pad(data) + options, order)


START = section() + interface()


@dataclass
class Seen:
    """What was read of a file, with the frames copied out."""

    frames: list[bytes] = field(default_factory=list)
    time_ns: list[int] = field(default_factory=list)
    wire_len: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    link_type: list[int] = field(default_factory=list)
    interface: list[int] = field(default_factory=list)
    link_types: tuple[int, ...] = ()
    truncated: int = 0
    others: int = 0
    others_len: int = 0
    dropped: int | None = None
    marks: list[Mark] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()

    def kinds(self) -> set[str]:
        """Gives the kinds of the problems."""
        return {problem.kind for problem in self.problems}


def read(data: bytes, index: int = 0) -> Seen:
    problems = ProblemTally()
    seen = Seen()
    for item in pcapng.read(io.BufferedReader(io.BytesIO(data)), index, problems):
        if isinstance(item, Mark):
            seen.marks.append(item)
            continue
        if isinstance(item, Secret):
            seen.secrets.append(item)
            continue
        seen.link_types, seen.dropped = item.link_types, item.dropped
        seen.truncated += item.truncated
        seen.others += item.others
        seen.others_len += item.others_len
        batch = item.batch
        if batch is None:
            continue
        for at, size in zip(batch.frame_at.tolist(), batch.captured_len.tolist(), strict=True):
            seen.frames.append(batch.buffer[at : at + size].tobytes())
        if len(batch.number):
            assert len(batch.buffer) >= int((batch.frame_at + batch.captured_len).max()) + 256
        for name in ("time_ns", "wire_len", "number", "link_type", "interface"):
            getattr(seen, name).extend(getattr(batch, name).tolist())
    seen.problems = problems.rows()
    return seen


@pytest.mark.parametrize("order", ["<", ">"])
def test_pass_packets_in_both_byte_orders(order: str) -> None:
    data = (
        section(order) + interface(order=order) + packet(b"one", order=order) + packet(b"three", order=order)
    )
    seen = read(data)
    assert seen.frames == [b"one", b"three"]
    assert seen.time_ns == [TICKS * 1000] * 2
    assert seen.number == [1, 2]
    assert seen.link_types == (1,)
    assert seen.dropped is None
    assert seen.problems == ()


def test_pass_bytes_of_a_file_field_by_field() -> None:
    data = bytes.fromhex(
        "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"  # section, 1.0, of unknown length
        "01000000 18000000 7100 0000 00000400 00000000 18000000"  # interface: Linux cooked, end of options
        "06000000 24000000 00000000 00000000 40420f00 03000000 09000000 61626300 24000000"  # 1 s, 3 of 9
    )
    seen = read(data)
    assert seen.frames == [b"abc"]
    assert seen.time_ns == [1_000_000_000]
    assert seen.wire_len == [9]
    assert seen.truncated == 1
    assert seen.link_types == (113,)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pass_simple_packets_have_no_time_and_the_first_interface(order: str) -> None:
    body = struct.pack(order + "I", 10) + b"abcd"  # 10 bytes on the wire, cut to the snap length of 4
    seen = read(section(order) + interface(snap_len=4, link_type=113, order=order) + block(3, body, order))
    assert seen.frames == [b"abcd"]
    assert (seen.time_ns, seen.wire_len, seen.link_type, seen.interface) == ([-1], [10], [113], [0])
    assert seen.truncated == 1
    assert seen.problems == ()


@pytest.mark.parametrize("order", ["<", ">"])
def test_pass_old_packets_have_a_short_interface_id_and_a_drop_count(order: str) -> None:
    head = struct.pack(order + "HHIIII", 1, 7, TICKS >> 32, TICKS & 0xFFFFFFFF, 5, 5)
    unknown = struct.pack(order + "HHIIII", 1, 0xFFFF, TICKS >> 32, TICKS & 0xFFFFFFFF, 5, 5)
    two = interface(order=order) + interface(link_type=101, order=order)
    seen = read(
        section(order)
        + two
        + block(2, head + pad(b"hello"), order)
        + block(2, unknown + pad(b"again"), order)
    )
    assert seen.frames == [b"hello", b"again"]
    assert seen.link_type == [101, 101]
    assert seen.time_ns == [TICKS * 1000] * 2
    assert seen.dropped == 7


def test_pass_sections_reset_the_byte_order_and_the_interfaces() -> None:
    first = section("<", length=32) + interface(link_type=1) + packet(b"little")
    second = section(">") + interface(link_type=101, order=">") + packet(b"big", order=">")
    third = section(">") + interface(link_type=113, order=">") + packet(b"big again", order=">")
    seen = read(first + second + third + first)
    assert seen.frames == [b"little", b"big", b"big again", b"little"]
    assert seen.link_type == [1, 101, 113, 1]
    assert seen.number == [1, 2, 3, 4]
    assert seen.link_types == (1, 101, 113)
    assert seen.problems == ()


@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        (None, 1_500_000, 1_500_000_000),
        (0, 3, 3_000_000_000),
        (3, 1_500, 1_500_000_000),
        (6, 1_500_001, 1_500_001_000),
        (9, 1_500_000_001, 1_500_000_001),
        (12, 1_500_000_001_999, 1_500_000_001),
        (19, 10**19, 1_000_000_000),
        (0x80, 3, 3_000_000_000),
        (0x80 | 10, 1536, 1_500_000_000),
        (0x80 | 20, (1 << 20) + 1, 1_000_000_953),
        (0x80 | 32, 3 << 31, 1_500_000_000),
        (0x80 | 40, 3 << 39, 1_500_000_000),
        (0x80 | 63, 1 << 63, 1_000_000_000),
    ],
)
def test_pass_resolutions_of_ten_and_of_two(resolution: int | None, ticks: int, time_ns: int) -> None:
    options = b"" if resolution is None else option(9, bytes([resolution]))
    seen = read(section() + interface(options) + packet(b"x", ticks=ticks))
    assert seen.time_ns == [time_ns]
    assert seen.problems == ()


def test_pass_a_time_offset_is_added() -> None:
    options = option(14, struct.pack("<q", 1_000_000_000)) + option(9, b"\x00")
    assert read(section() + interface(options) + packet(b"x", ticks=5)).time_ns == [1_000_000_005 * 10**9]


@settings(max_examples=200, deadline=None)
@given(
    ticks=st.integers(0, 2**64 - 2),
    resolution=st.integers(0, 255),
    offset_s=st.one_of(st.just(0), st.integers(-(2**63), 2**63 - 1)),
)
def test_times_are_exact_or_out_of_range(ticks: int, resolution: int, offset_s: int) -> None:
    interfaces = Interfaces()
    options = option(9, bytes([resolution])) + option(14, struct.pack("<q", offset_s))
    good = interfaces.add(struct.pack("<HHI", 1, 0, 0) + options, 0, big_endian=False)
    got = times(np.array([ticks], np.uint64), np.array([0]), interfaces).tolist()
    power = resolution & 0x7F
    unit = 2**power if resolution & 0x80 else 10**power
    assert good is (abs(offset_s) <= 9_000_000_000)
    bare = ticks * 10**9 // unit
    exact = bare + (offset_s if good else 0) * 10**9
    in_range = bare < 2**63 - 2 * 10**9 and 0 <= exact < 2**63
    if resolution & 0x80 and power > 63:
        in_range = False
    assert got == [exact] if in_range else got in ([exact], [-1])


def test_fail_a_time_stamp_out_of_range_is_no_time() -> None:
    seen = read(section() + interface(option(9, b"\x00")) + packet(b"x", ticks=2**64 - 1))
    assert seen.time_ns == [-1]
    assert seen.kinds() == {"bad_timestamp"}


def test_pass_the_fcs_of_the_interface_and_of_the_packet_are_taken_off() -> None:
    flags = option(2, struct.pack("<I", 2 << 5))  # an FCS of two bytes
    data = section() + interface(option(13, b"\x04")) + packet(b"dataFCS!") + packet(b"dataFC", flags)
    seen = read(data + packet(b"data", original=8))
    assert seen.frames == [b"data", b"data", b"data"]
    assert seen.wire_len == [8, 6, 8]
    assert seen.truncated == 1


def test_pass_drop_counts_of_packets_are_summed() -> None:
    drops = option(1, b"some comment") + option(4, struct.pack("<Q", 5)) + option(0, b"")
    assert read(START + packet(b"x", drops) + packet(b"y", drops)).dropped == 10


@pytest.mark.parametrize("order", ["<", ">"])
def test_pass_statistics_of_the_latest_block_count(order: str) -> None:
    def statistics(number: int, by_interface: int, by_system: int) -> bytes:
        counts = option(5, struct.pack(order + "Q", by_interface), order)
        counts += option(7, struct.pack(order + "Q", by_system), order)
        return block(5, struct.pack(order + "III", number, 0, 0) + counts, order)

    start = section(order) + interface(order=order) + interface(order=order)
    seen = read(
        start
        + statistics(0, 1, 1)
        + statistics(0, 2, 3)
        + statistics(1, 0, 10)
        + start
        + statistics(0, 100, 0)
    )
    assert seen.dropped == 5 + 10 + 100


def test_pass_no_drop_count_is_not_zero_drops() -> None:
    assert read(START + packet(b"x")).dropped is None
    assert read(START + block(5, bytes(12) + option(5, bytes(8)))).dropped == 0


def test_pass_a_comment_of_the_right_form_is_a_mark() -> None:
    noted = packet(b"x", option(1, b"iotaudit:step=first_boot power on") + option(0, b""))
    other = packet(b"x", option(1, b"just a note") + option(1, b"iotaudit:step=idle"))
    seen = read(START + packet(b"x") + noted + other, index=2)
    assert seen.marks == [
        Mark(TICKS * 1000, "first_boot", "power on", packet_id(2, 2)),
        Mark(TICKS * 1000, "idle", "", packet_id(2, 3)),
    ]


def test_fail_more_marks_than_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "MARKS", 2)
    seen = read(START + packet(b"x", option(1, b"iotaudit:step=idle")) * 5)
    assert (len(seen.marks), len(seen.frames)) == (2, 5)
    assert [(p.kind, p.count, p.packet) for p in seen.problems] == [("event_limit", 3, 3)]


def test_pass_secrets_are_handed_on_and_not_shown() -> None:
    lines = b"CLIENT_RANDOM 00 11\n"
    body = struct.pack("<II", 0x544C534B, len(lines)) + lines
    seen = read(START + block(10, body) + packet(b"x"))
    assert seen.secrets == [Secret("tls", lines)]
    assert seen.problems == ()


def test_fail_a_secret_longer_than_its_block_is_a_problem() -> None:
    seen = read(START + block(10, struct.pack("<II", 0x544C534B, 100) + bytes(8)))
    assert (seen.secrets, seen.kinds()) == ([], {"bad_record"})


def test_pass_blocks_that_are_no_packets_are_skipped() -> None:
    names = block(4, struct.pack("<HH", 1, 10) + b"\x7f\x00\x00\x01local\0" + bytes(2) + bytes(4))
    local = block(0x80000001, b"private")
    seen = read(START + names + block(0x777, b"unknown") + local + packet(b"x"))
    assert seen.frames == [b"x"]
    assert seen.number == [1]
    assert seen.problems == ()


def test_pass_custom_and_journal_blocks_take_a_number_as_in_tshark() -> None:
    custom = block(0xBAD, struct.pack("<I", 32473) + b"hello")
    kept = block(0x40000BAD, struct.pack("<I", 32473))
    unnumbered = block(0xBAD, struct.pack("<I", 10949) + bytes(8))
    journal = block(9, b"__CURSOR=a\n")
    event = block(0x204, bytes(18) + struct.pack("<I", 40) + bytes(10))
    seen = read(
        START + packet(b"x") + custom + kept + unnumbered + packet(b"y") + journal + event + packet(b"z")
    )
    assert seen.frames == [b"x", b"y", b"z"]
    assert seen.number == [1, 4, 7]
    assert (seen.others, seen.others_len) == (4, 8 + 0 + 11 + 40)


def test_fail_a_packet_of_an_interface_that_was_not_described() -> None:
    seen = read(section() + packet(b"early") + interface() + packet(b"good") + packet(b"other", number=1))
    assert seen.frames == [b"early", b"good", b"other"]
    assert seen.link_type == [-1, 1, -1]
    assert seen.time_ns == [-1, TICKS * 1000, -1]
    assert [(p.kind, p.count, p.packet, p.loses_payload) for p in seen.problems] == [
        ("unknown_interface", 2, 1, True)
    ]


@pytest.mark.parametrize(
    "options",
    [
        option(1, b"abc")[:4],  # a comment longer than what is left of the block
        struct.pack("<HH", 2, 400),  # flags of 400 bytes
    ],
)
def test_fail_an_option_that_overruns_is_a_problem_and_the_packet_is_kept(options: bytes) -> None:
    seen = read(START + packet(b"abcd", options))
    assert seen.frames == [b"abcd"]
    assert seen.kinds() == {"bad_option"}


def test_fail_an_impossible_original_length_is_cut_as_in_tshark() -> None:
    seen = read(START + packet(b"data", original=0xF000_0000))
    assert seen.wire_len == [0x7FFF_FFFF]
    assert seen.kinds() == {"malformed_packet"}


def test_fail_a_captured_length_beyond_the_block_is_a_bad_record() -> None:
    lying = block(6, struct.pack("<5I", 0, 0, 0, 5000, 5000) + bytes(8))
    seen = read(START + packet(b"x") + lying + packet(b"y"))
    assert seen.frames == [b"x", b"y"]
    assert seen.number == [1, 3]
    assert [(p.kind, p.packet, p.loses_payload) for p in seen.problems] == [("bad_record", 2, True)]


def test_pass_a_length_that_is_no_multiple_of_four_is_rounded_up() -> None:
    body = struct.pack("<5I", 0, TICKS >> 32, TICKS & 0xFFFFFFFF, 3, 3) + b"abc\0"
    unaligned = struct.pack("<II", 6, 35) + body + struct.pack("<I", 35)
    seen = read(START + unaligned + packet(b"next"))
    assert seen.frames[-1] == b"next"
    assert "truncated_file" not in seen.kinds()


@pytest.mark.parametrize("order", ["<", ">"])
def test_fail_reading_goes_on_behind_a_block_whose_lengths_disagree(order: str) -> None:
    good = packet(b"a" * 40, order=order)
    damaged = good[:-4] + b"\x01\x02\x03\x04"
    seen = read(section(order) + interface(order=order) + good + damaged + good * 3)
    assert seen.frames == [b"a" * 40] * 4
    found = {p.kind: p for p in seen.problems}
    assert set(found) == {"bad_record", "resynchronised"}
    assert found["resynchronised"].detail == f"{len(good)} bytes were not read"
    assert found["bad_record"].offset == len(START) + len(good)


def test_fail_reading_goes_on_in_a_section_of_the_other_byte_order() -> None:
    second = section(">") + interface(order=">") + packet(b"big", order=">")
    seen = read(START + packet(b"little") + b"\xff" * 30 + second)
    assert seen.frames == [b"little", b"big"]
    assert seen.link_type == [1, 1]


def test_fail_a_block_that_claims_megabytes_does_not_hide_the_rest() -> None:
    liar = struct.pack("<II", 6, 9 << 20) + bytes(24)
    seen = read(START + packet(b"x") + liar + packet(b"y" * 20) * 5)
    assert seen.frames == [b"x"] + [b"y" * 20] * 5
    assert seen.kinds() == {"bad_record", "resynchronised"}


@pytest.mark.parametrize("length", [0, 4, 8, 11, 0xFFFFFFFF, 1 << 25])
def test_fail_impossible_block_lengths_end_the_reading(length: int) -> None:
    seen = read(START + packet(b"x") + struct.pack("<II", 6, length) + bytes(40))
    assert seen.frames == [b"x"]
    assert seen.kinds() == {"bad_record"}
    assert seen.problems[0].loses_payload


def test_fail_an_unknown_version_is_reported_and_tried() -> None:
    seen = read(section(version=(2, 0)) + interface() + packet(b"x"))
    assert seen.frames == [b"x"]
    assert [(p.kind, p.loses_payload) for p in seen.problems] == [("unsupported_version", True)]
    assert read(section(version=(1, 2))).problems == ()


def test_fail_a_wrong_byte_order_mark_is_a_bad_header() -> None:
    broken = section().replace(b"\x4d\x3c\x2b\x1a", b"\x00\x01\x02\x03")
    assert "bad_header" in read(broken + interface() + packet(b"x")).kinds()


def test_fail_more_interfaces_and_sections_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "INTERFACES", 2)
    seen = read(section() + interface() * 3 + packet(b"x", number=2))
    assert seen.kinds() == {"unknown_interface"}
    monkeypatch.setattr(pcapng, "SECTIONS", 2)
    seen = read((START + packet(b"x")) * 5)
    assert len(seen.frames) == 2
    assert [(p.kind, p.loses_payload) for p in seen.problems] == [("bad_record", True)]


BLOCKS = [
    packet(b"first"),
    block(5, bytes(12)),
    packet(b"", option(1, b"iotaudit:step=idle x") + option(0, b"")),
    block(3, struct.pack("<I", 6) + pad(b"simple")),
    packet(b"last"),
]


def test_fail_cut_at_every_byte_keeps_every_whole_packet() -> None:
    whole = START + b"".join(BLOCKS)
    ends = [len(START) + sum(map(len, BLOCKS[: k + 1])) for k in range(len(BLOCKS))]
    packets = [ends[k] for k in (0, 2, 3, 4)]
    clean = {0, len(section()), len(START), *ends}
    for cut in range(len(whole) + 1):
        seen = read(whole[:cut])
        assert len(seen.frames) == sum(end <= cut for end in packets)
        assert seen.kinds() == (set() if cut in clean else {"truncated_file"}), cut


@pytest.mark.parametrize("block_len", [64, 100, 257, 1000])
def test_pass_blocks_across_buffer_boundaries_are_whole(
    block_len: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "FIRST_LEN", 40)
    monkeypatch.setattr(window, "BLOCK_LEN", block_len)
    frames = [bytes([k % 251]) * (k * 37 % 300) for k in range(100)]
    little = START + b"".join(packet(frame) for frame in frames)
    big = section(">") + interface(order=">") + b"".join(packet(frame, order=">") for frame in frames)
    seen = read(little + big + little)
    assert seen.frames == frames * 3
    assert seen.number == list(range(1, 301))
    assert seen.problems == ()


def test_pass_offsets_stop_at_the_first_block_that_is_not_whole() -> None:
    one = packet(b"abcd")
    data = np.frombuffer(one * 2 + one[:-1] + bytes(256), np.uint8)
    scan = pcapng.offsets(data, 0, 3 * len(one) - 1, big_endian=False)
    assert scan.at.tolist() == [0, len(one)]
    assert (scan.next_at, scan.stop, scan.need_len) == (2 * len(one), window.Stop.NEED_MORE, len(one))


PACKETS = st.lists(
    st.tuples(st.binary(max_size=60), st.sampled_from([b"", option(1, b"note"), option(2, bytes(4))]))
)


@settings(max_examples=60, deadline=None)
@given(packets=PACKETS, order=st.sampled_from("<>"), block_len=st.integers(64, 400))
def test_what_is_written_is_read_back(packets: list[tuple[bytes, bytes]], order: str, block_len: int) -> None:
    body = b"".join(packet(data, options if order == "<" else b"", order=order) for data, options in packets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "FIRST_LEN", 48)
        patch.setattr(window, "BLOCK_LEN", block_len)
        seen = read(section(order) + interface(order=order) + body)
    assert seen.frames == [data for data, _ in packets]
    assert seen.problems == ()


MIXED = START + b"".join(BLOCKS) + section(">") + interface(order=">") + packet(b"big", order=">")


@settings(max_examples=150, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=300).map(lambda tail: MIXED + tail),
        st.tuples(st.integers(0, len(MIXED)), st.binary(max_size=12)).map(
            lambda parts: MIXED[: parts[0]] + parts[1] + MIXED[parts[0] + len(parts[1]) :]
        ),
        st.tuples(st.integers(0, len(MIXED)), st.binary(max_size=5)).map(
            lambda parts: MIXED[: parts[0]] + parts[1] + MIXED[parts[0] :]
        ),
        st.binary(max_size=100).map(lambda tail: section()[:8] + tail),
    )
)
def test_any_bytes_give_frames_or_a_problem(body: bytes) -> None:
    seen = read(body)
    assert sum(map(len, seen.frames)) <= len(body)
    assert all(p.offset is None or 0 <= p.offset <= len(body) for p in seen.problems)
