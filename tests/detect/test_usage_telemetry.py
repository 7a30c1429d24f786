"""The detector `usage.telemetry`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "usage.telemetry"


def test_true_event_with_a_time(lab: Any) -> None:
    assert lab.values(ID, {"event": "started", "ts": 1700000000}) == ["event record"]


def test_true_reading_of_use(lab: Any) -> None:
    assert lab.values(ID, {"cleanArea": 41.5, "uptime": 3600}) == ["use"]


def test_near_miss_event_without_a_time(lab: Any) -> None:
    assert lab.hits(ID, {"event": "started", "level": 3}) == []


def test_near_miss_other_words(lab: Any) -> None:
    assert lab.hits(ID, {"prevent": "x", "ts": 1, "area": 3}) == []


def test_undecidable_word_is_no_reading(lab: Any) -> None:
    assert lab.hits(ID, {"uptime": "long"}) == []
