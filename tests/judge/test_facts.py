"""The facts of the vocabulary: each has a value, and what nobody knows is unknown."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge import FACTS
from iotaudit.judge.conditions import AtLeast, Doubt
from iotaudit.judge.facts import value_of
from iotaudit.judge.places import EEA_COUNTRIES
from iotaudit.judge.scene import make_scene
from iotaudit.judge.subject import Subject
from iotaudit.model.destinations import Operator, Status
from iotaudit.model.facts import CountryFact
from iotaudit.model.flows import Certificate, EncryptionState, HttpExchange, Tls
from iotaudit.model.vocabulary import FACTS as SPECS
from iotaudit.model.vocabulary import SCOPES
from iotaudit.packs.knowledge import load_knowledge


@pytest.fixture
def value(settings: Any) -> Any:
    """Gives the value of a fact of the first destination."""

    def look_up(fact: Any, facts: Any) -> Any:
        scene = make_scene(facts, None, settings)
        return value_of(
            fact, scene, Subject("destination", destination=scene.facts.destinations[0])
        )

    return look_up


def test_every_fact_of_the_vocabulary_has_a_value_and_no_other() -> None:
    assert {spec.id for spec in SPECS} == FACTS
    assert {spec.id.partition(".")[0] for spec in SPECS} == {
        g for groups in SCOPES.values() for g in groups
    }
    assert all(spec.about for spec in SPECS)


def test_the_seats_inside_are_those_of_the_zones_on_file() -> None:
    zones = load_knowledge().zones
    assert zones.eu | zones.eea == EEA_COUNTRIES


def test_every_access_law_on_file_is_of_a_country_outside_the_eea() -> None:
    assert (
        not {law.country for law in load_knowledge().laws if law.role == "access"} & EEA_COUNTRIES
    )


def test_a_known_place_has_zone_and_country(make: Any, value: Any) -> None:
    facts = make.facts(make.destination(country="CN"))
    assert value("destination.zone", facts) == "third-country"
    assert value("destination.country", facts) == "CN"
    assert value("destination.disputed", facts) is False


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.DISPUTED])
def test_a_place_in_doubt_has_neither(make: Any, value: Any, status: Any) -> None:
    facts = make.facts(make.destination(status=status, says=("IT", "RU")))
    assert value("destination.zone", facts) is Doubt.UNKNOWN
    assert value("destination.country", facts) is Doubt.UNKNOWN
    assert value("destination.laws_by_place", facts) == AtLeast(())


def test_only_addresses_that_got_payload_count(make: Any, value: Any) -> None:
    far = make.address("198.51.100.200", "CN")
    row = make.destination()
    facts = make.facts(replace(row, addresses=(*row.addresses, far)))
    assert value("destination.zone", facts) == "EU"
    there = make.flow(2, row, server=make.flow(2, row).server.__class__("198.51.100.200", 443))
    assert value("destination.zone", replace(facts, flows=(*facts.flows, there))) == "third-country"


def test_laws_are_split_by_whose_seat_they_follow(make: Any, value: Any) -> None:
    owner = Operator("Host GmbH", 64496, None, "DE", "Cloud Inc", "US")
    facts = make.facts(
        make.destination(operator=owner, access_laws=(make.law("US"), make.law("CN")))
    )
    assert value("operator.laws", facts) == (
        "cn-law",
    )  # neither operator nor parent: the owner of the domain
    assert value("parent.laws", facts) == ("us-law",)
    assert value("destination.laws", facts) == ("cn-law", "us-law")
    assert value("operator.in_eea", facts) is True
    assert value("parent.in_eea", facts) is False


def test_laws_of_an_unknown_operator_may_be_more(make: Any, value: Any) -> None:
    facts = make.facts(make.destination(operator=Operator()))
    assert value("operator.laws", facts) == AtLeast(())
    assert value("operator.parent", facts) is Doubt.UNKNOWN


def test_a_law_of_the_territory_counts_where_the_place_is_the_only_one(
    make: Any, value: Any
) -> None:
    row = make.destination(country="CN", access_laws=(make.law("US", "place"),))
    facts = make.facts(row)
    assert value("destination.laws_by_place", facts) == ("us-law",)


def test_months_left_are_whole_months(make: Any, value: Any) -> None:
    fact = CountryFact("DE", "EU", "Decision", "none", None, "2027-11-23", None)
    facts = make.facts(make.destination(), countries=(fact,))
    assert value("country.decision_months_left", facts) == 11
    assert value("country.has_decision", facts) is True
    assert value("country.decision_months_left", replace(facts, countries=())) is Doubt.UNKNOWN


def test_data_types_of_a_closed_flow_may_be_more(make: Any, value: Any) -> None:
    row = make.destination()
    facts = make.facts(row, flows=(make.flow(1, row, state=EncryptionState.ENCRYPTED),))
    assert value("destination.data_types", facts) == AtLeast(())
    assert value("destination.data_types", make.facts(row)) == ()


def test_firmware_is_told_by_a_large_answer_to_a_fetch_of_such_a_file(
    make: Any, value: Any
) -> None:
    row = make.destination()
    request = HttpExchange("GET", None, "/fw/robot.ota?v=2", None, 200, 11)
    fetched = make.flow(1, row, payload_in=100_000, http=(request,))
    assert value("destination.update_download", make.facts(row, flows=(fetched,))) is True
    small = replace(fetched, payload_in=900)
    assert value("destination.update_download", make.facts(row, flows=(small,))) is False
    closed = make.flow(2, row, state=EncryptionState.ENCRYPTED)
    assert (
        value("destination.update_download", make.facts(row, flows=(small, closed)))
        is Doubt.UNKNOWN
    )


SHOWN = Certificate(
    "cam.vendor.example", None, "cam.vendor.example", (), 0, 1, self_signed=True, packet=3, validity="expired"
)
TLS = Tls("cam.vendor.example", (), "TLSv1.2", "TLS_RSA_WITH_RC4_128_SHA", None, False, SHOWN, weak=("expired", "rc4_suite"))


@pytest.fixture
def of_flow(make: Any, settings: Any) -> Any:
    """Gives the value of a fact of a flow with this handshake."""

    def look_up(fact: str, tls: Tls | None, state: EncryptionState = EncryptionState.ENCRYPTED) -> Any:
        row = make.destination()
        flow = replace(make.flow(1, row, state=state), tls=tls)
        scene = make_scene(make.facts(row, flows=(flow,)), None, settings)
        return value_of(fact, scene, Subject("flow", destination=row, flow=flow))

    return look_up


def test_a_handshake_in_the_clear_tells_what_is_weak(of_flow: Any) -> None:
    assert of_flow("tls.weak", TLS) == ("expired", "rc4_suite")
    assert of_flow("tls.self_signed", TLS) is True
    assert of_flow("tls.expired", TLS) is True
    sound = replace(TLS, weak=(), certificate=replace(SHOWN, self_signed=False, validity="valid"))
    assert of_flow("tls.weak", sound) == ()
    assert of_flow("tls.self_signed", sound) is False
    assert of_flow("tls.expired", sound) is False


def test_without_its_certificate_a_handshake_may_be_weaker(of_flow: Any) -> None:
    hidden = replace(TLS, certificate=None, weak=("old_version",))
    assert of_flow("tls.weak", hidden) == AtLeast(("old_version",))
    assert of_flow("tls.self_signed", hidden) is Doubt.UNKNOWN
    assert of_flow("tls.expired", hidden) is Doubt.UNKNOWN
    assert of_flow("tls.weak", replace(TLS, cipher=None, weak=())) == AtLeast(())
    assert of_flow("tls.expired", replace(TLS, certificate=replace(SHOWN, validity=None))) is Doubt.UNKNOWN


@pytest.mark.parametrize("fact", ["tls.weak", "tls.self_signed", "tls.expired"])
def test_a_flow_without_tls_has_none_of_it_where_it_was_read(of_flow: Any, fact: str) -> None:
    assert of_flow(fact, None, EncryptionState.PLAINTEXT) is None
    assert of_flow(fact, None, EncryptionState.OPAQUE) is Doubt.UNKNOWN
