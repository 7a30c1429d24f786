"""The detector `device.imei`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.imei"


def test_true_check_digit_under_the_name_is_proven(lab: Any) -> None:
    assert lab.sure(ID, {"imei": "490154203237518"}) == ["proven"]


def test_true_as_a_number(lab: Any) -> None:
    assert lab.values(ID, {"modemImei": 490154203237518}) == ["490154203237518"]


def test_near_miss_wrong_check_digit(lab: Any) -> None:
    assert lab.hits(ID, {"imei": "490154203237519"}) == []


def test_near_miss_same_digits_under_another_name(lab: Any) -> None:
    assert lab.hits(ID, {"order": "490154203237518"}) == []


def test_undecidable_masked_value_is_no_hit(lab: Any) -> None:
    assert lab.hits(ID, {"imei": "49015420*******"}) == []


def test_fail_prefix_of_no_reporting_body(lab: Any) -> None:
    assert lab.hits("device.imei", {"imei": "790154203237511"}) == []
