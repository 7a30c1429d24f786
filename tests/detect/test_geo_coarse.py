"""The detector `geo.coarse`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "geo.coarse"


def test_true_zone_country_locale(lab: Any) -> None:
    assert lab.values(
        ID, {"timeZone": "Europe/Berlin", "country_code": "DE", "locale": "de_DE"}
    ) == ["europe/berlin", "de", "de_de"]


def test_near_miss_other_slash_and_long_word(lab: Any) -> None:
    assert lab.hits(ID, {"tz": "Application/Json", "country": "somewhere", "lang": "x"}) == []


def test_undecidable_offset_is_no_zone(lab: Any) -> None:
    assert lab.hits(ID, {"tz": "+01:00"}) == []
