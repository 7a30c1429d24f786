"""The detector `site.environment`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "site.environment"


def test_true_reading_in_range(lab: Any) -> None:
    assert lab.values(ID, {"temperature": 21.5, "humidity": 40}) == ["temperature", "humidity"]


def test_near_miss_out_of_range(lab: Any) -> None:
    assert lab.hits(ID, {"humidity": 4000, "temperature": -400}) == []


def test_near_miss_key_inside_a_word(lab: Any) -> None:
    assert lab.hits(ID, {"template": 21, "attempt": 3, "powerful": 3}) == []


def test_undecidable_word_is_no_reading(lab: Any) -> None:
    assert lab.hits(ID, {"temperature": "warm"}) == []
