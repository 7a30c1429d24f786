"""Who runs an address."""

from typing import Any

from iotaudit.locate.operator import NOBODY, NetworkBook, owners, ownership_of


def test_pass_curated_network_has_a_seat_and_a_parent_with_their_source(knowledge: Any) -> None:
    network = NetworkBook(knowledge).network_of("34.240.1.1")
    operator = network.operator
    assert (operator.name, operator.country) == ("Amazon Web Services, Inc.", "US")
    assert network.cloud
    assert any("10-K" in e.detail and e.date for e in operator.evidence)


def test_fail_network_that_calls_itself_a_cloud_places_nothing_alone(knowledge: Any, with_database: Any) -> None:
    own = with_database(
        n={"198.51.100.0/24": {"asn": 64496, "as_name": "Dustwhale CLOUD services"}}
    )
    assert NetworkBook(own).network_of("198.51.100.1").cloud
    assert not NetworkBook(knowledge).network_of("145.100.3.4").cloud


def test_inconclusive_network_without_a_row_keeps_its_registered_name_only(knowledge: Any) -> None:
    operator = NetworkBook(knowledge).network_of("130.59.3.4").operator
    assert operator.name == operator.as_name
    assert (operator.country, operator.parent, operator.parent_country) == (None, None, None)


def test_address_that_nobody_announces_has_no_operator(knowledge: Any) -> None:
    network = NetworkBook(knowledge).network_of("192.0.2.1")
    assert (network.operator.asn, network.operator.name, network.entities) == (None, None, ())


def test_places_of_a_network_bind_only_where_all_sources_name_that_network(
    knowledge: Any, with_database: Any
) -> None:
    assert NetworkBook(knowledge).network_of("78.46.7.9").places == ("DE", "FI")
    other = with_database(n={"78.46.0.0/16": {"asn": 64496, "as_name": "Moppel"}})
    assert NetworkBook(other).network_of("78.46.7.9").places == ()


def test_owner_of_a_name_is_found_up_the_labels(knowledge: Any) -> None:
    assert [o.id for o in owners("a1.m.tuyaeu.com", knowledge)] == ["tuya"]
    assert owners("tuyaeu.com.evil.example", knowledge) == ()
    assert owners("nottuyaeu.com", knowledge) == ()
    assert owners(None, knowledge) == ()


def test_hosting_and_owning_are_two_facts(seed: Any, knowledge: Any) -> None:
    hosting = NetworkBook(knowledge).network_of("34.240.1.1")
    found = ownership_of("a1.m.tuyaeu.com", (seed("34.240.1.1"),), (hosting,), knowledge)
    assert (hosting.operator.country, found.owner.name, found.owner.country) == ("US", "Tuya Inc.", "CN")
    assert any("owner of the domain" in e.detail and e.date for e in found.owner.evidence)


def test_organisation_of_a_certificate_is_evidence_with_its_packet(seed: Any, knowledge: Any) -> None:
    shown = seed("198.51.100.1", certificates=(("HANGZHOU HIKVISION DIGITAL TECHNOLOGY CO LTD", 9),))
    found = ownership_of("cam.example", (shown,), (), knowledge)
    assert [e.id for e in found.certified] == ["hikvision"]
    assert found.owner.country == "CN"
    assert [e.packet for e in found.owner.evidence if e.source == "certificate"] == [9]


def test_organisation_that_no_row_knows_keeps_its_name_and_has_no_seat(seed: Any, knowledge: Any) -> None:
    shown = seed("198.51.100.1", certificates=(("Moppel Robotics GmbH", 9),))
    found = ownership_of("moppel.example", (shown,), (), knowledge)
    assert (found.owner.name, found.owner.country, found.owner.parent, found.certified) == ("Moppel Robotics GmbH", None, None, ())


def test_two_unknown_organisations_name_nobody(seed: Any, knowledge: Any) -> None:
    shown = seed("198.51.100.1", certificates=(("Dustwhale Ltd", 12), ("Moppel GmbH", 9)))
    found = ownership_of("x.example", (shown,), (), knowledge)
    assert found.owner.name is None
    assert len(found.owner.evidence) == 2


def test_certificate_of_the_front_makes_it_no_owner(seed: Any, knowledge: Any) -> None:
    shown = seed("34.240.1.1", certificates=(("Amazon Web Services, Inc.", 9),))
    found = ownership_of("moppel.example", (shown,), (NetworkBook(knowledge).network_of("34.240.1.1"),), knowledge)
    assert (found.owner.name, found.certified) == (None, ())
    assert found.owner.evidence


def test_without_name_and_certificate_nobody_owns_it(seed: Any, knowledge: Any) -> None:
    assert ownership_of(None, (seed("198.51.100.1"),), (), knowledge) is NOBODY
