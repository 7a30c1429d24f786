"""The table of cases, one by one, and what must hold for all evidence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate.fusion import CASES, Host, conclude, judged
from iotaudit.model.destinations import Evidence, Status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources" / "fusion.md"
PLAIN = Host()
CLOUD = Host(cloud=True)
FRONT = Host(cloud=True, front=True)
TWO_PLACES = Host(cloud=True, places=("DE", "FI"))
NOBODY = Host(announced=False)


def says(kind: Any, country: Any = None, family: Any = "a", source: Any = "s") -> Any:
    return Evidence(source, kind, country, "test", "2026-01-01", None, family)


DE, DE_TOO = says("database", "DE"), says("database", "DE", "b")
REGION, NAME = says("region", "DE", "aws"), says("name", "DE", "aws")
RANGE = says("published", "DE", "file")
IN_EEA = says("round-trip-eea")
FAR = says("disproof", None, "DE")
ANYCAST = says("anycast")


@pytest.mark.parametrize(
    ("case", "evidence", "host", "country"),
    [
        ("no_evidence", [], PLAIN, None),
        ("no_evidence", [says("registry"), says("round-trip"), says("round-trip-unused")], PLAIN, None),
        ("one_database", [DE], PLAIN, "DE"),
        ("cloud_without_region", [DE], CLOUD, None),
        ("no_network", [DE], NOBODY, None),
        ("no_network", [DE, DE_TOO], NOBODY, None),
        ("one_database_in_known_places", [DE], TWO_PLACES, "DE"),
        ("cloud_without_region", [says("database", "GB")], TWO_PLACES, None),
        ("databases_agree", [DE, DE_TOO], CLOUD, "DE"),
        ("cloud_without_region", [DE, DE_TOO], FRONT, None),
        ("cloud_without_region", [DE, says("database", "DE", "a", "copy")], CLOUD, None),
        ("sources_disagree", [says("database", "IT"), says("database", "RU", "b")], PLAIN, None),
        ("sources_disagree", [says("database", "US"), DE_TOO, REGION], CLOUD, None),
        ("sources_disagree", [RANGE, says("database", "US")], CLOUD, None),
        ("region_and_database", [DE, REGION], CLOUD, "DE"),
        ("region_only", [REGION], CLOUD, "DE"),
        ("region_only", [REGION, RANGE], CLOUD, "DE"),
        ("published_and_database", [RANGE, DE], CLOUD, "DE"),
        ("published_only", [RANGE], CLOUD, "DE"),
        ("name_and_database", [DE, NAME], CLOUD, "DE"),
        ("name_only", [NAME], CLOUD, None),
        ("anycast", [DE, REGION, ANYCAST], CLOUD, None),
        ("anycast", [DE, ANYCAST, says("round-trip")], CLOUD, None),
        ("anycast_in_reach", [DE, ANYCAST, IN_EEA], CLOUD, None),
        ("anycast_in_reach", [ANYCAST, says("round-trip-eea", "DE")], CLOUD, "DE"),
        ("anycast_in_reach", [ANYCAST, says("round-trip", "AU")], CLOUD, "AU"),
        ("answer_without_country", [DE, says("database", None, "b")], PLAIN, None),
        ("answer_without_country", [DE, says("published", None, "b")], PLAIN, None),
        ("beyond_reach", [DE, FAR], PLAIN, None),
        ("beyond_reach", [DE, DE_TOO, REGION, FAR], CLOUD, None),
        ("round_trip_and_claim", [DE, IN_EEA], PLAIN, "DE"),
        ("round_trip_and_claim", [DE, DE_TOO, IN_EEA], CLOUD, "DE"),
        ("round_trip_and_claim", [REGION, IN_EEA], CLOUD, "DE"),
        ("round_trip_and_claim", [RANGE, IN_EEA], CLOUD, "DE"),
        ("round_trip_and_claim", [says("database", "AU"), says("round-trip", "AU")], PLAIN, "AU"),
        ("round_trip_and_hint", [DE, IN_EEA], CLOUD, "DE"),
        ("round_trip_and_hint", [DE, IN_EEA], NOBODY, "DE"),
        ("round_trip_and_hint", [NAME, IN_EEA], CLOUD, "DE"),
        ("round_trip_and_hint", [DE, DE_TOO, IN_EEA], FRONT, "DE"),
        ("round_trip_only", [IN_EEA], CLOUD, None),
        ("round_trip_only", [says("round-trip", "AU")], CLOUD, "AU"),
    ],
)
def test_case(case: Any, evidence: Any, host: Any, country: Any) -> None:
    found = conclude(evidence, host)
    assert (found.why, found.country, found.status) == (case, country, CASES[case].status)
    assert set(found.evidence) == set(evidence)


HOSTS = st.sampled_from([PLAIN, CLOUD, FRONT, TWO_PLACES, NOBODY])
EVIDENCE = st.lists(
    st.one_of(
        st.builds(
            says,
            st.sampled_from(["database", "region", "name", "published"]),
            st.sampled_from([None, "DE", "FR", "US", "CN"]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(["x", "y"]),
        ),
        st.sampled_from([ANYCAST, IN_EEA, FAR, says("registry"), says("round-trip")]),
    ),
    max_size=6,
)
RANK = {Status.UNKNOWN: 0, Status.DISPUTED: 0, Status.CLAIMED: 1, Status.CONFIRMED: 2}


@given(EVIDENCE, HOSTS, st.randoms())
def test_order_and_repetition_of_evidence_do_not_matter(evidence: Any, host: Any, random: Any) -> None:
    shuffled = [*evidence, *evidence[:2]]
    random.shuffle(shuffled)
    assert conclude(shuffled, host) == conclude(evidence, host)


@given(EVIDENCE, HOSTS, st.sampled_from(["database", "region", "name", "published"]))
def test_a_contrary_voice_never_makes_it_surer(evidence: Any, host: Any, kind: Any) -> None:
    before = conclude(evidence, host)
    after = conclude([*evidence, says(kind, "JP", "z")], host)
    if any(e.country for e in evidence):
        assert RANK[after.status] <= RANK[before.status]
        assert after.country is None
        assert RANK[after.status] == 0 or after.why == "anycast_in_reach"


@given(EVIDENCE, HOSTS, st.sampled_from([FAR, says("database"), says("published")]))
def test_doubt_never_makes_it_surer(evidence: Any, host: Any, doubt: Any) -> None:
    before, after = conclude(evidence, host), conclude([*evidence, doubt], host)
    assert RANK[after.status] <= RANK[before.status]


@given(EVIDENCE, HOSTS)
def test_anycast_takes_the_country_that_others_named_and_is_never_confirmed(evidence: Any, host: Any) -> None:
    found = conclude([*evidence, ANYCAST], host)
    assert found.country is None
    assert found.status is (Status.CLAIMED if IN_EEA in evidence else Status.UNKNOWN)


@given(EVIDENCE)
def test_doubt_about_the_operator_never_makes_it_surer(evidence: Any) -> None:
    plain = RANK[conclude(evidence, PLAIN).status]
    for host in (CLOUD, FRONT, NOBODY):
        assert RANK[conclude(evidence, host).status] <= plain


@given(EVIDENCE, HOSTS)
def test_one_kind_alone_never_confirms(evidence: Any, host: Any) -> None:
    for kind in ("database", "published", "name", "region", "round-trip-eea"):
        only = [e for e in evidence if e.kind == kind]
        assert conclude(only, host).status is not Status.CONFIRMED


@given(EVIDENCE, HOSTS)
def test_a_registry_never_changes_a_location(evidence: Any, host: Any) -> None:
    with_it, without = conclude([*evidence, says("registry")], host), conclude(evidence, host)
    assert (with_it.country, with_it.status, with_it.why) == (without.country, without.status, without.why)


def test_the_table_on_the_page_is_the_table_of_the_code() -> None:
    rows = [f"| `{name}` | {case.when} | {case.status} |" for name, case in CASES.items()]
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("| `")] == rows


@given(
    st.lists(st.sampled_from((DE, DE_TOO, REGION, NAME, RANGE, IN_EEA, FAR, ANYCAST, says("database", "US", "c"))), max_size=5),
    st.sampled_from((PLAIN, CLOUD, FRONT, TWO_PLACES, NOBODY)),
)
def test_words_dates_and_packets_of_rows_decide_nothing(rows: Any, host: Any) -> None:
    others = [replace(row, detail=f"other {n}", date="", packet=n) for n, row in enumerate(rows)]
    assert judged(rows, host) == judged(others, host)
