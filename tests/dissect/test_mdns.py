"""Multicast DNS: questions, announcements, and which of them name the sender."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import mdns, open_flow
from iotaudit.dissect.session import UDP, Likeness
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, HostNamed, Oddity
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import SECOND_NS, device, play, recognise

LAMP = Endpoint("192.168.1.20", 5353)
GROUP = Endpoint("224.0.0.251", 5353)
QUERY = (
    "0000 0000"  # no id, query
    "0001 0000 0000 0000"  # one question
    "04 5f686170 04 5f746370 05 6c6f63616c 00"  # _hap._tcp.local
    "000c 8001"  # PTR, IN, unicast response wanted
)
ANNOUNCEMENT = (
    "0000 8400"  # no id, response, authoritative
    "0000 0002 0000 0002"  # two answers, two additional records
    "04 5f686170 04 5f746370 05 6c6f63616c 00"  # at 12: _hap._tcp.local
    "000c 0001 00001194 0009 06 4c616d702031 c00c"  # PTR "Lamp 1" (at 39), TTL 4500
    "c027 0010 8001 00001194 0010 05 6d643d4c31 09 69643d303031313232"  # TXT md=L1, id=001122
    "c027 0021 8001 00000078 000e 0000 0000 0050 05 4c616d7031 c016"  # SRV port 80, Lamp1.local
    "05 4c616d7031 c016 0001 8001 00000078 0004 c0a80114"  # Lamp1.local A 192.168.1.20
)
DETAIL = "lamp 1._hap._tcp.local; md=L1"


def sent(*data: str | bytes, by: Endpoint = LAMP) -> list[Event | Content]:
    return play(mdns, *(device(d) for d in data), client=by, server=GROUP)


def answers(found: list[Event | Content]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(e.name, e.type): e.answers for e in found if isinstance(e, DnsAnswer)}


def test_pass_question_of_a_service() -> None:
    assert sent(QUERY) == [
        DnsQuery(1, 1, SECOND_NS, True, "_hap._tcp.local", "PTR", LAMP.ip, GROUP.ip, "mdns")
    ]


def test_pass_announcement_is_an_answer_for_each_owner_and_type() -> None:
    found = sent(ANNOUNCEMENT)
    assert answers(found) == {
        ("_hap._tcp.local", "PTR"): ("lamp 1._hap._tcp.local",),
        ("lamp 1._hap._tcp.local", "TXT"): ("md=L1", "id=001122"),
        ("lamp 1._hap._tcp.local", "SRV"): ("lamp1.local",),
        ("lamp1.local", "A"): (LAMP.ip,),
    }
    assert {(e.resolver, e.client, e.protocol) for e in found if isinstance(e, DnsAnswer)} == {
        (LAMP.ip, GROUP.ip, "mdns")
    }


def test_pass_sender_is_named_with_its_service_and_model() -> None:
    assert [e for e in sent(ANNOUNCEMENT) if isinstance(e, HostNamed)] == [
        HostNamed(1, 1, SECOND_NS, True, LAMP.ip, "lamp1.local", "mdns", DETAIL)
    ]


def test_pass_values_of_texts_are_contents_under_their_keys() -> None:
    contents = [e for e in sent(ANNOUNCEMENT) if isinstance(e, Content)]
    assert [(c.where, c.key, c.data) for c in contents] == [
        ("mdns.txt", "md", b"L1"),
        ("mdns.txt", "id", b"001122"),
    ]


def test_pass_what_repeats_is_said_once() -> None:
    assert sent(ANNOUNCEMENT, QUERY, ANNOUNCEMENT, QUERY) == sent(ANNOUNCEMENT, QUERY)


def test_pass_probe_names_the_host_that_wants_the_name() -> None:
    probe = (
        "0000 0000 0001 0000 0001 0000"  # one question, one proposed record
        "05 4c616d7031 05 6c6f63616c 00 00ff 0001"  # Lamp1.local ANY
        "c00c 0001 0001 00000078 0004 c0a80114"
    )
    query, named = sent(probe)
    assert isinstance(query, DnsQuery)
    assert isinstance(named, HostNamed)
    assert (query.type, named.name) == ("ANY", "lamp1.local")


def test_pass_name_beyond_ascii_stays_readable() -> None:
    label = "Küche 2".encode()
    query = bytes.fromhex("0000 0000 0001 0000 0000 0000") + bytes([len(label)]) + label
    (found,) = sent(query + bytes.fromhex("05 6c6f63616c 00 0001 0001"))
    assert isinstance(found, DnsQuery)
    assert found.name == "küche 2.local"


def test_fail_record_of_another_address_does_not_name_the_sender() -> None:
    found = sent(ANNOUNCEMENT, by=Endpoint("192.168.1.66", 5353))
    assert not [e for e in found if isinstance(e, HostNamed)]


def test_fail_goodbye_names_nobody() -> None:
    goodbye = "0000 8400 0000 0001 0000 0000 05 4c616d7031 05 6c6f63616c 00 0001 8001 00000000 0004 c0a80114"
    assert [type(e) for e in sent(goodbye)] == [DnsAnswer]


def test_fail_cut_announcement_is_an_oddity_and_what_came_before_stays() -> None:
    found = sent(bytes.fromhex(ANNOUNCEMENT)[:60])
    assert answers(found) == {("_hap._tcp.local", "PTR"): ("lamp 1._hap._tcp.local",)}
    assert [e.kind for e in found if isinstance(e, Oddity)] == ["malformed_message"]


def test_inconclusive_message_of_dns_needs_the_port() -> None:
    assert recognise(mdns, QUERY) is Likeness.LIKELY
    assert recognise(mdns, "1234" + QUERY.replace(" ", "")[4:]) is Likeness.WEAK
    flow = open_flow(1, UDP, LAMP, GROUP)
    flow.feed(Segment(1, True, 1, SECOND_NS, 0, bytes.fromhex(QUERY)))
    assert flow.summary().application == "mdns"
    assert "alike" not in (flow.summary().encryption.reason or "")


@given(st.binary(max_size=120), st.integers(0, 150), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes, at: int, byte: int) -> None:
    damaged = bytearray(bytes.fromhex(ANNOUNCEMENT))
    damaged[at % len(damaged)] = byte
    for item in sent(data, bytes(damaged), bytes(damaged[:12]) + data):
        assert isinstance(item, DnsQuery | DnsAnswer | HostNamed | Oddity | Content)
