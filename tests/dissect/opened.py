"""Plays conversations in datagrams to a whole flow with a key log: `told(frozen("h3"))` gives what it saw."""

from collections.abc import Iterable

from iotaudit.codec.keylog import KeyLog
from iotaudit.dissect import DISSECTORS
from iotaudit.dissect.flow import FlowDissector
from iotaudit.dissect.session import UDP, Context
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Endpoint, FlowSummary
from iotaudit.model.raw import Content, Segment
from tests.quic_talk import DatagramTalk

CLIENT = Endpoint("192.168.1.20", 50000)


def told(
    talk: DatagramTalk, *, port: int = 443, keylog: bytes | None = None
) -> tuple[list[Event | Content], FlowSummary]:
    """Gives what a flow with these datagrams tells with the conversation's key log (or another), and its summary."""
    keys = KeyLog()
    keys.add(talk.keylog if keylog is None else keylog)
    flow = FlowDissector(Context(1, UDP, CLIENT, Endpoint("192.0.2.1", port), keys), DISSECTORS)
    found: list[Event | Content] = []
    for packet, (outbound, data) in enumerate(talk.datagrams, start=1):
        found += flow.feed(Segment(1, outbound, packet, packet, 0, data))
    found += flow.close()
    return found, flow.summary()


def contents(found: Iterable[Event | Content]) -> list[tuple[int, str, bytes]]:
    """Gives packet, place and bytes of the contents, all of which must say that they were decrypted."""
    picked = [item for item in found if isinstance(item, Content)]
    assert {item.channel for item in picked} <= {"decrypted"}
    return [(item.packet, item.where, item.data) for item in picked]


def oddities(found: Iterable[Event | Content]) -> list[tuple[str, bool]]:
    """Gives kind and direction of the oddities."""
    return [(item.kind, item.outbound) for item in found if isinstance(item, Oddity)]
