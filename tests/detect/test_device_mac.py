"""The detector `device.mac`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.mac"


def test_true_mac_under_its_name_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"wlanMac": "A4:5E:60:01:02:03"}) == ["detected"]


def test_true_spellings_are_one_value(lab: Any) -> None:
    assert lab.values(
        ID,
        {
            "mac": "A4:5E:60:01:02:03",
            "mac_addr": "a45e60010203",
            "hw": {"hwaddr": "a45e.6001.0203"},
        },
    ) == ["a45e60010203"]


def test_near_miss_group_address_and_zeros(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            {
                "mac": "01:00:5e:00:00:fb",
                "mac_address": "00:00:00:00:00:00",
                "hwaddr": "ff:ff:ff:ff:ff:ff",
            },
        )
        == []
    )


def test_near_miss_access_point_is_another_type(lab: Any) -> None:
    assert lab.hits(ID, {"bssid": "a4:5e:60:01:02:03"}) == []


def test_near_miss_twelve_digits_without_a_name(lab: Any) -> None:
    assert lab.hits(ID, {"order": "a45e60010203", "text": "x a45e60010203 y"}) == []


def test_undecidable_shape_without_a_name_is_inferred(lab: Any) -> None:
    assert lab.sure(ID, "seen a4:5e:60:01:02:03 today") == ["inferred"]
