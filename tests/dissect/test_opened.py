"""What a session opened with keys: it is read as a conversation of its own, and counts as the flow's."""

from types import SimpleNamespace
from typing import Any, cast

from iotaudit.codec.keylog import KeyLog
from iotaudit.dissect import DISSECTORS, FlowDissector, open_flow
from iotaudit.dissect.opened import DEPTH, STREAMS, inner_ports
from iotaudit.dissect.session import (
    TCP,
    UDP,
    Context,
    Dissector,
    Head,
    Item,
    Likeness,
    Opened,
    Reading,
)
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, Endpoint, FlowSummary
from iotaudit.model.raw import Content, Segment
from iotaudit.model.want import NEITHER
from tests.dissect.play import DEVICE, SERVER

GET = b"GET /a?serial=DW-0042 HTTP/1.1\r\nHost: api.vendor.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
PUBLISH = bytes.fromhex(
    "10 0f 0004 4d515454 04 02 003c 0003 643432"  # CONNECT, MQTT 3.1.1, client id d42
    "30 08 0003 612f62 6d6170"  # PUBLISH a/b: map
)
MARK = b"\xf7LOCK"


class Fake(SimpleNamespace):
    """A dissector of a test; as modules are, it is equal to itself alone."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def lock(*streams: int, wrapped: int = 1, transport: int = TCP, protocol: int = TCP) -> Dissector:
    """Gives a protocol that its magic begins, and whose session opens the rest; `wrapped` times for each segment."""

    def opened(segment: Segment) -> tuple[Item, ...]:
        data = segment.data.removeprefix(MARK)
        at = segment.packet, segment.time_ns, segment.offset
        return tuple(
            Opened(Segment(segment.flow, segment.outbound, *at, data, segment.gap_len), stream, protocol)
            for stream in streams or (0,)
            for _ in range(wrapped)
        )

    def recognise(head: Head) -> Likeness:
        fits = MARK.startswith(head.data[: len(MARK)])
        return Likeness.CERTAIN if head.data.startswith(MARK) else Likeness.MORE if fits else Likeness.NO

    session: Any = SimpleNamespace(
        feed=opened,
        close=lambda: (),
        wants=lambda *, outbound: outbound in (True, False),
        reading=lambda: Reading(Encryption(EncryptionState.ENCRYPTED, "lock", reason="a lock")),
        rest=lambda: None,
    )
    first = frozenset(MARK[:1])
    return cast(
        "Dissector",
        Fake(
            ID="lock",
            PORTS=frozenset(),
            TRANSPORT=frozenset({transport}),
            FIRST=first,
            AWAY=first,
            SURE=first,
            recognise=recognise,
            open=lambda _context: session,
        ),
    )


def read(
    dissectors: tuple[Dissector, ...], *pieces: tuple[bool, bytes], protocol: int = TCP, port: int = 4000
) -> tuple[list[Event | Content], FlowSummary, FlowDissector]:
    flow = FlowDissector(Context(1, protocol, DEVICE, Endpoint("192.0.2.1", port)), dissectors)
    found: list[Event | Content] = []
    for packet, (outbound, data) in enumerate(pieces, start=1):
        found += flow.feed(Segment(1, outbound, packet, packet, 0, data))
    found += flow.close()
    return found, flow.summary(), flow


def test_pass_opened_http_is_the_flow_s_own() -> None:
    found, summary, _ = read((*DISSECTORS, lock()), (True, MARK + GET), (False, OK))
    assert summary.application == "http"
    assert [(row.host, row.uri, row.status) for row in summary.http] == [("api.vendor.test", "/a?serial=DW-0042", 200)]
    assert [(name.name, name.source) for name in summary.names] == [("api.vendor.test", "http_host")]
    line = summary.encryption
    assert (line.state, line.protocol, line.opened) == (EncryptionState.ENCRYPTED, "lock", True)
    assert line.reason == "a lock; opened with the key log"
    contents = [item for item in found if isinstance(item, Content)]
    assert "http.uri" in {item.where for item in contents}
    assert {item.channel for item in contents} == {"decrypted"}


def test_opened_mqtt_is_the_flow_s_own() -> None:
    summary = read((*DISSECTORS, lock()), (True, MARK + PUBLISH))[1]
    assert summary.application == "mqtt"
    assert summary.mqtt is not None
    assert (summary.mqtt.client_id, summary.mqtt.topics) == ("d42", ("a/b",))


def test_fail_what_is_opened_and_fits_no_protocol_was_not_read() -> None:
    noise = bytes(range(128, 256)) * 40
    summary = read((*DISSECTORS, lock()), (True, MARK + noise))[1]
    assert summary.application == "lock"
    assert not summary.encryption.opened
    assert (summary.encryption.reason or "").endswith("what is inside was not read")


def test_inconclusive_a_gap_in_what_was_opened_is_a_gap_inside() -> None:
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (*DISSECTORS, lock()))
    flow.feed(Segment(1, True, 1, 1, 0, MARK + b"PROPF"))
    flow.feed(Segment(1, True, 2, 2, 10, b"", 100))
    flow.feed(Segment(1, True, 3, 3, 110, GET))
    flow.close()
    assert flow.summary().application == "http"


def test_streams_are_read_apart_and_summed_up_together() -> None:
    summary = read((*DISSECTORS, lock(8, 4, 0)), (True, MARK + GET), (False, OK))[1]
    assert [row.status for row in summary.http] == [200] * 3
    assert len(summary.names) == 1


def test_opened_datagrams_are_read_as_datagrams() -> None:
    # CoAP (RFC 7252): version 1, confirmable, GET, id 0x0102, Uri-Path "map"
    get = bytes.fromhex("40 01 0102 b3 6d6170")
    summary = read((*DISSECTORS, lock(transport=UDP, protocol=UDP)), (True, MARK + get), protocol=UDP, port=5684)[1]
    assert (summary.application, summary.encryption.opened) == ("coap", True)


def test_streams_are_bounded_and_that_is_said_once() -> None:
    found = read((*DISSECTORS, lock(*range(STREAMS + 5))), (True, MARK + b"x"), (True, b"y"))[0]
    told = [item.detail for item in found if isinstance(item, Oddity)]
    assert told == ["more opened streams than are read"]


def test_conversations_inside_each_other_are_bounded() -> None:
    found, summary, _ = read((*DISSECTORS, lock()), (True, MARK * (DEPTH + 3) + GET))
    assert [item.kind for item in found if isinstance(item, Oddity)] == ["event_limit"]
    assert not summary.encryption.opened
    summary = read((*DISSECTORS, lock()), (True, MARK * DEPTH + GET))[1]
    assert (summary.application, summary.encryption.opened) == ("http", True)


def test_a_stream_that_wants_nothing_more_ends_the_flow() -> None:
    quiet = read((*DISSECTORS, lock()), (True, MARK + bytes(range(128, 256)) * 40), (False, bytes(range(128, 256)) * 40))
    assert quiet[2].want == NEITHER
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (*DISSECTORS, lock()))
    flow.feed(Segment(1, True, 1, 1, 0, MARK + bytes(range(128, 256)) * 40))
    assert (flow.wants(True), flow.wants(False)) == (False, True)


def test_ports_inside_are_those_of_the_protocol_in_the_clear() -> None:
    assert inner_ports((50000, 8883)) == (50000, 8883, 1883)
    assert inner_ports((50000, 4000)) == (50000, 4000)


def test_sessions_are_given_the_keys() -> None:
    seen: list[KeyLog] = []
    keys = KeyLog()
    module = lock()
    watcher = cast("SimpleNamespace", module)
    session = watcher.open(None)

    def noted(context: Context) -> object:
        seen.append(context.keys)
        return session

    watcher.open = noted
    FlowDissector(Context(1, TCP, DEVICE, SERVER, keys), (module,)).feed(Segment(1, True, 1, 1, 0, MARK + GET))
    assert len(seen) == 1
    assert seen[0] is keys
    assert open_flow(1, TCP, DEVICE, Endpoint("192.0.2.1", 443), keys).summary().application is None
