"""Names of a flow's server: bound for the client that asked, from the answer on, best first."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.locate.names import ANSWERS_HEARD, NAMES_KEPT, NameBook, best_name
from iotaudit.model.events import DhcpSeen, DnsAnswer, Event, HostNamed
from iotaudit.model.flows import Direction, Encryption, Endpoint, Flow, FlowName

ROBOT, PHONE, SERVER = "192.168.7.20", "192.168.7.21", "192.0.2.7"
S = 1_000_000_000
GROUPS = {ROBOT: "robot", "fd00::20": "robot", PHONE: "phone"}


def flow(client: str = ROBOT, at: int = 10, names: tuple[FlowName, ...] = ()) -> Flow:
    return Flow(
        id="f1",
        number=0,
        device="dev1",
        direction=Direction.OUTBOUND,
        protocol="tcp",
        client=Endpoint(client, 40_000),
        server=Endpoint(SERVER, 443),
        application="tls",
        packets_out=1,
        bytes_out=60,
        packets_in=0,
        bytes_in=0,
        payload_out=0,
        payload_in=0,
        first_ns=at * S,
        last_ns=at * S,
        first_packet=at,
        rtt_min_ns=None,
        names=names,
        encryption=Encryption(),
    )


def answer(name: str, at: int, client: str = ROBOT, chain: tuple[str, ...] = (), kind: str = "A") -> DnsAnswer:
    return DnsAnswer(
        0, at, at * S, False, name, kind, (SERVER,), chain or (name,), "192.168.7.1", client, "NOERROR", 60, "dns"
    )


def bound(one: Flow, *events: Event) -> list[tuple[str, str]]:
    return [(n.name, n.source) for n in names(NameBook(events, GROUPS), one)]


def names(book: NameBook, one: Flow) -> tuple[FlowName, ...]:
    return book.names(one.client.ip, one.server.ip, (one.first_ns, one.first_packet), one.names)


def test_an_answer_before_the_flow_names_its_server() -> None:
    assert bound(flow(at=10), answer("a.example", 9)) == [("a.example", "dns")]


def test_names_never_flow_backwards_in_time() -> None:
    assert bound(flow(at=10), answer("late.example", 11)) == []


def test_an_answer_names_nothing_for_another_client() -> None:
    assert bound(flow(PHONE), answer("a.example", 9, client=ROBOT)) == []


def test_two_clients_of_one_address_keep_their_own_names() -> None:
    events = (answer("robot.example", 8, ROBOT), answer("phone.example", 9, PHONE))
    assert bound(flow(ROBOT), *events) == [("robot.example", "dns")]
    assert bound(flow(PHONE), *events) == [("phone.example", "dns")]


def test_a_host_that_asked_over_another_of_its_addresses_is_the_same_client() -> None:
    assert bound(flow(ROBOT), answer("a.example", 9, client="fd00::20")) == [("a.example", "dns")]


def test_the_latest_answer_before_the_flow_comes_first() -> None:
    found = bound(flow(at=10), answer("old.example", 2), answer("new.example", 9), answer("later.example", 12))
    assert found == [("new.example", "dns"), ("old.example", "dns")]


def test_what_the_flow_shows_itself_is_trusted_more() -> None:
    found = bound(flow(names=(FlowName("sni.example", "sni", 12),)), answer("dns.example", 9))
    assert found[0] == ("sni.example", "sni")


def test_a_chain_is_followed_and_its_question_stays_the_best_name() -> None:
    chain = ("fw.vendor.example", "edge.cloud.example")
    found = names(NameBook((answer("fw.vendor.example", 9, chain=chain),), GROUPS), flow())
    assert [n.name for n in found] == list(chain)
    best = best_name(flow(names=found))
    assert best is not None
    assert best.name == "fw.vendor.example"


def test_a_reverse_answer_is_told_last_and_only_for_its_address() -> None:
    reverse = replace(answer("7.2.0.192.in-addr.arpa", 9, kind="PTR"), answers=("host7.isp.example",))
    other = replace(reverse, name="8.2.0.192.in-addr.arpa")
    assert bound(flow(), reverse) == [("host7.isp.example", "reverse_dns")]
    assert bound(flow(), other) == []


def test_what_a_server_says_of_itself_counts_for_its_address_alone() -> None:
    events = (
        HostNamed(0, 3, 3 * S, True, SERVER, "printer.local", "mdns", ""),
        HostNamed(0, 4, 4 * S, True, "192.0.2.8", "other.local", "mdns", ""),
        DhcpSeen(0, 5, 5 * S, True, "ack", "02:00:00:00:00:01", SERVER, "Printer", None, (), None, (), ()),
    )
    assert bound(flow(), *events) == [("printer.local", "mdns"), ("printer", "dhcp")]


def test_a_front_or_an_address_is_no_name_of_a_destination() -> None:
    names = (FlowName("front.example", "ech_outer", 3), FlowName("192.0.2.7", "http_host", 4))
    assert best_name(flow(names=names)) is None


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abcd")), max_size=ANSWERS_HEARD + 40),
    st.lists(st.integers(0, 61), min_size=1, max_size=8),
)
def test_flows_in_any_order_get_the_last_answers_before_them(told: list[tuple[int, str]], begun: list[int]) -> None:
    book = NameBook([answer(f"{name}.example", at) for at, name in told], GROUPS)
    for at in begun:
        heard = [(when, f"{name}.example") for when, name in sorted(told) if when <= at][-ANSWERS_HEARD:]
        latest = list({name: when for when, name in sorted(heard)}.items())
        found = [(n.name, n.packet) for n in names(book, flow(at=at))]
        assert sorted(found) == sorted(latest)[:NAMES_KEPT]
        assert all(one[1] >= other[1] for one, other in pairwise(found))
