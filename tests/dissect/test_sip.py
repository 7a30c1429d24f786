"""SIP: heads, credentials, media descriptions, over UDP and TCP."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import sip as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, gap, play, reading, recognise, server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.168.1.20\r\ns=-\r\nc=IN IP4 192.168.1.20\r\n"
    b"m=audio 49170 RTP/SAVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 X-own/8000\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"
    b"m=video 49172 RTP/SAVP 97\r\na=rtpmap:97 H264/90000\r\n"
)
INVITE = (
    b"INVITE sip:bob@sip.vendor.test SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK1\r\n"
    b'f: "Front door" <sip:door@sip.vendor.test>;tag=1\r\n'
    b"t: <sip:bob@sip.vendor.test>\r\n"
    b"User-Agent: DoorPhone/1.2\r\n"
    b'Authorization: Digest username="door", realm="sip", response="abc"\r\n'
    b"CSeq: 1 INVITE\r\n"
    b"c: application/sdp\r\n"
    b"l: " + str(len(SDP)).encode() + b"\r\n\r\n" + SDP
)
ANSWER = b"SIP/2.0 200 OK\r\nContact: <sip:bob@192.0.2.9>\r\nContent-Length: 0\r\n\r\n"
TOLD = [
    ("sip.uri", "", b"sip:bob@sip.vendor.test"),
    ("sip.header.via", "via", b"SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK1"),
    ("sip.header.from", "from", b'"Front door" <sip:door@sip.vendor.test>;tag=1'),
    ("sip.header.to", "to", b"<sip:bob@sip.vendor.test>"),
    ("sip.header.user-agent", "user-agent", b"DoorPhone/1.2"),
    (
        "sip.header.authorization",
        "authorization",
        b'Digest username="door", realm="sip", response="abc"',
    ),
    ("sip.username", "username", b"door"),
    ("sip.body", "", SDP),
    ("sip.sdp.crypto", "session key", b"WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"),
]


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_pass_parties_credentials_and_media_are_told(protocol: int) -> None:
    pieces = (device(INVITE), server(ANSWER))
    found = play(module, *pieces, protocol=protocol)
    assert contents(found) == [*TOLD, ("sip.header.contact", "contact", b"<sip:bob@192.0.2.9>")]
    (body,) = [c for c in found if isinstance(c, Content) and c.where == "sip.body"]
    assert body.media_type == "application/sdp"
    encryption = reading(module, *pieces, protocol=protocol).encryption
    assert encryption.state is EncryptionState.PLAINTEXT
    assert encryption.reason == "SIP in the clear, announces audio, video, PCMU, H264"


def test_pass_two_messages_of_one_stream_and_what_keeps_it_open() -> None:
    assert contents(play(module, device(b"\r\n\r\n" + INVITE + b"\r\n\r\n" + INVITE))) == TOLD * 2


def test_pass_what_keeps_a_way_open_is_passed_over() -> None:
    assert (
        play(
            module,
            device(b"\r\n\r\n"),
            device(b"\0\0\0\0"),
            device(b"\0\1" + bytes(18)),
            protocol=UDP,
        )
        == []
    )


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_inconclusive_a_cut_body_says_so(protocol: int) -> None:
    found = play(module, device(INVITE[:-30]), protocol=protocol)
    (body,) = [c for c in found if isinstance(c, Content) and c.where == "sip.body"]
    assert (body.data, body.truncated) == (SDP[:-30], True)


def test_after_a_gap_reading_goes_on_at_a_start_line() -> None:
    found = play(
        module,
        device(INVITE[:100]),
        gap(60, outbound=True),
        device(INVITE[160:] + b"\r\n" + INVITE),
    )
    assert contents(found) == TOLD


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_fail_another_start_line_is_an_oddity(protocol: int) -> None:
    (oddity,) = play(module, device(b"INVITE me to lunch please\r\n\r\n"), protocol=protocol)
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "sip: start line"


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (INVITE, Likeness.CERTAIN),
        (ANSWER, Likeness.CERTAIN),
        (b"REGISTER sip:vendor.test SIP/2.0\r\n", Likeness.CERTAIN),
        (b"REGISTER sip:ven", Likeness.MORE),
        (b"SIP/2.0 2", Likeness.MORE),
        (b"OPTIONS * RTSP/1.0\r\n", Likeness.NO),
        (b"OPTIONS / HTTP/1.1\r\n", Likeness.NO),
        (b"SSH-2.0-x\r\n", Likeness.NO),
        (b"NOTIFY * HTTP/1.1\r\n", Likeness.NO),
    ],
)
def test_recognition_by_the_start_line(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data, TCP) is likeness
    if likeness is not Likeness.MORE:
        assert recognise(module, data, UDP) is likeness


PIECES = st.sampled_from(
    [
        INVITE,
        ANSWER,
        INVITE[:200],
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: 4\r\n\r\nabcd",
        b"INVITE x",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(PIECES, st.binary(max_size=20))), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    spoken = [device(data) if outbound else server(data) for outbound, data in pieces]
    play(module, *spoken)
    play(module, *spoken, protocol=UDP)
