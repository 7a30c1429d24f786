"""Kerberos: realms, principals and host names over UDP and TCP."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import kerberos as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.ber_elements import element, integer, text
from tests.dissect.play import device, play, reading, recognise, server


def tagged(number: int, body: bytes) -> bytes:
    """Gives an explicit tag."""
    return element(0xA0 | number, body)


def principal(*parts: bytes) -> bytes:
    """Gives a PrincipalName."""
    strings = element(0x30, *[element(0x1B, part) for part in parts])
    return element(0x30, tagged(0, integer(1)), tagged(1, strings))


HOST = element(0x30, tagged(0, integer(20)), tagged(1, text(b"PANEL-7         ")))
BODY = element(
    0x30,
    tagged(0, element(3, bytes.fromhex("0040810010"))),
    tagged(1, principal(b"panel")),
    tagged(2, element(0x1B, b"PLANT.TEST")),
    tagged(3, principal(b"krbtgt", b"PLANT.TEST")),
    tagged(5, element(0x18, b"20370913024805Z")),
    tagged(7, integer(42)),
    tagged(8, element(0x30, integer(18))),
    tagged(9, element(0x30, HOST)),
)
AS_REQUEST = element(0x6A, element(0x30, tagged(1, integer(5)), tagged(2, integer(10)), tagged(4, BODY)))
TICKET = element(
    0x61,
    element(
        0x30,
        tagged(0, integer(5)),
        tagged(1, element(0x1B, b"PLANT.TEST")),
        tagged(2, principal(b"cifs", b"files.plant.test")),
        tagged(3, element(0x30, tagged(0, integer(18)), tagged(2, text(bytes(40))))),
    ),
)
AS_ANSWER = element(
    0x6B,
    element(
        0x30,
        tagged(0, integer(5)),
        tagged(1, integer(11)),
        tagged(3, element(0x1B, b"PLANT.TEST")),
        tagged(4, principal(b"panel")),
        tagged(5, TICKET),
        tagged(6, element(0x30, tagged(0, integer(18)), tagged(2, text(bytes(200))))),
    ),
)
ERROR = element(
    0x7E,
    element(
        0x30,
        tagged(0, integer(5)),
        tagged(1, integer(30)),
        tagged(4, element(0x18, b"20260101000000Z")),
        tagged(5, integer(0)),
        tagged(6, integer(6)),
        tagged(9, element(0x1B, b"PLANT.TEST")),
        tagged(10, principal(b"http", b"cam.plant.test")),
        tagged(11, element(0x1B, b"CLIENT_NOT_FOUND")),
    ),
)


def framed(data: bytes, protocol: int) -> bytes:
    """Gives a message behind its length where the transport is TCP."""
    return len(data).to_bytes(4) + data if protocol == TCP else data


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


@pytest.mark.parametrize("protocol", [UDP, TCP])
def test_pass_names_of_request_answer_and_error_are_told(protocol: int) -> None:
    pieces = (
        device(framed(AS_REQUEST, protocol)),
        server(framed(AS_ANSWER, protocol)),
        server(framed(ERROR, protocol)),
    )
    assert told(play(module, *pieces, protocol=protocol)) == [
        ("kerberos.client", "username", b"panel"),
        ("kerberos.realm", "realm", b"PLANT.TEST"),
        ("kerberos.service", "service", b"krbtgt/PLANT.TEST"),
        ("kerberos.host", "host", b"PANEL-7"),
        ("kerberos.service", "service", b"cifs/files.plant.test"),
        ("kerberos.service", "service", b"http/cam.plant.test"),
        ("kerberos.error", "error", b"CLIENT_NOT_FOUND"),
    ]
    assert reading(module, *pieces, protocol=protocol).encryption.state is EncryptionState.PLAINTEXT


def test_fail_a_length_that_cannot_be_is_an_oddity() -> None:
    found = play(module, device(framed(AS_REQUEST, TCP)), device(b"\x7f\xff\xff\xff"))
    assert [item.detail for item in found if isinstance(item, Oddity)] == ["kerberos: no message begins"]


def test_fail_an_element_that_is_no_message_is_an_oddity() -> None:
    assert isinstance(play(module, device(element(0x30, integer(5))), protocol=UDP)[0], Oddity)


def test_inconclusive_a_cut_datagram_gives_what_is_there() -> None:
    found = play(module, device(AS_REQUEST[:60], truncated_len=len(AS_REQUEST) - 60), protocol=UDP)
    assert ("kerberos.client", "username", b"panel") in told(found)
    assert not [item for item in found if isinstance(item, Oddity)]


@pytest.mark.parametrize("protocol", [UDP, TCP])
@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (AS_REQUEST, Likeness.CERTAIN),
        (AS_ANSWER, Likeness.CERTAIN),
        (ERROR, Likeness.CERTAIN),
        (
            AS_REQUEST.replace(b"\x02\x01\x0a", b"\x02\x01\x0b", 1),
            Likeness.NO,
        ),  # the number of another message
        (AS_REQUEST.replace(b"\x02\x01\x05", b"\x02\x01\x04", 1), Likeness.NO),  # version 4
        (element(0x30, integer(5), integer(6)), Likeness.NO),
    ],
)
def test_recognition(data: bytes, likeness: Likeness, protocol: int) -> None:
    assert recognise(module, framed(data, protocol), protocol) is likeness


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 120))
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int) -> None:
    broken = AS_REQUEST[:at] + data + AS_REQUEST[at + 1 :]
    play(module, device(broken), protocol=UDP)
    play(module, device(framed(broken, TCP)), server(data))
