"""HTTP/2 in the clear: requests, answers, bodies, padding, continuation, and what ends the reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import http2 as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.http2 import PREFACE
from iotaudit.dissect.http_body import BODY_LEN
from iotaudit.dissect.http_exchanges import OPEN_BODIES, SOCKETS
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Gives a frame."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """Gives a field that is not indexed, without Huffman code."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


SETTINGS = frame(4, 0, 0, b"")
BLOCK = (
    b"\x83\x86"  # :method POST, :scheme http
    + literal(b":path", b"/up?id=7")
    + literal(b":authority", b"Api.Vendor.test:8080")
    + literal(b"user-agent", b"robot/1")
    + literal(b"content-type", b"application/json")
)
REQUEST = PREFACE + SETTINGS + frame(1, 0x4, 1, BLOCK) + frame(0, 0x1, 1, b'{"serial":7}')
ANSWER = SETTINGS + frame(1, 0x4, 1, b"\x88" + literal(b"set-cookie", b"s=1")) + frame(0, 0x1, 1, b"ok")


def contents(found: list[Event | Content]) -> list[tuple[str, bytes]]:
    return [(c.where, c.data) for c in found if isinstance(c, Content)]


def test_pass_request_and_answer_are_read() -> None:
    found = play(module, device(REQUEST), server(ANSWER))
    assert [(n.name, n.source) for n in found if isinstance(n, NameSeen)] == [("api.vendor.test", "http_host")]
    assert contents(found) == [
        ("http.uri", b"/up?id=7"),
        ("http.header.user-agent", b"robot/1"),
        ("http.body", b'{"serial":7}'),
        ("http.header.set-cookie", b"s=1"),
        ("http.body", b"ok"),
    ]
    (exchange,) = reading(module, device(REQUEST), server(ANSWER)).http
    assert (exchange.method, exchange.host, exchange.uri, exchange.status) == ("POST", "api.vendor.test", "/up?id=7", 200)


def test_dns_messages_as_bodies_are_read() -> None:
    question = bytes.fromhex("01 61 04 74657374 00 0001 0001")  # a.test, A, IN
    asked = bytes.fromhex("0000 0100 0001 0000 0000 0000") + question
    told = bytes.fromhex("0000 8180 0001 0001 0000 0000") + question + bytes.fromhex("c00c 0001 0001 0000003c 0004 c0000207")
    kind = literal(b"content-type", b"application/dns-message")
    request = PREFACE + SETTINGS + frame(1, 0x4, 1, b"\x83\x86" + kind) + frame(0, 0x1, 1, asked)
    answer = SETTINGS + frame(1, 0x4, 1, b"\x88" + kind) + frame(0, 0x1, 1, told)
    found = play(module, device(request), server(answer))
    (query,) = [e for e in found if isinstance(e, DnsQuery)]
    (row,) = [e for e in found if isinstance(e, DnsAnswer)]
    assert (query.name, row.name, row.answers) == ("a.test", "a.test", ("192.0.2.7",))
    damaged = PREFACE + SETTINGS + frame(1, 0x4, 1, b"\x83\x86" + kind) + frame(0, 0x1, 1, b"no message")
    assert not [e for e in play(module, device(damaged)) if isinstance(e, DnsQuery | DnsAnswer)]


def test_padding_priority_and_continuation_are_read() -> None:
    padded = b"\x03" + b"\0\0\0\0\x10" + BLOCK[:9] + bytes(3)
    data = PREFACE + frame(1, 0x8 | 0x20, 1, padded) + frame(9, 0x4, 1, BLOCK[9:])
    found = play(module, device(data + frame(0, 0x8, 1, b"\x02hi\0\0") + frame(0, 1, 1, b"!")))
    assert ("http.uri", b"/up?id=7") in contents(found)
    assert ("http.body", b"hi!") in contents(found)


CALL = (
    b"\x83\x86"  # :method POST, :scheme http
    + literal(b":path", b"/vendor.Upload/Put")
    + literal(b"content-type", b"application/grpc+proto")
    + literal(b"grpc-encoding", b"gzip")
)
TRAILER = frame(1, 0x5, 1, literal(b"grpc-status", b"0"))


def message(data: bytes, flags: int = 0) -> bytes:
    """Gives a message of gRPC with its five bytes before it."""
    return bytes([flags]) + len(data).to_bytes(4) + data


def calls(found: list[Event | Content]) -> list[tuple[bytes, str, str, bool]]:
    return [(c.data, c.key, c.encoding, c.truncated) for c in found if isinstance(c, Content) and c.where == "grpc.message"]


def test_pass_each_message_of_a_call_is_a_content_with_its_method() -> None:
    sent = message(b"serial 7") + message(b"") + message(b"packed", 1)
    asked = PREFACE + SETTINGS + frame(1, 0x4, 1, CALL) + frame(0, 0, 1, sent[:3]) + frame(0, 0x1, 1, sent[3:])
    answer = SETTINGS + frame(1, 0x4, 1, b"\x88" + literal(b"content-type", b"application/grpc"))
    answered = answer + frame(0, 0, 1, message(b"ok")) + TRAILER
    found = play(module, device(asked), server(answered))
    assert calls(found) == [
        (b"serial 7", "/vendor.Upload/Put", "", False),
        (b"packed", "/vendor.Upload/Put", "gzip", False),
        (b"ok", "/vendor.Upload/Put", "", False),
    ]
    assert not [where for where, _ in contents(found) if where == "http.body"]


def test_a_call_that_lasts_is_read_as_it_goes() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = list(session.feed(Segment(1, True, 1, 1, 0, PREFACE + SETTINGS + frame(1, 0x4, 1, CALL))))
    for _ in range(6):
        found += session.feed(Segment(1, True, 2, 2, 0, frame(0, 0, 1, message(bytes(BODY_LEN - 5)))))
    assert [len(data) for data, *_ in calls(found)] == [BODY_LEN - 5] * 6


def test_inconclusive_of_a_long_or_cut_message_the_start_is_given() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    long = (0).to_bytes(1) + (3 * BODY_LEN).to_bytes(4) + bytes(BODY_LEN)
    pieces = (long[:BODY_LEN], long[BODY_LEN:], bytes(BODY_LEN), bytes(BODY_LEN) + message(b"next") + message(b"cut")[:7])
    found = list(session.feed(Segment(1, True, 1, 1, 0, PREFACE + SETTINGS + frame(1, 0x4, 1, CALL))))
    for piece in pieces:
        for at in range(0, len(piece), 1 << 19):
            found += session.feed(Segment(1, True, 2, 2, 0, frame(0, 0, 1, piece[at : at + (1 << 19)])))
    found += session.close()
    assert [(len(data), cut) for data, _, _, cut in calls(found)] == [(BODY_LEN, True), (4, False), (2, True)]


def test_fail_a_call_with_flags_that_cannot_be_gives_no_more() -> None:
    sent = message(b"one") + b"\x42" + message(b"two")
    found = play(module, device(PREFACE + SETTINGS + frame(1, 0x4, 1, CALL) + frame(0, 1, 1, sent)))
    assert [data for data, *_ in calls(found)] == [b"one"]


def test_trailers_of_grpc_web_are_no_message() -> None:
    web = CALL.replace(b"\x16application/grpc+proto", b"\x16application/grpc-web  ")
    sent = message(b"one") + message(b"grpc-status:0", 0x80)
    found = play(module, device(PREFACE + SETTINGS + frame(1, 0x4, 1, web) + frame(0, 1, 1, sent)))
    assert [data for data, *_ in calls(found)] == [b"one"]


def test_a_dns_message_in_the_target_is_read() -> None:
    asked = b"AAABAAABAAAAAAAAAWEEdGVzdAAAAQAB"  # the question for a.test, A, IN
    block = b"\x82\x86" + literal(b":path", b"/dns-query?dns=" + asked)
    (query,) = [e for e in play(module, device(PREFACE + SETTINGS + frame(1, 0x5, 1, block))) if isinstance(e, DnsQuery)]
    assert (query.name, query.type) == ("a.test", "A")


SOCKET = (
    literal(b":method", b"CONNECT")
    + literal(b":protocol", b"websocket")
    + literal(b":path", b"/ws")
    + literal(b":authority", b"api.vendor.test")
)
TEXT = bytes.fromhex("81 85 37fa213d 7f9f4d5158")  # RFC 6455 section 5.7: "Hello", masked
CONNECT = bytes.fromhex("82 10") + bytes.fromhex("10 0e 0004 4d515454 04 02 003c 0002") + b"id"  # binary: MQTT 3.1.1


def test_messages_of_a_websocket_are_read_as_those() -> None:
    asked = PREFACE + SETTINGS + frame(1, 0x4, 1, SOCKET) + frame(0, 0, 1, TEXT[:4]) + frame(0, 0, 1, TEXT[4:])
    answered = SETTINGS + frame(1, 0x4, 1, b"\x88") + frame(0, 1, 1, b"\x81\x02hi")
    found = contents(play(module, device(asked), server(answered)))
    assert found == [("http.uri", b"/ws"), ("websocket.text", b"Hello"), ("websocket.text", b"hi")]


def test_mqtt_in_a_websocket_stands_in_the_summary() -> None:
    asked = PREFACE + SETTINGS + frame(1, 0x4, 1, SOCKET) + frame(0, 0, 1, CONNECT)
    mqtt = reading(module, device(asked)).mqtt
    assert mqtt is not None
    assert mqtt.client_id == "id"


def test_what_follows_a_websocket_that_was_refused_or_one_too_many_is_a_body() -> None:
    refused = SETTINGS + frame(1, 0x4, 1, b"\x8d") + frame(0, 1, 1, b"gone")
    found = contents(play(module, device(PREFACE + frame(1, 0x4, 1, SOCKET)), server(refused)))
    assert ("http.body", b"gone") in found
    many = b"".join(frame(1, 0x4, n, SOCKET) + frame(0, 0, n, TEXT) for n in range(1, 2 * SOCKETS + 3, 2))
    places = [where for where, _ in contents(play(module, device(PREFACE + many)))]
    assert (places.count("websocket.text"), places.count("http.body")) == (SOCKETS, 1)


def test_fail_a_flood_of_continuations_ends_the_direction() -> None:
    flood = frame(1, 0, 1, BLOCK) + frame(9, 0, 1, bytes(16_000)) * 6
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    (oddity,) = session.feed(Segment(1, True, 1, 1, 0, PREFACE + SETTINGS + flood))
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "http2: frame of type 9"
    assert not session.wants(outbound=True)


@pytest.mark.parametrize("between", [SETTINGS, frame(9, 0x4, 3, BLOCK[9:]), frame(0, 0, 1, b"x")])
def test_fail_what_stands_inside_of_a_header_block_ends_the_direction(between: bytes) -> None:
    sent = PREFACE + SETTINGS + frame(1, 0, 1, BLOCK[:9]) + between + frame(9, 0x4, 1, BLOCK[9:])
    (oddity,) = play(module, device(sent))
    assert isinstance(oddity, Oddity)


@pytest.mark.parametrize("padded", [b"", b"\x05", b"\x03ab"])
def test_fail_padding_longer_than_its_frame_ends_the_direction(padded: bytes) -> None:
    (oddity,) = play(module, device(PREFACE + SETTINGS + frame(0, 0x8, 1, padded) + REQUEST[24:]))
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "http2: frame of type 0"


def test_a_request_that_ends_with_its_continued_block_keeps_no_body_open() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    ended = b"".join(frame(1, 0x1, n, BLOCK[:9]) + frame(9, 0x4, n, BLOCK[9:]) for n in range(1, 301, 2))
    session.feed(Segment(1, True, 1, 1, 0, PREFACE + SETTINGS + ended))
    found = session.feed(Segment(1, True, 2, 2, 0, frame(1, 0x4, 301, BLOCK) + frame(0, 1, 301, b"hi")))
    assert ("http.body", b"hi") in contents(list(found))


def test_of_too_many_open_bodies_the_oldest_is_given_in_part() -> None:
    opened = b"".join(frame(1, 0x4, n, BLOCK) + frame(0, 0, n, b"part %d" % n) for n in range(1, 2 * OPEN_BODIES + 3, 2))
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = session.feed(Segment(1, True, 1, 1, 0, PREFACE + SETTINGS + opened))
    cut = [c for c in found if isinstance(c, Content) and c.where == "http.body"]
    assert [(c.data, c.truncated) for c in cut] == [(b"part 1", True)]


def test_a_reset_by_either_end_closes_the_bodies_of_both() -> None:
    asked = PREFACE + SETTINGS + frame(1, 0x4, 1, BLOCK) + frame(0, 0, 1, b"half")
    found = play(module, device(asked), server(SETTINGS + frame(3, 0, 1, bytes(4))))
    (body,) = [c for c in found if isinstance(c, Content) and c.where == "http.body"]
    assert (body.data, body.truncated, body.outbound) == (b"half", True, True)


def test_a_promised_request_is_a_stream_of_its_own() -> None:
    promise = bytes.fromhex("00000002") + b"\x82\x86" + literal(b":path", b"/pushed") + literal(b":authority", b"b.test")
    answer = SETTINGS + frame(1, 0x4, 1, b"\x88") + frame(0, 0, 1, b"o") + frame(5, 0x4, 1, promise)
    answer += frame(1, 0x4, 2, b"\x8d") + frame(0, 1, 2, b"none") + frame(0, 1, 1, b"k")
    summary = reading(module, device(REQUEST), server(answer))
    assert [(e.uri, e.status) for e in summary.http] == [("/up?id=7", 200), ("/pushed", 404)]
    found = contents(play(module, device(REQUEST), server(answer)))
    assert [data for where, data in found if where == "http.body"] == [b'{"serial":7}', b"none", b"ok"]


def test_settings_of_any_size_and_priorities_say_nothing() -> None:
    noise = frame(4, 0, 0, bytes.fromhex("0001ffffffff 0006ffffffff") * 50) + frame(2, 0, 1, bytes(5)) + frame(99, 255, 7, b"x")
    assert contents(play(module, device(PREFACE + noise + REQUEST[24:])))[0] == ("http.uri", b"/up?id=7")


def test_fail_a_table_larger_than_the_bound_ends_the_direction() -> None:
    (oddity,) = play(module, device(PREFACE + SETTINGS + frame(1, 0x4, 1, bytes.fromhex("3fe1ffff7f"))))
    assert isinstance(oddity, Oddity)


def test_an_upgraded_flow_is_read_through() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    asked = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    answer = b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"
    for packet, (outbound, data) in enumerate(((True, asked), (False, answer + SETTINGS), (True, REQUEST)), start=1):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    summary = flow.summary()
    assert summary.application == "http2"
    assert [(e.host, e.status) for e in summary.http] == [("a.test", 101), ("api.vendor.test", None)]


def test_inconclusive_a_cut_body_is_marked() -> None:
    found = play(module, device(REQUEST[:-21] + frame(0, 0, 1, b"part")))
    (body,) = [c for c in found if isinstance(c, Content) and c.where == "http.body"]
    assert (body.data, body.truncated) == (b"part", True)
    assert reading(module, device(REQUEST)).encryption.state is EncryptionState.PLAINTEXT


def test_a_gap_ends_the_direction() -> None:
    assert play(module, device(PREFACE + SETTINGS), gap(30, outbound=True), device(REQUEST[24:])) == []


def test_fail_a_block_that_cannot_be_decoded_is_an_oddity() -> None:
    (oddity,) = play(module, device(PREFACE + frame(1, 0x4, 1, b"\x80") + frame(1, 0x4, 3, BLOCK)))
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "http2: frame of type 1"


def test_recognition_by_the_preface() -> None:
    assert recognise(module, PREFACE) is Likeness.CERTAIN
    assert recognise(module, PREFACE[:20]) is Likeness.MORE
    assert recognise(module, b"PRIVET") is Likeness.NO
    assert recognise(module, SETTINGS) is Likeness.NO


FRAMES = st.one_of(
    st.binary(max_size=30),
    st.builds(frame, st.integers(0, 10), st.integers(0, 255), st.integers(0, 4), st.binary(max_size=40)),
    st.just(REQUEST[24:]),
    st.just(frame(1, 0x4, 1, CALL)),
    st.just(frame(1, 0x4, 3, SOCKET)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(FRAMES, max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, device(PREFACE), *[device(piece) for piece in pieces], *[server(piece) for piece in pieces])
