"""The detector `person.address`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "person.address"


def test_true_street_and_site(lab: Any) -> None:
    assert lab.values(ID, {"street": "Musterweg 12", "siteName": "Werk Nord"}) == [
        "musterweg 12",
        "werk nord",
    ]


def test_true_postcode_with_town(lab: Any) -> None:
    assert lab.values(ID, {"zip": "45127", "city": "Essen"}) == ["45127 essen"]


def test_near_miss_network_and_memory_addresses(lab: Any) -> None:
    assert (
        lab.hits(
            ID, {"address": "a4:5e:60:01:02:03", "ip_address": "10.1.2.3 x", "addr": "0x7fff 12"}
        )
        == []
    )


def test_near_miss_postcode_alone(lab: Any) -> None:
    assert lab.hits(ID, {"zip": "45127"}) == []


def test_undecidable_link_is_no_address(lab: Any) -> None:
    assert lab.hits(ID, {"address": "https://x.example/a 12"}) == []
