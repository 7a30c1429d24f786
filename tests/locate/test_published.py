"""Ranges that who runs them publishes, as the user's files."""

import json
from typing import Any

import pytest

from iotaudit.locate import locate, published
from iotaudit.model.destinations import Status, Zone
from iotaudit.packs.knowledge import load_knowledge

FRANKFURT = "18.184.7.9"
"""In Amazon's network; both databases say DE."""


@pytest.fixture
def with_file(tmp_path: Any) -> Any:
    def make(content: Any, name: str = "mine.txt") -> Any:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return load_knowledge([str(path)])

    return make


def aws(region: str, service: str = "EC2", prefix: str = "18.184.0.0/15") -> Any:
    row = {"ip_prefix": prefix, "region": region, "service": service, "network_border_group": region}
    return {"syncToken": "1", "createDate": "2026-10-01-10-00-00", "prefixes": [row], "ipv6_prefixes": []}


def test_pass_published_region_and_databases_agree(seed: Any, with_file: Any, settings: Any) -> None:
    knowledge = with_file(aws("eu-central-1"), "ip-ranges.json")
    (found,) = published.evidence(seed(FRANKFURT), knowledge, settings)
    assert (found.source, found.kind, found.country, found.date) == (
        "geoip:ip-ranges.json",
        "published",
        "DE",
        "2026-10-01",
    )
    assert found.detail == "AWS, region eu-central-1"
    (row,) = locate((seed(FRANKFURT),), knowledge, settings)
    assert (row.location.why, row.location.status) == ("published_and_database", Status.CLAIMED)


def test_fail_published_region_against_the_databases_is_disputed(seed: Any, with_file: Any, settings: Any) -> None:
    (row,) = locate((seed(FRANKFURT),), with_file(aws("us-east-1")), settings)
    assert (row.location.country, row.location.status, row.zone) == (None, Status.DISPUTED, Zone.UNKNOWN)


@pytest.mark.parametrize("region", ["GLOBAL", "xx-new-1", ""])
def test_inconclusive_region_without_a_country_leaves_the_place_open(
    seed: Any, with_file: Any, settings: Any, region: Any
) -> None:
    (row,) = locate((seed(FRANKFURT),), with_file(aws(region)), settings)
    assert (row.location.country, row.location.why) == (None, "answer_without_country")


def test_accelerator_and_plain_list_have_no_country(seed: Any, with_file: Any, settings: Any) -> None:
    for content in (aws("eu-central-1", "GLOBALACCELERATOR"), "# many places\n18.184.0.0/16\n"):
        (row,) = locate((seed(FRANKFURT),), with_file(content), settings)
        assert (row.location.country, row.location.why) == (None, "anycast")


def test_geofeed_is_the_word_of_the_network(seed: Any, with_file: Any, settings: Any) -> None:
    feed = "# a geofeed\n145.100.0.0/16,NL,NL-NH,Amsterdam,\n2001:db8::/32,DE,,,\n"
    (row,) = locate((seed("145.100.3.4"),), with_file(feed, "feed.csv"), settings)
    assert (row.location.country, row.location.why) == ("NL", "published_and_database")
    (row,) = locate((seed("145.100.3.4"),), with_file("145.100.0.0/16,RU,,,\n"), settings)
    assert row.location.status is Status.DISPUTED
    (row,) = locate((seed("145.100.3.4"),), with_file("145.100.0.0/16,,,,\n"), settings)
    assert row.location.why == "answer_without_country"
