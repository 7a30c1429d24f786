"""The detector `device.serial`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.serial"


def test_true_names_in_many_styles(lab: Any) -> None:
    assert lab.values(
        ID, {"serialNo": "RX7-0042-118", "SN": "AB12CD34", "robot_serial_number": "0099887766"}
    ) == ["rx7-0042-118", "ab12cd34", "0099887766"]


def test_true_in_a_form_and_in_running_text(lab: Any) -> None:
    assert (
        lab.values(ID, "sn=AB12CD34&x=1")
        == lab.values(ID, "boot ok, SN: AB12CD34, ready")
        == ["ab12cd34"]
    )


def test_near_miss_same_shape_elsewhere(lab: Any) -> None:
    assert (
        lab.hits(
            ID, {"item": "RX7-0042-118", "snapshot": "RX7-0042-118", "serialized": "RX7-0042-118"}
        )
        == []
    )


def test_near_miss_counter_date_and_word(lab: Any) -> None:
    assert lab.hits(ID, {"serial": 3, "serial_no": "2026-11-24", "sn": "unknown"}) == []


def test_undecidable_is_never_proven_by_name_alone(lab: Any) -> None:
    assert lab.sure(ID, {"sn": "AB12CD34"}) == ["detected"]
