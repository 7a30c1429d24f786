"""One flow: finds out what it speaks, hands its bytes to the right session, and sums up what was read.

Recognition does not depend on how a stream is cut: the head of a direction is looked at in fixed lengths (`LADDER`),
and in full only when the other direction begins to speak, the bound is reached, or the flow ends. Nor does it
depend on the order of the dissectors: the best likeness wins, a port breaks ties, then the id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from iotaudit.codec.guard import Fault, guarded
from iotaudit.dissect.recognition import Best, recogniser
from iotaudit.dissect.session import (
    TCP,
    Context,
    Dissector,
    Head,
    Likeness,
    Output,
    Reading,
    Session,
)
from iotaudit.dissect.unknown import UnknownSession
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, HostNamed, NameSeen, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, FlowName, FlowSummary
from iotaudit.model.raw import Content, Segment

Found = Sequence[Event | Content]

LADDER = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)
"""Lengths at which the head of a stream is looked at."""
HEAD_LEN = LADDER[-1]
DATAGRAMS_HELD = 8
SWITCHES = 4
"""Changes of protocol that are followed in one flow (CONNECT, STARTTLS and the like)."""
KEPT_EVENTS = 1000
"""Events of one kind that a flow gives in full; after that only those that say something new."""
NEW_EVENTS = 20_000
CONTENT_COUNT = 20_000
CONTENT_LEN = 16 << 20


@dataclass(slots=True)
class _Side:
    """What recognition knows of one direction."""

    head: bytes = b""
    step: int = 0
    datagrams: tuple[bytes, ...] = ()
    held: int = 0


class FlowDissector:
    """Reads one flow; `feed` and `close` never raise for what the device sent."""

    def __init__(self, context: Context, dissectors: tuple[Dissector, ...]) -> None:
        self._context = context
        self._is_stream = context.protocol == TCP
        self._asked = recogniser(dissectors, context.protocol).asked(context.client.port, context.server.port)
        self._mute = not self._asked
        self._sides = {True: _Side(), False: _Side()}
        self._held: list[Segment] = []
        self._session: Session | None = None
        self._module: Dissector | None = None
        self._others: dict[str, tuple[Dissector | None, Session]] = {}
        self._switches = 0
        self._faulted = ""
        self._skipped_len = 0
        self._tie = ""
        self._names: dict[tuple[str, str], FlowName] = {}
        self._counts: dict[str, int] = {}
        self._said: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._content_count = 0
        self._content_len = 0
        self._first_payload: int | None = None
        self._closed = False
        self._place: Segment | None = None
        self._over: list[Session] = []

    def feed(self, segment: Segment) -> Output:
        """Takes the next piece of one direction and gives what it completes."""
        if self._faulted or self._closed:
            return ()
        if segment.data and self._first_payload is None:
            self._first_payload = segment.packet
        if self._mute:
            return ()
        if self._session is not None and self._module is not None and self._is_stream:
            found = self._run(self._session, segment)
        else:
            found = self._take(segment)
        return self._keep(found) if found else ()

    def close(self) -> Output:
        """Takes the end of the flow and gives what was still open; afterwards only `summary` may be called."""
        if self._closed:
            return ()
        found: list[Event | Content] = []
        if not self._faulted and not self._mute:
            if self._session is None and self._held:
                found += self._settle(final=True)
            for module, session in self._sessions():
                if session not in self._over:
                    found += self._ended(module, session)
        self._closed = True
        return self._keep(found)

    def wants(self, outbound: bool) -> bool:  # noqa: FBT001 - the agreed signature
        """Says whether more bytes of this direction could still tell something."""
        if self._faulted or self._closed or self._mute:
            return False
        if self._session is None:
            return True
        return self._session.wants(outbound=outbound)

    def wanted(self) -> tuple[bool, bool]:
        """Says as `wants` whether more bytes outbound, and inbound, could still tell something."""
        if self._faulted or self._closed or self._mute:
            return False, False
        if self._session is None:
            return True, True
        wants = self._session.wants
        return wants(outbound=True), wants(outbound=False)

    def summary(self) -> FlowSummary:
        """Gives what was read of the flow so far."""
        readings: list[tuple[Dissector | None, Reading]] = []
        for module, session in self._sessions():
            reading = guarded("reading", session.reading)
            if isinstance(reading, Fault):
                self._faulted = self._faulted or reading.error
            else:
                readings.append((module, reading))
        main = _main(readings)
        encryption = main[1].encryption if main else Encryption()
        if self._first_payload is None:
            encryption = Encryption()
        elif main is None:
            encryption = Encryption(EncryptionState.OPAQUE, reason=self._why_unread())
        notes = [encryption.reason] if encryption.reason else []
        if main and self._skipped_len:
            notes.append(f"the flow's first {self._skipped_len} bytes fit no protocol")
        if self._tie:
            notes.append(self._tie)
        if self._faulted and main:
            notes.append(f"reading stopped at a fault of the dissector ({self._faulted})")
        return FlowSummary(
            application=(main[1].application or (main[0].ID if main[0] else None)) if main else None,
            encryption=_with_reason(encryption, "; ".join(notes) or None),
            names=tuple(self._names.values()),
            tls=next((r.tls for _, r in reversed(readings) if r.tls), None),
            http=tuple(exchange for _, r in readings for exchange in r.http),
            mqtt=next((r.mqtt for _, r in readings if r.mqtt), None),
            first_payload_packet=self._first_payload,
        )

    def _sessions(self) -> list[tuple[Dissector | None, Session]]:
        """Gives all sessions of the flow, the current one last."""
        found = [pair for pair in self._others.values() if pair[1] is not self._session]
        if self._session is not None:
            found.append((self._module, self._session))
        return found

    def _why_unread(self) -> str:
        if self._faulted:
            return f"not read: a fault of the dissector ({self._faulted})"
        if self._mute:
            return "a transport that is not dissected"
        return "too little was seen to tell"

    # Taking bytes in

    def _take(self, segment: Segment) -> Found:
        if not self._is_stream:
            return self._take_datagram(segment)
        if self._session is None:
            return self._take_head(segment)
        if self._module is None and segment.data:
            late = self._certain(segment.data)
            if late:
                return [*self._leave_unknown(self._session), *self._open(late.module, [segment])]
        return self._run(self._session, segment)

    def _run(self, session: Session, segment: Segment) -> Found:
        """Feeds the current session, and what follows a change of protocol to the next."""
        self._place = segment
        given = guarded("feed", session.feed, segment)
        if isinstance(given, Fault):
            return self._sound(self._module, given)
        rest = session.rest()
        if rest is None:
            return given
        found = list(given)
        self._switches += 1
        if self._switches > SWITCHES:
            self._faulted = "too many changes of protocol"
            return found
        found += self._ended(self._module, session)
        self._over.append(session)
        self._others[f"{self._module.ID if self._module else ''} {self._switches}"] = (self._module, session)
        self._session = self._module = None
        self._sides = {True: _Side(), False: _Side()}
        self._held = []
        for piece in rest:
            if not self._faulted:
                found += self._take(piece)
        return found

    def _take_head(self, segment: Segment) -> Found:
        """Collects the head of a stream until it is recognised or its bound is reached."""
        side = self._sides[segment.outbound]
        if segment.gap_len:
            found = self._look(outbound=segment.outbound, final=True)
            if self._session is not None:
                return [*found, *self._take(segment)]
            self._drop_head(segment.outbound)
            return found
        if not segment.data:
            return []
        other = self._sides[not segment.outbound]
        if other.head and other.step < len(LADDER):
            found = self._look(outbound=not segment.outbound, final=True)
            other.step = len(LADDER)
            if self._session is not None:
                return [*found, *self._take(segment)]
        if side.head and not self._asked.may_be(Head(side.head, TCP)):
            late = self._certain(segment.data)
            if late:
                self._skipped_len += sum(len(held.data) for held in self._held)
                return self._open(late.module, [segment])
        self._held.append(segment)
        side.head += segment.data[: HEAD_LEN - len(side.head)]
        side.held += len(segment.data)
        found = self._look(outbound=segment.outbound, final=False)
        if self._session is None and side.held >= HEAD_LEN:
            return [*found, *self._settle(final=True)]
        return found

    def _drop_head(self, outbound: bool) -> None:  # noqa: FBT001 - private
        """Forgets the undecided bytes of a direction before a gap: what follows is recognised afresh."""
        self._skipped_len += sum(len(held.data) for held in self._held if held.outbound is outbound)
        self._held = [held for held in self._held if held.outbound is not outbound]
        self._sides[outbound] = _Side()

    def _look(self, *, outbound: bool, final: bool) -> Found:
        """Looks at the head of a direction at the next lengths of the ladder; in full where `final`."""
        side = self._sides[outbound]
        while side.step < len(LADDER) and len(side.head) >= LADDER[side.step]:
            length = LADDER[side.step]
            side.step += 1
            best = self._best(Head(side.head[:length], TCP), final=False)
            if best:
                return self._open(best.module, self._held)
        if final:
            best = self._best(Head(side.head, TCP), final=True)
            if best:
                return self._open(best.module, self._held)
        return []

    def _take_datagram(self, segment: Segment) -> Found:
        data = segment.data
        if not data:
            return ()
        session, module = self._session, self._module
        if session is not None:
            likely = module and data[0] in module.FIRST and _is_likely(module, Head(data, self._context.protocol))
            other = None if likely else self._certain(data)
            if other is None or other.module is module:
                return self._run(session, segment)
            left = self._leave_unknown(session) if module is None else []
            return [*left, *self._open(other.module, [segment])]
        side = self._sides[segment.outbound]
        side.datagrams = (*side.datagrams, data)[-DATAGRAMS_HELD:]
        best = self._best(Head(data, self._context.protocol, side.datagrams), final=False)
        self._held.append(segment)
        if best:
            return self._open(best.module, self._held)
        side.held += len(data)
        if len(self._held) >= 2 * DATAGRAMS_HELD or side.held >= HEAD_LEN:
            return self._settle(final=True)
        return []

    # Recognition

    def _best(self, head: Head, *, final: bool) -> Best | None:
        """Gives the dissector that fits best, None where none does or (unless `final`) one may still."""
        best = self._asked.best(head, final=final)
        if best and best.tie:
            self._tie = best.tie
        return best

    def _certain(self, data: bytes) -> Best | None:
        """Gives the dissector that is certain of these bytes, None where none is."""
        if not self._asked.sure[data[0]]:
            return None
        best = self._asked.certain(Head(data, self._context.protocol))
        if best and best.tie:
            self._tie = best.tie
        return best

    def _settle(self, *, final: bool) -> Found:
        """Ends recognition: the best that fits a whole head, else an unknown flow."""
        for outbound in (self._held[0].outbound, not self._held[0].outbound):
            side = self._sides[outbound]
            head = Head(side.head, TCP) if self._context.protocol == TCP else None
            if head is None and side.datagrams:
                head = Head(side.datagrams[-1], self._context.protocol, side.datagrams)
            best = self._best(head, final=final) if head and head.data else None
            if best:
                return self._open(best.module, self._held)
        self._session = UnknownSession(self._context)
        self._module = None
        return self._replay(self._held)

    def _open(self, module: Dissector, segments: list[Segment]) -> Found:
        """Opens (or takes up again) the session of a protocol and gives it the segments."""
        if self._session is not None:
            key = self._module.ID if self._module else ""
            self._others[key] = (self._module, self._session)
        known = self._others.get(module.ID)
        session = known[1] if known else guarded(module.ID, module.open, self._context)
        if isinstance(session, Fault):
            self._faulted = session.error
            return []
        self._session, self._module = session, module
        return self._replay(segments)

    def _leave_unknown(self, session: Session) -> list[Event | Content]:
        """Ends the unknown session that stood in: a later segment begins with a protocol's own magic."""
        found = self._ended(None, session)
        self._over.append(session)
        self._others["unknown"] = (None, session)
        self._session = None
        return found

    def _replay(self, segments: list[Segment]) -> Found:
        """Gives a session that was just opened what was held for it; recognition is over and keeps nothing."""
        self._held = []
        for side in self._sides.values():
            side.head, side.datagrams = b"", ()
        if len(segments) == 1 and self._session is not None and not self._is_stream:
            return self._run(self._session, segments[0])  # what opened the session needs no second look
        found: list[Event | Content] = []
        for segment in segments:
            if self._faulted:
                break
            found += self._take(segment)
        return found

    # Guards and bounds

    def _ended(self, module: Dissector | None, session: Session) -> list[Event | Content]:
        """Gives what a session still had; a fault becomes an oddity."""
        return self._sound(module, guarded("close", session.close))

    def _sound(self, module: Dissector | None, result: Output | Fault) -> list[Event | Content]:
        """Gives the result as a list; a fault becomes an oddity and ends reading."""
        if not isinstance(result, Fault):
            return list(result)
        self._faulted = result.error
        name = module.ID if module else "unknown"
        return [self._oddity("dissector_fault", f"{name}: {result.error}")]

    def _oddity(self, kind: str, detail: str) -> Oddity:
        place = self._place
        if place is None:
            return Oddity(self._context.flow, 0, 0, True, kind, detail)
        return Oddity(self._context.flow, place.packet, place.time_ns, place.outbound, kind, detail)

    def _keep(self, found: Iterable[Event | Content]) -> Output:
        """Gives what is within the bounds; names go to the summary as well, once each."""
        kept: list[Event | Content] = []
        for item in found:
            if isinstance(item, Content):
                wanted = self._keep_content(len(item.data))
            elif isinstance(item, NameSeen):
                wanted = self._keep_name(item)
            else:
                wanted = self._keep_event(item)
            if wanted:
                kept.append(item)
            elif wanted is None:
                kept.append(
                    Oddity(
                        self._context.flow,
                        item.packet,
                        item.time_ns,
                        item.outbound,
                        "event_limit",
                        f"{type(item).__name__}: more than are kept of one flow",
                    )
                )
        return tuple(kept)

    def _keep_content(self, length: int) -> bool | None:
        """True: within the bounds; False: over; None: over for the first time."""
        if self._content_count > CONTENT_COUNT or self._content_len > CONTENT_LEN:
            return False
        self._content_count += 1
        self._content_len += length
        return None if self._content_count > CONTENT_COUNT or self._content_len > CONTENT_LEN else True

    def _keep_name(self, item: NameSeen) -> bool | None:
        key = (item.source, item.name)
        if key in self._names:
            return False
        if len(self._names) >= KEPT_EVENTS:
            count = self._counts.get("NameSeen", 0)
            self._counts["NameSeen"] = count + 1
            return False if count else None
        self._names[key] = FlowName(item.name, item.source, item.packet)
        return True

    def _keep_event(self, item: Event) -> bool | None:
        kind = type(item).__name__
        count = self._counts.get(kind, 0)
        new = _is_new(item, self._said) if count < NEW_EVENTS else False
        if count >= KEPT_EVENTS and not new:
            over = f"{kind} over"
            if count < NEW_EVENTS or over in self._counts:
                return False
            self._counts[over] = 1
            return None
        self._counts[kind] = count + 1
        return True


def _with_reason(encryption: Encryption, reason: str | None) -> Encryption:
    return encryption if encryption.reason == reason else replace(encryption, reason=reason)


def _is_likely(module: Dissector, head: Head) -> bool:
    """Says whether a datagram of a running session is likely one of its protocol."""
    likeness = guarded(module.ID, module.recognise, head)
    return not isinstance(likeness, Fault) and likeness >= Likeness.LIKELY


def _is_new(item: Event, said: dict[tuple[str, ...], tuple[str, ...]]) -> bool:
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


def _main(
    readings: list[tuple[Dissector | None, Reading]],
) -> tuple[Dissector | None, Reading] | None:
    """Gives the reading that stands for the flow: the last, but a closed one before an open or unknown one.

    A flow that carried both (STUN beside media, a proxy request before TLS) is as closed as its payload is.
    """
    ranked = [r for r in readings if r[1].encryption.state is not EncryptionState.NONE] or readings
    for wanted in (EncryptionState.ENCRYPTED, EncryptionState.PLAINTEXT):
        for pair in reversed(ranked):
            if pair[1].encryption.state is wanted:
                return pair
    return ranked[-1] if ranked else None
