"""LDAP: binds, searches, entries; StartTLS; security layers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ldap as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.ber_elements import element, integer, text
from tests.dissect.play import device, gap, play, reading, recognise, server
from tests.dissect.switch import after_tls

BIND = (
    "302a 020101 6025"  # message 1, bind
    "020103"  # version 3
    "0416 636e3d63616d2c64633d76656e646f722c64633d7431"  # cn=cam,dc=vendor,dc=t1
    "8008 6f70656e736573 61"  # simple: opensesa
)
BOUND = "300c 020101 6107 0a0100 0400 0400"
START_TLS = element(0x30, integer(2), element(0x77, text(b"1.3.6.1.4.1.1466.20037", 0x80)))
STARTED = element(0x30, integer(2), element(0x78, integer(0, 0x0A), text(b""), text(b"")))


def message(operation: bytes, number: int = 3) -> bytes:
    """Gives a message with an operation."""
    return element(0x30, integer(number), operation)


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_name_and_password_of_a_simple_bind() -> None:
    pieces = (device(BIND), server(BOUND))
    assert told(play(module, *pieces)) == [
        ("ldap.username", "username", b"cn=cam,dc=vendor,dc=t1"),
        ("ldap.password", "password", b"opensesa"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_sasl_plain_gives_its_credentials() -> None:
    answer = element(0xA3, text(b"PLAIN"), text(b"\0cam\0sec ret"))
    bind = message(element(0x60, integer(3), text(b""), answer))
    assert told(play(module, device(bind))) == [
        ("ldap.auth", "auth", b"PLAIN"),
        ("ldap.username", "username", b"cam"),
        ("ldap.password", "password", b"sec ret"),
    ]


def test_base_and_filter_of_a_search_and_the_entry_that_answers() -> None:
    equal = element(0xA3, text(b"uid"), text(b"anna"))
    begins = element(0xA4, text(b"mail"), element(0x30, text(b"anna@", 0x80)))
    search = element(
        0x63,
        text(b"ou=people,dc=vendor"),
        integer(2, 0x0A),
        integer(0, 0x0A),
        integer(0),
        integer(0),
        element(1, b"\0"),
        element(0xA0, equal, element(0xA2, begins)),
        element(0x30),
    )
    entry = element(
        0x64,
        text(b"uid=anna"),
        element(0x30, element(0x30, text(b"mobile"), element(0x31, text(b"+49 30 1"), text(b"+49 30 2")))),
    )
    assert told(play(module, device(message(search)), server(message(entry)))) == [
        ("ldap.search_base", "base", b"ou=people,dc=vendor"),
        ("ldap.filter", "uid", b"anna"),
        ("ldap.filter", "mail", b"anna@"),
        ("ldap.entry", "dn", b"uid=anna"),
        ("ldap.attribute", "mobile", b"+49 30 1"),
        ("ldap.attribute", "mobile", b"+49 30 2"),
    ]


def test_what_is_changed_and_compared_is_told() -> None:
    pair = element(0x30, text(b"userPassword"), element(0x31, text(b"new-secret")))
    modify = element(0x66, text(b"uid=anna"), element(0x30, element(0x30, integer(2, 0x0A), pair)))
    compare = element(0x6E, text(b"uid=anna"), element(0x30, text(b"pin"), text(b"1234")))
    assert told(play(module, device(message(modify) + message(compare)))) == [
        ("ldap.entry", "dn", b"uid=anna"),
        ("ldap.attribute", "userPassword", b"new-secret"),
        ("ldap.filter", "pin", b"1234"),
    ]


def test_after_start_tls_the_bytes_are_recognised_afresh() -> None:
    summary = after_tls(module, device(START_TLS), server(STARTED))
    assert [name.name for name in summary.names] == ["up.vendor.test"]
    assert summary.encryption.state is EncryptionState.ENCRYPTED


def test_where_the_answer_to_start_tls_is_missing_a_handshake_still_is_one() -> None:
    assert after_tls(module, device(START_TLS)).application == "tls"
    assert after_tls(module, device(BIND)).application == "ldap"


def test_a_security_layer_is_opaque() -> None:
    bind = message(
        element(0x60, integer(3), text(b""), element(0xA3, text(b"GSS-SPNEGO"), text(b"\x60\1\0")))
    )
    wrapped = b"\0\0\0\x10" + bytes(range(16))
    summary = reading(module, device(bind), server(BOUND), device(wrapped), server(wrapped))
    assert summary.encryption.state is EncryptionState.OPAQUE


def test_fail_bytes_behind_a_message_that_begin_none_are_an_oddity() -> None:
    found = play(module, device(BOUND), device(b"\x31\x05hello"), device(BIND))
    assert [type(item) for item in found] == [Oddity]


def test_inconclusive_a_gap_inside_of_a_message_gives_what_is_there() -> None:
    data = bytes.fromhex(BIND)
    found = play(module, device(data[:40]), gap(4, outbound=True), device(BIND))
    assert told(found)[:2] == [
        ("ldap.username", "username", b"cn=cam,dc=vendor,dc=t1"),
        ("ldap.password", "password", b"open"),
    ]
    assert told(found)[2:] == [("ldap.password", "password", b"opensesa")]


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (BIND, Likeness.LIKELY),
        (START_TLS.hex(), Likeness.LIKELY),
        ("302a 020101 0406 7075626c6963", Likeness.NO),  # SNMP
        ("302a 020181 6025", Likeness.NO),  # a negative message number
        ("3003 020101", Likeness.NO),
    ],
)
@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_recognition(data: str, likeness: Likeness, protocol: int) -> None:
    assert recognise(module, data, protocol) is likeness


def test_nested_filters_and_many_values_are_bounded() -> None:
    nested = b""
    for _ in range(60):
        nested = element(0xA2, nested)
    values = element(0x31, *[text(b"%d" % n) for n in range(500)])
    entry = element(0x64, text(b"x"), element(0x30, *[element(0x30, text(b"a"), values)] * 5))
    search = element(0x63, text(b"b"), *[integer(0)] * 5, nested)
    found = play(module, device(message(search)), device(message(entry)))
    assert len(told(found)) == module.VALUES + 2


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 40))
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int) -> None:
    known = bytes.fromhex(BIND)
    for sent in (data, known[:at] + data, START_TLS + data, known[:at] + data[:1] + known[at + 1 :]):
        play(module, device(sent), server(data))
        play(module, device(sent), protocol=UDP)
