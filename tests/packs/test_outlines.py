"""Country outlines: lower bounds of distances."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.packs.knowledge import load_knowledge

KNOWLEDGE = load_knowledge()
OUTLINES = KNOWLEDGE.outlines


def distances(lat: Any, lon: Any) -> Any:
    return {code: km for km, code in OUTLINES.around(lat, lon)}


def great_circle(one: Any, other: Any) -> Any:
    (a, b), (c, d) = ((math.radians(x), math.radians(y)) for x, y in (one, other))
    return 6371 * math.acos(min(1, math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)))


def test_every_country_has_an_outline() -> None:
    assert set(distances(0.0, 0.0)) == KNOWLEDGE.zones.codes | {"XK"}


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        (50.94, 6.96, "DE"), (64.1, -21.9, "IS"), (-33.9, 18.4, "ZA"), (43.94, 12.45, "SM"), (41.9, 12.45, "VA"),
        (4.9, -52.3, "GF"), (36.14, -5.35, "GI"), (78.2, 15.6, "SJ"), (-20.9, 55.5, "RE"), (-8.5, 179.2, "TV"),
        (52.0, -176.0, "US"), (66.6, -175.0, "RU"), (-90.0, 0.0, "AQ"), (47.17, 9.51, "LI"),
    ],
)  # fmt: skip
def test_position_in_a_country_is_at_no_distance_from_it(lat: Any, lon: Any, code: Any) -> None:
    assert distances(lat, lon)[code] == 0


@pytest.mark.parametrize(
    ("lab", "place", "code"),
    [
        ((35.68, 139.69), (49.0, -123.1), "CA"),  # Tokyo, to a point at the border with the US
        ((48.9, -105.0), (49.0, -105.0), "CA"),  # just south of a border that runs along a parallel
        ((52.5, 13.4), (55.1, 14.7), "DK"),  # Bornholm
        ((38.7, -9.1), (39.7, -31.1), "PT"),  # the Azores are Portugal's, and nearer is the mainland
        ((64.1, -51.7), (60.0, -45.0), "GL"),
        ((-17.7, 178.0), (-16.8, -179.9), "FJ"),  # beyond the line of change of date
    ],
)
def test_bound_is_never_more_than_the_way_to_a_point_of_the_country(lab: Any, place: Any, code: Any) -> None:
    assert distances(*lab)[code] <= great_circle(lab, place)


def test_bound_is_near_to_the_truth() -> None:
    assert 150 < distances(40.42, -3.70)["PT"] < 300
    assert 8_000 < distances(35.68, 139.69)["DE"] < 9_000
    assert distances(-25.0, 134.0)["ID"] > 1_500


@settings(max_examples=20, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_position_gives_every_country_once_in_order(lat: Any, lon: Any) -> None:
    rows = OUTLINES.around(lat, lon)
    assert list(rows) == sorted(rows)
    assert len({code for _, code in rows}) == len(rows)
    assert all(0 <= km < 20_100 for km, _ in rows)
