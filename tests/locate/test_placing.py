"""What addresses share: it never matters which other addresses are placed beside one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.locate import BY_ADDRESS, BY_NAME, SOURCES, locate, round_trip
from iotaudit.locate.placing import Placer
from iotaudit.model.destinations import DestinationSeed
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

KNOWLEDGE = load_knowledge()
BERLIN = (52.5, 13.4)
MS = 1_000_000
ADDRESSES = (
    "145.100.3.4",  # a Dutch network
    "145.100.9.9",  # the same network: shares all that the look-ups say
    "220.181.3.4",  # China
    "18.184.7.9",  # a cloud, in Frankfurt
    "18.184.7.200",
    "8.8.8.8",  # anycast
    "192.0.2.1",  # documentation
    "2a01:4f8::1",
    "",
)
NAMES = (
    None,
    "a.iot.eu-central-1.amazonaws.com",
    "a.iot.us-east-1.amazonaws.com",
    "mqtt.moppel.example",
    "ad.doubleclick.net",
    "m1.tuyaeu.com",
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ADDRESSES),
            st.sampled_from(NAMES),
            st.sampled_from(("dns", "sni")),
            st.sampled_from((None, 2 * MS, 3 * MS, 30 * MS, 190 * MS)),
            st.sampled_from(("", "a proxy answered the handshake")),
        ),
        min_size=2,
        max_size=12,
        unique_by=lambda row: (row[0], row[1]),
    ),
    st.sampled_from((None, BERLIN)),
)
@settings(max_examples=60, deadline=None)
def test_an_address_is_placed_the_same_alone_and_among_others(rows: Any, position: Any) -> None:
    chosen = Settings(as_of="2026-11-24", lab_position=position)
    seeds = [_seed(*row) for row in rows]
    placer = _placer(KNOWLEDGE, chosen)
    for one in (*seeds, *reversed(seeds)):
        alone, among = _placer(KNOWLEDGE, chosen).place(one), placer.place(one)
        assert (among.location, among.zone, among.network, among.note) == (
            alone.location,
            alone.zone,
            alone.network,
            alone.note,
        )


@pytest.mark.parametrize("position", [None, BERLIN])
def test_destinations_of_one_address_each_are_told_the_same_alone_and_among_others(position: Any) -> None:
    chosen = Settings(as_of="2026-11-24", lab_position=position)
    rows = [(ip, name and f"{n}.{name}") for n, ip in enumerate(ADDRESSES) for name in NAMES if ip]
    seeds = tuple([_seed(ip, name, "dns", 30 * MS, "") for ip, name in rows])
    among = locate(seeds, KNOWLEDGE, chosen, ("moppel.example",))
    alone = [row for one in seeds for row in locate((one,), KNOWLEDGE, chosen, ("moppel.example",))]
    assert len(among) == len(alone)
    assert {repr(replace(row, id="")) for row in among} == {repr(replace(row, id="")) for row in alone}


def test_addresses_that_the_look_ups_answer_alike_share_one_location() -> None:
    placer = _placer(KNOWLEDGE, Settings(as_of="2026-11-24"))
    one, other = (placer.place(_seed(ip, None, "dns", None, "")) for ip in ADDRESSES[:2])
    assert one.location is other.location
    assert one.network is other.network


def test_each_source_is_asked_by_one_way() -> None:
    asked = [source.ID for source in (*BY_ADDRESS, *BY_NAME)]
    assert sorted([*asked, round_trip.ID]) == sorted(source.ID for source in SOURCES)


def _placer(knowledge: Any, chosen: Settings) -> Placer:
    return Placer(BY_ADDRESS, BY_NAME, knowledge, chosen)


def _seed(ip: str, name: str | None, source: str, rtt: int | None, unused: str) -> Any:
    return DestinationSeed(
        ip=ip,
        name=name,
        name_source=source if name else None,
        name_packet=2 if name else None,
        aliases=(),
        outer_name=False,
        local=False,
        rtt_min_ns=rtt,
        bytes_out=300,
        bytes_in=200,
        payload_out=100,
        flows=("f1",),
        applications=("tls",),
        ports=(443,),
        first_packet=1,
        payload_packet=4,
        devices=("dev1",),
        name_sources=(source,) if name else (),
        rtt_unused=unused,
    )
