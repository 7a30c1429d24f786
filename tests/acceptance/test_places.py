"""Where a destination is, whose it is and under whose law: the cases of doubt, each as a whole audit of real bytes."""

import struct
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.judge import judge
from iotaudit.locate.fusion import conclude
from iotaudit.model.destinations import AddressLocation, Zone
from iotaudit.model.reach import Answer
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.report import schema
from tests.acceptance import scenes
from tests.judge.conftest import Maker
from tests.locate.mmdb_file import write_mmdb
from tests.locate.test_fusion import ANYCAST, EVIDENCE, FAR, HOSTS, IN_EEA, NOBODY, says

MS, GERMANY, FRANKFURT = scenes.MS, scenes.make.GERMANY, scenes.make.FRANKFURT_CLOUD
CLOUD_V6 = "2a05:d014::10"
"""An address of Amazon's network that both embedded databases place in Germany."""
UNIVERSITY_V6, CHINA_V6, CLOUDFLARE_V6 = "2001:638:a000::1", "240e::1", "2606:4700::6810:a14"
UNANNOUNCED = "223.255.255.1"
"""An address that no network announces; one database still names a country for it."""
PRAGUE, TOKYO, COLOGNE = (50.08, 14.42), (35.68, 139.69), (50.94, 6.96)
NAME = "api.vendor.example"
SCHEMA = schema.make()

pytestmark = pytest.mark.usefixtures("knowledge_once")


def answers(document: Any) -> tuple[str, str]:
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    return document["verdict"]["data_leaves_eu"], document["verdict"]["third_country_access"]


def located(data: bytes, name: str = NAME, **options: Any) -> tuple[Any, Any]:
    """Gives the audit of a capture and the destination of a name or address."""
    document = scenes.audit(data, **options)
    return document, scenes.destination(document, name)


def place(row: Any) -> tuple[Any, str, str]:
    return row["location"]["country"], row["location"]["status"], row["location"]["why"]


def said(row: Any) -> set[tuple[str, str, str | None]]:
    return {(e["source"], e["kind"], e["country"]) for e in row["location"]["evidence"]}


def datagrams(ip: str, port: int = 9_000) -> bytes:
    """A device that sends to an address that it never asked a name for."""
    made = scenes.lab()
    source = made.port()
    for _ in range(3):
        made.tape.udp(made.device, source, made.outside(ip), port, made.tape.random.randbytes(200))
        made.tape.wait(20 * MS)
    return bytes(made.tape.pcapng())


def over_v6(ip: str) -> bytes:
    """A device that sends datagrams over IPv6 (RFC 8200, section 3; UDP checksum left 0)."""
    made = scenes.lab()
    tape = made.tape
    link = bytes.fromhex("02aa00000001") + bytes.fromhex(made.device.mac.replace(":", "")) + b"\x86\xdd"
    ends = packed("fd00::40") + packed(ip)
    for _ in range(3):
        body = tape.random.randbytes(200)
        datagram = struct.pack("!HHHH", 41_000, 9_000, 8 + len(body), 0) + body
        header = struct.pack("!IHBB", 6 << 28, len(datagram), 17, 64)
        tape.frames.append((tape.now, link + header + ends + datagram, None))
        tape.wait(20 * MS)
    return bytes(tape.pcapng())


def packed(ip: str) -> bytes:
    return IPv6Address(ip).packed


# a European address of a cloud whose owner has its seat elsewhere


def test_a_us_cloud_in_frankfurt_keeps_data_in_the_eu_and_is_within_reach_by_its_operator() -> None:
    edge = "fw.eu-central-1.elb.amazonaws.com"
    chain = ((NAME, "CNAME", edge), (edge, "A", FRANKFURT))
    document, row = located(scenes.named_tls(NAME, FRANKFURT, *chain))
    assert answers(document) == ("no", "yes")
    assert place(row) == ("DE", "confirmed", "region_and_database")
    assert (row["zone"], row["operator"]["country"], row["operator"]["parent_country"]) == ("EU", "US", "US")
    assert {law["reach"] for law in row["access_laws"]} == {"operator"}
    assert scenes.reasons(document, "leaves") == []
    assert scenes.reasons(document, "access_place") == []
    (reason,) = scenes.reasons(document, "access_operator")
    assert "us-cloud-act" in reason["laws"] or any("CLOUD" in law["title"] for law in row["access_laws"])


def test_a_region_that_only_the_device_wrote_confirms_nothing() -> None:
    name = "fw.eu-central-1.elb.amazonaws.com"
    made = scenes.lab()
    made.tls(name, FRANKFURT, rtt=14 * MS, sends=(5_000,))
    _, row = located(bytes(made.tape.pcapng()), name)
    assert place(row) == ("DE", "claimed", "name_and_database")


def test_a_chinese_vendor_on_an_eu_cloud_is_two_operators_and_two_laws() -> None:
    name = "api.tuyaeu.com"
    document, row = located(scenes.named_tls(name, FRANKFURT), name)
    assert answers(document) == ("no", "yes")
    assert (row["location"]["country"], row["zone"]) == ("DE", "EU")
    assert (row["operator"]["parent_country"], row["owner"]["country"]) == ("US", "CN")
    assert {(law["country"], law["reach"]) for law in row["access_laws"]} >= {("US", "operator"), ("CN", "operator")}
    assert "place" not in {law["reach"] for law in row["access_laws"]}
    assert {part for law in row["access_laws"] if law["country"] == "CN" for part in law["rests_on"]} == {"owner"}


# addresses that answer at many places


@pytest.mark.parametrize("ip", [scenes.CLOUDFLARE, "13.224.10.20", "151.101.1.5", "194.0.5.53"])
def test_a_delivery_network_has_no_place_whatever_databases_say(ip: str) -> None:
    document, row = located(scenes.named_tls(NAME, ip))
    assert answers(document)[0] == "undetermined"
    assert place(row) == (None, "unknown", "anycast")
    assert row["zone"] == "unknown"
    assert {country for source, _, country in said(row) if source in ("dbip", "ipfire")} - {None}
    assert [r["destinations"] for r in scenes.reasons(document, "unknown_place")] == [[row["id"]]]


def test_a_round_trip_that_bounds_a_delivery_network_gives_a_claim_at_most() -> None:
    document, row = located(scenes.named_tls(NAME, scenes.CLOUDFLARE, rtt=MS), lab_position=PRAGUE)
    assert place(row) == (None, "claimed", "anycast_in_reach")
    assert row["zone"] == "EU"
    assert answers(document)[0] == "no"
    assert any("a front end may have answered" in e["detail"] for e in row["location"]["evidence"])


# databases and light


def test_databases_that_disagree_are_disputed_and_every_voice_is_kept(tmp_path: Path) -> None:
    other = write_mmdb(tmp_path / "other.mmdb", {f"{scenes.ITALY}/32": {"country": {"iso_code": "RU"}}}, "Acme-Geo")
    document, row = located(scenes.named_tls(NAME, scenes.ITALY), geoip=[other])
    assert answers(document)[0] == "undetermined"
    assert place(row) == (None, "disputed", "sources_disagree")
    assert {country for _, kind, country in said(row) if kind == "database"} == {"IT", "RU"}
    assert scenes.reasons(document, "disputed_place")


def test_a_round_trip_disproves_a_place_and_never_chooses_another() -> None:
    document, row = located(scenes.named_tls(NAME, scenes.ITALY, rtt=3 * MS), lab_position=TOKYO)
    assert place(row) == (None, "disputed", "beyond_reach")
    assert row["zone"] == "unknown"
    assert [e["detail"][:9] for e in row["location"]["evidence"] if e["kind"] == "disproof"] == ["not in IT"]
    assert answers(document)[0] == "undetermined"


@pytest.mark.parametrize(
    ("position", "rtt", "status"),
    [(PRAGUE, MS, "confirmed"), (PRAGUE, 14 * MS, "claimed"), (COLOGNE, 3 * MS, "claimed"), (None, MS, "claimed")],
)
def test_europe_is_confirmed_only_where_the_whole_circle_lies_inside(position: Any, rtt: int, status: str) -> None:
    document, row = located(scenes.named_tls(NAME, GERMANY, rtt=rtt), lab_position=position)
    assert (row["location"]["country"], row["location"]["status"]) == ("DE", status)
    proofs = [e["detail"] for e in row["location"]["evidence"] if e["kind"] == "round-trip-eea"]
    assert len(proofs) == (status == "confirmed")
    assert all("every point outside the EEA is out of reach" in text for text in proofs)
    assert answers(document)[0] == "no"


# relays


def test_behind_a_tunnel_the_place_is_that_of_its_end_and_a_no_is_not_given() -> None:
    made = scenes.lab()
    port = made.port()
    # WireGuard: type 1, three reserved bytes, 144 bytes of handshake; the answer of type 2; then transport data of type 4
    sender = struct.pack("<I", 0x11223344)
    made.tape.udp(made.device, port, made.outside(GERMANY), 51_820, b"\x01\0\0\0" + sender + made.tape.random.randbytes(140))
    made.tape.wait(14 * MS)
    made.tape.udp(made.outside(GERMANY), 51_820, made.device, port, b"\x02\0\0\0" + made.tape.random.randbytes(88))
    for number in range(4):
        data = b"\x04\0\0\0" + sender + struct.pack("<Q", number) + made.tape.random.randbytes(112)
        made.tape.udp(made.device, port, made.outside(GERMANY), 51_820, data)
        made.tape.wait(20 * MS)
    document, row = located(bytes(made.tape.pcapng()), GERMANY)
    assert (row["location"]["country"], row["zone"]) == ("DE", "EU")
    assert answers(document)[0] == "undetermined"
    (reason,) = scenes.reasons(document, "relay")
    assert reason["destinations"] == [row["id"]]
    assert "passes payload on to somewhere else" in document["verdict"]["statement"]


# addresses that are no place


@pytest.mark.parametrize("ip", ["10.9.9.9", "172.20.1.1", "192.168.99.1"])
def test_a_private_address_is_no_destination_outside(ip: str) -> None:
    document, row = located(datagrams(ip), ip)
    assert answers(document)[0] == "undetermined"
    assert (place(row), row["zone"], row["access_laws"]) == ((None, "unknown", "local"), "local", [])
    assert scenes.reasons(document, "no_payload")


@pytest.mark.parametrize(
    ("ip", "word"),
    [("100.64.1.1", "carrier-grade NAT"), ("198.51.100.5", "documentation"), ("203.0.113.9", "documentation"), ("240.1.1.1", "reserved")],
)
def test_an_address_that_is_nowhere_is_unknown_and_says_why(ip: str, word: str) -> None:
    document, row = located(datagrams(ip), ip)
    assert answers(document)[0] == "undetermined"
    assert (place(row), row["zone"]) == ((None, "unknown", "not_a_public_address"), "unknown")
    assert any(word in note for note in row["notes"])
    assert [r["destinations"] for r in scenes.reasons(document, "unknown_place")] == [[row["id"]]]


def test_an_address_that_nobody_announces_has_no_place_though_a_database_names_one() -> None:
    known = load_knowledge([])
    assert known.networks.look_up(UNANNOUNCED) is None
    document, row = located(datagrams(UNANNOUNCED), UNANNOUNCED)
    assert answers(document)[0] == "undetermined"
    assert place(row) == (None, "unknown", "no_network")
    assert ("dbip", "database", "AU") in said(row)
    assert (row["operator"]["name"], row["operator"]["parent_country"]) == (None, None)


# IPv6


@pytest.mark.parametrize(
    ("ip", "country", "zone", "why", "leaves"),
    [
        (UNIVERSITY_V6, "DE", "EU", "databases_agree", "no"),
        (CLOUD_V6, "DE", "EU", "databases_agree", "no"),
        (CHINA_V6, "CN", "third-country", "databases_agree", "yes"),
        (CLOUDFLARE_V6, None, "unknown", "anycast", "undetermined"),
        ("2001:db8::7", None, "unknown", "not_a_public_address", "undetermined"),
        ("2002:8290:a14::1", None, "unknown", "not_a_public_address", "undetermined"),
        ("fd12::9", None, "local", "local", "undetermined"),
    ],
)
def test_ipv6_is_placed_by_the_same_rules(ip: str, country: Any, zone: str, why: str, leaves: str) -> None:
    document, row = located(over_v6(ip), ip)
    assert answers(document)[0] == leaves
    assert (row["location"]["country"], row["zone"], row["location"]["why"]) == (country, zone, why)


# from evidence to verdict

MAKER = Maker()
ZONES = {"DE": Zone.EU, "FR": Zone.EU, "US": Zone.THIRD_COUNTRY, "CN": Zone.THIRD_COUNTRY, "JP": Zone.ADEQUATE, None: Zone.UNKNOWN}
DOUBTS = st.lists(
    st.sampled_from(
        [FAR, ANYCAST, says("database"), says("published"), says("database", "JP", "c"), says("region", "US", "d")]
    ),
    min_size=1,
    max_size=3,
)


def verdict_on(evidence: Any, host: Any) -> Answer:
    """Gives whether data leaves, where all payload went to one address with such evidence."""
    location = conclude(evidence, host)
    bounded = location.country is None and IN_EEA in evidence and location.status in ("claimed", "confirmed")
    zone = Zone.EU if bounded else ZONES[location.country]
    address = AddressLocation("198.51.100.1", location, zone)
    row = MAKER.destination(1, location=location, zone=zone, addresses=(address,))
    facts = MAKER.facts(row, flows=(MAKER.flow(1, row),))
    return judge(facts, (), None, Settings(as_of=scenes.AS_OF)).verdict.data_leaves_eu


@settings(max_examples=150, deadline=None)
@given(EVIDENCE, HOSTS, DOUBTS, st.booleans(), st.randoms(use_true_random=False))
def test_no_doubt_on_a_place_turns_the_verdict_to_no_and_no_order_changes_it(
    evidence: Any, host: Any, doubts: Any, unknown: Any, random: Any
) -> None:
    before = verdict_on(evidence, host)
    mixed = [*evidence, *evidence[:1]]
    random.shuffle(mixed)
    assert verdict_on(mixed, host) is before
    if ANYCAST in doubts and IN_EEA in evidence:
        return  # light alone places an anycast address: what databases say of it is no voice against that
    doubted = [*evidence, *doubts]
    random.shuffle(doubted)
    after = verdict_on(doubted, NOBODY if unknown else host)
    assert after is not Answer.NO or before is Answer.NO
