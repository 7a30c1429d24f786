"""POP3: credentials, mail, STLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector, ftp, tls
from iotaudit.dissect import pop3 as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server

GREETING = b"+OK POP3 server ready <1896.697170952@mail.vendor.test>\r\n"
MAIL = b"Subject: motion\r\n\r\nPASS through the door\r\n..hidden dot\r\n"


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_user_password_and_mail_are_contents() -> None:
    pieces = (
        server(GREETING),
        device(b"USER cam\r\n"),
        server(b"+OK\r\n"),
        device(b"PASS sec ret\r\n"),
        server(b"+OK 1 message\r\n"),
        device(b"LIST\r\nRETR 1\r\nQUIT\r\n"),
        server(b"+OK\r\n1 120\r\n.\r\n+OK 120 octets\r\n" + MAIL + b".\r\n+OK bye\r\n"),
    )
    found = play(module, *pieces)
    assert contents(found) == [
        ("pop3.username", "username", b"cam"),
        ("pop3.password", "password", b"sec ret"),
        ("pop3.message", "", MAIL),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_an_answer_of_sasl_is_decoded_and_apop_names_the_user() -> None:
    pieces = (
        server(GREETING),
        device(b"AUTH PLAIN\r\n"),
        server(b"+ \r\n"),
        device(b"AGNhbQBzM2NyZXQ=\r\n"),
        server(b"-ERR no\r\n"),
        device(b"APOP cam c4c9334bac560ecc979e58001b3e22fb\r\n"),
    )
    assert contents(play(module, *pieces)) == [
        ("pop3.username", "username", b"cam"),
        ("pop3.password", "password", b"s3cret"),
        ("pop3.username", "username", b"cam"),
    ]


def test_after_stls_the_bytes_are_recognised_afresh() -> None:
    hello = hellos.record(
        22, hellos.message(1, hellos.client_hello(hellos.server_name(b"mail.vendor.test")))
    )
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (module, tls))
    talk = ((False, GREETING), (True, b"STLS\r\n"), (False, b"+OK go\r\n"), (True, hello))
    for packet, (outbound, data) in enumerate(talk, start=1):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    assert [(n.name, n.source) for n in flow.summary().names] == [("mail.vendor.test", "sni")]


def test_a_refused_change_goes_on_in_the_clear() -> None:
    pieces = (server(GREETING), device(b"STLS\r\nPASS s3cret\r\n"), server(b"-ERR no\r\n"))
    assert contents(play(module, *pieces)) == [("pop3.password", "password", b"s3cret")]


def test_inconclusive_cut_mail_says_so_and_mail_behind_a_gap_is_no_command() -> None:
    start = (server(GREETING), device(b"RETR 1\r\n"))
    (cut,) = [c for c in play(module, *start, server(b"+OK\r\n" + MAIL)) if isinstance(c, Content)]
    assert (cut.data, cut.truncated) == (MAIL, True)
    assert play(module, server(GREETING), gap(99, outbound=False), server(b"x\r\n" + MAIL)) == []


def test_fail_a_line_without_end_is_an_oddity() -> None:
    (oddity,) = play(module, device(b"x" * 17_000))
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


@pytest.mark.parametrize(("port", "application"), [(110, "pop3"), (21, "ftp"), (4000, None)])
def test_inconclusive_user_alone_counts_on_a_port(port: int, application: str | None) -> None:
    flow = FlowDissector(Context(1, TCP, DEVICE, Endpoint("192.0.2.1", port)), (module, ftp))
    flow.feed(Segment(1, True, 1, 1, 0, b"USER bob\r\n"))
    flow.close()
    assert flow.summary().application == application


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (GREETING, Likeness.CERTAIN),
        (b"+OK <1896.697170952@mail.vendor.test>\r\n", Likeness.CERTAIN),
        (b"+OK\r\n", Likeness.WEAK),
        (b"+OKAY\r\n", Likeness.NO),
        (b"+OK hel", Likeness.MORE),
        (b"USER bob\r\n", Likeness.WEAK),
        (b"capa\r\n", Likeness.WEAK),
        (b"USERS\r\n", Likeness.NO),
        (b"SSH-2.0-x\r\n", Likeness.NO),
        (b"+OK \0\0", Likeness.NO),
    ],
)
def test_recognition_by_greeting_or_command(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


LINES = st.sampled_from(
    [
        GREETING,
        b"STLS\r\n",
        b"+OK\r\n",
        b"-ERR\r\n",
        b"RETR 1\r\n",
        b"AUTH PLAIN\r\n",
        b"+ \r\n",
        b".\r\n",
        b"\n.\n",
        b"a\r\n",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(LINES, st.binary(max_size=20))), max_size=10))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
