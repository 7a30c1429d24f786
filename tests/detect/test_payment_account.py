"""The detector `payment.account`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "payment.account"


def test_true_check_is_proven(lab: Any) -> None:
    assert lab.sure(ID, {"x": "DE89 3704 0044 0532 0130 00"}) == ["proven"]


def test_true_spellings_are_one_value(lab: Any) -> None:
    assert lab.values(ID, "pay DE89370400440532013000 or DE89 3704 0044 0532 0130 00.") == [
        "de89370400440532013000"
    ]


def test_near_miss_wrong_check(lab: Any) -> None:
    assert lab.hits(ID, {"iban": "DE88370400440532013000"}) == []


def test_near_miss_wrong_length_for_the_country(lab: Any) -> None:
    assert lab.hits(ID, {"iban": "DE8937040044053201300"}) == []


def test_undecidable_unknown_country(lab: Any) -> None:
    assert lab.hits(ID, {"iban": "ZZ89370400440532013000"}) == []
