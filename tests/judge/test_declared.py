"""A declaration held against the capture: the table of docs/declared.md, line by line. All vendors are fictional."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.judge import judge
from iotaudit.model.declared import (
    Declaration,
    DeclaredCompany,
    DeclaredHost,
    DeclaredPort,
    DeclaredRetention,
    DeclaredState,
    DeclaredVolume,
)
from iotaudit.model.destinations import Evidence, Operator, Owner, Party, Status
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.flows import Direction, EncryptionState, Endpoint
from iotaudit.model.result import Settings

MAKER: Any = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["Maker"]()
SETTINGS = Settings(as_of="2026-11-24")
SEEN, UNDECLARED = DeclaredState.SEEN_AND_DECLARED, DeclaredState.SEEN_NOT_DECLARED
UNSEEN, CONTRADICTED = DeclaredState.DECLARED_NOT_SEEN, DeclaredState.CONTRADICTED
OWN = Owner("Moppel GmbH", "DE", "Moppel GmbH", "DE", (Evidence("entities", "name", "DE", "owner"),))
CLOUD = Operator("Dustwhale Cloud Inc.", 64496, "AS-DW", "US", "Dustwhale Inc.", "US")


def held(facts: Any, companies: Any = (), **keys: Any) -> list[tuple[Any, ...]]:
    """Gives the lines as (item, declared, observed, state)."""
    declaration = Declaration("Moppel GmbH", **keys)
    rows = judge(replace(facts, declaration=declaration, companies=tuple(companies)), (), None, SETTINGS).declared
    return [(r.item, r.declared, r.observed, r.state) for r in rows]


def exposure(data_type: str, confidence: Any = Confidence.PROVEN) -> Exposure:
    return Exposure(
        "x1", data_type, "", "dst1", confidence, Channel.PLAINTEXT, "http.body", (), "•", 1, (13,), ("f1",), "v1", 2, "", ""
    )


def test_without_a_declaration_there_is_no_line(make: Any) -> None:
    assert judge(make.facts(make.destination(1)), (), None, SETTINGS).declared == ()


def test_a_key_that_is_left_out_is_held_against_nothing(make: Any) -> None:
    assert held(make.facts(make.destination(1, "CN"))) == []


def test_storage_in_the_country_that_is_declared_is_seen(make: Any) -> None:
    assert held(make.facts(make.destination(1)), storage_countries=("DE", "IE")) == [
        ("storage_countries", "DE", "DE", SEEN),
        ("storage_countries", "IE", None, UNSEEN),
    ]


def test_a_promise_of_europe_is_contradicted_by_a_known_place_outside(make: Any) -> None:
    rows = held(make.facts(make.destination(1), make.destination(2, "CN")), storage_countries=("EU",))
    assert rows == [("storage_countries", "EU", "DE", SEEN), ("storage_countries", ("EU",), "CN", CONTRADICTED)]


def test_another_country_inside_a_promise_of_europe_is_not_declared(make: Any) -> None:
    rows = held(make.facts(make.destination(1, "IE")), storage_countries=("DE",))
    assert ("storage_countries", None, "IE", UNDECLARED) in rows


@pytest.mark.parametrize("status", [Status.DISPUTED, Status.UNKNOWN])
def test_a_place_in_doubt_contradicts_nothing(make: Any, status: Any) -> None:
    facts = make.facts(make.destination(1, "CN", status, ("CN", "DE")))
    rows = held(facts, storage_countries=("EU",), destinations=(DeclaredHost("*.vendor.example", "DE"),))
    assert {state for *_, state in rows} == {UNSEEN, SEEN}
    assert [r for r in rows if r[2] in ("place disputed", "place not known")]


def test_a_host_is_seen_and_its_country_and_operator_agree(make: Any) -> None:
    facts = make.facts(make.destination(1, owner=OWN))
    host = DeclaredHost("*.vendor.example", "DE", "Moppel GmbH", "status", ("device.serial",))
    item = "destinations[*.vendor.example]"
    assert held(facts, destinations=(host,)) == [
        (item, "*.vendor.example", "h1.vendor.example", SEEN),
        (f"{item}.country", "DE", "DE", SEEN),
        (f"{item}.operator", "Moppel GmbH", ("Host GmbH", "Moppel GmbH"), SEEN),
        (f"{item}.purpose", "status", "first party", UNSEEN),
        (f"{item}.data_types", "device.serial", None, UNSEEN),
    ]


def test_a_host_in_another_country_is_contradicted_by_its_packets(make: Any) -> None:
    facts = make.facts(make.destination(1, "CN"))
    declaration = Declaration("Moppel GmbH", destinations=(DeclaredHost("h1.vendor.example", "DE"),))
    rows = judge(replace(facts, declaration=declaration), (), None, SETTINGS).declared
    (row,) = [r for r in rows if r.item.endswith(".country")]
    assert (row.observed, row.state, row.destinations, row.packets) == ("CN", CONTRADICTED, ("dst1",), (13,))


def test_a_host_that_nobody_declared_is_told(make: Any) -> None:
    facts = make.facts(make.destination(1), make.destination(2, name="x.other.example"))
    rows = held(facts, destinations=(DeclaredHost("*.vendor.example"), DeclaredHost("gone.vendor.example")))
    assert rows[1:] == [
        ("destinations[gone.vendor.example]", "gone.vendor.example", None, UNSEEN),
        ("destinations", None, "x.other.example", UNDECLARED),
    ]


def test_a_host_of_updates_or_remote_access_is_declared_too(make: Any) -> None:
    facts = make.facts(make.destination(1), make.destination(2, name="fw.other.example"))
    rows = held(facts, destinations=(), update_hosts=("fw.other.example",), remote_access=(DeclaredHost("*.vendor.example"),))
    assert not [r for r in rows if r[0] == "destinations"]


def test_who_hosts_a_service_does_not_contradict_whose_it_is(make: Any) -> None:
    facts = make.facts(make.destination(1, operator=CLOUD, owner=Owner()))
    host = DeclaredHost("h1.vendor.example", operator="Moppel GmbH")
    assert held(facts, destinations=(host,))[1][1:] == ("Moppel GmbH", "Dustwhale Cloud Inc.", UNSEEN)


def test_a_known_owner_of_the_domain_contradicts_another_operator(make: Any) -> None:
    facts = make.facts(make.destination(1, operator=CLOUD, owner=OWN))
    host = DeclaredHost("h1.vendor.example", operator="Brushfire Ltd")
    assert held(facts, destinations=(host,))[1][3] is CONTRADICTED


def test_a_name_in_a_certificate_alone_contradicts_nothing(make: Any) -> None:
    shown = Owner("Moppel Robotics Trading", evidence=(Evidence("certificate", "name", None, "issued", "", 7),))
    facts = make.facts(make.destination(1, operator=CLOUD, owner=shown))
    host = DeclaredHost("h1.vendor.example", operator="Brushfire Ltd")
    assert held(facts, destinations=(host,))[1][3] is UNSEEN


def test_companies_are_compared_by_name_name_on_file_and_group(make: Any) -> None:
    facts = make.facts(make.destination(1, operator=CLOUD, owner=OWN))
    rows = held(
        facts,
        companies=[("DWC", "Dustwhale Cloud Inc.")],
        operators=("DWC",),
        sub_processors=(DeclaredCompany("dustwhale inc", "US", "hosting"), DeclaredCompany("Brushfire Ltd")),
    )
    assert rows == [
        ("operators", "DWC", "Dustwhale Cloud Inc.", SEEN),
        ("sub_processors", "dustwhale inc (US, hosting)", "Dustwhale Inc.", SEEN),
        ("sub_processors", "Brushfire Ltd", None, UNSEEN),
    ]


def test_a_company_that_nobody_declared_is_told(make: Any) -> None:
    rows = held(make.facts(make.destination(1, operator=CLOUD, owner=Owner())), operators=("Moppel GmbH",))
    assert ("operators", None, "Dustwhale Cloud Inc.", UNDECLARED) in rows


def test_administration_from_elsewhere_shows_only_where_somebody_comes_in(make: Any) -> None:
    row = make.destination(1, "CN")
    came = make.flow(
        1, row, direction=Direction.INBOUND, client=Endpoint(row.ips[0], 5000), server=Endpoint("192.168.7.20", 22)
    )
    rows = held(make.facts(row, flows=(came,)), administration_from=("EU",))
    assert rows == [("administration_from", "EU", None, UNSEEN), ("administration_from", None, "CN", UNDECLARED)]
    quiet = held(make.facts(row), administration_from=("EU",))
    assert quiet == [("administration_from", "EU", None, UNSEEN)]


def test_data_types_are_seen_not_seen_and_not_declared(make: Any) -> None:
    facts = make.facts(make.destination(1), exposures=(exposure("device.serial"), exposure("geo.gps")))
    assert held(facts, data_types=("device.serial", "geo.floor_map")) == [
        ("data_types", "device.serial", "device.serial", SEEN),
        ("data_types", "geo.floor_map", None, UNSEEN),
        ("data_types", None, "geo.gps", UNDECLARED),
    ]


def test_an_inferred_data_type_is_no_difference(make: Any) -> None:
    facts = make.facts(make.destination(1), exposures=(exposure("media.video", Confidence.INFERRED),))
    assert held(facts, data_types=()) == []


def test_closed_payload_is_told_where_a_data_type_was_not_observed(make: Any) -> None:
    row = make.destination(1)
    facts = make.facts(row, flows=(make.flow(1, row, state=EncryptionState.ENCRYPTED),))
    ((_, _, observed, state),) = held(facts, data_types=("geo.gps",))
    assert "100 % of payload stayed closed" in observed or "all" in observed
    assert state is UNSEEN


def test_a_volume_is_contradicted_only_well_above_the_day(make: Any) -> None:
    facts = make.facts(make.destination(1))
    for size, state in ((1000, SEEN), (60, SEEN), (49, CONTRADICTED)):
        assert held(facts, volumes=(DeclaredVolume(size),))[0][3] is state
    assert held(facts, volumes=(DeclaredVolume(1, "x.example"),))[0][3] is UNSEEN


def test_a_way_in_contradicts_that_there_is_none(make: Any) -> None:
    row = make.destination(1)
    tunnel = make.flow(1, row, application="wireguard", tags=("tunnel",))
    rows = held(make.facts(row, flows=(tunnel,)), remote_access=())
    assert rows == [("remote_access", "none", "h1.vendor.example: wireguard", CONTRADICTED)]
    assert held(make.facts(row), remote_access=()) == [("remote_access", "none", None, UNSEEN)]
    declared = held(make.facts(row, flows=(tunnel,)), remote_access=(DeclaredHost("h1.vendor.example"),))
    assert [r[3] for r in declared] == [SEEN]


def test_services_of_the_device_are_held_against_its_ports(make: Any) -> None:
    row = make.local()
    served = make.flow(1, row, direction=Direction.LOCAL, server=Endpoint("192.168.7.20", 23), application="telnet", tags=("device_serves",))
    silent = replace(served, id="f2", number=2, server=Endpoint("192.168.7.20", 81), packets_in=0)
    rows = held(make.facts(row, flows=(served, silent)), ports=(DeclaredPort(443),))
    assert rows == [("ports", None, "tcp/23 (telnet)", UNDECLARED), ("ports", "tcp/443", None, UNSEEN)]


def test_what_traffic_cannot_show_is_declared_and_not_seen(make: Any) -> None:
    rows = held(
        make.facts(make.destination(1)),
        works_offline=True,
        support_until="2025-12",
        retention=(DeclaredRetention(90, "geo.floor_map"),),
    )
    assert rows == [
        ("works_offline", True, None, UNSEEN),
        ("support_until", "2025-12", "past on 2026-11-24", UNSEEN),
        ("retention[geo.floor_map]", "90 days", None, UNSEEN),
    ]


def test_a_declaration_heals_nothing(make: Any) -> None:
    facts = make.facts(make.destination(1, "CN"))
    told = replace(facts, declaration=Declaration("Moppel GmbH", storage_countries=("CN",)))
    assert judge(told, (), None, SETTINGS).verdict == judge(facts, (), None, SETTINGS).verdict


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_doubt_never_turns_a_line_into_a_contradiction(data: Any) -> None:
    make = MAKER
    countries = data.draw(st.lists(st.sampled_from(["DE", "CN", "US", "IE"]), min_size=1, max_size=4))
    rows = [make.destination(n, c, party=Party.UNKNOWN) for n, c in enumerate(countries, 1)]
    keys: dict[str, Any] = {
        "storage_countries": ("EU",),
        "destinations": tuple(DeclaredHost(f"h{n}.vendor.example", "DE") for n in range(1, len(rows) + 1)),
    }
    sure = held(make.facts(*rows), **keys)
    vague = [make.destination(n, c, Status.DISPUTED, ("CN", "DE")) for n, c in enumerate(countries, 1)]
    unsure = held(make.facts(*vague), **keys)
    assert not [r for r in unsure if r[3] is CONTRADICTED]
    assert bool([r for r in sure if r[3] is CONTRADICTED]) == any(c != "DE" for c in countries)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(5)))
def test_the_order_of_facts_changes_no_line(order: Any) -> None:
    rows = [MAKER.destination(n, c) for n, c in enumerate(["DE", "CN", "US", "IE", "NO"], 1)]
    keys: dict[str, Any] = {"storage_countries": ("EEA",), "destinations": (DeclaredHost("h1.vendor.example"),)}
    flows = [MAKER.flow(n, d) for n, d in enumerate(rows, 1)]
    expected = held(MAKER.facts(*rows, flows=flows), **keys)
    assert held(MAKER.facts(*(rows[i] for i in order), flows=[flows[i] for i in order]), **keys) == expected
