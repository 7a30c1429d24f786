"""One flow: recognition that no cut and no order of dissectors changes, changes of protocol, bounds, faults."""

import random
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import DISSECTORS, FlowDissector, http, open_flow, tls
from iotaudit.dissect.kept import CONTENT_COUNT, KEPT_EVENTS
from iotaudit.dissect.session import TCP, UDP, Context, Dissector, Head, Likeness, Output, Reading
from iotaudit.model.events import DnsQuery, Event, NameSeen, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, Endpoint, FlowSummary
from iotaudit.model.raw import Content, Segment
from iotaudit.model.want import ALL, BOTH, NEITHER, NOTHING
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER

GET = b"GET /a HTTP/1.1\r\nHost: api.vendor.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HELLO = hellos.record(22, hellos.message(1, hellos.client_hello(hellos.server_name(b"api.vendor.test"))))
Piece = tuple[bool, bytes]


def segments(pieces: list[Piece], cut: int = 0) -> list[Segment]:
    found = []
    for packet, (outbound, data) in enumerate(pieces, start=1):
        step = cut or max(len(data), 1)
        found += [
            Segment(1, outbound, packet, packet, 0, data[at : at + step]) for at in range(0, len(data), step)
        ]
    return found


def read(
    given: list[Segment], dissectors: tuple[Dissector, ...] = DISSECTORS, *, protocol: int = TCP, port: int = 4000
) -> tuple[list[Event | Content], FlowSummary]:
    flow = FlowDissector(Context(1, protocol, DEVICE, Endpoint("192.0.2.1", port)), dissectors)
    found: list[Event | Content] = []
    for segment in given:
        found += flow.feed(segment)
    found += flow.close()
    return found, flow.summary()


class Fake(SimpleNamespace):
    """A dissector of a test; as modules are, it is equal to itself alone."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def fake(**changes: Any) -> Dissector:
    """Gives a dissector that takes all bytes for its own, with parts changed."""

    def sure(head: Head) -> Likeness:
        del head
        return Likeness.CERTAIN

    session = SimpleNamespace(
        feed=changes.get("feed", lambda _segment: ()),
        close=changes.get("close", lambda: ()),
        wants=lambda *, outbound: outbound,
        reading=changes.get("reading", lambda: Reading(Encryption(EncryptionState.PLAINTEXT))),
        rest=changes.get("rest", lambda: None),
    )
    return cast(
        "Dissector",
        Fake(
            FIRST=frozenset(range(256)),
            AWAY=frozenset(range(256)),
            SURE=frozenset(range(256)),
            ID=changes.get("id", "fake"),
            PORTS=frozenset(changes.get("ports", ())),
            TRANSPORT=frozenset({TCP, UDP}),
            recognise=changes.get("recognise", sure),
            open=lambda _context: session,
        ),
    )


def test_pass_a_protocol_is_recognised_on_any_port() -> None:
    for port in (80, 443, 50123):
        assert read(segments([(True, GET)]), port=port)[1].application == "http"
        assert read(segments([(True, HELLO)]), port=port)[1].application == "tls"


def test_the_cut_changes_nothing() -> None:
    for pieces in ([(True, GET), (False, OK)], [(True, HELLO)], [(True, b"plain words of a device\r\n")]):
        whole = read(segments(pieces))
        assert all(read(segments(pieces, cut)) == whole for cut in (1, 2, 3, 7, 11))


def test_the_order_of_the_dissectors_changes_nothing() -> None:
    pieces = [(True, GET), (False, OK)]
    whole = read(segments(pieces))
    for seed in range(5):
        shuffled = list(DISSECTORS)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
        assert read(segments(pieces), tuple(shuffled)) == whole


def test_inconclusive_unknown_bytes_are_opaque_with_a_reason() -> None:
    summary = read(segments([(True, bytes(range(100, 140)))]))[1]
    assert summary.application is None
    assert summary.encryption.state is EncryptionState.OPAQUE
    assert summary.encryption.reason


def test_no_payload_has_no_state() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    flow.close()
    assert flow.summary().encryption.state is EncryptionState.NONE


def test_a_transport_without_dissectors_is_opaque() -> None:
    flow = open_flow(1, 132, DEVICE, SERVER)
    assert flow.feed(Segment(1, True, 4, 4, 0, b"data")) == ()
    assert not flow.wants(True)
    summary = flow.summary()
    assert summary.encryption.state is EncryptionState.OPAQUE
    assert summary.first_payload_packet == 4


def test_a_later_segment_with_magic_ends_the_unknown_session() -> None:
    noise = bytes(range(128, 256)) * 40
    summary = read(segments([(True, noise), (True, GET)]))[1]
    assert summary.application == "http"
    assert [n.name for n in summary.names] == ["api.vendor.test"]


def test_a_gap_before_recognition_begins_afresh() -> None:
    given = [
        Segment(1, True, 1, 1, 0, b"PROPF"),
        Segment(1, True, 2, 2, 5, b"", 100),
        Segment(1, True, 3, 3, 105, GET),
    ]
    assert read(given)[1].application == "http"


def test_names_are_kept_once_with_their_first_packet() -> None:
    found, summary = read(segments([(True, GET), (True, GET)]))
    assert [(n.name, n.packet) for n in summary.names] == [("api.vendor.test", 1)]
    assert sum(isinstance(item, NameSeen) for item in found) == 1


def test_fail_a_fault_of_a_dissector_is_an_oddity_and_ends_reading() -> None:
    def broken(segment: Segment) -> Output:
        raise IndexError(segment.data)

    found, summary = read(segments([(True, b"secret"), (True, b"more")]), (fake(feed=broken),))
    (oddity,) = found
    assert isinstance(oddity, Oddity)
    assert (oddity.kind, oddity.detail, oddity.packet) == ("dissector_fault", "fake: IndexError", 1)
    assert "IndexError" in (summary.encryption.reason or "")


def test_a_fault_of_recognition_leaves_the_others() -> None:
    def broken(head: Head) -> Likeness:
        raise ValueError(head)

    summary = read(segments([(True, GET)]), (fake(recognise=broken), cast("Dissector", http)))[1]
    assert summary.application == "http"


def test_a_weak_likeness_counts_on_a_port_alone() -> None:
    weak = fake(recognise=lambda _head: Likeness.WEAK, ports=(4000,))
    assert read(segments([(True, b"x" * 40)]), (weak,))[1].application == "fake"
    assert read(segments([(True, b"x" * 40)]), (weak,), port=9)[1].application is None


def test_a_tie_is_told() -> None:
    summary = read(segments([(True, b"x")]), (fake(id="b"), fake(id="a")))[1]
    assert summary.application == "a"
    assert "fit a and b alike" in (summary.encryption.reason or "")


def test_endless_changes_of_protocol_end() -> None:
    rest = (Segment(1, True, 1, 1, 0, b"again"),)
    summary = read(segments([(True, b"x")]), (fake(rest=lambda: rest),))[1]
    assert "too many changes of protocol" in (summary.encryption.reason or "")


def test_events_and_contents_of_one_flow_are_bounded_and_that_is_said() -> None:
    content = Content(1, 1, 1, True, "text", "plaintext", b"x")
    oddity = Oddity(1, 1, 1, True, "malformed_message", "same")
    many = fake(feed=lambda _segment: (content, oddity) * (CONTENT_COUNT + 5))
    found, _ = read(segments([(True, b"x")]), (many,))
    assert sum(isinstance(item, Content) for item in found) == CONTENT_COUNT
    same = [item for item in found if isinstance(item, Oddity) and item.kind == "malformed_message"]
    assert len(same) == KEPT_EVENTS
    assert [i.detail for i in found if isinstance(i, Oddity) and i.kind == "event_limit"] == [
        "Content: more than are kept of one flow"
    ]


def test_beyond_the_bound_an_event_is_kept_where_it_tells_something_new() -> None:
    def query(name: str) -> DnsQuery:
        return DnsQuery(1, 1, 1, True, name, "A", DEVICE.ip, SERVER.ip, "dns")

    events = (*(query("first.test") for _ in range(KEPT_EVENTS)), query("first.test"), query("new.test"), query("new.test"))
    found, _ = read(segments([(True, b"x")]), (fake(feed=lambda _segment: events),))
    assert [item.name for item in found if isinstance(item, DnsQuery)] == ["first.test"] * KEPT_EVENTS + ["new.test"]


def test_a_flow_says_what_of_it_matters() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    assert flow.want is BOTH
    flow.feed(Segment(1, True, 1, 1, 0, HELLO))
    assert flow.want == (NOTHING, ALL)  # the client's part of the handshake is over
    told = flow.want
    flow.feed(Segment(1, False, 2, 2, 0, b"\x16\x03"))
    assert flow.want is told
    flow.close()
    assert flow.want is NEITHER
    assert open_flow(1, 132, DEVICE, SERVER).want is NEITHER


def test_after_a_change_of_protocol_both_directions_matter_again() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    flow.feed(Segment(1, True, 1, 1, 0, b"CONNECT a.test:443 HTTP/1.1\r\n\r\n"))
    flow.feed(Segment(1, False, 2, 2, 0, b"HTTP/1.1 200 OK\r\n\r\n"))
    assert flow.want is BOTH
    flow.feed(Segment(1, True, 3, 3, 0, HELLO))
    assert flow.want == (NOTHING, ALL)


def test_after_a_fault_nothing_matters() -> None:
    def broken(segment: Segment) -> Output:
        raise IndexError(segment.data)

    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (fake(feed=broken),))
    flow.feed(Segment(1, True, 1, 1, 0, b"x"))
    assert flow.want is NEITHER


def test_after_close_nothing_more_is_taken() -> None:
    flow = open_flow(1, TCP, DEVICE, SERVER)
    flow.close()
    assert flow.feed(Segment(1, True, 1, 1, 0, GET)) == ()
    assert flow.close() == ()
    assert not flow.wants(True)


def test_every_dissector_has_the_agreed_parts() -> None:
    for module in (http, tls, *DISSECTORS):
        assert isinstance(module, ModuleType)
        assert module.recognise(Head(b"", TCP)) in (Likeness.NO, Likeness.MORE)
        assert module.TRANSPORT


FRAGMENTS = st.sampled_from(
    [GET, OK, HELLO, b"CONNECT a.test:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"SSH-2.0-x\r\n", b"\x10\x10\0\4MQTT\4"]
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.one_of(FRAGMENTS, st.binary(min_size=1, max_size=60))), max_size=6),
    st.sampled_from([TCP, UDP]),
    st.sampled_from([80, 123, 443, 1883, 51820]),
)
def test_any_bytes_are_taken_without_a_fault(pieces: list[Piece], protocol: int, port: int) -> None:
    found, _ = read(segments(pieces), protocol=protocol, port=port)
    assert not [item for item in found if isinstance(item, Oddity) and item.kind == "dissector_fault"]


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=80), st.integers(1, 9))
def test_one_direction_in_any_cut_gives_the_same(data: bytes, cut: int) -> None:
    assert read(segments([(True, data)], cut)) == read(segments([(True, data)]))
