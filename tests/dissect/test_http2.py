"""HTTP/2 in the clear: requests, answers, bodies, padding, continuation, and what ends the reading."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import http2 as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.http2 import PREFACE
from iotaudit.dissect.session import TCP, Likeness
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
)


@settings(max_examples=100, deadline=None)
@given(st.lists(FRAMES, max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, device(PREFACE), *[device(piece) for piece in pieces], *[server(piece) for piece in pieces])
