"""The detector `person.name`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "person.name"


def test_true_name_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"firstName": "Erika", "nachname": "Mustermann"}) == [
        "erika",
        "mustermann",
    ]


def test_near_miss_name_of_anything(lab: Any) -> None:
    assert lab.hits(ID, {"name": "Erika", "filename": "Erika", "event_name": "Erika"}) == []


def test_undecidable_digits_are_no_name(lab: Any) -> None:
    assert lab.hits(ID, {"first_name": "12345", "nickname": "null"}) == []


def test_fail_names_of_devices(lab: Any) -> None:
    assert lab.hits("person.name", {"displayName": "Robot-7 (hall 4)", "nickname": "cam_02"}) == []
