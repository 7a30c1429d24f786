"""The detector `person.phone`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "person.phone"


def test_true_number_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"phoneNumber": "0201 555 0123", "mobile": 491715550123}) == [
        "02015550123",
        "491715550123",
    ]


def test_near_miss_switch_and_date(lab: Any) -> None:
    assert lab.hits(ID, {"mobile": True, "phone": "2026-11-24", "tel": "12345"}) == []


def test_near_miss_time_offset_and_unassigned_country_code(lab: Any) -> None:
    assert lab.hits(ID, {"t": "2026-11-24T22:00:00+01:00", "x": "+289123456789"}) == []


def test_undecidable_international_form_is_inferred(lab: Any) -> None:
    assert lab.sure(ID, {"text": "call +4915155501234"}) == ["inferred"]
