"""Anycast addresses have no country."""

from typing import Any

import pytest

from iotaudit.locate import anycast, locate
from iotaudit.model.destinations import Party, Status, Zone


@pytest.mark.parametrize(
    "ip",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.9.9.9",
        "208.67.222.222",
        "2606:4700:4700::1111",
        "104.16.3.4",
        "151.101.1.1",
        "13.224.10.20",  # CloudFront
        "205.251.193.9",  # Route 53
        "194.0.5.53",  # the block of the RIPE NCC for anycast name servers
    ],
)
def test_pass_published_anycast_address_is_known(seed: Any, knowledge: Any, settings: Any, ip: Any) -> None:
    (found,) = anycast.evidence(seed(ip), knowledge, settings)
    assert (found.kind, found.country) == ("anycast", None)
    assert found.date


@pytest.mark.parametrize("ip", ["1.1.1.1", "8.8.4.4", "104.16.3.4"])
def test_fail_anycast_address_is_never_placed_though_databases_name_a_country(
    seed: Any, knowledge: Any, settings: Any, ip: Any
) -> None:
    bounded = seed(ip, "eu.moppel.example", ("dns",), rtt_min_ns=3_000_000)
    (row,) = locate((bounded,), knowledge, settings)
    assert any(e.source == "dbip" and e.country for e in row.location.evidence)
    assert (row.location.country, row.location.status, row.zone) == (
        None,
        Status.UNKNOWN,
        Zone.UNKNOWN,
    )


@pytest.mark.parametrize("ip", ["217.31.204.130", "43.152.1.1"])
def test_networks_of_name_servers_and_delivery_place_nothing_though_databases_agree(
    seed: Any, knowledge: Any, settings: Any, ip: Any
) -> None:
    (row,) = locate((seed(ip),), knowledge, settings)
    named = {e.country for e in row.location.evidence if e.kind == "database"}
    assert len(named) == 1
    assert named != {None}
    assert (row.location.country, row.location.status, row.location.why) == (None, Status.UNKNOWN, "cloud_without_region")


def test_inconclusive_address_that_is_not_in_the_table_is_silent(seed: Any, knowledge: Any, settings: Any) -> None:
    assert anycast.evidence(seed("145.100.3.4"), knowledge, settings) == ()
    assert anycast.evidence(seed("rubbish"), knowledge, settings) == ()


def test_public_resolver_without_a_name_is_infrastructure_and_not_hard_coded(
    seed: Any, knowledge: Any, settings: Any
) -> None:
    (row,) = locate((seed("9.9.9.9", applications=("dns",), ports=(53,)),), knowledge, settings)
    assert (row.party, row.hard_coded) == (Party.INFRASTRUCTURE, False)
    assert row.operator.name == "Quad9 Foundation"
