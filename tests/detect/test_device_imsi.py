"""The detector `device.imsi`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.imsi"


def test_true_imsi_and_sim_number(lab: Any) -> None:
    assert lab.values(ID, {"imsi": "262011234567890", "iccid": "8949020000012345670"}) == [
        "262011234567890",
        "8949020000012345670",
    ]


def test_near_miss_wrong_check_digit(lab: Any) -> None:
    assert lab.hits(ID, {"iccid": "8949020000012345671"}) == []


def test_near_miss_no_mobile_country(lab: Any) -> None:
    assert lab.hits(ID, {"imsi": "062011234567890"}) == []


def test_undecidable_digits_without_a_name(lab: Any) -> None:
    assert lab.hits(ID, {"n": "262011234567890"}) == []
