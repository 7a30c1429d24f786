"""LLMNR: names that hosts of one link ask each other for, and the names that they answer to.

Source: RFC 4795 section 2 (messages, port 5355).
"""

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.dns import answers, queries
from iotaudit.dissect.dns_message import ANSWER, parse
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.model.events import HostNamed
from iotaudit.model.raw import Segment

ID = "llmnr"
PORTS = frozenset({5355})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(256))
AWAY: frozenset[int] = frozenset()
SURE: frozenset[int] = frozenset()


def recognise(head: Head) -> Likeness:
    """Fits any message of DNS: only the port tells LLMNR apart."""
    return Likeness.NO if parse(head.data, unicode=True) is None else Likeness.WEAK


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _Reader(context).read)


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()

    def read(self, segment: Segment, found: Seen) -> str | None:
        message = parse(segment.data, unicode=True)
        if message is None:
            return "no LLMNR message"
        if not message.is_response:
            found += queries(self._context, segment, message, ID)
            return message.fault
        found += answers(self._context, segment, message, ID)
        sender = self._context.sender(outbound=segment.outbound).ip
        for record in message.records:
            if record.section == ANSWER and sender in record.values and self._said.is_new(record.name):
                place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
                found.append(HostNamed(*place, sender, record.name, "llmnr", ""))
        return message.fault
