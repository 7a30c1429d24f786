"""What is kept of one flow: everything up to bounds, names once each, beyond them what says something new."""

from iotaudit.model.events import DnsAnswer, DnsQuery, Event, HostNamed, NameSeen, Oddity
from iotaudit.model.flows import FlowName
from iotaudit.model.raw import Content

KEPT_EVENTS = 1000
"""Events of one kind that a flow gives in full; after that only those that say something new."""
NEW_EVENTS = 20_000
CONTENT_COUNT = 20_000
CONTENT_LEN = 16 << 20

Said = dict[tuple[str, ...], tuple[str, ...]]


class Kept:
    """Decides on one item after the other."""

    __slots__ = ("_content_count", "_content_len", "_counts", "_early", "_names", "_said")

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], FlowName] = {}
        self._counts: dict[str, int] = {}
        self._early: list[Event] = []
        self._said: Said | None = None
        self._content_count = 0
        self._content_len = 0

    def names(self) -> tuple[FlowName, ...]:
        """Gives the names of the flow, each once for each source, in the order in which they were told."""
        return tuple(self._names.values())

    def take(self, item: Event | Content) -> bool | None:
        """Says whether an item is kept; None: it is not, for the first time of its kind."""
        if isinstance(item, Content):
            return self._take_content(len(item.data))
        return self._take_name(item) if isinstance(item, NameSeen) else self._take_event(item)

    def _take_content(self, length: int) -> bool | None:
        if self._content_count > CONTENT_COUNT or self._content_len > CONTENT_LEN:
            return False
        self._content_count += 1
        self._content_len += length
        return None if self._content_count > CONTENT_COUNT or self._content_len > CONTENT_LEN else True

    def _take_name(self, item: NameSeen) -> bool | None:
        key = (item.source, item.name)
        if key in self._names:
            return False
        if len(self._names) >= KEPT_EVENTS:
            count = self._counts.get("NameSeen", 0)
            self._counts["NameSeen"] = count + 1
            return False if count else None
        self._names[key] = FlowName(item.name, item.source, item.packet)
        return True

    def _take_event(self, item: Event) -> bool | None:
        kind = type(item).__name__
        count = self._counts.get(kind, 0)
        if count < NEW_EVENTS and self._tells_new(item, count):
            self._counts[kind] = count + 1
            return True
        over = f"{kind} over"
        if count < NEW_EVENTS or over in self._counts:
            return False
        self._counts[over] = 1
        return None

    def _tells_new(self, item: Event, count: int) -> bool:
        """Says whether an event is one of the first of its kind, or tells something new; only then is it looked into."""
        if self._said is None:
            if count < KEPT_EVENTS:
                self._early.append(item)
                return True
            self._said = {}
            for early in self._early:
                _is_new(early, self._said)
            self._early = []
        return _is_new(item, self._said) or count < KEPT_EVENTS


def _is_new(item: Event, said: Said) -> bool:
    """Says whether the event tells something that the last one on the same matter did not."""
    key: tuple[str, ...]
    value: tuple[str, ...]
    match item:
        case DnsQuery():
            key, value = ("query", item.name, item.type, item.client, item.resolver), ()
        case DnsAnswer():
            key = ("answer", item.name, item.type, item.client, item.resolver)
            value = (*item.answers, item.rcode)
        case HostNamed():
            key, value = ("host", item.ip, item.source, item.name), (item.detail,)
        case Oddity():
            key, value = ("oddity", item.kind, item.detail), ()
        case _:
            return False
    new = said.get(key) != value
    said[key] = value
    return new
