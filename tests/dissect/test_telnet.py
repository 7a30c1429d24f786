"""Telnet: options, prompts, what the terminal tells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector
from iotaudit.dissect import telnet as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, device, gap, play, reading, recognise, server

# IAC DO TERMINAL-TYPE, IAC DO NEW-ENVIRON
ASKED = bytes.fromhex("fffd18 fffd27")
# IAC SB TERMINAL-TYPE IS "xterm" IAC SE
TERMINAL = bytes.fromhex("fffa1800") + b"xterm" + bytes.fromhex("fff0")
# IAC SB NEW-ENVIRON IS VAR "USER" VALUE "root" USERVAR "SHELL" VALUE "a" ESC VAR "b" IAC SE
ENVIRON = (
    bytes.fromhex("fffa2700 00")
    + b"USER"
    + b"\x01root"
    + b"\x03SHELL\x01a\x02\x00b"
    + bytes.fromhex("fff0")
)


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_prompts_tell_user_and_password() -> None:
    pieces = (
        server(ASKED + b"\r\nWelcome to CamOS\r\ncamera login: "),
        device(b"root\r\n"),
        server(b"\r\nPassword: "),
        device(b"xc3511\r\0"),
        server(b"\r\n\x1b[1m#\x1b[0m "),
        device(b"cat /etc/passwd\r\n"),
        server(b"root:x:0:0\r\n"),
    )
    assert contents(play(module, *pieces)) == [
        ("telnet.text", "", b"\nWelcome to CamOS\ncamera login: "),
        ("telnet.username", "username", b"root"),
        ("telnet.text", "", b"\nPassword: "),
        ("telnet.password", "password", b"xc3511"),
        ("telnet.text", "", b"\n# root:x:0:0\n"),
        ("telnet.text", "", b"cat /etc/passwd\n"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_single_keys_with_their_echo_make_a_line() -> None:
    keys = [piece for key in (b"a", b"b", b"\x7f", b"d") for piece in (device(key), server(key))]
    pieces = (
        server(b"login: "),
        *keys,
        device(b"\r\0"),
        server(b"\r\nPassword: "),
        device(b"x"),
        device(b"y\r\0"),
    )
    told = contents(play(module, *pieces))
    assert ("telnet.username", "username", b"ad") in told
    assert ("telnet.password", "password", b"xy") in told


def test_pass_options_tell_terminal_and_environment() -> None:
    found = play(module, server(ASKED), device(TERMINAL + ENVIRON))
    assert contents(found) == [
        ("telnet.terminal_type", "terminal_type", b"xterm"),
        ("telnet.environ", "USER", b"root"),
        ("telnet.environ", "SHELL", b"a\0b"),
    ]


def test_the_option_encrypt_closes_a_direction() -> None:
    # IAC SB ENCRYPT START keyid 0 IAC SE
    pieces = (server(b"login: "), device(bytes.fromhex("fffa260300fff0") + b"\x8a\x91secret\r\n"))
    assert contents(play(module, *pieces)) == [("telnet.text", "", b"login: ")]
    assert reading(module, *pieces).encryption.state is EncryptionState.ENCRYPTED


def test_a_doubled_mark_is_one_byte_of_text_and_commands_are_none() -> None:
    # IAC IAC, IAC NOP
    assert contents(play(module, server(b"a" + bytes.fromhex("ffff fff1") + b"b\r\n"))) == [
        ("telnet.text", "", b"a\xffb\n")
    ]


def test_inconclusive_an_empty_answer_is_no_password() -> None:
    found = play(
        module,
        server(b"Password: "),
        device(b"\r\n"),
        server(b"login: "),
        gap(4, outbound=False),
        device(b"x\r\n"),
    )
    assert [row[0] for row in contents(found)] == ["telnet.text", "telnet.text", "telnet.text"]


def test_a_server_that_echoes_a_prompt_is_not_asked_for_a_password() -> None:
    found = play(
        module, server(b"login: "), device(b"password:"), server(b"secret\r\n"), device(b"\r\n")
    )
    assert "telnet.password" not in [row[0] for row in contents(found)]


def test_fail_text_beyond_the_bound_is_not_read() -> None:
    found = play(module, *[server(b"x" * 65_536) for _ in range(5)])
    assert [type(item) for item in found] == [Content] * 4 + [Oddity]


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (ASKED, Likeness.LIKELY),
        ("fffd18", Likeness.MORE),
        ("fffd18 0d0a", Likeness.WEAK),
        (b"\r\nlogin: ", Likeness.WEAK),
        (b"log", Likeness.MORE),
        ("fffe 2200 6100", Likeness.WEAK),  # UTF-16
        ("fffb 9044 0000", Likeness.NO),  # MP3
        ("ffd8 ffe0", Likeness.NO),  # JPEG
        ("00000001", Likeness.NO),
    ],
)
def test_recognition_by_two_options(data: bytes | str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@pytest.mark.parametrize(("port", "application"), [(23, "telnet"), (4000, None)])
def test_a_bare_prompt_counts_on_the_port_alone(port: int, application: str | None) -> None:
    flow = FlowDissector(Context(1, TCP, DEVICE, Endpoint("192.0.2.1", port)), (module,))
    flow.feed(Segment(1, False, 1, 1, 0, b"camera login: "))
    flow.close()
    assert flow.summary().application == application


PIECES = st.sampled_from(
    [
        ASKED,
        TERMINAL,
        ENVIRON,
        b"login: ",
        b"Password: ",
        b"\r",
        b"\n",
        b"\xff",
        b"\xff\xfa",
        b"\xff\xf0",
        b"a\x08",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(PIECES, st.binary(max_size=20))), max_size=10))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
