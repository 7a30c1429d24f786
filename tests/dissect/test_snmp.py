"""SNMP: community, objects and texts of versions 1 and 2c, users and the privacy flag of version 3."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import snmp as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.ber_elements import element, integer, text
from tests.dissect.play import device, play, reading, recognise, server

SYS_NAME, SYS_UP_TIME = "2b06010201010500", "2b06010201010300"
GET = (
    "3029 020101 0406 7075626c6963"  # version 2c, community "public"
    "a01c 02042a2a2a2a 020100 020100"  # get: request id, no error
    "300e 300c 0608 2b06010201010500 0500"  # sysName.0, null
)
ANSWER = (
    "3034 020101 0406 7075626c6963"
    "a227 02042a2a2a2a 020100 020100"
    "3019 3017 0608 2b06010201010500 040b 63616d2d6b69746368656e"  # sysName.0 = "cam-kitchen"
)
ENGINE = bytes.fromhex("8000000005dead01")


def v3(flags: int, body: bytes, user: bytes = b"monitor") -> bytes:
    """Gives a message of version 3."""
    security = element(0x30, text(ENGINE), integer(1), integer(77), text(user), text(b""), text(b""))
    header = element(0x30, integer(9), integer(65507), text(bytes((flags,))), integer(3))
    return element(0x30, integer(3), header, text(security), body)


def scoped(pdu: int, bindings: bytes) -> bytes:
    """Gives a scoped PDU in the clear."""
    fields = integer(5) + integer(0) + integer(0) + element(0x30, bindings)
    return element(0x30, text(ENGINE), text(b""), element(pdu, fields))


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


@pytest.mark.parametrize("protocol", [UDP, TCP])
def test_pass_community_object_and_text_are_told_once(protocol: int) -> None:
    found = play(module, device(GET), server(ANSWER), device(GET), protocol=protocol)
    assert told(found) == [
        ("snmp.community", "community", b"public"),
        ("snmp.oid", "oid", b"1.3.6.1.2.1.1.5.0"),
        ("snmp.value", "sysName", b"cam-kitchen"),
    ]
    summary = reading(module, device(GET), server(ANSWER), protocol=protocol)
    assert (summary.encryption.state, summary.encryption.version) == (EncryptionState.PLAINTEXT, "2c")


def test_a_trap_of_version_1_names_its_enterprise() -> None:
    binding = element(0x30, element(6, bytes.fromhex(SYS_UP_TIME)), integer(7, 0x43))
    trap = element(
        0xA4,
        element(6, bytes.fromhex("2b060104018f51")),
        text(bytes((192, 168, 1, 20)), 0x40),
        integer(6),
        integer(3),
        integer(7, 0x43),
        element(0x30, binding),
    )
    found = play(module, device(element(0x30, integer(0), text(b"trap"), trap)), protocol=UDP)
    assert [row[2] for row in told(found)] == [b"trap", b"1.3.6.1.4.1.2001", b"1.3.6.1.2.1.1.3.0"]


def test_version_3_with_privacy_is_encrypted_and_its_user_is_told() -> None:
    probe = device(v3(4, scoped(0xA0, b""), user=b""))
    report = server(
        v3(0, scoped(0xA8, element(0x30, element(6, bytes.fromhex(SYS_UP_TIME)), integer(1, 0x41))))
    )
    closed = device(v3(7, text(bytes(range(48)))))
    summary = reading(module, probe, report, closed, protocol=UDP)
    assert (summary.encryption.state, summary.encryption.version) == (EncryptionState.ENCRYPTED, "3")
    found = told(play(module, probe, closed, protocol=UDP))
    assert found == [
        ("snmp.engine_id", "engine_id", ENGINE.hex().encode()),
        ("snmp.username", "username", b"monitor"),
    ]


def test_version_3_without_privacy_is_plaintext() -> None:
    binding = element(0x30, element(6, bytes.fromhex(SYS_NAME)), text(b"cam-hall"))
    pieces = (device(v3(5, scoped(0xA2, binding))), device(v3(7, text(bytes(range(48))))))
    assert ("snmp.value", "sysName", b"cam-hall") in told(play(module, *pieces, protocol=UDP))
    assert reading(module, *pieces, protocol=UDP).encryption.state is EncryptionState.PLAINTEXT


def test_fail_a_message_without_a_pdu_is_an_oddity() -> None:
    found = play(module, device(element(0x30, integer(1), text(b"public"), integer(1))), protocol=UDP)
    assert [type(item) for item in found] == [Oddity]


def test_inconclusive_a_cut_message_gives_what_is_there() -> None:
    cut = bytes.fromhex(ANSWER)[:-4]
    found = play(module, server(cut, truncated_len=4), protocol=UDP)
    value = [c for c in found if isinstance(c, Content)][-1]
    assert (value.data, value.truncated) == (b"cam-kit", True)
    assert not [item for item in found if isinstance(item, Oddity)]


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (GET, Likeness.LIKELY),
        (v3(7, text(bytes(48))).hex(), Likeness.LIKELY),
        (GET.replace("020101 04", "020102 04", 1), Likeness.NO),  # no such version
        ("300c 0201 07 6307 0400 0a0100 0a0100", Likeness.NO),  # LDAP
        ("300f 0003 612f62 3132333435363738 3930", Likeness.NO),  # MQTT: a PUBLISH
    ],
)
@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_recognition(data: str, likeness: Likeness, protocol: int) -> None:
    assert recognise(module, data, protocol) is likeness


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 40))
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int) -> None:
    message = bytes.fromhex(ANSWER)
    for sent in (data, message[:at] + data, message[:at] + data[:1] + message[at + 1 :]):
        play(module, device(sent), server(data), protocol=TCP)
        play(module, device(sent), protocol=UDP)
