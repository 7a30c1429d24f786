"""The detector `device.battery`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.battery"


def test_true_level_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"batteryLevel": 77, "soc": "55%"}) == ["battery level"]


def test_near_miss_out_of_range(lab: Any) -> None:
    assert lab.hits(ID, {"battery_level": 7700}) == []


def test_near_miss_key_inside_a_word(lab: Any) -> None:
    assert lab.hits(ID, {"social": 55, "society": 3}) == []


def test_undecidable_word_is_no_reading(lab: Any) -> None:
    assert lab.hits(ID, {"battery": "charging"}) == []
