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


def test_fail_right_check_of_a_length_that_the_country_has_not(lab: Any) -> None:
    # 14 characters whose mod 97 is 1; German numbers have 22
    body = next(
        f"DE{check:02d}3704004405" for check in range(2, 99)
        if int("3704004405" + "1314" + f"{check:02d}") % 97 == 1
    )
    assert lab.hits(ID, {"iban": body}) == []


def test_fail_letters_where_the_country_has_digits(lab: Any) -> None:
    digits = "ABCDEFGH" + "0532013000"
    body = next(
        f"DE{check:02d}{digits}" for check in range(2, 99)
        if int("".join(str(int(c, 36)) for c in digits) + "1314" + f"{check:02d}") % 97 == 1
    )
    assert lab.hits(ID, {"iban": body}) == []
