"""RTMP: handshake, chunks, commands, media."""

import hashlib
import hmac
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import rtmp as module
from iotaudit.dissect.amf import values
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, gap, play, reading, recognise, server

NOISE = random.Random(7).randbytes(1528)  # noqa: S311 - filler, not secrets
# version 3, time, zeros, random bytes
HELLO = b"\x03" + bytes.fromhex("0001f4a2 00000000") + NOISE
ECHO = bytes(1536)


def text(value: bytes) -> bytes:
    return b"\x02" + len(value).to_bytes(2) + value


def number(value: float) -> bytes:
    return b"\x00" + struct.pack(">d", value)


def record(**members: bytes) -> bytes:
    body = b"".join(len(k).to_bytes(2) + k.encode() + v for k, v in members.items())
    return b"\x03" + body + b"\x00\x00\x09"


def chunks(kind: int, body: bytes, *, stream: int = 3, size: int = 128) -> bytes:
    """Gives a message: a full header (time 0, message stream 0), then pieces with short headers between them."""
    head = bytes([stream]) + bytes(3) + len(body).to_bytes(3) + bytes([kind]) + bytes(4)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return head + bytes([0xC0 | stream]).join(pieces)


CONNECT = chunks(
    20,
    text(b"connect")
    + number(1)
    + record(
        app=text(b"live"),
        flashVer=text(b"FMLE/3.0"),
        tcUrl=text(b"rtmp://media.vendor.test:1935/live?user=cam&pass=" + b"x" * 120),
        fpad=b"\x01\x00",
        audioCodecs=number(3191),
    ),
)
PUBLISH = chunks(20, text(b"publish") + number(5) + b"\x05" + text(b"cam-8f3a-key") + text(b"live"))
META = chunks(
    18,
    text(b"@setDataFrame")
    + text(b"onMetaData")
    + b"\x08"
    + bytes(4)
    + record(width=number(1920))[1:],
)
VIDEO = chunks(9, b"\x17\x00" + b"v" * 3000, stream=6)
AUDIO = chunks(8, b"\xaf\x00" + b"a" * 20, stream=4)


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_the_application_the_stream_and_the_media_are_told() -> None:
    pieces = (
        device(HELLO),
        server(HELLO + ECHO),
        device(ECHO + CONNECT + PUBLISH + META + VIDEO + AUDIO + VIDEO),
    )
    found = play(module, *pieces)
    assert contents(found) == [
        ("rtmp.connect", "app", b"live"),
        ("rtmp.connect", "flashVer", b"FMLE/3.0"),
        (
            "rtmp.connect",
            "tcUrl",
            b"rtmp://media.vendor.test:1935/live?user=cam&pass=" + b"x" * 120,
        ),
        ("rtmp.connect", "fpad", b"false"),
        ("rtmp.connect", "audioCodecs", b"3191"),
        ("rtmp.stream", "stream key", b"cam-8f3a-key"),
        ("rtmp.publish", "publish", b"live"),
        ("rtmp.command", "width", b"1920"),
        ("rtmp.command", "command", b"onMetaData"),
        ("rtmp.video", "", b"\x17\x00" + b"v" * 1022),
        ("rtmp.audio", "", b"\xaf\x00" + b"a" * 20),
    ]
    encryption = reading(module, *pieces).encryption
    assert (encryption.state, encryption.reason) == (
        EncryptionState.PLAINTEXT,
        "RTMP in the clear, carries audio, video",
    )


def test_pass_a_longer_chunk_is_followed_once_it_was_announced() -> None:
    start = device(HELLO + ECHO + chunks(1, (4096).to_bytes(4), stream=2))
    long = chunks(20, text(b"play") + number(0) + b"\x05" + text(b"k" * 200), size=4096)
    assert (
        contents(play(module, start, device(long + long)))
        == [("rtmp.stream", "stream key", b"k" * 200)] * 2
    )


def test_pass_chunks_of_two_messages_may_alternate() -> None:
    body = text(b"play") + number(0) + b"\x05" + text(b"k" * 200)
    whole = chunks(20, body)
    mixed = whole[: 12 + 128] + AUDIO + whole[12 + 128 :]
    assert contents(play(module, device(HELLO + ECHO + mixed))) == [
        ("rtmp.audio", "", b"\xaf\x00" + b"a" * 20),
        ("rtmp.stream", "stream key", b"k" * 200),
    ]


def test_inconclusive_a_cut_command_tells_nothing_and_a_gap_in_media_is_bridged() -> None:
    assert play(module, device(HELLO + ECHO + CONNECT[:-40])) == []
    start = device(HELLO + ECHO + VIDEO[:20])
    assert (
        contents(play(module, start, gap(30, outbound=True), device(VIDEO[50:] + PUBLISH)))[-2][0]
        == "rtmp.stream"
    )
    assert play(module, start, gap(900, outbound=True), device(VIDEO[920:] + PUBLISH)) == []


@pytest.mark.parametrize("data", [b"\xc5", chunks(99, b"x"), chunks(1, bytes(4), stream=2)])
def test_fail_chunks_that_cannot_be_are_an_oddity(data: bytes) -> None:
    oddity = play(module, device(HELLO + ECHO + data))[-1]
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "rtmp: chunk"


def _with_digest(key: bytes, base: int) -> bytes:
    message = bytearray(bytes.fromhex("0001f4a2 80000702") + NOISE)
    at = base + 4 + sum(message[base : base + 4]) % 728
    message[at : at + 32] = hmac.new(
        key, bytes(message[:at] + message[at + 32 :]), hashlib.sha256
    ).digest()
    return b"\x03" + bytes(message)


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (_with_digest(b"Genuine Adobe Flash Player 001", 8), Likeness.CERTAIN),
        (_with_digest(b"Genuine Adobe Flash Media Server 001", 772), Likeness.CERTAIN),
        (HELLO, Likeness.LIKELY),
        (HELLO[:9] + bytes(1528), Likeness.WEAK),
        (HELLO[:5] + b"\x0a\x00\x2d\x02" + NOISE, Likeness.WEAK),
        (HELLO[:900], Likeness.MORE),
        ("0300002f 2ae00000 0000", Likeness.NO),  # TPKT of RDP
        (b"\x06" + HELLO[1:], Likeness.NO),  # RTMPE
    ],
)
def test_recognition_by_the_handshake(data: bytes | str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@given(st.binary(max_size=200))
def test_any_bytes_give_values_of_amf(data: bytes) -> None:
    told, _ = values(data)
    assert len(told) <= 512


PIECES = st.sampled_from(
    [
        CONNECT,
        PUBLISH,
        META,
        AUDIO,
        b"\xc3",
        b"\x03",
        chunks(1, b"\0\0\0\x05", stream=2),
        b"\x43\xff\xff\xff",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, device(HELLO + ECHO), *[device(data) for data in pieces])
