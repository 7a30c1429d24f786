"""The user's databases as sources."""

from dataclasses import replace
from typing import Any

from iotaudit.locate import geoip, locate
from iotaudit.model.destinations import Status, Zone

ADDRESS = "145.100.3.4"
"""Listed in NL by the embedded database."""


def test_pass_agreeing_file_is_a_second_voice_but_confirms_nothing(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"country_code": "NL"}})
    (found,) = geoip.evidence(seed(ADDRESS), knowledge, settings)
    assert (found.source, found.country) == ("geoip:mine.mmdb", "NL")
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.location.country, row.location.status) == ("NL", Status.CLAIMED)
    assert row.location.why == "databases_agree"


def test_fail_disagreeing_file_makes_the_location_disputed(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"country_code": "RU"}})
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.location.country, row.location.status) == (None, Status.DISPUTED)
    assert (row.zone, row.adequacy) == (Zone.UNKNOWN, "unknown")
    laws = {(law.id, law.reach): law.why for law in row.access_laws}
    assert "disputed" in laws["ru-sorm", "place"]


def test_inconclusive_file_without_the_address_is_silent(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"198.51.100.0/24": {"country_code": "RU"}})
    assert geoip.evidence(seed(ADDRESS), knowledge, settings) == ()
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert {e.source for e in row.location.evidence} == {"dbip", "ipfire"}
    assert row.location.why == "databases_agree"


def test_dispute_inside_the_union_has_a_zone_but_no_country(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"country_code": "DE"}})
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.location.country, row.location.status, row.zone) == (None, Status.DISPUTED, Zone.EU)


def test_file_that_names_only_a_region_leaves_the_place_open(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"country_code": "EU"}})
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.location.status, row.location.why) == (Status.UNKNOWN, "answer_without_country")


def test_file_that_marks_anycast_takes_the_country_away(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"country_code": "NL", "is_anycast": True}})
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.location.country, row.location.why) == (None, "anycast")


def test_network_of_the_users_file_comes_first_and_both_reach_laws(seed: Any, with_database: Any, settings: Any) -> None:
    knowledge = with_database(mine={"145.100.0.0/16": {"asn": "AS37963", "as_name": "Alibaba"}})
    (row,) = locate((seed(ADDRESS),), knowledge, settings)
    assert (row.operator.asn, row.operator.country) == (37963, "CN")
    assert {e.source for e in row.operator.evidence} == {"geoip:mine.mmdb", "asn", "entities"}
    assert ("cn-cybersecurity-law", "operator") in {(law.id, law.reach) for law in row.access_laws}
    alone = replace(knowledge, databases=[d for d in knowledge.databases if d.id != "ipfire"])
    (row,) = locate((seed(ADDRESS),), alone, settings)
    assert row.location.status is Status.UNKNOWN, "a cloud is named: one database places it no more"
