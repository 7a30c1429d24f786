"""Certificates: names and dates of the leaf, and what is none."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.guard import Fault
from iotaudit.dissect.certificate import SANS_KEPT, leaf_of, read_certificate
from tests.dissect import hellos

DER = hellos.certificate("API.vendor.test", "api.vendor.test", "WWW.vendor.test")
YEAR_2024_NS = 1_704_067_200_000_000_000


def test_names_owner_and_dates_are_read() -> None:
    found = read_certificate(DER, 7)
    assert not isinstance(found, Fault)
    assert found.subject_cn == "API.vendor.test"
    assert found.subject_o == "Example Ltd"
    assert found.issuer_cn == "API.vendor.test"
    assert found.sans == ("api.vendor.test", "www.vendor.test")
    assert found.not_before_ns == YEAR_2024_NS
    assert found.self_signed
    assert found.packet == 7


def test_a_certificate_without_alternative_names_has_none() -> None:
    found = read_certificate(hellos.certificate("device"), 1)
    assert not isinstance(found, Fault)
    assert found.sans == ()


def test_more_names_than_are_kept_are_cut() -> None:
    names = [f"h{i}.vendor.test" for i in range(SANS_KEPT + 50)]
    found = read_certificate(hellos.certificate("many", *names), 1)
    assert not isinstance(found, Fault)
    assert len(found.sans) == SANS_KEPT


def test_the_leaf_is_the_first_of_the_chain() -> None:
    assert leaf_of(hellos.certificate_message(DER, b"issuer")) == DER


def test_an_empty_chain_and_a_cut_one_have_no_leaf() -> None:
    assert leaf_of(hellos.certificate_message()) is None
    assert leaf_of(hellos.certificate_message(DER)[:-1]) is None
    assert leaf_of(b"\0") is None


def test_a_cut_certificate_is_a_fault_that_quotes_nothing() -> None:
    found = read_certificate(DER[:-1], 1)
    assert isinstance(found, Fault)
    assert "vendor" not in repr(found)


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_fault(data: bytes) -> None:
    assert isinstance(read_certificate(data, 1), Fault)
    leaf_of(data)
