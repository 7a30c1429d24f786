"""The embedded database as a source."""

from typing import Any

from iotaudit.locate import dbip


def test_pass_european_address_is_listed_in_its_country(seed: Any, knowledge: Any, settings: Any) -> None:
    (found,) = dbip.evidence(seed("145.100.3.4"), knowledge, settings)
    assert (found.source, found.kind, found.country, found.date) == (
        "dbip",
        "database",
        "NL",
        "2026-06-01",
    )


def test_fail_chinese_address_is_listed_in_china(seed: Any, knowledge: Any, settings: Any) -> None:
    (found,) = dbip.evidence(seed("220.181.3.4"), knowledge, settings)
    assert found.country == "CN"


def test_inconclusive_unassigned_address_has_no_evidence(seed: Any, knowledge: Any, settings: Any) -> None:
    assert dbip.evidence(seed("192.0.2.1"), knowledge, settings) == ()
    assert dbip.evidence(seed("no address"), knowledge, settings) == ()


def test_ipv6_is_looked_up(seed: Any, knowledge: Any, settings: Any) -> None:
    (found,) = dbip.evidence(seed("240e::1"), knowledge, settings)
    assert found.country == "CN"
