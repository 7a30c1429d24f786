"""Who runs an address."""

from typing import Any

from iotaudit.locate.operator import network_of, owners


def test_pass_curated_network_has_a_seat_and_a_parent_with_their_source(knowledge: Any) -> None:
    network = network_of("34.240.1.1", knowledge)
    operator = network.operator
    assert (operator.name, operator.country) == ("Amazon Web Services, Inc.", "US")
    assert network.cloud
    assert any("10-K" in e.detail and e.date for e in operator.evidence)


def test_fail_network_that_calls_itself_a_cloud_places_nothing_alone(knowledge: Any, with_database: Any) -> None:
    own = with_database(
        n={"198.51.100.0/24": {"asn": 64496, "as_name": "Dustwhale CLOUD services"}}
    )
    assert network_of("198.51.100.1", own).cloud
    assert not network_of("145.100.3.4", knowledge).cloud


def test_inconclusive_network_without_a_row_keeps_its_registered_name_only(knowledge: Any) -> None:
    operator = network_of("130.59.3.4", knowledge).operator
    assert operator.name == operator.as_name
    assert (operator.country, operator.parent, operator.parent_country) == (None, None, None)


def test_address_that_nobody_announces_has_no_operator(knowledge: Any) -> None:
    network = network_of("192.0.2.1", knowledge)
    assert (network.operator.asn, network.operator.name, network.entities) == (None, None, ())


def test_places_of_a_network_bind_only_where_all_sources_name_that_network(
    knowledge: Any, with_database: Any
) -> None:
    assert network_of("78.46.7.9", knowledge).places == ("DE", "FI")
    other = with_database(n={"78.46.0.0/16": {"asn": 64496, "as_name": "Moppel"}})
    assert network_of("78.46.7.9", other).places == ()


def test_owner_of_a_name_is_found_up_the_labels(knowledge: Any) -> None:
    assert [o.id for o in owners("a1.m.tuyaeu.com", knowledge)] == ["tuya"]
    assert owners("tuyaeu.com.evil.example", knowledge) == ()
    assert owners("nottuyaeu.com", knowledge) == ()
    assert owners(None, knowledge) == ()
