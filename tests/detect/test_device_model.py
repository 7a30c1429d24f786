"""The detector `device.model`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.model"


def test_true_word_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"model": "Sweep 400", "deviceModel": "SW-400"}) == [
        "sweep 400",
        "sw-400",
    ]


def test_near_miss_fillers_and_modes(lab: Any) -> None:
    assert lab.hits(ID, {"model": "null", "mode": "Sweep 400", "remodel": "Sweep"}) == []


def test_undecidable_number_is_no_model(lab: Any) -> None:
    assert lab.hits(ID, {"model": 400}) == []


def test_true_key_of_a_product(lab: Any) -> None:
    assert lab.values(ID, {"productKey": "keym557nqw3p8p7m"}) == ["keym557nqw3p8p7m"]
