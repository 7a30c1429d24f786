"""IMAP: greeting, credentials, literals, mail, STARTTLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector, tls
from iotaudit.dissect import imap as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, Piece, device, gap, play, reading, recognise, server

GREETING = b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n"
MAIL = b"Subject: motion\r\n\r\nsomeone is there\r\n"


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_a_login_gives_user_and_password() -> None:
    pieces = (
        server(GREETING),
        device(b'a001 LOGIN cam "s3\\"cret"\r\n'),
        server(b"a001 OK done\r\n"),
        device(b"a002 SELECT INBOX\r\na003 NOOP\r\n"),
    )
    assert contents(play(module, *pieces)) == [
        ("imap.username", "username", b"cam"),
        ("imap.password", "password", b's3"cret'),
        ("imap.command", "select", b"INBOX"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_a_login_in_literals_gives_user_and_password() -> None:
    pieces = (
        server(GREETING),
        device(b"a1 LOGIN {3}\r\n"),
        server(b"+ go\r\n"),
        device(b"cam {6}\r\n"),
        server(b"+ go\r\n"),
        device(b"s3 ret\r\n"),
    )
    assert contents(play(module, *pieces)) == [
        ("imap.username", "username", b"cam"),
        ("imap.password", "password", b"s3 ret"),
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        (device(b"1 AUTHENTICATE PLAIN\r\n"), server(b"+ \r\n"), device(b"AGNhbQBzM2NyZXQ=\r\n")),
        (device(b"1 AUTHENTICATE PLAIN AGNhbQBzM2NyZXQ=\r\n"),),
    ],
)
def test_pass_an_answer_of_sasl_is_decoded(pieces: tuple[Piece, ...]) -> None:
    after = (server(b"1 OK in\r\n"), device(b"2 CREATE Motion\r\n"))
    assert contents(play(module, server(GREETING), *pieces, *after)) == [
        ("imap.username", "username", b"cam"),
        ("imap.password", "password", b"s3cret"),
        ("imap.command", "create", b"Motion"),
    ]


def test_pass_mail_is_a_message_both_ways() -> None:
    size = str(len(MAIL)).encode()
    pieces = (
        device(b'a5 APPEND "Sent Items" {' + size + b"}\r\n"),
        server(b"+ go\r\n"),
        device(MAIL + b"\r\na6 UID FETCH 1 (ENVELOPE BODY[])\r\n"),
        server(
            b'* 1 FETCH (ENVELOPE ("Mon" "motion") BODY[] {'
            + size
            + b"}\r\n"
            + MAIL
            + b")\r\na6 OK\r\n"
        ),
    )
    found = play(module, *pieces)
    assert contents(found) == [
        ("imap.message", "", MAIL),
        ("imap.command", "append", b"Sent Items"),
        ("imap.message", "", MAIL),
        ("imap.fetch", "fetch", b'* 1 FETCH (ENVELOPE ("Mon" "motion") BODY[] )'),
    ]
    messages = [c for c in found if isinstance(c, Content) and c.where == "imap.message"]
    assert [(c.media_type, c.truncated) for c in messages] == [("message/rfc822", False)] * 2


def test_pass_what_the_ends_say_about_themselves_is_told_by_name() -> None:
    pieces = (
        device(b'a1 ID ("name" "CamMail" "version" NIL)\r\n'),
        server(b'* ID ("vendor" "Maildings")\r\n'),
    )
    assert contents(play(module, *pieces)) == [
        ("imap.id", "name", b"CamMail"),
        ("imap.id", "vendor", b"Maildings"),
    ]


def test_after_starttls_the_bytes_are_recognised_afresh() -> None:
    hello = hellos.record(
        22, hellos.message(1, hellos.client_hello(hellos.server_name(b"mail.vendor.test")))
    )
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (module, tls))
    talk = ((False, GREETING), (True, b"a1 STARTTLS\r\n"), (False, b"a1 OK go\r\n"), (True, hello))
    for packet, (outbound, data) in enumerate(talk, start=1):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    assert [(n.name, n.source) for n in flow.summary().names] == [("mail.vendor.test", "sni")]
    assert flow.summary().application == "tls"


def test_a_refused_change_goes_on_in_the_clear() -> None:
    pieces = (device(b"a1 STARTTLS\r\na2 LOGIN cam s3cret\r\n"), server(b"a1 BAD no\r\n"))
    assert ("imap.password", "password", b"s3cret") in contents(play(module, *pieces))


def test_a_refused_literal_is_not_waited_for() -> None:
    pieces = (
        device(b"a1 APPEND x {900}\r\n"),
        server(b"a1 NO full\r\n"),
        device(b"a2 LOGIN cam s3cret\r\n"),
    )
    assert ("imap.password", "password", b"s3cret") in contents(play(module, *pieces))


def test_inconclusive_a_cut_message_says_so_and_a_gap_is_bridged() -> None:
    start = (device(b"a5 APPEND x {40}\r\n"), server(b"+ go\r\n"))
    (cut,) = [c for c in play(module, *start, device(MAIL[:20])) if isinstance(c, Content)]
    assert (cut.data, cut.truncated) == (MAIL[:20], True)
    found = play(
        module,
        *start,
        device(MAIL[:20]),
        gap(15, outbound=True),
        device(b"12345\r\na6 SELECT x\r\n"),
    )
    assert contents(found)[-1] == ("imap.command", "select", b"x")


def test_after_a_gap_the_next_whole_line_is_read() -> None:
    found = play(
        module,
        device(b"a1 SELECT x\r\n"),
        gap(9, outbound=True),
        device(b"st\r\na2 LOGIN cam s3cret\r\n"),
    )
    assert [row[2] for row in contents(found)] == [b"x", b"cam", b"s3cret"]


def test_fail_a_line_without_end_is_an_oddity() -> None:
    (oddity,) = play(module, server(b"x" * 17_000))
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (GREETING, Likeness.CERTAIN),
        (b"* OK Maildings IMAP4 here\r\n", Likeness.CERTAIN),
        (b"* OK hello\r\n", Likeness.WEAK),
        (b"* OK hel", Likeness.MORE),
        (b"* 12\r\n", Likeness.NO),
        (b"a001 LOGIN cam s3cret\r\n", Likeness.LIKELY),
        (b"1 CAPABILITY\r\n", Likeness.LIKELY),
        (b"a1 SELECT x\r\n", Likeness.NO),
        (b"a001", Likeness.MORE),
        (b"GET / HTTP/1.1\r\n", Likeness.NO),
        (b"220 mail\r\n", Likeness.NO),
        (b"1\0", Likeness.NO),
    ],
)
def test_recognition_by_greeting_or_sign_on(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


LINES = st.sampled_from(
    [
        GREETING,
        b"a1 STARTTLS\r\n",
        b"a1 OK x\r\n",
        b"a1 NO x\r\n",
        b"a1 LOGIN {3}\r\n",
        b"a1 APPEND x {9}\r\n",
        b"* 1 FETCH (BODY[] {5}\r\n",
        b"+ go\r\n",
        b"1 AUTHENTICATE PLAIN\r\n",
        b"AGNhbQBzM2NyZXQ=\r\n",
        b'a1 ID ("a" "b" ) "\r\n',
        b"a {0}\r\n",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(LINES, st.binary(max_size=20))), max_size=10))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
