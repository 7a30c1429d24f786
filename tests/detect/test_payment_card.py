"""The detector `payment.card`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "payment.card"


def test_true_number_under_its_name_is_proven(lab: Any) -> None:
    assert lab.sure(ID, {"cardNumber": "4111 1111 1111 1111"}) == ["proven"]


def test_near_miss_wrong_check_digit(lab: Any) -> None:
    assert lab.hits(ID, {"cardNumber": "4111 1111 1111 1112"}) == []


def test_near_miss_no_issuer(lab: Any) -> None:
    assert lab.hits(ID, {"card_number": "9111111111111111"}) == []


def test_near_miss_right_digits_without_context(lab: Any) -> None:
    assert lab.hits(ID, {"order": "4111111111111111", "ts": "4111-1111-1111-1111"}) == []


def test_undecidable_word_nearby_is_detected(lab: Any) -> None:
    assert lab.sure(ID, "paid by visa 4111 1111 1111 1111") == ["detected"]
