"""WebSocket: frames after the answer 101, deflated messages, MQTT inside."""

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import open_flow
from iotaudit.dissect import websocket as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n"
DEFLATED = ANSWER[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
MQTT = ANSWER[:-2] + b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
KEY = b"\x37\xfa\x21\x3d"
MASKED_HELLO = "81 85 37fa213d 7f9f4d5158"
"""RFC 6455 section 5.7: a masked text message of one frame, "Hello"."""


def frame(first: int, data: bytes, *, masked: bool = True) -> bytes:
    """Gives a frame; the mask is that of the RFC's example."""
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    if not masked:
        return bytes([first]) + length + data
    mask = (KEY * (size // 4 + 1))[:size]
    hidden = bytes(a ^ b for a, b in zip(data, mask, strict=True))
    return bytes([first, length[0] | 0x80]) + length[1:] + KEY + hidden


def contents(found: list[Event | Content]) -> list[tuple[str, bytes, str]]:
    return [(c.where, c.data, c.encoding) for c in found if isinstance(c, Content)]


def test_pass_a_masked_message_is_read() -> None:
    assert contents(play(module, server(ANSWER), device(MASKED_HELLO))) == [("websocket.text", b"Hello", "")]
    assert reading(module, server(ANSWER)).encryption.state is EncryptionState.PLAINTEXT


def test_fragments_are_joined_around_a_control_frame() -> None:
    data = frame(0x02, b"ab") + frame(0x89, b"ping") + frame(0x80, b"cd")
    assert contents(play(module, server(ANSWER), device(data))) == [("websocket.binary", b"abcd", "")]


def test_lengths_of_two_and_eight_bytes_are_read() -> None:
    data = frame(0x82, bytes(300), masked=False) + frame(0x82, bytes(70_000), masked=False)
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = [*session.feed(Segment(1, False, 1, 1, 0, ANSWER)), *session.feed(Segment(1, False, 2, 2, 0, data))]
    assert [len(c.data) for c in found if isinstance(c, Content)] == [300, 70_000]


def test_deflated_messages_share_their_window() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in (b"serial 12345", b"serial 12345")]
    data = b"".join(frame(0xC1, part.removesuffix(b"\0\0\xff\xff")) for part in packed)
    assert contents(play(module, server(DEFLATED), device(data))) == [("websocket.text", b"serial 12345", "")] * 2


def test_a_message_that_does_not_inflate_is_given_as_it_came() -> None:
    assert contents(play(module, server(DEFLATED), device(frame(0xC1, b"\xff\xff\xff")))) == [
        ("websocket.text", b"\xff\xff\xff", "deflate")
    ]


def test_mqtt_inside_is_read_as_mqtt() -> None:
    connect = bytes.fromhex("10 10 0004 4d515454 04 02 003c 0004 63616d31")
    publish = bytes.fromhex("30 08 0004 612f6262 6869")
    pieces = (server(MQTT), device(frame(0x82, connect) + frame(0x82, publish[:4]) + frame(0x82, publish[4:])))
    assert contents(play(module, *pieces)) == [
        ("mqtt.client_id", b"cam1", ""),
        ("mqtt.topic", b"a/bb", ""),
        ("mqtt.payload", b"hi", ""),
    ]
    mqtt = reading(module, *pieces).mqtt
    assert mqtt is not None
    assert mqtt.client_id == "cam1"


def test_mqtt_that_was_not_agreed_is_told_by_its_sign_on() -> None:
    connect = bytes.fromhex("10 10 0004 4d515454 04 02 003c 0004 63616d31")
    publish = bytes.fromhex("30 08 0004 612f6262 6869")
    pieces = (server(ANSWER), device(frame(0x82, connect) + frame(0x82, publish)))
    assert ("mqtt.payload", b"hi", "") in contents(play(module, *pieces))
    assert reading(module, *pieces).mqtt is not None
    late = (server(ANSWER), device(frame(0x82, b"hello") + frame(0x82, connect)))
    assert [where for where, *_ in contents(play(module, *late))] == ["websocket.binary"] * 2
    assert reading(module, *late).mqtt is None


def test_an_upgraded_flow_is_read_through_to_its_messages() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    asked = b"GET /ws HTTP/1.1\r\nHost: hub.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    found: list[Event | Content] = []
    for packet, (outbound, data) in enumerate(
        ((True, asked), (False, ANSWER), (True, bytes.fromhex(MASKED_HELLO))), start=1
    ):
        found += flow.feed(Segment(1, outbound, packet, packet, 0, data))
    found += flow.close()
    assert ("websocket.text", b"Hello", "") in contents(found)
    summary = flow.summary()
    assert summary.application == "websocket"
    assert [(e.uri, e.status) for e in summary.http] == [("/ws", 101)]


def test_inconclusive_after_a_gap_no_more_is_read() -> None:
    assert play(module, server(ANSWER), gap(9, outbound=True), device(MASKED_HELLO)) == []


def test_fail_a_frame_that_cannot_be_is_an_oddity() -> None:
    (oddity,) = play(module, server(ANSWER), device(frame(0x83, b"x") + frame(0x81, b"y")))
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "websocket: frame header"


def test_recognition_by_the_answer() -> None:
    assert recognise(module, ANSWER) is Likeness.CERTAIN
    assert recognise(module, ANSWER[:40]) is Likeness.MORE
    assert recognise(module, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n") is Likeness.NO
    assert recognise(module, b"HTTP/1.1 200 OK\r\n\r\n") is Likeness.NO


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.builds(frame, st.integers(0, 255), st.binary(max_size=30))), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, server(DEFLATED), *[device(piece) for piece in pieces])
