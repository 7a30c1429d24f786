"""Certificates: names and dates of the leaf, and what is none."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.guard import Fault
from iotaudit.dissect import certificate
from iotaudit.dissect.certificate import CHAIN_READ, SANS_KEPT, certificates_of, read_chain
from tests.dissect import hellos

DER = hellos.certificate("API.vendor.test", "api.vendor.test", "WWW.vendor.test")
YEAR_2024_NS = 1_704_067_200_000_000_000
YEAR_2034_NS = 2_019_686_400_000_000_000
SHORT_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose


def test_names_owner_and_dates_are_read() -> None:
    found = read_chain((DER,), 7, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert found.subject_cn == "API.vendor.test"
    assert found.subject_o == "Example Ltd"
    assert found.issuer_cn == "API.vendor.test"
    assert found.sans == ("api.vendor.test", "www.vendor.test")
    assert found.not_before_ns == YEAR_2024_NS
    assert found.self_signed
    assert found.packet == 7


def test_a_certificate_without_alternative_names_has_none() -> None:
    found = read_chain((hellos.certificate("device"),), 1, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert found.sans == ()


def test_more_names_than_are_kept_are_cut() -> None:
    names = [f"h{i}.vendor.test" for i in range(SANS_KEPT + 50)]
    found = read_chain((hellos.certificate("many", *names),), 1, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert len(found.sans) == SANS_KEPT


def test_key_and_signature_are_told() -> None:
    found = read_chain((DER,), 7, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert (found.key_kind, found.key_bits, found.signature_hash) == ("ec", 256, "sha256")
    short = read_chain((hellos.certificate("device", key=SHORT_RSA, hashed=hashes.SHA384()),), 7, YEAR_2024_NS)
    assert not isinstance(short, Fault)
    assert (short.key_kind, short.key_bits, short.signature_hash) == ("rsa", 1024, "sha384")


def test_a_signature_without_a_hash_of_its_own_has_none() -> None:
    found = read_chain((hellos.certificate("device", key=ed25519.Ed25519PrivateKey.generate(), hashed=None),), 7, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert (found.key_kind, found.signature_hash) == ("ed25519", None)


@pytest.mark.parametrize(
    ("time_ns", "validity"),
    [
        (YEAR_2024_NS - 1, "not_yet"),
        (YEAR_2024_NS, "valid"),
        (YEAR_2034_NS, "valid"),
        (YEAR_2034_NS + 1, "expired"),
    ],
)
def test_validity_is_that_of_the_packets_time(time_ns: int, validity: str) -> None:
    found = read_chain((DER,), 7, time_ns)
    assert not isinstance(found, Fault)
    assert found.validity == validity
    assert found.packet == 7


def test_pass_a_chain_is_told_as_sent() -> None:
    root, middle = hellos.certificate("Root"), hellos.certificate("Middle", issuer="Root")
    leaf = hellos.certificate("api.vendor.test", issuer="Middle")
    found = read_chain((leaf, middle, root), 1, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert found.chain == ("Middle", "Root", "Root")
    assert found.in_order
    assert not found.self_signed


def test_fail_a_chain_in_odd_order_is_told() -> None:
    root, middle = hellos.certificate("Root"), hellos.certificate("Middle", issuer="Root")
    leaf = hellos.certificate("api.vendor.test", issuer="Middle")
    found = read_chain((leaf, root, middle), 1, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert found.chain == ("Middle", "Root", "Root")
    assert not found.in_order


def test_inconclusive_a_link_that_cannot_be_read_breaks_no_order() -> None:
    leaf = hellos.certificate("api.vendor.test", issuer="Middle")
    found = read_chain((leaf, b"0", hellos.certificate("Root")), 1, YEAR_2024_NS)
    assert not isinstance(found, Fault)
    assert found.chain == ("Middle", None, "Root")
    assert found.in_order


def test_the_certificates_of_a_message_come_leaf_first() -> None:
    assert certificates_of(hellos.certificate_message(DER, b"issuer")) == (DER, b"issuer")


def test_in_tls_13_context_and_extensions_are_passed_over() -> None:
    entries = b"".join(hellos.vector(der, 3) + hellos.vector(b"ext", 2) for der in (DER, b"issuer"))
    body = hellos.vector(b"context", 1) + hellos.vector(entries, 3)
    assert certificates_of(body, tls13=True) == (DER, b"issuer")


def test_an_empty_chain_and_a_cut_one_have_none() -> None:
    assert certificates_of(hellos.certificate_message()) == ()
    assert certificates_of(hellos.certificate_message(DER)[:-1]) == ()
    assert certificates_of(b"\0") == ()
    assert certificates_of(b"", tls13=True) == ()


def test_more_certificates_than_are_read_are_left() -> None:
    assert len(certificates_of(hellos.certificate_message(*[b"x"] * (CHAIN_READ + 5)))) == CHAIN_READ


def test_a_cut_certificate_is_a_fault_that_quotes_nothing() -> None:
    found = read_chain((DER[:-1],), 1, YEAR_2024_NS)
    assert isinstance(found, Fault)
    assert "vendor" not in repr(found)


def test_no_more_certificates_are_remembered_than_the_bound() -> None:
    for number in range(certificate.REMEMBERED + 20):
        read_chain((b"0" * number + b"1",), 1, 0)
    before = certificate._parsed.cache_info()
    assert before.currsize == certificate.REMEMBERED
    read_chain((bytes(certificate.REMEMBERED_LEN + 1),), 1, 0)
    assert certificate._parsed.cache_info() == before


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_fault(data: bytes) -> None:
    assert isinstance(read_chain((data,), 1, YEAR_2024_NS), Fault)
    for tls13 in (False, True):
        assert sum(map(len, certificates_of(data, tls13=tls13))) <= len(data)
