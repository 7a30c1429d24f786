"""SMTP: greeting, credentials, message, STARTTLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import open_flow
from iotaudit.dissect import smtp as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, Piece, device, gap, play, reading, recognise, server

GREETING = b"220 mail.vendor.test ESMTP ready\r\n"
EHLO = b"EHLO camera-7\r\n"
MAIL = b"Subject: motion\r\n\r\nsomeone is there\r\n.hidden dot\r\n"


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_credentials_and_message_are_contents() -> None:
    pieces = (
        server(GREETING),
        device(EHLO),
        server(b"250-mail.vendor.test\r\n250 AUTH LOGIN PLAIN\r\n"),
        device(b"AUTH LOGIN\r\n"),
        server(b"334 VXNlcm5hbWU6\r\n"),
        device(b"Y2Ft\r\n"),
        server(b"334 UGFzc3dvcmQ6\r\n"),
        device(b"c2VjcmV0\r\n"),
        server(b"235 ok\r\n"),
        device(b"MAIL FROM:<cam@vendor.test>\r\n"),
        server(b"250 ok\r\n"),
        device(b"DATA\r\n"),
        server(b"354 go on\r\n"),
        device(MAIL + b".\r\nQUIT\r\n"),
    )
    assert contents(play(module, *pieces)) == [
        ("smtp.command", "ehlo", b"camera-7"),
        ("smtp.auth", "auth", b"LOGIN"),
        ("smtp.username", "username", b"cam"),
        ("smtp.password", "password", b"secret"),
        ("smtp.command", "mail", b"FROM:<cam@vendor.test>"),
        ("smtp.message", "", MAIL),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_after_starttls_the_bytes_are_recognised_afresh() -> None:
    hello = hellos.record(22, hellos.message(1, hellos.client_hello(hellos.server_name(b"mail.vendor.test"))))
    flow = open_flow(1, TCP, DEVICE, SERVER)
    for packet, (outbound, data) in enumerate(
        ((False, GREETING), (True, EHLO), (False, b"250 STARTTLS\r\n"), (True, b"STARTTLS\r\n"), (False, b"220 go\r\n"), (True, hello)),
        start=1,
    ):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    summary = flow.summary()
    assert summary.application == "tls"
    assert [(n.name, n.source) for n in summary.names] == [("mail.vendor.test", "sni")]


def test_a_change_to_tls_is_told_by_its_record_where_the_reply_is_missing() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    session.feed(Segment(1, True, 1, 1, 0, EHLO + b"STARTTLS\r\n"))
    session.feed(Segment(1, True, 2, 2, 0, b"\x16\x03"))
    rest = session.rest()
    assert rest is not None
    assert [s.data for s in rest] == [b"\x16\x03"]


def test_a_refused_change_goes_on_in_the_clear() -> None:
    pieces = (device(EHLO + b"STARTTLS\r\nMAIL FROM:<a@b.test>\r\n"), server(b"250 x\r\n454 not now\r\n"))
    assert ("smtp.command", "mail", b"FROM:<a@b.test>") in contents(play(module, *pieces))


def test_an_empty_message_and_a_cut_one_are_told_apart() -> None:
    start: tuple[Piece, ...] = (device(EHLO + b"DATA\r\n"), server(b"250 x\r\n354 go\r\n"))
    assert contents(play(module, *start, device(b".\r\nNOOP x\r\n")))[1:] == []
    (message,) = [c for c in play(module, *start, device(MAIL)) if isinstance(c, Content) and c.where == "smtp.message"]
    assert (message.data, message.truncated) == (MAIL, True)


def test_after_a_gap_the_next_whole_line_is_read() -> None:
    found = play(module, device(EHLO), gap(9, outbound=True), device(b"st of a line\r\nVRFY bob\r\n"))
    assert contents(found)[1:] == [("smtp.command", "vrfy", b"bob")]


def test_fail_a_line_without_end_is_an_oddity() -> None:
    (oddity,) = play(module, device(b"x" * 5000))
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (GREETING, Likeness.CERTAIN),
        (EHLO, Likeness.CERTAIN),
        (b"220 ready\r\n", Likeness.WEAK),
        (b"220 mail", Likeness.MORE),
        (b"HEL", Likeness.MORE),
        (b"HELLO there", Likeness.NO),
        (b"221 bye\r\n", Likeness.NO),
        (b"220 \0\0\0\0", Likeness.NO),
    ],
)
def test_recognition_by_greeting_or_hello(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


def test_inconclusive_a_greeting_alone_has_no_contents() -> None:
    assert play(module, server(GREETING)) == []


LINES = st.sampled_from([EHLO, GREETING, b"DATA\r\n", b"354 \r\n", b"AUTH PLAIN\r\n", b"334 \r\n", b".\r\n", b"\n.\n", b"250 x\n", b"a\r\n"])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(LINES, st.binary(max_size=20))), max_size=10))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
