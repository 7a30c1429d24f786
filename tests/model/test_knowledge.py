"""Addresses from text: the short way for usual forms says what `ipaddress` says."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.model.knowledge import address_of

NEARLY = st.text("0123456789abcdef.:%x+_ \u0661", max_size=20)


@given(st.one_of(st.ip_addresses().map(str), NEARLY, st.text(max_size=12)))
@settings(max_examples=300)
def test_address_is_that_of_the_standard_library(text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        assert address_of(text) is None
    else:
        assert address_of(text) == (address.version, int(address))


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "+1.2.3.4", "\u0661.2.3.4", ":", "1::2::3"])
def test_what_is_no_address_has_none(text: str) -> None:
    assert address_of(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.255", (4, 255)),
        ("192.0.2.1", (4, 0xC0000201)),
        ("2001:db8::1", (6, 0x20010DB8 << 96 | 1)),
        ("::ffff:192.0.2.1", (6, 0xFFFFC0000201)),
    ],
)
def test_addresses_of_both_versions(text: str, address: tuple[int, int]) -> None:
    assert address_of(text) == address
