"""DNS over UDP and TCP: which names were asked for, and what the resolver answered.

A query's name may carry payload (a MAC as label, a tunnel), so names with long labels are contents too, and so is the
client's network where the query tells it.
Source: RFC 1035 section 4 (messages), RFC 7766 section 8 (two-byte length on TCP), RFC 7871 (client subnet).
"""

from iotaudit.dissect.datagrams import Said, Seen, clear_reading, malformed
from iotaudit.dissect.dns_answers import resolve, resolved
from iotaudit.dissect.dns_message import (
    HEADER_LEN,
    NAME_LEN,
    REPEATED_LEN,
    Message,
    asks_soundly,
    parse,
)
from iotaudit.dissect.dns_numbers import CLASSES, TYPES, flags_fit
from iotaudit.dissect.session import TCP, UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.events import DnsAnswer, DnsQuery
from iotaudit.model.raw import Content, Segment

ID = "dns"
PORTS = frozenset({53})
TRANSPORT = frozenset({TCP, UDP})
FIRST = frozenset(range(256))
AWAY = FIRST
SURE: frozenset[int] = frozenset()

LONG_LABEL_LEN = 12
"""Labels from here on may carry a value: a MAC in hexadecimal is this long, tunnels use longer ones."""


def recognise(head: Head) -> Likeness:
    """Fits a message whose parts fill it exactly (UDP), or a length, a header and a first question (TCP)."""
    if head.protocol == TCP:
        return _recognise_stream(head.data)
    message = parse(head.data)
    if message is None:
        return Likeness.NO
    whole = message.fault is None and message.read_len == len(head.data)
    if (
        whole
        and flags_fit(message.flags)
        and asks_soundly(message.questions)
        and not is_link_local(head.data, message)
    ):
        return Likeness.LIKELY
    return Likeness.WEAK


def open(context: Context) -> "DnsSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return DnsSession(context)


class DnsSession:
    """Reads every message of both directions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._streams = {True: Stream(), False: Stream()} if context.protocol == TCP else {}
        self._over: set[bool] = set()
        self._said = Said()

    def feed(self, segment: Segment) -> Output:
        """Takes a datagram, or the next bytes of a stream."""
        found: Seen = []
        if not self._streams:
            if segment.data:
                self._message(segment, found)
            return tuple(found)
        if segment.outbound in self._over:
            return ()
        stream = self._streams[segment.outbound]
        if segment.gap_len:
            self._over.add(segment.outbound)  # where the next message begins is not known
            stream.clear()
            return ()
        stream.append(segment)
        while len(stream) >= 2:
            length = int.from_bytes(stream.peek(2))
            if len(stream) < 2 + length:
                break
            packet, time_ns = stream.origin(1 + length)
            data = stream.take(2 + length)[2:]
            self._message(Segment(segment.flow, segment.outbound, packet, time_ns, 0, data), found)
            if length < HEADER_LEN:
                self._over.add(segment.outbound)
                stream.clear()
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: a message that is cut says nothing."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True unless the framing of this direction was lost."""
        return outbound not in self._over

    def reading(self) -> Reading:
        """Gives plaintext."""
        return clear_reading(ID)

    def rest(self) -> None:
        """Never changes to another protocol."""

    def _message(self, segment: Segment, found: Seen) -> None:
        message = parse(segment.data)
        if message is None:
            if not segment.truncated_len:
                found.append(malformed(segment, ID, "no DNS message"))
            return
        said = answers(self._context, segment, message, ID) if message.is_response else None
        found += queries(self._context, segment, message, ID) if said is None else said
        if said is None and segment.outbound:
            found += _disclosed(segment, message, self._said)
        if message.fault and not segment.truncated_len:
            found.append(malformed(segment, ID, message.fault))

def told(context: Context, segment: Segment) -> Seen:
    """Gives what one message says that another protocol carried (RFC 8484), nothing where it is none."""
    message = parse(segment.data)
    if message is None:
        return []
    if message.is_response:
        return [*answers(context, segment, message, ID)]
    found: Seen = [*queries(context, segment, message, ID)]
    return [*found, *_disclosed(segment, message, Said())] if segment.outbound else found


def _disclosed(segment: Segment, message: Message, said: Said) -> list[Content]:
    """Gives what a query may tell of who asks: names that may carry a value, as sent, and its network; each once."""
    found = [
        _content(segment, "dns.name", question.raw, question.type)
        for question in message.questions
        if max(map(len, question.raw.split(b"."))) >= LONG_LABEL_LEN and said.is_new(question.raw)
    ]
    for record in message.records:
        if record.type == "OPT":
            subnets = [network for network in record.values if said.is_new("subnet", network)]
            found += [_content(segment, "dns.client_subnet", text.encode("ascii"), "client_subnet") for text in subnets]
    return found


def _content(segment: Segment, where: str, data: bytes, key: str) -> Content:
    place = segment.packet, segment.time_ns
    return Content(segment.flow, *place, segment.outbound, where, "plaintext", data, key=key)


def queries(context: Context, segment: Segment, message: Message, protocol: str) -> list[DnsQuery]:
    """Gives a query for each question."""
    client = context.sender(outbound=segment.outbound).ip
    resolver = context.receiver(outbound=segment.outbound).ip
    flow, packet, time_ns, outbound = segment.flow, segment.packet, segment.time_ns, segment.outbound
    return [
        DnsQuery(flow, packet, time_ns, outbound, question.name, question.type, client, resolver, protocol)
        for question in message.questions
    ]


def answers(context: Context, segment: Segment, message: Message, protocol: str) -> list[DnsAnswer]:
    """Gives an answer for each question of a response."""
    resolver = context.sender(outbound=segment.outbound).ip
    client = context.receiver(outbound=segment.outbound).ip
    short = message.read_len <= REPEATED_LEN
    said = resolved(message) if short else [resolve(message, question) for question in message.questions]
    return [
        DnsAnswer(
            segment.flow,
            segment.packet,
            segment.time_ns,
            segment.outbound,
            question.name,
            question.type,
            told.answers,
            told.chain,
            resolver,
            client,
            message.rcode,
            told.ttl_s,
            protocol,
        )
        for question, told in zip(message.questions, said, strict=True)
    ]


def is_link_local(data: bytes, message: Message) -> bool:
    """Says whether a message looks like multicast DNS: no id, and names under `.local`."""
    if data[:2] != b"\0\0":
        return False
    names = [q.name for q in message.questions] + [r.name for r in message.records]
    return any(name == "local" or name.endswith(".local") for name in names)


def _recognise_stream(data: bytes) -> Likeness:
    """Judges by length, header and first question, so that more bytes never change what was said."""
    if len(data) < 2:
        return Likeness.MORE
    length = int.from_bytes(data[:2])
    if length < HEADER_LEN or (len(data) >= 6 and not flags_fit(int.from_bytes(data[4:6]))):
        return Likeness.NO
    if len(data) < 2 + HEADER_LEN:
        return Likeness.MORE
    counts = [int.from_bytes(data[at : at + 2]) for at in (6, 8, 10, 12)]
    if HEADER_LEN + 5 * counts[0] + 11 * sum(counts[1:]) > length:
        return Likeness.NO
    if not counts[0]:
        return Likeness.WEAK
    at = HEADER_LEN
    message = data[2 : 2 + length]
    while at < len(message) and message[at]:
        if message[at] >= 0x40 or at + message[at] - HEADER_LEN >= NAME_LEN:
            return Likeness.NO
        at += 1 + message[at]
    if at + 5 > len(message):
        return Likeness.MORE if at + 5 <= length else Likeness.NO
    kind, rdclass = int.from_bytes(message[at + 1 : at + 3]), int.from_bytes(message[at + 3 : at + 5])
    return Likeness.LIKELY if kind in TYPES and rdclass in CLASSES else Likeness.NO
