"""Multicast DNS and DNS-SD: which names hosts of a link ask for, and what they announce of themselves.

Announcements come without a question, so each owner and type counts as a question of its own: the announcing host
is the resolver, whoever is addressed (mostly the group) the client. Whatever repeats is said once for each flow.
A name is taken as a host's own only where that host sends the record with its own address: others may answer for it.
Source: RFC 6762 sections 8, 10.2, 18 (probing, cache flush, format), RFC 6763 sections 4 and 6 (instances, TXT).
"""

from collections import defaultdict

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.dns import is_link_local
from iotaudit.dissect.dns_message import Message, Record, parse
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.wire_text import plain_text
from iotaudit.model.events import DnsAnswer, DnsQuery, HostNamed
from iotaudit.model.raw import Content, Segment

ID = "mdns"
PORTS = frozenset({5353})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(256))
AWAY = frozenset({0})
SURE: frozenset[int] = frozenset()

ADDRESSES = frozenset({"A", "AAAA"})
NOT_NAMES = frozenset({"OPT", "NSEC", "TSIG"})
MODEL_KEYS = frozenset({b"md", b"model", b"ty", b"am", b"usb_mdl"})
"""TXT keys that tell a model (HomeKit, Cast, printers, AirPlay; RFC 6763 section 6.4: case does not count)."""
NAMES_KEPT = 64
DETAIL_PARTS = 8
VALUE_LEN = 80
ANSWERS_KEPT = 64


def recognise(head: Head) -> Likeness:
    """Fits a message without an id that names something under `.local`; other messages of DNS by the port alone."""
    message = parse(head.data, unicode=True)
    if message is None:
        return Likeness.NO
    whole = message.fault is None and message.read_len == len(head.data)
    return Likeness.LIKELY if whole and is_link_local(head.data, message) else Likeness.WEAK


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _Reader(context).read)


class _Reader:
    """Remembers, for each sender, its own names and the instances that it serves."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()
        self._own: dict[str, set[str]] = defaultdict(set)
        self._hosts: dict[tuple[str, str], str] = {}
        self._models: dict[tuple[str, str], tuple[str, ...]] = {}

    def read(self, segment: Segment, found: Seen) -> str | None:
        message = parse(segment.data, unicode=True)
        if message is None:
            return "no multicast DNS message"
        if message.is_response:
            self._announcements(segment, message, found)
        else:
            self._questions(segment, message, found)
        self._name_sender(segment, message, found)
        return message.fault

    def _questions(self, segment: Segment, message: Message, found: Seen) -> None:
        sender = self._context.sender(outbound=segment.outbound).ip
        receiver = self._context.receiver(outbound=segment.outbound).ip
        for question in message.questions:
            if self._said.is_new("query", question.name, question.type, sender):
                found.append(
                    DnsQuery(*_place(segment), question.name, question.type, sender, receiver, ID)
                )

    def _announcements(self, segment: Segment, message: Message, found: Seen) -> None:
        """Gives an answer for each owner and type, and the texts that are announced."""
        sender = self._context.sender(outbound=segment.outbound).ip
        receiver = self._context.receiver(outbound=segment.outbound).ip
        owned: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in message.records:
            if record.type not in NOT_NAMES:
                owned[record.name, record.type].append(record)
        for (name, kind), records in owned.items():
            values = tuple(dict.fromkeys(v for r in records for v in r.values))[:ANSWERS_KEPT]
            if self._said.is_new("answer", name, kind, values, sender):
                found.append(
                    DnsAnswer(
                        *_place(segment),
                        name=name,
                        type=kind,
                        answers=values,
                        chain=(name,),
                        resolver=sender,
                        client=receiver,
                        rcode=message.rcode,
                        ttl_s=min(r.ttl_s for r in records),
                        protocol=ID,
                    )
                )
            for record in records:
                found += self._texts(segment, record)

    def _texts(self, segment: Segment, record: Record) -> list[Content]:
        """Gives the values of a TXT record that the flow's client sends, each once."""
        found = []
        for string in record.strings if segment.outbound else ():
            key, _, value = string.partition(b"=")
            if value and self._said.is_new("text", record.name, string):
                found.append(
                    Content(
                        *_place(segment), "mdns.txt", "plaintext", value, key=plain_text(key[:VALUE_LEN])
                    )
                )
        return found

    def _name_sender(self, segment: Segment, message: Message, found: Seen) -> None:
        """Gives the sender's own host names, with the services that run under them."""
        sender = self._context.sender(outbound=segment.outbound).ip
        own = self._own[sender]
        if not sum(self._learn(sender, own, record) for record in message.records):
            return
        for name in sorted(own):
            detail = self._detail(sender, name)
            if self._said.is_new("host", sender, name, detail):
                found.append(HostNamed(*_place(segment), sender, name, "mdns", detail))

    def _learn(self, sender: str, own: set[str], record: Record) -> bool:
        """Takes what a record says of the sender; says whether it did (a TTL of 0 is a goodbye)."""
        if not record.ttl_s:
            return False
        if record.type in ADDRESSES and sender in record.values and len(own) < NAMES_KEPT:
            own.add(record.name)
        elif record.type == "SRV" and record.values and len(self._hosts) < NAMES_KEPT:
            self._hosts[sender, record.name] = record.values[0]
        elif record.type == "TXT" and len(self._models) < NAMES_KEPT:
            self._models[sender, record.name] = _models(record)
        else:
            return False
        return True

    def _detail(self, sender: str, host: str) -> str:
        """Gives the instances whose SRV record leads to a host, with what their TXT records say of the model."""
        parts: list[str] = []
        for (owner, instance), target in sorted(self._hosts.items()):
            if owner == sender and target == host:
                parts.append(instance)
                parts += self._models.get((sender, instance), ())
        return "; ".join(dict.fromkeys(parts[:DETAIL_PARTS]))


def _place(segment: Segment) -> tuple[int, int, int, bool]:
    return segment.flow, segment.packet, segment.time_ns, segment.outbound


def _models(record: Record) -> tuple[str, ...]:
    found = []
    for string in record.strings:
        key, _, value = string.partition(b"=")
        if value and key.lower() in MODEL_KEYS:
            found.append(f"{key.decode('ascii').lower()}={plain_text(value[:VALUE_LEN])}")
    return tuple(found)
