"""Neighbour discovery: what routers advertise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ndp, open_flow
from iotaudit.dissect.session import ICMPV6, Likeness
from iotaudit.model.events import Event, Oddity, RouterAdvertised
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import SECOND_NS, device, play, recognise

ROUTER = Endpoint("fe80::1", 0)
NODES = Endpoint("ff02::1", 0)
HEAD = "86 00 1234 40 00 0708 00000000 00000000"  # advertisement, hop limit 64, lifetime 1800
PREFIX = "03 04 40 c0 00015180 00003840 00000000 20010db8000100000000000000000000"  # /64
RESOLVER = "19 03 0000 00000e10 20010db8000000000000000000000053"


def sent(*data: str | bytes) -> list[Event | Content]:
    return play(ndp, *(device(d) for d in data), client=ROUTER, server=NODES)


def test_pass_prefix_and_resolver() -> None:
    assert sent(HEAD + PREFIX + RESOLVER) == [
        RouterAdvertised(1, 1, SECOND_NS, True, "fe80::1", "2001:db8:1::/64", ("2001:db8::53",))
    ]


def test_pass_each_prefix_is_told() -> None:
    other = PREFIX.replace("20010db80001", "fd00000000aa")
    assert [e.prefix for e in sent(HEAD + PREFIX + other) if isinstance(e, RouterAdvertised)] == [
        "2001:db8:1::/64",
        "fd00:0:aa::/64",
    ]


def test_pass_router_without_prefix() -> None:
    assert sent(HEAD) == [RouterAdvertised(1, 1, SECOND_NS, True, "fe80::1", None, ())]


def test_pass_router_of_no_lifetime_is_a_router_for_nobody() -> None:
    (found,) = sent(HEAD.replace("0708", "0000"))
    assert isinstance(found, RouterAdvertised)
    assert found.router == ""


def test_pass_repetition_is_told_once() -> None:
    assert len(sent(HEAD + PREFIX, HEAD + PREFIX, HEAD + PREFIX + RESOLVER)) == 2


def test_pass_resolver_that_is_withdrawn_is_left_out() -> None:
    withdrawn = RESOLVER.replace("00000e10", "00000000")
    assert sent(HEAD + withdrawn) == [RouterAdvertised(1, 1, SECOND_NS, True, "fe80::1", None, ())]


def test_fail_option_of_no_length_is_an_oddity() -> None:
    found = sent(HEAD + PREFIX + "0500" + "00" * 6)
    assert [type(e) for e in found] == [RouterAdvertised, Oddity]


def test_fail_prefix_longer_than_an_address_tells_nothing() -> None:
    (found,) = sent(HEAD + PREFIX.replace("03 04 40", "03 04 c8"))
    assert isinstance(found, RouterAdvertised)
    assert found.prefix is None


def test_inconclusive_other_messages_say_nothing() -> None:
    neighbour = "87 00 0000 00000000 fe800000000000000000000000000020"
    assert sent(neighbour) == []
    assert recognise(ndp, neighbour) is Likeness.LIKELY
    assert recognise(ndp, "80 00 0000 0001 0001" + "00" * 16) is Likeness.NO
    flow = open_flow(1, ICMPV6, ROUTER, NODES)
    flow.feed(Segment(1, True, 1, SECOND_NS, 0, bytes.fromhex(neighbour)))
    assert flow.summary().application == "ndp"


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes) -> None:
    for item in sent(data, bytes.fromhex(HEAD) + data):
        assert isinstance(item, RouterAdvertised | Oddity)
