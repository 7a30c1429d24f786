"""FTP's control connection: user, password, file names, AUTH TLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ftp as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.session import TCP, Likeness
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, device, play, reading, recognise, server

GREETING = b"220 (vsFTPd 3.0.3)\r\n"


def test_pass_user_password_and_file_names_are_contents() -> None:
    pieces = (
        server(GREETING),
        device(b"USER cam\r\n"),
        server(b"331 password\r\n"),
        device(b"PASS sec ret\r\n"),
        server(b"230 in\r\n"),
        device(b"TYPE I\r\nPASV\r\nSTOR /2024/front-door.jpg\r\n"),
    )
    assert [(c.where, c.key, c.data) for c in play(module, *pieces) if isinstance(c, Content)] == [
        ("ftp.username", "username", b"cam"),
        ("ftp.password", "password", b"sec ret"),
        ("ftp.command", "stor", b"/2024/front-door.jpg"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_after_auth_tls_the_bytes_are_recognised_afresh() -> None:
    hello = hellos.record(22, hellos.message(1, hellos.client_hello(hellos.server_name(b"up.vendor.test"))))
    flow = open_flow(1, TCP, DEVICE, SERVER)
    for packet, (outbound, data) in enumerate(
        ((False, GREETING), (True, b"AUTH TLS\r\n"), (False, b"234 go\r\n"), (True, hello)), start=1
    ):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    assert [n.name for n in flow.summary().names] == ["up.vendor.test"]
    assert flow.summary().encryption.state is EncryptionState.ENCRYPTED


def test_inconclusive_a_bare_greeting_counts_on_its_port_alone() -> None:
    for port, application in ((21, "ftp"), (4000, None)):
        flow = open_flow(1, TCP, DEVICE, Endpoint("192.0.2.1", port))
        flow.feed(Segment(1, False, 1, 1, 0, b"220 ready\r\n"))
        flow.close()
        assert flow.summary().application == application


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (GREETING, Likeness.CERTAIN),
        (b"220 ready\r\n", Likeness.WEAK),
        (b"USER bob\r\n", Likeness.WEAK),
        (b"USE", Likeness.MORE),
        (b"USERS\r\n", Likeness.NO),
    ],
)
def test_fail_and_pass_recognition_by_greeting_or_user(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([b"USER a\r\n", b"331 \r\n", b"DATA\n"])), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, *[device(piece) for piece in pieces], *[server(piece) for piece in pieces])
