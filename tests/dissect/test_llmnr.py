"""LLMNR: questions to the link, and hosts that answer to their names."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import llmnr, open_flow
from iotaudit.dissect.session import UDP, Likeness
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, HostNamed, Oddity
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import SECOND_NS, device, play, recognise

ASKER = Endpoint("192.168.1.20", 51000)
GROUP = Endpoint("224.0.0.252", 5355)
HOST = Endpoint("192.168.1.31", 5355)
QUERY = (
    "0a0b 0000"  # id, query
    "0001 0000 0000 0000"  # one question
    "05 4c6d70 3031 00"  # Lmp01
    "0001 0001"  # A, IN
)
ANSWER = (
    "0a0b 8000"  # id, response
    "0001 0001 0000 0000"  # one question, one answer
    "05 4c6d703031 00 0001 0001"
    "c00c 0001 0001 0000001e 0004 c0a8011f"  # 192.168.1.31, TTL 30
)


def answer_of(host: Endpoint) -> list[Event | Content]:
    return play(llmnr, device(ANSWER), client=host, server=ASKER)


def test_pass_question_to_the_group() -> None:
    assert play(llmnr, device(QUERY), client=ASKER, server=GROUP) == [
        DnsQuery(1, 1, SECOND_NS, True, "lmp01", "A", ASKER.ip, GROUP.ip, "llmnr")
    ]


def test_pass_host_that_answers_with_its_own_address_is_named() -> None:
    answer, named = answer_of(HOST)
    assert isinstance(answer, DnsAnswer)
    assert (answer.name, answer.answers, answer.resolver) == ("lmp01", (HOST.ip,), HOST.ip)
    assert named == HostNamed(1, 1, SECOND_NS, True, HOST.ip, "lmp01", "llmnr", "")


def test_fail_host_that_answers_for_another_is_not_named() -> None:
    assert [type(e) for e in answer_of(Endpoint("192.168.1.66", 5355))] == [DnsAnswer]


def test_fail_cut_message_is_an_oddity() -> None:
    assert [type(e) for e in play(llmnr, device(QUERY[:30]), client=ASKER, server=GROUP)] == [Oddity]


def test_inconclusive_only_the_port_tells_it_from_dns() -> None:
    assert recognise(llmnr, QUERY) is Likeness.WEAK
    flow = open_flow(1, UDP, ASKER, GROUP)
    flow.feed(Segment(1, True, 1, SECOND_NS, 0, bytes.fromhex(QUERY)))
    assert flow.summary().application == "llmnr"


@given(st.binary(max_size=100))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes) -> None:
    for item in play(llmnr, device(data), device(bytes.fromhex(ANSWER)[:20] + data), client=HOST, server=ASKER):
        assert isinstance(item, DnsQuery | DnsAnswer | HostNamed | Oddity)
