"""What was opened of one flow with keys: each stream of it is read as a conversation of its own.

The readings are those of `flow`, with the same dissectors, whose protocols' ports in the clear count as if they were
spoken there. What they tell is the flow's, and contents say that they were decrypted.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from iotaudit.dissect.session import Context, Opened, Output
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState, FlowSummary
from iotaudit.model.raw import Content
from iotaudit.model.want import NEITHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotaudit.dissect.flow import FlowDissector

DEPTH = 3
"""Protected conversations inside each other that are read."""
STREAMS = 1000
"""Streams of one flow that are read."""
HTTP_KEPT = 20_000
"""Requests of all streams that the summary holds."""
CHANNEL = "decrypted"
WHY = "opened with the key log"
CLEAR_PORTS = {
    443: 80,
    465: 25,
    563: 119,
    636: 389,
    853: 53,
    989: 20,
    990: 21,
    993: 143,
    995: 110,
    5061: 5060,
    5223: 5222,
    5671: 5672,
    5684: 5683,
    6514: 514,
    8443: 8080,
    8883: 1883,
}
"""Ports of protocols inside TLS or DTLS, and those of the same in the clear.

Source: IANA, Service Name and Transport Protocol Port Number Registry; 8443 is custom.
"""


def inner_ports(ports: tuple[int, int]) -> tuple[int, ...]:
    """Gives the ports that count for what was opened."""
    return (*ports, *(CLEAR_PORTS[port] for port in ports if port in CLEAR_PORTS))


def opened_line(outer: Encryption, inner: Encryption) -> Encryption:
    """Gives the state of a flow of which something was opened: as it was on the line, and whether it was read."""
    read = inner.state is EncryptionState.PLAINTEXT or inner.opened
    why = WHY if read else f"{WHY}, but what is inside was not read"
    return replace(outer, opened=read, reason=f"{outer.reason}; {why}" if outer.reason else why)


class OpenedStreams:
    """Reads the opened streams of one flow; `open_inner` gives the reading of one."""

    __slots__ = ("_context", "_depth", "_open", "_open_inner", "_over", "_summaries")

    def __init__(self, context: Context, open_inner: "Callable[[Context], FlowDissector]", depth: int) -> None:
        self._context = context
        self._open_inner = open_inner
        self._depth = depth
        self._open: dict[int, FlowDissector] = {}
        self._summaries: dict[int, FlowSummary] = {}
        self._over = False

    def feed(self, item: Opened) -> Output:
        """Takes the next opened bytes (or a gap) and gives what they tell."""
        inner = self._open.get(item.stream)
        if inner is None:
            if item.stream in self._summaries:
                return ()
            if self._depth >= DEPTH or len(self._open) + len(self._summaries) >= STREAMS:
                return self._limit(item)
            inner = self._open[item.stream] = self._open_inner(replace(self._context, protocol=item.protocol))
        found = _decrypted(inner.feed(item.segment))
        return found + self._ended(item.stream) if inner.want == NEITHER else found

    def close(self) -> Output:
        """Takes the end of all streams and gives what was still open."""
        return tuple(item for stream in sorted(self._open) for item in self._ended(stream))

    def wants(self, *, outbound: bool) -> bool:
        """Says whether more bytes of this direction could still tell something; further streams are not thought of."""
        return any(inner.wants(outbound) for inner in self._open.values())

    def summary(self) -> FlowSummary:
        """Gives what all streams told; of more than one the lowest that can be read stands for the rest."""
        rows = self._summaries | {stream: inner.summary() for stream, inner in self._open.items()}
        summaries = [rows[stream] for stream in sorted(rows)]
        read = [row for row in summaries if row.encryption.state is EncryptionState.PLAINTEXT or row.encryption.opened]
        return FlowSummary(
            application=next((row.application for row in (*read, *summaries) if row.application), None),
            encryption=(read or summaries)[0].encryption if summaries else Encryption(),
            tls=next((row.tls for row in summaries if row.tls), None),
            http=tuple(exchange for row in summaries for exchange in row.http)[:HTTP_KEPT],
            mqtt=next((row.mqtt for row in summaries if row.mqtt), None),
        )

    def _ended(self, stream: int) -> Output:
        inner = self._open.pop(stream)
        found = _decrypted(inner.close())
        self._summaries[stream] = inner.summary()
        return found

    def _limit(self, item: Opened) -> Output:
        """Says once that there is more than is read."""
        if self._over:
            return ()
        self._over = True
        at = item.segment
        what = "more protected conversations inside each other" if self._depth >= DEPTH else "more opened streams"
        return (Oddity(at.flow, at.packet, at.time_ns, at.outbound, "event_limit", f"{what} than are read"),)


def _decrypted(found: Output) -> Output:
    return tuple(replace(item, channel=CHANNEL) if isinstance(item, Content) else item for item in found)
