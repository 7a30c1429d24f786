"""The detector `people.detection`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "people.detection"


def test_true_count_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"personCount": 2}) == ["count of people"]


def test_near_miss_setting_and_word(lab: Any) -> None:
    assert lab.hits(ID, {"max_people": 4, "person": "x", "people_url": 3}) == []


def test_undecidable_negative_number(lab: Any) -> None:
    assert lab.hits(ID, {"person_count": -1}) == []
