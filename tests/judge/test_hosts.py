"""Which hosts of a list a destination is."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge.hosts import HostList


@pytest.mark.parametrize(
    ("hosts", "name", "ips", "found"),
    [
        (["a.vendor.example"], "a.vendor.example", (), ("a.vendor.example",)),
        (["A.Vendor.Example."], "a.vendor.example", (), ("A.Vendor.Example.",)),
        (["a.vendor.example"], "b.a.vendor.example", (), ()),
        (["*.vendor.example"], "b.a.vendor.example", (), ("*.vendor.example",)),
        (["*.vendor.example"], "vendor.example", (), ()),
        (["*.vendor.example"], "xvendor.example", (), ()),
        (["*.vendor.example", "*.a.vendor.example"], "b.a.vendor.example", (), ("*.a.vendor.example",)),
        (["198.51.100.0/24"], None, ("198.51.100.7",), ("198.51.100.0/24",)),
        (["198.51.100.7"], "x.example", ("198.51.100.7", "203.0.113.1"), ("198.51.100.7",)),
        (["2001:db8::/32"], None, ("2001:db8::1",), ("2001:db8::/32",)),
        (["198.51.100.0/24"], None, ("203.0.113.1",), ()),
        ([], "a.example", ("198.51.100.7",), ()),
    ],
)
def test_a_host_is_found_by_name_domain_or_address(make: Any, hosts: Any, name: Any, ips: Any, found: Any) -> None:
    assert HostList(hosts).find(replace(make.destination(1), name=name, ips=ips)) == found
