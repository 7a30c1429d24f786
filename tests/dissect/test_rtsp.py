"""RTSP: requests, credentials, bodies, media inside, gaps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import rtsp as module
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, gap, play, reading, recognise, server

DESCRIBE = (
    b"DESCRIBE rtsp://192.0.2.9:554/live/ch0 RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n"
    b"Authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n"
)
SDP = b"v=0\r\ns=Living room\r\n"
DESCRIBED = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s" % (len(SDP), SDP)
MEDIA = b"$\x00\x00\x10" + bytes(16)


def contents(found: list[Event | Content]) -> list[tuple[str, bytes]]:
    return [(c.where, c.data) for c in found if isinstance(c, Content)]


def test_pass_target_credentials_and_description_are_contents() -> None:
    found = play(module, device(DESCRIBE), server(DESCRIBED))
    assert contents(found) == [
        ("rtsp.uri", b"rtsp://192.0.2.9:554/live/ch0"),
        ("rtsp.header.authorization", b"Basic YWRtaW46YWRtaW4="),
        ("rtsp.body", SDP),
    ]
    assert not [item for item in found if isinstance(item, NameSeen)]


def test_media_between_messages_are_counted_and_read_over() -> None:
    pieces = (device(DESCRIBE), server(DESCRIBED + MEDIA * 3 + DESCRIBED + MEDIA))
    assert [where for where, _ in contents(play(module, *pieces))].count("rtsp.body") == 2
    summary = reading(module, *pieces)
    assert summary.encryption.state is EncryptionState.PLAINTEXT
    assert summary.encryption.reason == "RTSP in the clear, 4 media packets inside"


def test_a_gap_inside_of_media_is_bridged() -> None:
    pieces = (server(MEDIA[:-10]), gap(4, outbound=False), server(bytes(6) + DESCRIBED))
    assert contents(play(module, *pieces)) == [("rtsp.body", SDP)]


def test_after_another_gap_reading_goes_on_at_the_next_start_line() -> None:
    pieces = (server(DESCRIBED[:30]), gap(400, outbound=False), server(bytes(50) + DESCRIBED))
    assert contents(play(module, *pieces)) == [("rtsp.body", SDP)]


def test_inconclusive_a_cut_body_is_marked() -> None:
    (body,) = play(module, server(DESCRIBED[:-4]))
    assert isinstance(body, Content)
    assert (body.data, body.truncated) == (SDP[:-4], True)


def test_fail_bytes_that_are_no_message_are_an_oddity() -> None:
    found = play(module, device(DESCRIBE + b"\0\1\2nonsense" + DESCRIBE))
    assert [item.detail for item in found if isinstance(item, Oddity)] == ["rtsp: start line"]
    assert [where for where, _ in contents(found)].count("rtsp.uri") == 2


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (DESCRIBE[:60], Likeness.CERTAIN),
        (b"RTSP/1.0 401 Unauthorized", Likeness.CERTAIN),
        (b"OPTIONS rtsp://cam", Likeness.MORE),
        (b"OPTIONS * HTTP/1.1\r\n", Likeness.NO),
        (b"OPTIONS sip:bob@a.test SIP/2.0\r\n", Likeness.NO),
        (b"GET / HTTP/1.1\r\n", Likeness.NO),
        (b"PLAYTHING", Likeness.NO),
    ],
)
def test_recognition_by_the_start_line(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([DESCRIBE, DESCRIBED, MEDIA])), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, *[device(piece) for piece in pieces])
