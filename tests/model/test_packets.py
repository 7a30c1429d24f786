"""Addresses as text."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.model.packets import ip_text


@given(st.integers(0, 2**64 - 1))
def test_ipv4_is_written_as_the_library_writes_its_low_32_bits(low: int) -> None:
    assert ip_text(4, 0, low) == str(ipaddress.IPv4Address(low & 0xFFFFFFFF))


def test_ipv6_that_holds_ipv4_is_written_mixed_on_every_python() -> None:
    assert ip_text(6, 0, 0xFFFF_C000_0207) == "::ffff:192.0.2.7"
    assert ip_text(6, 0, 0xFFFE_C000_0207) == "::fffe:c000:207"


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_ipv6_is_written_as_the_library_writes_it(high: int, low: int) -> None:
    assert ip_text(6, high, low) == str(ipaddress.IPv6Address(high << 64 | low))
