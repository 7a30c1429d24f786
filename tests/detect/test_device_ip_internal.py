"""The detector `device.ip.internal`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.ip.internal"


def test_true_private_and_link_local(lab: Any) -> None:
    assert lab.values(ID, {"lan": "gw 192.168.1.17", "v6": "fe80::1c2d:3e4f"}) == [
        "192.168.1.17",
        "fe80::1c2d:3e4f",
    ]


def test_near_miss_version_number(lab: Any) -> None:
    assert lab.hits(ID, {"fw_version": "10.1.2.3", "t": "v10.1.2.3 and 10.1.2.3.4"}) == []


def test_near_miss_bad_octets_and_global(lab: Any) -> None:
    assert lab.hits(ID, {"a": "192.168.1.300", "b": "8.8.8.8"}) == []


def test_near_miss_name_of_the_peer(lab: Any) -> None:
    assert lab.hits(ID, "192.168.1.17", "http.header.host", "host") == []


def test_undecidable_network_address_is_no_host(lab: Any) -> None:
    assert lab.hits(ID, {"net": "10.0.0.0"}) == []
