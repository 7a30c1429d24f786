"""TFTP: requests, blocks, the data conversation on another port."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector
from iotaudit.dissect import tftp as module
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, play, reading, recognise, server

# opcode 1 (read), file, mode, option "tsize" 0
READ = b"\x00\x01firmware.bin\0octet\0tsize\x000\0"
# opcode 6 (options), "blksize" 1024
OPTIONS = b"\x00\x06blksize\x001024\0"
ROOT = Path(__file__).resolve().parents[2]


def block(number: int, data: bytes) -> bytes:
    return b"\x00\x03" + number.to_bytes(2) + data


def ack(number: int) -> bytes:
    return b"\x00\x04" + number.to_bytes(2)


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_a_file_is_put_together() -> None:
    pieces = (
        device(READ),
        server(block(1, b"a" * 512)),
        device(ack(1)),
        server(block(1, b"a" * 512)),
        server(block(2, b"end")),
    )
    found = play(module, *pieces)
    assert contents(found) == [
        ("tftp.read", "filename", b"firmware.bin"),
        ("tftp.data", "firmware.bin", b"a" * 512 + b"end"),
    ]
    assert [c.truncated for c in found if isinstance(c, Content)] == [False, False]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_an_agreed_block_length_tells_the_last_block() -> None:
    found = play(
        module,
        server(OPTIONS),
        device(ack(0)),
        server(block(1, b"b" * 1024)),
        server(block(2, b"c" * 600)),
    )
    assert contents(found) == [("tftp.data", "", b"b" * 1024 + b"c" * 600)]


def test_pass_an_error_is_text() -> None:
    assert contents(play(module, server(b"\x00\x05\x00\x01no such file\0"))) == [
        ("tftp.error", "error", b"no such file")
    ]


def test_inconclusive_a_file_without_end_or_with_a_hole_is_truncated() -> None:
    for pieces in ((block(1, b"a" * 512),), (block(1, b"a" * 512), block(3, b"end"))):
        (content,) = play(module, *[server(piece) for piece in pieces])
        assert isinstance(content, Content)
        assert content.truncated


def test_fail_a_request_without_mode_is_an_oddity_unless_the_capture_cut_it() -> None:
    (oddity,) = play(module, device(b"\x00\x01firmware.bin"))
    assert isinstance(oddity, Oddity)
    assert play(module, device(b"\x00\x01firmware.bin", truncated_len=8)) == []


def test_data_beyond_the_bound_are_read_over() -> None:
    found = play(module, *[server(block(n, b"x" * 512)) for n in range(1, 4000)])
    assert sum(len(c.data) for c in found if isinstance(c, Content)) == 1 << 20


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (READ, Likeness.CERTAIN),
        (b"\x00\x02a.log\0NETASCII\0", Likeness.CERTAIN),
        (OPTIONS, Likeness.CERTAIN),
        (b"\x00\x01firmware.bin\0", Likeness.NO),
        (b"\x00\x06other\x001\0", Likeness.NO),
        (b"\x00\x05\x00\x01no such file\0", Likeness.WEAK),
        (block(1, b"a" * 512), Likeness.MORE),
        (block(2, b"a" * 512), Likeness.NO),
        (ack(1), Likeness.MORE),
        (b"\x00\x04\x00\x01x", Likeness.NO),
    ],
)
def test_recognition_by_one_packet(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@pytest.mark.parametrize(
    ("datagrams", "likeness"),
    [
        ((block(1, b"a" * 512), block(2, b"b" * 512)), Likeness.LIKELY),
        ((block(1, b"a" * 512), block(2, b"end")), Likeness.LIKELY),
        ((block(1, b"a" * 99), block(2, b"b" * 99)), Likeness.NO),
        ((block(1, b"a" * 512), block(3, b"b" * 512)), Likeness.NO),
        ((ack(1), ack(2)), Likeness.LIKELY),
        ((ack(1), ack(1)), Likeness.NO),
    ],
)
def test_recognition_of_data_by_two_packets_in_order(
    datagrams: tuple[bytes, ...], likeness: Likeness
) -> None:
    assert module.recognise(Head(datagrams[-1], UDP, datagrams)) is likeness


def test_the_data_conversation_is_known_without_the_request() -> None:
    flow = FlowDissector(Context(1, UDP, DEVICE, SERVER), (module,))
    found: list[Event | Content] = []
    talk = (
        (False, block(1, b"a" * 512)),
        (True, ack(1)),
        (False, block(2, b"end")),
        (True, ack(2)),
    )
    for packet, (outbound, data) in enumerate(talk, start=1):
        found += flow.feed(Segment(1, outbound, packet, packet, 0, data))
    assert contents(found) == [("tftp.data", "", b"a" * 512 + b"end")]
    assert flow.summary().application == "tftp"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(
                st.binary(max_size=30), st.sampled_from([READ, OPTIONS, block(1, b"x"), ack(1)])
            ),
        ),
        max_size=8,
    )
)
def test_any_datagrams_give_events(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
    for _, data in pieces:
        recognise(module, data)
