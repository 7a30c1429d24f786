"""The detector `person.vehicle_plate`: true hits, near misses, and what cannot be decided."""

from typing import Any

import pytest

ID = "person.vehicle_plate"


@pytest.mark.parametrize(
    "plate",
    [
        "E-AB 1234",
        "AB-123-CD",
        "AB12 CDE",
        "1234 BCD",
        "1-ABC-234",
        "12-AB-34",
        "WA 12345",
        "1A2 3456",
        "京A12345",
    ],
)
def test_pass_form_of_a_state(lab: Any, plate: str) -> None:
    assert lab.values(ID, {"license_plate": plate}) == [plate.casefold()]


def test_pass_plain_name_with_a_lane(lab: Any) -> None:
    assert lab.values(ID, {"plate": "AB-123-CD", "lane": 2}) == ["ab-123-cd"]


def test_fail_other_forms(lab: Any) -> None:
    assert lab.hits(ID, {"plate_number": "12345", "license_plate": "unknown", "lpr": "on"}) == []
    assert lab.hits(ID, {"license_plate": "ABCDEFG", "kennzeichen": "A1"}) == []


def test_fail_other_names(lab: Any) -> None:
    assert lab.hits(ID, {"template": "AB-123-CD", "order": "E-AB 1234"}) == []


def test_inconclusive_plain_plate_alone_may_be_a_printer_s(lab: Any) -> None:
    assert lab.hits(ID, {"plate": "AB-123-CD", "bed_temp": 60}) == []
