"""Whose service a destination is."""

from typing import Any

import pytest

from iotaudit.locate.party import DomainBook, party_of
from iotaudit.model.destinations import Party


@pytest.mark.parametrize(
    ("name", "party"),
    [
        ("mqtt.moppel.example", Party.FIRST),
        ("moppel.example", Party.FIRST),
        ("0.pool.ntp.org", Party.INFRASTRUCTURE),
        ("connectivitycheck.gstatic.com", Party.INFRASTRUCTURE),
        ("dns.google", Party.INFRASTRUCTURE),
        ("www.google-analytics.com", Party.THIRD),
        ("ad.doubleclick.net", Party.THIRD),
        ("mtalk.google.com", Party.SUPPORT),
        ("x.iot.eu-central-1.amazonaws.com", Party.SUPPORT),
        ("d111.cloudfront.net", Party.SUPPORT),
        ("dustwhale.example", Party.UNKNOWN),
        ("moppel.example.evil.example", Party.UNKNOWN),
        ("xmoppel.example", Party.UNKNOWN),
        ("ntp.org.evil.example", Party.UNKNOWN),
        ("m1.tuyaeu.com", Party.UNKNOWN),
    ],
)
def test_party_of_a_name(knowledge: Any, name: Any, party: Any) -> None:
    assert party_of(name, (), knowledge, ("moppel.example",))[0] is party


def test_vendors_own_domain_is_first_even_where_it_is_listed_elsewhere(knowledge: Any) -> None:
    assert party_of("api.doubleclick.net", (), knowledge, ("*.doubleclick.net",))[0] is Party.FIRST


def test_empty_pattern_makes_nothing_first_party(knowledge: Any) -> None:
    assert party_of("a.example", (), knowledge, ("", "*", "."))[0] is Party.UNKNOWN


def test_resolver_address_with_other_traffic_is_not_infrastructure(seed: Any, knowledge: Any) -> None:
    assert party_of(None, (seed("8.8.8.8", ports=(443,)),), knowledge, ())[0] is Party.UNKNOWN
    assert party_of(None, (seed("145.100.3.4"),), knowledge, ())[0] is Party.UNKNOWN


@pytest.mark.parametrize(
    ("name", "ground"),
    [
        ("mqtt.moppel.example", "the vendor's own domain: moppel.example (profile or declaration)"),
        ("0.pool.ntp.org", "ntp.org"),
        ("www.google-analytics.com", "google-analytics.com"),
        ("x.iot.eu-central-1.amazonaws.com", "Amazon Web Services, Inc."),
        ("dustwhale.example", "no table says whose service the name is"),
        (None, "no name led to the address"),
    ],
)
def test_every_party_has_its_ground(seed: Any, knowledge: Any, name: Any, ground: str) -> None:
    assert ground in party_of(name, (seed("145.100.3.4"),), knowledge, ("moppel.example",))[1]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a.mqtt.moppel.example", "moppel.example"),
        ("moppel.example", "moppel.example"),
        ("xmoppel.example", ""),
        ("A.M1.TuyaEU.com.", "tuyaeu.com"),
        ("dustwhale.example", ""),
        ("example", ""),
        (".", ""),
    ],
)
def test_known_part_of_a_name_is_the_longest_domain_that_a_table_has(knowledge: Any, name: str, part: str) -> None:
    book = DomainBook(knowledge, ("*.moppel.example",))
    assert book.known_part(name) == part
    assert book.known_part(name) == part  # from memory


def test_party_of_a_name_is_that_of_its_known_part(knowledge: Any) -> None:
    own = ("moppel.example",)
    book = DomainBook(knowledge, own)
    roles = knowledge.roles
    domains = (*own, *roles.infrastructure, *roles.support, *knowledge.by_domain, *list(roles.third_parties)[:500])
    for domain in domains:
        for name in (domain, f"a.{domain}", f"b.a.{domain}"):
            part = book.known_part(name)
            assert party_of(part, (), knowledge, own) == party_of(name, (), knowledge, own)
            assert knowledge.owner(part) is knowledge.owner(name)
