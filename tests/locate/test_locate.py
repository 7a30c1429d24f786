"""From seeds to destinations: grouping, worst address, zones, ids, and the cases of a sceptical reader."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate import SOURCES, locate
from iotaudit.model.destinations import DestinationSeed, Party, Status, Zone
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

KNOWLEDGE = load_knowledge()
DUTCH = "145.100.3.4"
CHINESE = "220.181.3.4"
FRANKFURT = "18.184.7.9"
VIRGINIA = "52.1.2.3"


def test_eu_name_with_a_chinese_address_is_in_china(seed: Any, knowledge: Any, settings: Any) -> None:
    (row,) = locate((seed(CHINESE, "eu-map.dustwhale.example", ("dns",)),), knowledge, settings)
    assert (row.location.country, row.location.status) == ("CN", Status.CLAIMED)
    assert (row.zone, row.adequacy) == (Zone.THIRD_COUNTRY, "unmet")
    assert row.registrable_domain == "dustwhale.example"
    assert {law.country for law in row.access_laws} == {"CN"}


def test_us_operator_in_frankfurt_is_in_the_eu_and_in_reach_of_us_law(seed: Any, knowledge: Any, settings: Any) -> None:
    frankfurt = seed(FRANKFURT, "a.iot.eu-central-1.amazonaws.com", ("sni", "dns"))
    (row,) = locate((frankfurt,), knowledge, settings)
    assert (row.location.country, row.location.status, row.zone) == (
        "DE",
        Status.CONFIRMED,
        Zone.EU,
    )
    assert row.location.why == "region_and_database"
    assert {(law.country, law.reach) for law in row.access_laws} == {("US", "operator")}
    assert (row.operator.asn, row.operator.parent, row.operator.parent_country) == (
        16509,
        "Amazon.com, Inc.",
        "US",
    )


def test_cloud_address_without_a_region_is_claimed_where_both_databases_agree(
    seed: Any, knowledge: Any, settings: Any
) -> None:
    (row,) = locate((seed(FRANKFURT, "eu.moppel.example", ("dns",)),), knowledge, settings)
    assert (row.location.country, row.location.status) == ("DE", Status.CLAIMED)
    assert row.location.why == "databases_agree"
    assert {e.source for e in row.location.evidence if e.country == "DE"} == {"dbip", "ipfire"}


def test_cloud_address_that_one_database_alone_places_has_no_country(
    seed: Any, knowledge: Any, settings: Any
) -> None:
    alone = replace(knowledge, databases=knowledge.databases[:1])
    (row,) = locate((seed(FRANKFURT, "eu.moppel.example", ("dns",)),), alone, settings)
    assert (row.location.country, row.location.status) == (None, Status.UNKNOWN)
    assert row.location.why == "cloud_without_region"
    assert row.zone is Zone.UNKNOWN


def test_region_in_the_name_against_the_database_is_disputed(seed: Any, knowledge: Any, settings: Any) -> None:
    lying = seed(VIRGINIA, "a.iot.eu-central-1.amazonaws.com", ("sni", "dns"))
    (row,) = locate((lying,), knowledge, settings)
    assert (row.location.country, row.location.status, row.zone) == (
        None,
        Status.DISPUTED,
        Zone.UNKNOWN,
    )


def test_one_name_at_one_operator_is_one_row_and_takes_the_worst_address(seed: Any, knowledge: Any, settings: Any) -> None:
    name = "a.iot.eu-central-1.amazonaws.com"
    both = (seed(FRANKFURT, name, ("dns",)), seed(VIRGINIA, name, ("dns",), flows=("f2",)))
    (row,) = locate(both, knowledge, settings)
    assert row.ips == (FRANKFURT, VIRGINIA)
    assert row.location.status is Status.DISPUTED
    assert [(a.ip, a.location.status) for a in row.addresses] == [
        (FRANKFURT, Status.CONFIRMED),
        (VIRGINIA, Status.DISPUTED),
    ]
    assert (row.bytes_out, row.bytes_in, row.payload_out, row.flows) == (
        600,
        400,
        200,
        ("f1", "f2"),
    )


def test_address_that_got_no_payload_does_not_decide(seed: Any, knowledge: Any, settings: Any) -> None:
    name = "a.iot.eu-central-1.amazonaws.com"
    both = (seed(FRANKFURT, name, ("dns",)), seed(VIRGINIA, name, ("dns",), payload_out=0))
    (row,) = locate(both, knowledge, settings)
    assert (row.location.country, len(row.addresses)) == ("DE", 2)


def test_one_name_at_two_operators_is_two_rows(seed: Any, knowledge: Any, settings: Any) -> None:
    rows = locate(
        (seed(DUTCH, "x.moppel.example"), seed(CHINESE, "x.moppel.example")), knowledge, settings
    )
    assert [(r.id, r.name, r.location.country) for r in rows] == [
        ("dst1", "x.moppel.example", "NL"),
        ("dst2", "x.moppel.example", "CN"),
    ]


def test_addresses_without_a_name_are_rows_of_their_own_and_hard_coded(seed: Any, knowledge: Any, settings: Any) -> None:
    rows = locate(
        (seed(DUTCH), seed("145.100.3.5"), seed(CHINESE, "x.example")), knowledge, settings
    )
    assert [(r.name, r.ips, r.hard_coded) for r in rows] == [
        (None, (DUTCH,), True),
        (None, ("145.100.3.5",), True),
        ("x.example", (CHINESE,), False),
    ]


def test_hidden_inner_name_is_not_a_missing_name(seed: Any, knowledge: Any, settings: Any) -> None:
    (row,) = locate((seed(DUTCH, outer_name=True),), knowledge, settings)
    assert not row.hard_coded
    assert any("inner name is encrypted" in note for note in row.notes)


@pytest.mark.parametrize(
    "ip", ["192.168.1.1", "224.0.0.251", "ff02::fb", "255.255.255.255", "fe80::1"]
)
def test_local_peer_has_zone_local_and_no_laws(seed: Any, knowledge: Any, settings: Any, ip: Any) -> None:
    for local in (True, False):
        (row,) = locate((seed(ip, local=local),), knowledge, settings)
        assert (row.zone, row.location.country, row.location.status) == (
            Zone.LOCAL,
            None,
            Status.UNKNOWN,
        )
        assert (row.access_laws, row.hard_coded, row.operator.asn) == ((), False, None)


@pytest.mark.parametrize(
    "ip",
    [
        "100.64.1.1",
        "198.18.0.1",
        "203.0.113.9",
        "240.0.0.1",
        "2002:c000:201::1",
        "2001:0:1::1",
        "64:ff9b::1.1.1.1",
        "::ffff:192.0.2.1",
        "2001:db8::1",
    ],
)
def test_address_that_is_no_place_stays_unknown(seed: Any, knowledge: Any, settings: Any, ip: Any) -> None:
    (row,) = locate((seed(ip),), knowledge, settings)
    assert (row.zone, row.location.status) == (Zone.UNKNOWN, Status.UNKNOWN)
    assert row.location.why == "not_a_public_address"
    assert row.notes


def test_request_through_a_proxy_has_no_place(seed: Any, knowledge: Any, settings: Any) -> None:
    (row,) = locate((seed("", "x.moppel.example", ("http_host",)),), knowledge, settings)
    assert (row.ips, row.addresses, row.zone) == ((), (), Zone.UNKNOWN)
    assert (row.location.why, row.hard_coded) == ("no_address", False)


def test_owner_of_the_domain_is_named_beside_the_host(seed: Any, knowledge: Any, settings: Any) -> None:
    (row,) = locate((seed("78.46.7.9", "m1.tuyaeu.com", ("dns",)),), knowledge, settings)
    assert (row.operator.name, row.zone) == ("Hetzner Online GmbH", Zone.EU)
    assert {(law.country, law.reach) for law in row.access_laws} == {("CN", "operator")}
    assert all("owner of the domain" in law.why for law in row.access_laws)
    assert any("Tuya Inc." in note for note in row.notes)


def test_decision_and_its_scope_are_noted(seed: Any, knowledge: Any, settings: Any) -> None:
    (row,) = locate((seed("130.59.3.4"),), knowledge, settings)
    assert (row.location.country, row.zone, row.adequacy) == ("CH", Zone.ADEQUATE, "met")
    assert any("2000/518/EC" in note for note in row.notes)


def test_sources_are_listed_once_with_their_pages() -> None:
    ids = [source.ID for source in SOURCES]
    assert len(ids) == len(set(ids))
    assert all(str(vars(source)["__name__"]).endswith(f".{source.ID}") for source in SOURCES)


IPS = st.sampled_from(
    [
        DUTCH,
        CHINESE,
        FRANKFURT,
        VIRGINIA,
        "78.46.7.9",
        "1.1.1.1",
        "192.168.1.9",
        "192.0.2.7",
        "",
        "x",
        "2a01:4f8::5",
    ]
)
SEEDS = st.lists(
    st.builds(
        DestinationSeed,
        ip=IPS,
        name=st.sampled_from(
            [None, "a.example", "b.iot.eu-central-1.amazonaws.com", "\x00\u202e<b>.example"]
        ),
        name_source=st.sampled_from([None, "sni", "dns"]),
        name_packet=st.none() | st.integers(1, 9),
        aliases=st.sampled_from([(), ("c.example",)]),
        outer_name=st.booleans(),
        local=st.booleans(),
        rtt_min_ns=st.none() | st.integers(0, 10**9),
        bytes_out=st.integers(0, 9),
        bytes_in=st.integers(0, 9),
        payload_out=st.integers(0, 3),
        flows=st.sampled_from([("f1",), ("f2", "f3")]),
        applications=st.sampled_from([(), ("dns",), ("tls",)]),
        ports=st.sampled_from([(), (53,), (443,)]),
        first_packet=st.integers(1, 9),
        payload_packet=st.none() | st.integers(1, 9),
        devices=st.just(("dev1",)),
    ),
    max_size=6,
    unique_by=lambda seed: (seed.ip, seed.name, seed.local),
)


@given(SEEDS, st.randoms())
def test_order_of_seeds_does_not_matter(seeds: Any, random: Any) -> None:
    shuffled = list(seeds)
    random.shuffle(shuffled)
    settings = Settings(as_of="2026-11-24")
    assert locate(tuple(shuffled), KNOWLEDGE, settings) == locate(tuple(seeds), KNOWLEDGE, settings)


@given(SEEDS)
def test_no_byte_is_lost(seeds: Any) -> None:
    rows = locate(tuple(seeds), KNOWLEDGE, Settings(as_of="2026-11-24"))
    assert sum(r.bytes_out for r in rows) == sum(s.bytes_out for s in seeds)
    assert sum(r.payload_out for r in rows) == sum(s.payload_out for s in seeds)
    assert len({r.id for r in rows}) == len(rows)


@given(SEEDS)
def test_a_further_third_country_address_never_makes_a_destination_better(seeds: Any) -> None:
    settings = Settings(as_of="2026-11-24")
    paid = [replace(s, payload_out=1) for s in seeds]
    name = "a.example"
    added = replace(SEED, ip=CHINESE, name=name)
    rows = {(r.name, r.operator.asn): r for r in locate((*paid, added), KNOWLEDGE, settings)}
    row = rows[name, 23724]
    assert (row.zone, row.location.country) == (Zone.THIRD_COUNTRY, "CN")


SEED = DestinationSeed(
    CHINESE, None, "dns", 1, (), False, False, None, 1, 1, 1, ("f9",), (), (443,), 1, 1, ("dev1",)
)


def test_first_party_is_what_the_profile_says(seed: Any, knowledge: Any, settings: Any) -> None:
    rows = locate(
        (seed(DUTCH, "mqtt.moppel.example"), seed(CHINESE, "notmoppel.example")),
        knowledge,
        settings,
        ("moppel.example",),
    )
    assert [r.party for r in rows] == [Party.FIRST, Party.UNKNOWN]


@pytest.mark.parametrize("position", [None, (52.5, 13.4)])
def test_answers_shared_between_addresses_are_those_that_each_gets_alone(seed: Any, knowledge: Any, position: Any) -> None:
    settings = Settings(as_of="2026-11-24", lab_position=position)
    ips = ("34.240.1.1", "34.240.1.2", "8.8.8.8", "8.8.4.4", "130.59.3.4", "130.59.3.5", "192.0.2.1", "2a00:1450::1")
    seeds = tuple(seed(ip, name=None) for ip in ips) + tuple(
        seed(ip, name=None, rtt_min_ns=40_000_000 + at) for at, ip in enumerate(("77.74.1.1", "77.74.1.2", "1.1.1.1"))
    )
    together = {row.ips: replace(row, id="") for row in locate(seeds, knowledge, settings)}
    alone = [replace(locate((one,), knowledge, settings)[0], id="") for one in seeds]
    assert together == {row.ips: row for row in alone}
    assert len({(row.zone, row.location.why, row.operator.asn) for row in alone}) > 3
