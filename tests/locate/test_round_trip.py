"""Time of flight: what a round trip excludes, what it proves, and when it is not used."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate import locate, round_trip
from iotaudit.locate.round_trip import Horizon, horizon_of
from iotaudit.model.destinations import DestinationSeed, Evidence, Status, Zone
from iotaudit.model.knowledge import GeoAnswer
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

TOKYO, COLOGNE, MADRID, PRAGUE = (35.68, 139.69), (50.94, 6.96), (40.42, -3.70), (50.08, 14.42)
DUTCH, GERMAN, FRANKFURT = "145.100.3.4", "193.99.144.80", "18.184.7.9"
ALIKE = (DUTCH, GERMAN, "129.132.1.1", "145.100.9.9")
"""Four addresses in three networks."""
MS = 1_000_000
KNOWLEDGE = load_knowledge()
PLAIN = DestinationSeed(
    DUTCH, None, None, None, (), False, False, None, 1, 1, 1, ("f1",), (), (443,), 1, 1, ()
)


class Says:
    """A database that gives one country for everything."""

    kind = "database"
    date = "2026-01-01"

    def __init__(self, country: Any) -> None:
        self.id = self.family = f"says-{country}"
        self._country = country

    def look_up(self, _ip: Any) -> Any:
        """Gives the same for every address."""
        return GeoAnswer(self._country)


def at(position: Any) -> Any:
    return Settings(as_of="2026-11-24", lab_position=position)


def horizon(knowledge: Any, settings: Settings) -> Horizon:
    found = horizon_of(knowledge, settings)
    assert found is not None
    return found


def test_pass_round_trip_leaves_only_the_eea_and_confirms_what_databases_say(seed: Any, knowledge: Any) -> None:
    near = seed(GERMAN, rtt_min_ns=MS)
    (found,) = round_trip.evidence(near, knowledge, at(PRAGUE))
    assert (found.source, found.kind, found.country) == ("round_trip", "round-trip-eea", None)
    assert "not farther than 300 km" in found.detail
    assert "every point outside the EEA is out of reach" in found.detail
    (row,) = locate((near,), knowledge, at(PRAGUE))
    assert (row.location.country, row.location.status, row.zone) == ("DE", Status.CONFIRMED, Zone.EU)
    assert row.location.why == "round_trip_and_claim"


def test_fail_place_beyond_reach_is_disproved_and_the_location_disputed(seed: Any, knowledge: Any) -> None:
    (row,) = locate((seed(DUTCH, rtt_min_ns=20 * MS),), knowledge, at(TOKYO))
    assert (row.location.country, row.location.status, row.location.why) == (
        None,
        Status.DISPUTED,
        "beyond_reach",
    )
    assert row.zone is Zone.UNKNOWN
    (proof,) = (e for e in row.location.evidence if e.kind == "disproof")
    assert proof.detail.startswith("not in NL: its nearest point is at least 9")
    assert proof.detail.endswith("the answer came from within 3150 km")


@pytest.mark.parametrize("position", [TOKYO, COLOGNE])
def test_inconclusive_slow_answer_excludes_nothing(seed: Any, knowledge: Any, position: Any) -> None:
    slow = seed(DUTCH, rtt_min_ns=180 * MS)
    assert round_trip.evidence(slow, knowledge, at(position)) == ()
    (row,) = locate((slow,), knowledge, at(position))
    assert row.location.why == "databases_agree"


def test_without_a_position_nothing_changes(seed: Any, knowledge: Any, settings: Any) -> None:
    assert locate((seed(DUTCH, rtt_min_ns=MS),), knowledge, settings) == locate(
        (seed(DUTCH),), knowledge, settings
    )


def test_the_bound_is_light_in_vacuum_and_a_clock_error_of_one_millisecond(seed: Any, knowledge: Any) -> None:
    nearest = {code: km for km, code in knowledge.outlines.around(*TOKYO)}["NL"]
    ns = int((nearest / 150 - 1) * MS)
    inside = horizon(knowledge, at(TOKYO)).reach_of(seed(DUTCH, rtt_min_ns=ns + 10_000))
    outside = horizon(knowledge, at(TOKYO)).reach_of(seed(DUTCH, rtt_min_ns=ns - 10_000))
    assert inside is not None
    assert outside is not None
    assert "NL" in inside.countries
    assert "NL" not in outside.countries


def test_anycast_address_that_a_round_trip_bounds_is_claimed_never_confirmed(seed: Any, knowledge: Any) -> None:
    (row,) = locate((seed("8.8.8.8", rtt_min_ns=MS),), knowledge, at(PRAGUE))
    assert (row.location.country, row.location.status, row.zone) == (None, Status.CLAIMED, Zone.EU)
    assert row.location.why == "anycast_in_reach"
    (row,) = locate((seed("8.8.8.8", rtt_min_ns=12 * MS),), knowledge, at(PRAGUE))
    assert (row.location.status, row.zone) == (Status.UNKNOWN, Zone.UNKNOWN)
    (row,) = locate((seed("8.8.8.8", rtt_min_ns=12 * MS),), knowledge, at((-25.0, 134.0)))
    assert (row.location.country, row.location.status) == (None, Status.UNKNOWN)
    (row,) = locate((seed("8.8.8.8", rtt_min_ns=4 * MS),), knowledge, at((-25.0, 134.0)))
    assert (row.location.country, row.location.status) == ("AU", Status.CLAIMED)


def test_round_trip_alone_is_claimed(seed: Any, knowledge: Any) -> None:
    silent = replace(knowledge, databases=())
    (row,) = locate((seed(GERMAN, rtt_min_ns=MS),), silent, at(PRAGUE))
    assert (row.location.country, row.location.status, row.zone) == (None, Status.CLAIMED, Zone.EU)
    assert row.location.why == "round_trip_only"


def test_answer_faster_than_any_line_is_not_used(seed: Any, knowledge: Any) -> None:
    (row,) = locate((seed(DUTCH, rtt_min_ns=MS - 1),), knowledge, at(TOKYO))
    assert row.location.why == "databases_agree"
    assert any("is not used: under 1 ms" in e.detail for e in row.location.evidence)


def test_one_box_that_answers_for_all_networks_is_not_used(seed: Any, knowledge: Any) -> None:
    seeds = tuple(seed(ip, rtt_min_ns=3 * MS + n * 40_000) for n, ip in enumerate(ALIKE))
    rows = locate(seeds, knowledge, at(TOKYO))
    assert {row.location.why for row in rows} == {"databases_agree"}
    assert all(any("may speak for all" in e.detail for e in row.location.evidence) for row in rows)
    apart = tuple(seed(ip, rtt_min_ns=3 * MS + n * 400_000) for n, ip in enumerate(ALIKE))
    assert {row.location.why for row in locate(apart, knowledge, at(TOKYO))} == {"beyond_reach"}
    few = tuple(seed(ip, rtt_min_ns=3 * MS) for ip in ALIKE[:3])
    assert {row.location.why for row in locate(few, knowledge, at(TOKYO))} == {"beyond_reach"}


def test_answer_of_a_proxy_is_named_and_not_used(seed: Any, knowledge: Any) -> None:
    passed_on = seed(DUTCH, rtt_min_ns=None, rtt_unused=round_trip.PROXY)
    (found,) = round_trip.evidence(passed_on, knowledge, at(TOKYO))
    assert (found.kind, found.detail) == (
        "round-trip-unused",
        "the round trip is not used: a proxy answered the handshake",
    )
    assert horizon(knowledge, at(TOKYO)).reach_of(passed_on) is None


def test_european_lab_near_a_country_outside_proves_nothing(seed: Any, knowledge: Any) -> None:
    (found,) = round_trip.evidence(seed(DUTCH, rtt_min_ns=3 * MS), knowledge, at(COLOGNE))
    assert found.kind == "round-trip"
    (row,) = locate((seed(DUTCH, rtt_min_ns=3 * MS),), knowledge, at(COLOGNE))
    assert row.location.status is Status.CLAIMED


@given(
    st.lists(st.sampled_from(["DE", "NL", "ES", "US", "CN", "GB"]), max_size=3, unique=True),
    st.sampled_from([None, 1, 2, 5, 20, 60, 200]),
    st.sampled_from([TOKYO, COLOGNE, MADRID]),
    st.sampled_from([DUTCH, FRANKFURT, "8.8.8.8"]),
)
def test_a_place_out_of_reach_never_stays(countries: Any, ms: Any, position: Any, ip: Any) -> None:
    known = replace(KNOWLEDGE, databases=tuple(Says(c) for c in countries))
    seed = replace(PLAIN, ip=ip, rtt_min_ns=None if ms is None else ms * MS)
    (row,) = locate((seed,), known, at(position))
    settled = row.location.status in {Status.CLAIMED, Status.CONFIRMED}
    reach = horizon(known, at(position)).reach_of(seed)
    if settled and row.location.country and reach is not None:
        assert row.location.country in reach.countries
    if settled and row.zone in {Zone.EU, Zone.EEA} and not row.location.country:
        assert reach is not None
        assert reach.zone is row.zone
    for contrary in ("US", "CN"):
        added = (*known.databases, Says(contrary)) if contrary not in countries else known.databases
        (worse,) = locate((seed,), replace(known, databases=added), at(position))
        stays = worse.location.status in {Status.CLAIMED, Status.CONFIRMED} and worse.zone in {
            Zone.EU,
            Zone.EEA,
        }
        assert not stays or worse.location.why == "anycast_in_reach"


def test_disproofs_name_no_country_that_is_in_reach(knowledge: Any) -> None:
    rows = [Evidence("x", "database", code, "") for code in ("JP", "NL", "US")]
    around = horizon(knowledge, at(TOKYO))
    reach = around.reach_of(replace(PLAIN, rtt_min_ns=5 * MS))
    assert reach is not None
    found = around.disproofs(rows, reach)
    assert [row.family for row in found] == ["NL", "US"]
    assert all(row.country is None for row in found)
