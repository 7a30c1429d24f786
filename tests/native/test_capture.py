"""Records and frames: what the engine gives is what the Python code gives, for any bytes."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iotaudit.capture import duplicates, layers, pcap, pcapng, window
from iotaudit.capture.duplicates import DuplicateFrames
from iotaudit.capture.frames import CountedBatch
from iotaudit.capture.window import Scan
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import FrameBatch
from iotaudit.native.library import Engine
from tests.capture.frames import (
    DEVICE,
    SERVER,
    batch_of,
    be,
    ethernet,
    ipv4,
    ipv6,
    tcp,
    udp,
)

Use = Callable[[Engine | None], AbstractContextManager[None]]
LAYOUTS = st.builds(
    pcap.Layout,
    big_endian=st.booleans(),
    record_header_len=st.sampled_from([16, 24]),
    tick_ns=st.just(1000),
    lengths_swapped=st.booleans(),
    limit_len=st.sampled_from([20, 262_144]),
)


def columns(found: Any) -> dict[str, Any]:
    """Gives what two results are compared by: dtypes and values of columns, and everything else."""
    rows = {}
    for name in type(found).__slots__:
        value = getattr(found, name)
        if name != "buffer":
            rows[name] = (str(value.dtype), value.tolist()) if isinstance(value, np.ndarray) else value
    return rows


def both(engine: Engine, use: Use, call: Callable[[], Any]) -> tuple[Any, Any]:
    """Gives the result with the engine and the one without."""
    with use(engine):
        with_engine = call()
    with use(None):
        return with_engine, call()


@st.composite
def chains(draw: st.DrawFn) -> tuple[bytes, pcap.Layout]:
    layout = draw(LAYOUTS)
    order = "big" if layout.big_endian else "little"
    length_at = 12 if layout.lengths_swapped else 8
    data = bytearray()
    for size in draw(
        st.lists(st.one_of(st.integers(0, 24), st.sampled_from([21, 300_000, (1 << 32) - 1])), max_size=8)
    ):
        head = bytearray(layout.record_header_len)
        head[length_at : length_at + 4] = size.to_bytes(4, order)  # type: ignore[arg-type]
        data += head + bytes(min(size, 30))
    return bytes(data)[: draw(st.integers(0, len(data)))], layout


@settings(max_examples=300, deadline=None)
@given(made=chains(), start=st.integers(0, 20), tail=st.sampled_from([0, 1, 256]))
def test_pcap_records_are_found_alike(
    engine: Engine, use: Use, made: tuple[bytes, pcap.Layout], start: int, tail: int
) -> None:
    data, layout = made
    buffer = np.frombuffer(data + b"\x01" * tail, np.uint8)

    def call() -> Scan:
        return pcap.offsets(buffer, start, len(data), layout)

    one, other = both(engine, use, call)
    assert columns(one) == columns(other)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=120), layout=LAYOUTS, big_endian=st.booleans())
def test_garbage_has_the_same_records(
    engine: Engine,
    use: Use,
    data: bytes,
    layout: pcap.Layout,
    big_endian: bool,  # noqa: FBT001
) -> None:
    buffer = np.frombuffer(data + bytes(256), np.uint8)

    def call() -> tuple[Scan, Scan]:
        return (
            pcap.offsets(buffer, 0, len(data), layout),
            pcapng.offsets(buffer, 0, len(data), big_endian=big_endian),
        )

    one, other = both(engine, use, call)
    assert [columns(scan) for scan in one] == [columns(scan) for scan in other]


@st.composite
def block_chains(draw: st.DrawFn) -> tuple[bytes, bool]:
    big_endian = draw(st.booleans())
    order: Any = "big" if big_endian else "little"
    data = b""
    for _ in range(draw(st.integers(0, 6))):
        body = draw(st.binary(max_size=20))
        stated = draw(
            st.one_of(
                st.just(12 + len(body)), st.sampled_from([0, 4, 11, 1 << 24, (1 << 24) + 4, (1 << 32) - 1])
            )
        )
        trailing = draw(st.sampled_from([stated, stated, stated, 13]))
        padding = bytes(-len(body) % 4)
        data += be(6, 4) + stated.to_bytes(4, order) + body + padding + trailing.to_bytes(4, order)
    return data[: draw(st.integers(0, len(data)))], big_endian


@settings(max_examples=300, deadline=None)
@given(made=block_chains(), start=st.sampled_from([0, 0, 0, 4]))
def test_pcapng_blocks_are_found_alike(
    engine: Engine, use: Use, made: tuple[bytes, bool], start: int
) -> None:
    data, big_endian = made
    buffer = np.frombuffer(data + bytes(256), np.uint8)
    one, other = both(engine, use, lambda: pcapng.offsets(buffer, start, len(data), big_endian=big_endian))
    assert columns(one) == columns(other)


def test_words_outside_the_buffer_are_an_error(engine: Engine) -> None:
    buffer = np.arange(20, dtype=np.uint8)
    assert engine.words(buffer, np.array([0, 16]), 1, big_endian=True).tolist() == [[0x00010203, 0x10111213]]
    for bad in (-1, 17, 1 << 62, -(1 << 63)):
        with pytest.raises(IndexError):
            engine.words(buffer, np.array([0, bad]), 1, big_endian=True)


def vlan(payload: bytes, ethertype: int = 0x0800, tag: int = 0x8100) -> bytes:
    return ethernet(be(5, 2) + be(ethertype, 2) + payload, tag)


PAYLOADS = st.binary(max_size=12)
TRANSPORTS = st.one_of(
    st.builds(
        lambda data, size, flags: (tcp(data, size=size, flags=flags), 6),
        PAYLOADS,
        st.sampled_from([20, 20, 24, 32, 60, 16]),
        st.integers(0, 255),
    ),
    st.builds(
        lambda data, port, length: (udp(data, target=port, length=length), 17),
        PAYLOADS,
        st.sampled_from([53, 443, 4789, 2152]),
        st.sampled_from([None, None, None, 0, 7, 8, 400]),
    ),
    st.builds(lambda data, protocol: (data, protocol), PAYLOADS, st.integers(0, 255)),
)
PACKETS = st.one_of(
    st.builds(
        lambda made, cut, options, total: (ipv4(*made, cut=cut, options=options, total=total), 0x0800),
        TRANSPORTS,
        st.sampled_from([0, 0, 0, 0x4000, 0x2000, 0x0005, 0x8000]),
        st.sampled_from([b"", b"", bytes(4)]),
        st.sampled_from([None, None, None, 0, 19, 28, 40, 60, 1500]),
    ),
    st.builds(
        lambda made, length: (ipv6(*made, length=length), 0x86DD),
        TRANSPORTS,
        st.sampled_from([None, None, None, 0, 8, 20, 1500]),
    ),
    st.builds(
        lambda data, kind: (data, kind),
        st.binary(max_size=60),
        st.sampled_from([0x0800, 0x86DD, 0x0806, 0x88CC, 40]),
    ),
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    packet, ethertype = draw(PACKETS)
    form = draw(st.sampled_from(["plain", "plain", "plain", "tag", "other tag", "two tags"]))
    match form:
        case "plain":
            frame = ethernet(packet, ethertype)
        case "tag":
            frame = vlan(packet, ethertype)
        case "other tag":
            frame = vlan(packet, ethertype, 0x88A8)
        case _:
            frame = vlan(be(7, 2) + be(ethertype, 2) + packet, 0x8100)
    frame += bytes(draw(st.sampled_from([0, 0, 6])))
    frame = frame[: len(frame) - draw(st.sampled_from([0, 0, 0, 1, 5, 12, 30]))]
    if draw(st.sampled_from([False, False, False, True])) and frame:
        at = draw(st.integers(0, len(frame) - 1))
        frame = frame[:at] + bytes([draw(st.integers(0, 255))]) + frame[at + 1 :]
    return frame


@st.composite
def batches(draw: st.DrawFn) -> FrameBatch:
    made = draw(st.lists(st.one_of(frames(), frames(), frames(), st.binary(max_size=70)), max_size=12))
    extra = draw(st.lists(st.sampled_from([0, 0, 0, 7, 2000, -9]), min_size=len(made), max_size=len(made)))
    return batch_of(
        made,
        link_type=draw(
            st.lists(st.sampled_from([1, 1, 1, 1, 101, 276, 999]), min_size=len(made), max_size=len(made))
        ),
        wire_len=[max(len(frame) + more, 0) for frame, more in zip(made, extra, strict=True)],
        time_ns=np.array(
            draw(st.lists(st.integers(-1, 1 << 62), min_size=len(made), max_size=len(made))), np.int64
        ),
    )


@settings(max_examples=600, deadline=None)
@given(batch=batches())
@example(batch_of([]))
@example(batch_of([ethernet(ipv4(tcp(b"x"), 6))]))
@example(batch_of([ethernet(ipv6(udp(b"x")), 0x86DD), vlan(ipv4(udp(b"x"))), ethernet(b"", 0x0806)]))
def test_frames_are_decoded_alike(engine: Engine, use: Use, batch: FrameBatch) -> None:
    def call() -> tuple[dict[str, Any], Any, dict[str, Any], Any]:
        problems, of_arp = ProblemTally(), ProblemTally()
        table = layers.decode(batch, problems)
        senders = layers.arp_senders(batch, of_arp)
        return columns(table), problems.rows(), columns(senders), of_arp.rows()

    one, other = both(engine, use, call)
    assert one == other


def test_the_engine_reads_the_usual_frames_itself(engine: Engine) -> None:
    batch = batch_of(
        [
            ethernet(ipv4(tcp(b"a"), 6)),
            ethernet(ipv6(udp(b"b")), 0x86DD),
            vlan(ipv4(udp(b"c"))),
            ethernet(ipv4(udp(b"d"), options=bytes(4))),
            ethernet(ipv4(udp(b"e"), cut=0x2000)),
            vlan(ipv4(udp(b"f")), tag=0x88A8),
        ]
    )
    is_tunnel = np.zeros(65536, bool)
    assert engine.frames(batch, is_tunnel).usual.tolist() == [True, True, True, False, False, False]
    is_tunnel = np.arange(65536) == 6000
    assert engine.frames(batch, is_tunnel).usual.tolist() == [True, False, False, False, False, False]
    assert engine.frames(batch, is_tunnel).is_ip.tolist() == [True] * 5 + [False]


def test_offsets_outside_the_buffer_are_never_read(engine: Engine) -> None:
    frame = ethernet(ipv4(tcp(b"a"), 6))
    batch = batch_of([frame] * 6)
    batch.frame_at[:] = [-1, 1 << 62, len(batch.buffer), len(batch.buffer) - 20, -(1 << 63), 0]
    reading = engine.frames(batch, np.zeros(65536, bool))
    assert reading.usual.tolist() == [False] * 5 + [True]
    same = np.zeros(6, np.uint32)
    found = engine.find_copies(
        batch.buffer,
        (same, batch.time_ns, batch.wire_len, batch.captured_len, batch.frame_at),
        np.zeros((0, 96), np.uint8),
        32,
        5,
    )
    assert not found.any()


def test_a_row_outside_the_table_is_an_error(engine: Engine) -> None:
    batch = batch_of([ethernet(ipv4(tcp(b"a"), 6))] * 2)
    reading = engine.frames(batch, np.zeros(65536, bool))
    for bad in ([0, 2], [-1, 0]):
        with pytest.raises(IndexError):
            reading.table(2, np.array(bad))
    with pytest.raises(IndexError):
        reading.table(2, np.array([0]))


def packet(number: int, data: bytes) -> bytes:
    return ethernet(ipv4(udp(data), number=number, src=DEVICE, dst=SERVER))


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(
        st.lists(
            st.tuples(
                st.one_of(
                    st.builds(packet, st.integers(0, 3), st.sampled_from([b"", b"a", b"a" * 60])),
                    st.sampled_from([b"", b"\1", ethernet(ipv6(tcp(b"x"), 6), 0x86DD), packet(1, b"")[:30]]),
                ),
                st.sampled_from([-1, 0, 1, 5_000_000, 5_000_001, 20_000_000]),
                st.sampled_from([0, 0, 5]),
            ),
            max_size=40,
        ),
        max_size=3,
    )
)
def test_copies_are_found_alike(engine: Engine, use: Use, parts: list[list[tuple[bytes, int, int]]]) -> None:
    made = [
        batch_of(
            [frame for frame, _, _ in part],
            wire_len=[len(frame) + more for frame, _, more in part],
            time_ns=np.array([time_ns for _, time_ns, _ in part], np.int64),
            first=1 + 100 * k,
        )
        for k, part in enumerate(parts)
    ]

    def call() -> Any:
        found = DuplicateFrames()
        return [found._copies(batch).tolist() for batch in made]

    one, other = both(engine, use, call)
    assert one == other


def test_as_many_frames_are_remembered_as_are_compared() -> None:
    assert duplicates.WINDOW_FRAMES < 256  # the engine gives the distance as one byte


def read(module: Any, data: bytes) -> tuple[list[Any], Any]:
    problems = ProblemTally()
    seen: list[Any] = []
    for item in module.read(io.BufferedReader(io.BytesIO(data)), 0, problems):
        match item:
            case CountedBatch(batch=FrameBatch() as batch):
                bytes_of = [
                    batch.buffer[at : at + size].tobytes()
                    for at, size in zip(batch.frame_at.tolist(), batch.captured_len.tolist(), strict=True)
                ]
                seen.append((columns(batch), bytes_of))
            case CountedBatch():
                seen.append(columns(item))
            case _:
                seen.append(item)
    return seen, problems.rows()


@settings(max_examples=100, deadline=None)
@given(made=chains(), block_len=st.integers(64, 400), nano=st.booleans())
def test_whole_pcap_files_are_read_alike(
    engine: Engine,
    use: Use,
    made: tuple[bytes, pcap.Layout],
    block_len: int,
    nano: bool,  # noqa: FBT001
) -> None:
    body, layout = made
    order = "big" if layout.big_endian else "little"
    magic = (pcap.NANO if nano else pcap.MICRO).to_bytes(4, order)  # type: ignore[arg-type]
    version = (2).to_bytes(2, order) + (2 if layout.lengths_swapped else 4).to_bytes(2, order)  # type: ignore[arg-type]
    data = magic + version + bytes(8) + (65535).to_bytes(4, order) + (1).to_bytes(4, order) + body  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "FIRST_LEN", 48)
        patch.setattr(window, "BLOCK_LEN", block_len)
        one, other = both(engine, use, lambda: read(pcap, data))
    assert one == other
