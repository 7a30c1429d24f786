"""TLS over TCP: hellos in any cut, certificates, alerts, SSLv2, mid-stream records, and what only looks alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import tls as module
from iotaudit.dissect.session import TCP, Context, Head, Likeness
from iotaudit.model.events import NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server

CLIENT = hellos.message(1, hellos.client_hello(hellos.server_name(b"api.vendor.test"), hellos.alpn(b"h2")))
ANSWER_12 = hellos.message(2, hellos.server_hello(cipher=0xC02F))
ANSWER_13 = hellos.message(2, hellos.server_hello((43, b"\3\4"), cipher=0x1301))
DER = hellos.certificate("api.vendor.test", "api.vendor.test")
CERTIFICATE = hellos.message(11, hellos.certificate_message(DER))
DONE = hellos.message(14, b"")
HELLO_RECORD = hellos.record(22, CLIENT, 0x0301)
NAME = NameSeen(1, 1, 1_000_000_000, True, "api.vendor.test", "sni")


def test_pass_a_hello_gives_the_name_in_every_cut() -> None:
    assert play(module, device(HELLO_RECORD)) == [NAME]


def test_a_hello_over_several_records_is_joined() -> None:
    parts = [CLIENT[:3], CLIENT[3:50], CLIENT[50:]]
    assert play(module, device(b"".join(hellos.record(22, part) for part in parts))) == [NAME]


def test_a_whole_handshake_of_version_1_2_shows_the_certificate() -> None:
    flight = hellos.record(22, ANSWER_12 + CERTIFICATE + DONE)
    found = play(module, device(HELLO_RECORD), server(flight))
    assert [(n.name, n.source) for n in found if isinstance(n, NameSeen)] == [
        ("api.vendor.test", "sni"),
        ("api.vendor.test", "certificate"),
    ]
    summary = reading(module, device(HELLO_RECORD), server(flight))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.encryption.version == "TLSv1.2"
    assert summary.tls is not None
    assert summary.tls.certificate is not None
    assert summary.tls.certificate.packet == 2


def test_version_1_3_is_told_from_the_servers_hello() -> None:
    summary = reading(module, device(HELLO_RECORD), server(hellos.record(22, ANSWER_13)))
    assert summary.encryption.version == "TLSv1.3"
    assert summary.encryption.cipher == "TLS_AES_128_GCM_SHA256"


def test_an_alert_in_the_clear_is_told() -> None:
    alert = hellos.record(21, b"\2\x30")  # fatal, unknown_ca
    summary = reading(module, device(HELLO_RECORD), server(hellos.record(22, ANSWER_12)), device(alert))
    assert summary.encryption.reason is not None
    summary = reading(module, device(HELLO_RECORD), server(alert))
    assert "unknown_ca" in (summary.encryption.reason or "")


def test_records_of_a_session_that_began_before_the_capture_count_as_encrypted() -> None:
    data = hellos.record(23, bytes(40)) + hellos.record(23, bytes(20)) + hellos.record(23, bytes(9))
    assert recognise(module, data) is Likeness.CERTAIN
    summary = reading(module, device(data))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.tls is None


def test_inconclusive_one_record_header_proves_nothing() -> None:
    summary = reading(module, device(hellos.record(23, bytes(40))))
    assert summary.encryption.state is EncryptionState.OPAQUE


def test_a_hello_that_is_cut_says_nothing() -> None:
    assert play(module, device(HELLO_RECORD[:-1])) == []


def test_a_gap_inside_of_the_hello_loses_it_without_a_fault() -> None:
    assert play(module, device(HELLO_RECORD[:60]), gap(20, outbound=True), device(HELLO_RECORD[80:])) == []


def test_a_version_2_hello_is_recognised_and_names_nobody() -> None:
    hello = (
        "80 1f"  # length 31, no padding
        "01 0301"  # client hello, version 3.1
        "0006 0000 0010"  # two suites, no session id, challenge of 16
        "010080 000004"  # suites
        "000102030405060708090a0b0c0d0e0f"  # challenge
    )
    assert recognise(module, hello) is Likeness.CERTAIN
    assert play(module, device(hello)) == []
    assert reading(module, device(hello)).encryption.state is EncryptionState.ENCRYPTED


def test_a_broken_record_header_after_a_sound_one_is_an_oddity() -> None:
    (oddity,) = play(module, device(hellos.record(22, b"\0\0\0\0") + b"garbage"))
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


def test_a_suite_that_does_not_encrypt_is_plaintext() -> None:
    answer = hellos.record(22, hellos.message(2, hellos.server_hello(cipher=0x0002)))
    summary = reading(module, device(HELLO_RECORD), server(answer))
    assert summary.encryption.state is EncryptionState.PLAINTEXT


def test_a_message_longer_than_the_bound_is_not_gathered() -> None:
    long = b"\x0b\xff\xff\xff" + bytes(16000)
    assert play(module, server(hellos.record(22, long))) == []


def test_after_both_hellos_no_more_bytes_are_asked_for() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    assert session.wants(outbound=True)
    session.feed(Segment(1, True, 1, 1, 0, HELLO_RECORD))
    session.feed(Segment(1, False, 2, 2, 0, hellos.record(22, ANSWER_13)))
    assert not session.wants(outbound=True)
    assert not session.wants(outbound=False)


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        ("16 0301", Likeness.MORE),
        ("16 0301 0005 01", Likeness.CERTAIN),
        ("16 0301 ffff 01", Likeness.NO),  # longer than a record may be
        ("17 0303 0005 00", Likeness.LIKELY),
        ("14 0303 0002 01", Likeness.NO),  # change cipher spec has one byte
        ("16 0401 0005 01", Likeness.NO),
        ("47 4554 202f 20", Likeness.NO),
    ],
)
def test_recognition_by_the_record_header(data: str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=60)
@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_are_taken_without_a_fault(data: bytes, sound: bool) -> None:  # noqa: FBT001
    data = hellos.record(22, data) if sound else data
    play(module, device(data), server(data))
    module.recognise(Head(data, TCP))


@settings(max_examples=60)
@given(st.integers(0, len(HELLO_RECORD) - 1), st.integers(0, 255))
def test_a_damaged_hello_gives_printable_names_or_none(at: int, byte: int) -> None:
    data = bytearray(HELLO_RECORD)
    data[at] = byte
    for item in play(module, device(bytes(data))):
        assert not isinstance(item, NameSeen) or item.name.isprintable()
