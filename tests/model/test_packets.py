"""Addresses as text."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.model.packets import ip_text


@given(st.integers(0, 2**64 - 1))
def test_ipv4_is_written_as_the_library_writes_its_low_32_bits(low: int) -> None:
    assert ip_text(4, 0, low) == str(ipaddress.IPv4Address(low & 0xFFFFFFFF))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_ipv6_is_written_as_the_library_writes_it(high: int, low: int) -> None:
    assert ip_text(6, high, low) == str(ipaddress.IPv6Address(high << 64 | low))
