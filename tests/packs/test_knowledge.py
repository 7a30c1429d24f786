"""The embedded knowledge: hashes, sources, dates, codes, and that compiled tables follow from their YAML."""

import hashlib
import ipaddress
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from iotaudit.model.destinations import Zone
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.library import DATA

ROOT = Path(__file__).resolve().parents[2]
KNOWLEDGE = load_knowledge()
MANIFEST = json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))
TABLES = json.loads((DATA / "tables.json").read_text(encoding="utf-8"))
ISO_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
BOUND_LEN = 12 << 20


def test_every_file_has_the_hash_that_the_manifest_states() -> None:
    stated = {row["file"]: row["sha256"] for row in MANIFEST["files"]} | MANIFEST["compiled"]
    found = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in DATA.iterdir()
        if p.name != "manifest.json"
    }
    assert found == stated


def test_every_file_has_licence_date_and_a_day_of_review() -> None:
    for row in MANIFEST["files"]:
        assert row["licence"], row["name"]
        assert ISO_DATE.fullmatch(row["date"]), row["name"]
        assert row["review_by"] > row["date"], row["name"]
        assert row["attribution"] or row["licence"] == "MIT", row["name"]


def test_data_of_db_ip_carries_the_link_that_its_licence_asks_for() -> None:
    (row,) = (f for f in KNOWLEDGE.files if f.name == "dbip-country")
    assert (row.attribution, row.url) == ("IP Geolocation by DB-IP", "https://db-ip.com")


def test_embedded_data_stays_small() -> None:
    assert sum(p.stat().st_size for p in DATA.iterdir()) < BOUND_LEN


def test_compiled_tables_follow_from_the_yaml() -> None:
    compiled = runpy.run_path(str(ROOT / "tools" / "knowledge" / "compile.py"))["compiled"]
    assert (DATA / "tables.json").read_text(encoding="utf-8") == compiled()


def test_knowledge_is_stale_after_its_day_of_review() -> None:
    assert KNOWLEDGE.stale("2026-11-24") == ()
    assert "zones" in KNOWLEDGE.stale("2027-03-01")
    assert "entities" not in KNOWLEDGE.stale("2027-03-01")


@pytest.mark.parametrize("table", ["addresses", "anycast", "entities", "regions", "roles"])
def test_every_row_has_a_source(table: Any) -> Any:
    def rows(value: Any) -> Any:
        if isinstance(value, dict):
            if "names" in value or "networks" in value or "asns" in value or "suffixes" in value:
                yield value
            else:
                for part in value.values():
                    yield from rows(part)
        elif isinstance(value, list):
            for part in value:
                yield from rows(part)

    found = list(rows({k: v for k, v in TABLES[table].items() if k != "fields"}))
    assert found
    assert all(len(row["source"]) > 5 for row in found)


def test_no_network_domain_or_id_stands_twice() -> None:
    entities = KNOWLEDGE.entities
    for values in (
        [e.id for e in entities],
        [a for e in entities for a in e.asns],
        [d for e in entities for d in e.domains],
        [law.id for law in KNOWLEDGE.laws],
        [t.id for t in KNOWLEDGE.data_types],
        [n for row in TABLES["anycast"]["rows"] for n in row["networks"]],
        [n for row in TABLES["addresses"]["rows"] for n in row["networks"]],
    ):
        assert len(values) == len(set(values))


def test_every_country_of_every_table_is_a_country() -> None:
    zones = KNOWLEDGE.zones
    codes = {c for e in KNOWLEDGE.entities for c in (e.country, e.parent_country) if c}
    codes |= {c for e in KNOWLEDGE.entities for _, places in e.places for c in places}
    codes |= {c for r in KNOWLEDGE.regions for c in r.regions.values()}
    codes |= {c for law in KNOWLEDGE.laws for c in (*law.places, *law.operators)}
    codes |= zones.eu | zones.eea | set(zones.decisions)
    assert all(zones.normal(code) == code for code in codes)
    assert len(zones.eu) == 27


def test_every_named_place_belongs_to_a_network_of_the_row() -> None:
    assert all({asn for asn, _ in e.places} <= set(e.asns) for e in KNOWLEDGE.entities)


def test_a_parent_that_is_not_known_has_no_country() -> None:
    assert all(e.parent or not e.parent_country for e in KNOWLEDGE.entities)


def test_every_region_belongs_to_an_organisation_and_its_domains() -> None:
    by_id = {e.id: e for e in KNOWLEDGE.entities}
    for row in KNOWLEDGE.regions:
        for suffix in row.suffixes:
            owner = KNOWLEDGE.owner(suffix)
            assert owner is by_id[row.entity], suffix


def test_every_row_of_regions_says_when_and_how_it_was_read() -> None:
    table = TABLES["regions"]
    for row in table["providers"]:
        assert ISO_DATE.fullmatch(row["as_of"]), row["entity"]
        assert row["as_of"] <= table["as_of"], row["entity"]
        assert row["checked"] in ("memory", "read", "secondary"), row["entity"]


def written(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """Gives a network as text; Python 3.13 and later write IPv4-mapped ones in mixed notation."""
    return str(network).replace("::ffff:0.0.0.0/", "::ffff:0:0/")


def test_networks_of_the_tables_are_networks() -> None:
    for table in ("anycast", "addresses"):
        for row in TABLES[table]["rows"]:
            assert [n for n in row["networks"] if written(ipaddress.ip_network(n)) != n] == []


@pytest.mark.parametrize(
    ("code", "zone", "adequacy"),
    [
        ("DE", Zone.EU, "met"),
        ("EL", Zone.EU, "met"),
        ("NO", Zone.EEA, "met"),
        ("CH", Zone.ADEQUATE, "met"),
        ("GB", Zone.ADEQUATE, "met"),
        ("IL", Zone.ADEQUATE, "unknown"),
        ("US", Zone.THIRD_COUNTRY, "unknown"),
        ("PR", Zone.THIRD_COUNTRY, "unknown"),
        ("JP", Zone.THIRD_COUNTRY, "unknown"),
        ("CN", Zone.THIRD_COUNTRY, "unmet"),
        ("HK", Zone.THIRD_COUNTRY, "unmet"),
        ("GL", Zone.THIRD_COUNTRY, "unmet"),
        ("RE", Zone.EU, "met"),
        ("SJ", Zone.THIRD_COUNTRY, "unmet"),
        ("FO", Zone.ADEQUATE, "met"),
        ("XK", Zone.THIRD_COUNTRY, "unmet"),
        ("EU", Zone.UNKNOWN, "unknown"),
        ("AP", Zone.UNKNOWN, "unknown"),
        ("ZZ", Zone.UNKNOWN, "unknown"),
        (None, Zone.UNKNOWN, "unknown"),
    ],
)
def test_zone_of_a_country(code: Any, zone: Any, adequacy: Any) -> None:
    assert KNOWLEDGE.zones.zone(code, "2026-11-24") is zone
    assert KNOWLEDGE.zones.adequacy(code, "2026-11-24") == adequacy


def test_a_decision_that_has_run_out_makes_no_zone_adequate() -> None:
    assert KNOWLEDGE.zones.zone("GB", "2032-01-01") is Zone.THIRD_COUNTRY


def test_country_fact_tells_the_scope_of_a_decision() -> None:
    fact = KNOWLEDGE.country_fact("KR", "2026-11-24")
    assert fact is not None
    assert (fact.zone, fact.scope_test) == ("third-country", "recipient")
    assert KNOWLEDGE.country_fact("EU") is None


def test_territory_has_the_laws_of_its_state() -> None:
    assert KNOWLEDGE.zones.law_country("GU") == "US"
    assert KNOWLEDGE.zones.law_country("HK") == "HK"
