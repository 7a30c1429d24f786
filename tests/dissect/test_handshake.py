"""Handshakes: what the messages sum up to, in whatever wrapping they came."""

from iotaudit.dissect.handshake import CERTIFICATE, CLIENT_HELLO, SERVER_HELLO, Handshake
from iotaudit.dissect.tls_hello import HELLO_RETRY
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState, Tls
from tests.dissect import hellos

PLACE = (5, 5_000_000_000)


def taken(handshake: Handshake, kind: int, body: bytes, *, outbound: bool = True) -> tuple[Event, ...]:
    return handshake.message(kind, body, PLACE, outbound=outbound)


def test_pass_a_hello_names_the_server() -> None:
    handshake = Handshake(3, "t", "sni")
    body = hellos.client_hello(hellos.server_name(b"api.vendor.test"))
    assert taken(handshake, CLIENT_HELLO, body) == (NameSeen(3, *PLACE, True, "api.vendor.test", "sni"),)


def test_an_ech_hello_names_only_the_front() -> None:
    handshake = Handshake(3, "t", "sni")
    body = hellos.client_hello(hellos.server_name(b"front.test"), hellos.ECH_OUTER)
    (name,) = taken(handshake, CLIENT_HELLO, body)
    assert isinstance(name, NameSeen)
    assert name.source == "ech_outer"
    tls = handshake.reading("tls", reason="").tls
    assert tls is not None
    assert tls.ech


def test_the_chosen_version_and_suite_are_the_servers() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello(hellos.alpn(b"h2", b"http/1.1")))
    taken(handshake, SERVER_HELLO, hellos.server_hello(hellos.alpn(b"h2"), (43, b"\3\4"), cipher=0x1301))
    reading = handshake.reading("tls", reason="seen")
    assert reading.encryption.state is EncryptionState.ENCRYPTED
    assert reading.encryption.version == "TLSv1.3"
    assert reading.encryption.cipher == "TLS_AES_128_GCM_SHA256"
    assert reading.tls is not None
    assert reading.tls.alpn == ("h2",)


def test_fail_a_suite_that_does_not_encrypt_is_plaintext() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, SERVER_HELLO, hellos.server_hello(cipher=0x0002))
    assert handshake.reading("tls", reason="").encryption.state is EncryptionState.PLAINTEXT


def test_after_a_hello_retry_the_second_answer_counts() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, SERVER_HELLO, hellos.server_hello((43, b"\3\4"), cipher=0x1302, random=HELLO_RETRY))
    assert not handshake.is_server_done()
    taken(handshake, SERVER_HELLO, hellos.server_hello((43, b"\3\4"), cipher=0x1301))
    assert handshake.is_server_done()
    assert handshake.reading("tls", reason="").encryption.cipher == "TLS_AES_128_GCM_SHA256"


def test_a_certificate_for_one_host_names_it() -> None:
    handshake = Handshake(3, "t", "sni")
    der = hellos.certificate("api.vendor.test", "api.vendor.test", "www.api.vendor.test")
    (name,) = taken(handshake, CERTIFICATE, hellos.certificate_message(der), outbound=False)
    assert isinstance(name, NameSeen)
    assert (name.name, name.source) == ("api.vendor.test", "certificate")


def test_inconclusive_a_certificate_for_many_hosts_names_none() -> None:
    for der in (
        hellos.certificate("*.vendor.test", "*.vendor.test"),
        hellos.certificate("a.vendor.test", "a.vendor.test", "b.vendor.test"),
        hellos.certificate("Vendor Device 12"),
    ):
        handshake = Handshake(3, "t", "sni")
        assert taken(handshake, CERTIFICATE, hellos.certificate_message(der), outbound=False) == ()
        assert handshake.certificate is not None


def test_a_message_whose_lengths_cannot_be_true_is_an_oddity() -> None:
    handshake = Handshake(3, "t", "sni")
    (oddity,) = taken(handshake, CLIENT_HELLO, hellos.client_hello()[:20])
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


def test_a_certificate_that_cannot_be_read_is_an_oddity_with_its_size_only() -> None:
    handshake = Handshake(3, "t", "sni")
    (oddity,) = taken(handshake, CERTIFICATE, hellos.certificate_message(b"secret"), outbound=False)
    assert isinstance(oddity, Oddity)
    assert "6 bytes" in oddity.detail
    assert "secret" not in oddity.detail


def told(handshake: Handshake) -> Tls:
    tls = handshake.reading("tls", reason="").tls
    assert tls is not None
    return tls


def test_a_hello_retry_is_told_and_binds_version_and_suite() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello())
    taken(handshake, SERVER_HELLO, hellos.server_hello((43, b"\3\4"), cipher=0x1302, random=HELLO_RETRY))
    tls = told(handshake)
    assert (tls.retry, tls.version, tls.cipher) == (True, "TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert tls.resumed is None
    taken(handshake, SERVER_HELLO, hellos.server_hello((43, b"\3\4"), cipher=0x1302))
    assert told(handshake).retry
    assert told(handshake).resumed is False


def test_pass_a_session_id_that_comes_back_is_a_session_taken_up() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello(session=b"s" * 32))
    taken(handshake, SERVER_HELLO, hellos.server_hello(session=b"s" * 32))
    assert told(handshake).resumed is True


def test_fail_another_session_id_and_none_are_a_new_session() -> None:
    for sent, given in ((b"s" * 32, b"t" * 32), (b"", b""), (b"", b"t" * 32)):
        handshake = Handshake(3, "t", "sni")
        taken(handshake, CLIENT_HELLO, hellos.client_hello(session=sent))
        taken(handshake, SERVER_HELLO, hellos.server_hello(session=given))
        assert told(handshake).resumed is False


def test_in_tls_13_an_echo_says_nothing_and_a_shared_key_is_told() -> None:
    for extensions, resumed in (((), False), (((41, b"\0\0"),), True)):
        handshake = Handshake(3, "t", "sni")
        taken(handshake, CLIENT_HELLO, hellos.client_hello((43, b"\2\3\4"), session=b"s" * 32))
        taken(handshake, SERVER_HELLO, hellos.server_hello((43, b"\3\4"), *extensions, cipher=0x1301, session=b"s" * 32))
        assert told(handshake).resumed is resumed


def test_inconclusive_without_both_hellos_nobody_knows_whether_a_session_was_taken_up() -> None:
    one, other = Handshake(3, "t", "sni"), Handshake(3, "t", "sni")
    taken(one, CLIENT_HELLO, hellos.client_hello(session=b"s" * 32))
    taken(other, SERVER_HELLO, hellos.server_hello(session=b"s" * 32))
    assert told(one).resumed is None
    assert told(other).resumed is None


def test_the_clients_certificate_is_not_taken_for_the_servers() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello())
    taken(handshake, CERTIFICATE, hellos.certificate_message(hellos.certificate("device.vendor.test")))
    assert told(handshake).certificate is None
    taken(handshake, CERTIFICATE, hellos.certificate_message(hellos.certificate("api.vendor.test")), outbound=False)
    shown = told(handshake).certificate
    assert shown is not None
    assert shown.subject_cn == "api.vendor.test"


def test_what_is_weak_is_told_by_version_suite_and_certificate() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello(hellos.server_name(b"api.vendor.test")))
    taken(handshake, SERVER_HELLO, hellos.server_hello(version=0x0301, cipher=0x0005))
    assert told(handshake).weak == ("no_forward_secrecy", "old_version", "rc4_suite")
    taken(handshake, CERTIFICATE, hellos.certificate_message(hellos.certificate("cam.other.test")), outbound=False)
    assert told(handshake).weak == (
        "name_mismatch",
        "no_forward_secrecy",
        "not_yet_valid",  # the packet is of 1970
        "old_version",
        "rc4_suite",
    )


def test_a_hello_alone_is_not_weak() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello(version=0x0301))
    assert told(handshake).weak == ()


def test_the_name_of_an_outer_hello_is_not_held_against_the_certificate() -> None:
    handshake = Handshake(3, "t", "sni")
    taken(handshake, CLIENT_HELLO, hellos.client_hello(hellos.server_name(b"front.test"), hellos.ECH_OUTER))
    taken(handshake, CERTIFICATE, hellos.certificate_message(hellos.certificate("api.vendor.test")), outbound=False)
    assert "name_mismatch" not in told(handshake).weak
