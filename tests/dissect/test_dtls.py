"""DTLS: hellos with cookie and in fragments, certificates, later epochs, and what only looks alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import dtls as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.events import NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from tests import dtls_talk
from tests.dissect import hellos
from tests.dissect.opened import contents, oddities, told
from tests.dissect.play import device, play, reading, recognise, server
from tests.quic_talk import DatagramTalk, frozen

BODY = hellos.client_hello(hellos.server_name(b"cam.vendor.test"), version=0xFEFD, cookie=b"")
DER = hellos.certificate("cam.vendor.test", "cam.vendor.test")


def fragment(kind: int, body: bytes, start: int = 0, end: int | None = None, *, number: int = 0) -> bytes:
    """Gives a part of a handshake message with its header of 12 bytes."""
    part = body[start:end]
    return (
        bytes([kind])
        + len(body).to_bytes(3)
        + number.to_bytes(2)
        + start.to_bytes(3)
        + len(part).to_bytes(3)
        + part
    )


def record(kind: int, body: bytes, *, epoch: int = 0, version: int = 0xFEFD) -> bytes:
    """Gives a record; sequence numbers are not looked at."""
    return bytes([kind]) + version.to_bytes(2) + epoch.to_bytes(2) + bytes(6) + hellos.vector(body, 2)


HELLO = record(22, fragment(1, BODY), version=0xFEFF)
NAME = NameSeen(1, 1, 1_000_000_000, True, "cam.vendor.test", "sni")
CLOSED = record(23, bytes(40), epoch=1)


def test_pass_a_hello_names_the_server() -> None:
    assert recognise(module, HELLO) is Likeness.CERTAIN
    assert play(module, device(HELLO)) == [NAME]


def test_the_hello_with_a_cookie_says_no_more() -> None:
    verify = record(22, fragment(3, b"\xfe\xff\x04abcd"))
    again = hellos.client_hello(hellos.server_name(b"cam.vendor.test"), version=0xFEFD, cookie=b"abcd")
    found = play(module, device(HELLO), server(verify), device(record(22, fragment(1, again, number=1))))
    assert found == [NAME]


def test_fragments_in_any_order_are_joined() -> None:
    parts = [fragment(1, BODY, 30, 50), fragment(1, BODY, 0, 35), fragment(1, BODY, 45)]
    (name,) = play(module, *[device(record(22, part)) for part in parts])
    assert isinstance(name, NameSeen)
    assert (name.name, name.packet) == ("cam.vendor.test", 3)


def test_a_whole_handshake_shows_suite_and_certificate() -> None:
    flight = record(
        22,
        fragment(2, hellos.server_hello(version=0xFEFD, cipher=0xC02B), number=1)
        + fragment(11, hellos.certificate_message(DER), number=2)
        + fragment(14, b"", number=3),
    )
    summary = reading(module, device(HELLO), server(flight), device(CLOSED))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert (summary.encryption.protocol, summary.encryption.version) == ("dtls", "DTLSv1.2")
    assert summary.tls is not None
    assert summary.tls.certificate is not None
    assert summary.tls.certificate.subject_cn == "cam.vendor.test"
    assert summary.tls.ja4 is not None
    assert summary.tls.ja4.startswith("dd2")


def test_records_of_a_later_epoch_alone_are_encrypted() -> None:
    summary = reading(module, device(CLOSED))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.tls is None


def test_inconclusive_a_clear_record_without_a_hello_is_opaque() -> None:
    assert reading(module, device(record(21, b"\1\0"))).encryption.state is EncryptionState.OPAQUE


def test_fail_foreign_datagrams_are_not_recognised() -> None:
    assert recognise(module, b"\x16\x03\x03" + bytes(30), UDP) is Likeness.NO
    assert recognise(module, HELLO + b"tail") is Likeness.NO
    assert recognise(module, HELLO[:12]) is Likeness.NO


def test_a_datagram_cut_by_the_snap_length_is_still_likely() -> None:
    assert recognise(module, HELLO[:-5]) is Likeness.LIKELY


def test_a_fragment_beyond_its_message_is_an_oddity() -> None:
    bad = b"\1" + (10).to_bytes(3) + bytes(2) + (8).to_bytes(3) + (5).to_bytes(3) + bytes(5)
    (oddity,) = play(module, device(record(22, bad)))
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


def test_a_message_of_many_tiny_fragments_is_bounded() -> None:
    parts = [record(22, fragment(1, BODY, at, at + 1)) for at in range(len(BODY) - 1)]
    assert play(module, *[device(part) for part in parts]) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 1))
def test_any_datagram_is_taken_without_a_fault(bodies: list[bytes], epoch: int) -> None:
    data = b"".join(record(22, body, epoch=epoch) for body in bodies)
    module.recognise(Head(data, UDP))
    play(module, device(data), *[server(body) for body in bodies])


MESSAGE = bytes.fromhex("48 01 0001 0102030405060708 b4 74656d70 ff") + b"serial=0815"
"""A CoAP request for /temp."""


def test_with_a_key_log_what_is_inside_is_read_as_datagrams() -> None:
    found, summary = told(frozen("dtls"), port=5684)
    assert contents(found) == [
        (5, "coap.uri", b"/temp"),
        (5, "coap.payload", b"serial=0815"),
        (6, "coap.payload", b"serial=0815"),
    ]
    assert summary.application == "coap"
    assert (summary.encryption.state, summary.encryption.protocol) == (EncryptionState.ENCRYPTED, "dtls")
    assert summary.encryption.opened
    assert summary.encryption.reason == "DTLS handshake seen; opened with the key log"
    assert oddities(found) == []


@pytest.mark.parametrize(
    ("ciphers", "use_rsa"),
    [
        (b"ECDHE-ECDSA-AES256-SHA", False),
        (b"ECDHE-ECDSA-CHACHA20-POLY1305", False),
        (b"ECDHE-ECDSA-AES128-CCM8", False),
        (b"AES128-SHA256", True),
    ],
)
def test_every_kind_of_suite_is_opened(ciphers: bytes, use_rsa: bool) -> None:  # noqa: FBT001
    pytest.importorskip("OpenSSL")
    found, _ = told(dtls_talk.talk((True, MESSAGE), (False, MESSAGE), ciphers=ciphers, use_rsa=use_rsa), port=5684)
    assert [data for _, where, data in contents(found) if where == "coap.payload"] == [b"serial=0815"] * 2


def test_without_its_keys_nothing_is_opened() -> None:
    found, summary = told(frozen("dtls"), port=5684, keylog=b"")
    assert contents(found) == []
    assert (summary.application, summary.encryption.opened) == ("dtls", False)


def test_fail_wrong_keys_and_damaged_records_are_told_once_for_each_side() -> None:
    talk = frozen("dtls")
    found, summary = told(talk, port=5684, keylog=talk.keylog[:-8] + b"00000000")
    assert not summary.encryption.opened
    assert sorted(oddities(found)) == [("decryption_failed", False), ("decryption_failed", True)]
    rows = list(talk.datagrams)
    rows.append((True, rows[4][1][:-1] + b"\0"))
    rows.append((True, rows[4][1][:-2] + b"\0\0"))
    assert oddities(told(DatagramTalk(tuple(rows), talk.keylog), port=5684)[0]) == [("decryption_stopped", True)]


def test_inconclusive_without_the_servers_hello_nothing_opens() -> None:
    talk = frozen("dtls")
    kept = (talk.datagrams[0], *talk.datagrams[2:])
    found, _ = told(DatagramTalk(kept, talk.keylog), port=5684)
    assert contents(found) == []
    assert ("decryption_failed", True) in oddities(found)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 300), st.binary(max_size=40))
def test_any_change_behind_valid_keys_is_taken_without_a_fault(index: int, at: int, data: bytes) -> None:
    talk = frozen("dtls")
    rows = list(talk.datagrams)
    outbound, datagram = rows[index]
    rows[index] = (outbound, datagram[:at] + data + datagram[at + 2 :])
    found, _ = told(DatagramTalk(tuple(rows), talk.keylog), port=5684)
    assert "dissector_fault" not in {kind for kind, _ in oddities(found)}
