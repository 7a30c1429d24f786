"""The table of cases, one by one, and what must hold for all evidence."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate.fusion import CASES, STATUS, conclude
from iotaudit.model.destinations import Evidence, Status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources" / "fusion.md"


def says(kind: Any, country: Any, family: Any="a", source: Any="s") -> Any:
    return Evidence(source, kind, country, "test", "2026-01-01", None, family)


@pytest.mark.parametrize(
    ("evidence", "cloud", "places", "announced", "expected"),
    [
        ([], False, (), True, (None, Status.UNKNOWN, "no_evidence")),
        ([says("database", "DE")], False, (), True, ("DE", Status.CLAIMED, "one_database")),
        ([says("database", "DE")], True, (), True, (None, Status.UNKNOWN, "cloud_without_region")),
        ([says("database", "DE")], False, (), False, (None, Status.UNKNOWN, "no_network")),
        (
            [says("database", "DE")],
            True,
            ("DE", "FI"),
            True,
            ("DE", Status.CLAIMED, "one_database_in_known_places"),
        ),
        (
            [says("database", "GB")],
            True,
            ("DE", "FI"),
            True,
            (None, Status.UNKNOWN, "cloud_without_region"),
        ),
        (
            [says("database", "DE"), says("database", "DE", "b")],
            True,
            (),
            True,
            ("DE", Status.CLAIMED, "databases_agree"),
        ),
        (
            [says("database", "DE"), says("database", "DE", "a", "copy")],
            True,
            (),
            True,
            (None, Status.UNKNOWN, "cloud_without_region"),
        ),
        (
            [says("database", "IT"), says("database", "RU", "b")],
            False,
            (),
            True,
            (None, Status.DISPUTED, "sources_disagree"),
        ),
        (
            [says("database", "DE"), says("region", "DE", "aws")],
            True,
            (),
            True,
            ("DE", Status.CONFIRMED, "region_and_database"),
        ),
        ([says("region", "DE", "aws")], True, (), True, ("DE", Status.CLAIMED, "region_only")),
        (
            [says("database", "US"), says("region", "DE", "aws")],
            True,
            (),
            True,
            (None, Status.DISPUTED, "sources_disagree"),
        ),
        (
            [says("database", "DE"), says("name", "DE", "aws")],
            True,
            (),
            True,
            ("DE", Status.CLAIMED, "name_and_database"),
        ),
        ([says("name", "DE", "aws")], True, (), True, (None, Status.UNKNOWN, "name_only")),
        (
            [says("database", "DE"), says("region", "DE"), says("anycast", None)],
            True,
            (),
            True,
            (None, Status.UNKNOWN, "anycast"),
        ),
        (
            [says("database", "DE"), says("database", None, "b")],
            False,
            (),
            True,
            (None, Status.UNKNOWN, "answer_without_country"),
        ),
    ],
)
def test_case(evidence: Any, cloud: Any, places: Any, announced: Any, expected: Any) -> None:
    found = conclude(evidence, cloud=cloud, places=places, announced=announced)
    assert (found.country, found.status, found.why) == expected
    assert set(found.evidence) == set(evidence)


EVIDENCE = st.lists(
    st.builds(
        says,
        st.sampled_from(["database", "region", "name", "anycast"]),
        st.sampled_from([None, "DE", "FR", "US", "CN"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y"]),
    ).map(lambda e: Evidence(e.source, e.kind, None, e.detail) if e.kind == "anycast" else e),
    max_size=5,
)
RANK = {Status.UNKNOWN: 0, Status.DISPUTED: 0, Status.CLAIMED: 1, Status.CONFIRMED: 2}


@given(EVIDENCE, st.booleans(), st.randoms())
def test_order_and_repetition_of_evidence_do_not_matter(evidence: Any, cloud: Any, random: Any) -> None:
    shuffled = [*evidence, *evidence[:2]]
    random.shuffle(shuffled)
    assert conclude(shuffled, cloud=cloud) == conclude(evidence, cloud=cloud)


@given(EVIDENCE, st.booleans(), st.sampled_from(["database", "region", "name"]))
def test_a_contrary_voice_never_makes_it_surer(evidence: Any, cloud: Any, kind: Any) -> None:
    before = conclude(evidence, cloud=cloud)
    after = conclude([*evidence, says(kind, "JP", "z")], cloud=cloud)
    named = {e.country for e in evidence if e.country}
    if named:
        assert RANK[after.status] == 0
        assert after.country is None
    else:
        assert RANK[before.status] == 0


@given(EVIDENCE, st.booleans())
def test_an_anycast_address_never_has_a_country(evidence: Any, cloud: Any) -> None:
    found = conclude([*evidence, says("anycast", None)], cloud=cloud)
    assert (found.country, found.status) == (None, Status.UNKNOWN)


@given(EVIDENCE)
def test_doubt_about_the_operator_never_makes_it_surer(evidence: Any) -> None:
    plain = conclude(evidence, cloud=False)
    assert RANK[conclude(evidence, cloud=True).status] <= RANK[plain.status]
    assert RANK[conclude(evidence, cloud=False, announced=False).status] <= RANK[plain.status]


@given(EVIDENCE, st.booleans())
def test_databases_alone_never_confirm(evidence: Any, cloud: Any) -> None:
    only = [e for e in evidence if e.kind == "database"]
    assert conclude(only, cloud=cloud).status is not Status.CONFIRMED


def test_every_case_is_on_the_page() -> None:
    on_page = set(re.findall(r"^\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert on_page == set(CASES)
    assert set(STATUS) < set(CASES)
