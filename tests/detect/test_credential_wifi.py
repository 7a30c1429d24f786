"""The detector `credential.wifi`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "credential.wifi"


def test_true_phrase_under_its_name(lab: Any) -> None:
    assert lab.sure(ID, {"psk": "correct horse", "wifiPwd": "battery staple"}) == ["detected"]


def test_true_qr_text_is_proven(lab: Any) -> None:
    assert lab.values(ID, {"qr": "WIFI:T:WPA;S:Halle 3;P:correct horse;;"}) == ["correct horse"]


def test_near_miss_too_short(lab: Any) -> None:
    assert lab.hits(ID, {"psk": "short"}) == []


def test_near_miss_key_inside_a_word(lab: Any) -> None:
    assert lab.hits(ID, {"upskill": "correct horse", "wifi": "correct horse"}) == []


def test_undecidable_masked_phrase(lab: Any) -> None:
    assert lab.hits(ID, {"psk": "**********"}) == []
