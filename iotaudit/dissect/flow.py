"""One flow: finds out what it speaks, hands its bytes to the right session, and sums up what was read.

Recognition does not depend on how a stream is cut: the head of a direction is looked at in fixed lengths (`LADDER`),
and in full only when the other direction begins to speak, the bound is reached, or the flow ends. Nor does it
depend on the order of the dissectors: the best likeness wins, a port breaks ties, then the id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from iotaudit.codec.guard import Fault, guarded
from iotaudit.dissect.kept import Kept
from iotaudit.dissect.opened import OpenedStreams, inner_ports, opened_line
from iotaudit.dissect.recognition import LADDER, Best, recogniser
from iotaudit.dissect.session import (
    TCP,
    Context,
    Dissector,
    Given,
    Head,
    Item,
    Likeness,
    Opened,
    Output,
    Reading,
    Session,
)
from iotaudit.dissect.unknown import UnknownSession
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState, FlowSummary, HttpExchange
from iotaudit.model.raw import Content, Segment
from iotaudit.model.want import BOTH, NEITHER, NOTHING, Wants

Found = Sequence[Item]
Read = tuple[Dissector | None, Reading]

HEAD_LEN = LADDER[-1]
DATAGRAMS_HELD = 8
SWITCHES = 4
"""Changes of protocol that are followed in one flow (CONNECT, STARTTLS and the like)."""


@dataclass(slots=True)
class _Side:
    """What recognition knows of one direction."""

    head: bytes = b""
    step: int = 0
    datagrams: tuple[bytes, ...] = ()
    held: int = 0


class FlowDissector:
    """Reads one flow; `feed` and `close` never raise for what the device sent.

    `want` says which bytes of it could still tell something; both leave it up to date. `depth` says in how many others
    the flow lies: what was opened with keys is read by a dissector of its own.
    """

    __slots__ = (
        "_asked",
        "_closed",
        "_context",
        "_depth",
        "_dissectors",
        "_faulted",
        "_first_payload",
        "_held",
        "_is_stream",
        "_kept",
        "_module",
        "_mute",
        "_opened",
        "_others",
        "_over",
        "_place",
        "_session",
        "_sides",
        "_skipped_len",
        "_switches",
        "_tie",
        "want",
    )

    def __init__(self, context: Context, dissectors: tuple[Dissector, ...], depth: int = 0) -> None:
        self._context = context
        self._dissectors = dissectors
        self._depth = depth
        self._is_stream = context.protocol == TCP
        ports = (context.client.port, context.server.port)
        self._asked = recogniser(dissectors, context.protocol).asked(*(inner_ports(ports) if depth else ports))
        self._mute = not self._asked
        self.want: Wants = NEITHER if self._mute else BOTH
        self._sides = [_Side(), _Side()]
        self._held: list[Segment] = []
        self._session: Session | None = None
        self._module: Dissector | None = None
        self._others: dict[str, tuple[Dissector | None, Session]] = {}
        self._switches = 0
        self._faulted = ""
        self._skipped_len = 0
        self._tie = ""
        self._kept = Kept()
        self._first_payload: int | None = None
        self._closed = False
        self._place: Segment | None = None
        self._over: list[Session] = []
        self._opened: OpenedStreams | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next piece of one direction and gives what it completes."""
        if self._faulted or self._closed:
            return ()
        if self._first_payload is None and segment.data:
            self._first_payload = segment.packet
        if self._mute:
            return ()
        session = self._session
        if session is not None and self._is_stream and self._module is not None:
            found = self._run(session, segment)
        else:
            found = self._take(segment)
        kept = self._keep(found) if found else ()
        self.want = self._wanted()
        return kept

    def close(self) -> Output:
        """Takes the end of the flow and gives what was still open; afterwards only `summary` may be called."""
        if self._closed:
            return ()
        found: list[Item] = []
        if not self._faulted and not self._mute:
            if self._session is None and self._held:
                found += self._settle(final=True)
            for module, session in self._sessions():
                if session not in self._over:
                    found += self._ended(module, session)
        self._closed = True
        self.want = NEITHER
        kept = self._keep(found) if found else ()
        return kept if self._opened is None else kept + self._keep(self._opened.close())

    def wants(self, outbound: bool) -> bool:  # noqa: FBT001 - the agreed signature
        """Says whether more bytes of this direction could still tell something."""
        return self.want[0 if outbound else 1] != NOTHING

    def _wanted(self) -> Wants:
        if self._faulted:
            return NEITHER
        session = self._session
        if session is None:
            return BOTH
        out, back = session.wants(outbound=True), session.wants(outbound=False)
        if self._opened is not None and self._is_stream:
            out, back = out and self._opened.wants(outbound=True), back and self._opened.wants(outbound=False)
        return BOTH if out is True and back is True else self._asked.wants(out, back)

    def summary(self) -> FlowSummary:
        """Gives what was read of the flow so far."""
        readings = self._readings()
        main = _main(readings)
        if self._first_payload is None:
            encryption = Encryption()
        elif main is None:
            encryption = Encryption(EncryptionState.OPAQUE, reason=self._why_unread())
        else:
            encryption = main[1].encryption
        tls, mqtt = None, None
        http: tuple[HttpExchange, ...] = ()
        for _, reading in readings:
            tls = reading.tls or tls
            mqtt = mqtt or reading.mqtt
            http += reading.http
        application = main[1].application or (main[0].ID if main[0] else None) if main else None
        if self._opened is not None:
            inner = self._opened.summary()
            application = inner.application or application
            tls, mqtt, http = tls or inner.tls, mqtt or inner.mqtt, http + inner.http
            encryption = opened_line(encryption, inner.encryption)
        encryption = _with_notes(encryption, self._notes(read=main is not None))
        return FlowSummary(application, encryption, self._kept.names(), tls, http, mqtt, self._first_payload)

    def _readings(self) -> list[Read]:
        """Gives what each session read."""
        found: list[Read] = []
        for module, session in self._sessions():
            reading = guarded("reading", session.reading)
            if isinstance(reading, Fault):
                self._faulted = self._faulted or reading.error
            else:
                found.append((module, reading))
        return found

    def _notes(self, *, read: bool) -> list[str]:
        """Gives what else is to say of the flow's state."""
        notes: list[str] = []
        if read and self._skipped_len:
            notes.append(f"the flow's first {self._skipped_len} bytes fit no protocol")
        if self._tie:
            notes.append(self._tie)
        if read and self._faulted:
            notes.append(f"reading stopped at a fault of the dissector ({self._faulted})")
        return notes

    def _sessions(self) -> list[tuple[Dissector | None, Session]]:
        """Gives all sessions of the flow, the current one last."""
        found = [pair for pair in self._others.values() if pair[1] is not self._session] if self._others else []
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
        session = self._session
        if session is None:
            return self._take_head(segment)
        if self._module is None and segment.data:
            late = self._certain(segment.data)
            if late:
                return [*self._leave_unknown(session), *self._open(late, [segment])]
        return self._run(session, segment)

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
        self._sides = [_Side(), _Side()]
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
                return self._open(late, [segment])
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
        side.step, best = self._asked.climb(side.head, side.step)
        if best is None and final:
            best = self._asked.best(Head(side.head, TCP), final=True)
        return self._open(self._settled(best), self._held) if best else []

    def _take_datagram(self, segment: Segment) -> Found:
        data = segment.data
        if not data:
            return ()
        session = self._session
        if session is not None:
            other = self._other(data)
            if other is None:
                return self._run(session, segment)
            left = self._leave_unknown(session) if self._module is None else []
            return [*left, *self._open(other, [segment])]
        side = self._sides[segment.outbound]
        side.datagrams = (*side.datagrams, data)[-DATAGRAMS_HELD:]
        best = self._asked.best(Head(data, self._context.protocol, side.datagrams), final=False)
        self._held.append(segment)
        if best:
            return self._open(self._settled(best), self._held)
        side.held += len(data)
        if len(self._held) >= 2 * DATAGRAMS_HELD or side.held >= HEAD_LEN:
            return self._settle(final=True)
        return []

    # Recognition

    def _settled(self, best: Best) -> Dissector:
        """Gives the dissector that was found to fit best; a tie is noted."""
        self._tie = best.tie or self._tie
        return best.module

    def _certain(self, data: bytes) -> Dissector | None:
        """Gives the dissector that is certain of these bytes, None where none is."""
        best = self._asked.certain(Head(data, self._context.protocol)) if self._asked.sure[data[0]] else None
        return self._settled(best) if best else None

    def _other(self, data: bytes) -> Dissector | None:
        """Gives whom a datagram belongs to that the running session's protocol does not know for its own."""
        module = self._module
        if module is None:
            return self._certain(data)
        if not self._asked.late[data[0]]:
            return None
        head = Head(data, self._context.protocol)
        best = self._asked.certain(head, late=True)
        if best is None or best.module is module or (data[0] in module.FIRST and _is_likely(module, head)):
            return None
        return self._settled(best)

    def _settle(self, *, final: bool) -> Found:
        """Ends recognition: the best that fits a whole head, else an unknown flow."""
        for outbound in (self._held[0].outbound, not self._held[0].outbound):
            side = self._sides[outbound]
            head = Head(side.head, TCP) if self._context.protocol == TCP else None
            if head is None and side.datagrams:
                head = Head(side.datagrams[-1], self._context.protocol, side.datagrams)
            best = self._asked.best(head, final=final) if head and head.data else None
            if best:
                return self._open(self._settled(best), self._held)
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

    def _leave_unknown(self, session: Session) -> list[Item]:
        """Ends the unknown session that stood in: a later segment begins with a protocol's own magic."""
        found = self._ended(None, session)
        self._over.append(session)
        self._others["unknown"] = (None, session)
        self._session = None
        return found

    def _replay(self, segments: list[Segment]) -> Found:
        """Gives a session that was just opened what was held for it; recognition is over and keeps nothing."""
        self._held = []
        for side in self._sides:
            side.head, side.datagrams = b"", ()
        if len(segments) == 1 and self._session is not None and not self._is_stream:
            return self._run(self._session, segments[0])  # what opened the session needs no second look
        found: list[Item] = []
        for segment in segments:
            if self._faulted:
                break
            found += self._take(segment)
        return found

    # Guards and bounds

    def _ended(self, module: Dissector | None, session: Session) -> list[Item]:
        """Gives what a session still had; a fault becomes an oddity."""
        return self._sound(module, guarded("close", session.close))

    def _sound(self, module: Dissector | None, result: Given | Fault) -> list[Item]:
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

    def _inside(self, item: Opened) -> Output:
        """Gives what the reading of opened bytes told."""
        if self._opened is None:
            inner = partial(FlowDissector, dissectors=self._dissectors, depth=self._depth + 1)
            self._opened = OpenedStreams(self._context, inner, self._depth)
        return self._opened.feed(item)

    def _keep(self, found: Iterable[Item]) -> Output:
        """Gives what is within the bounds; names go to the summary as well, once each."""
        kept: list[Event | Content] = []
        for item in found:
            if isinstance(item, Opened):
                kept += self._keep(self._inside(item))
                continue
            wanted = self._kept.take(item)
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


def _with_notes(encryption: Encryption, notes: list[str]) -> Encryption:
    reasons = [encryption.reason, *notes] if encryption.reason else notes
    return replace(encryption, reason="; ".join(reasons)) if notes else encryption


def _is_likely(module: Dissector, head: Head) -> bool:
    """Says whether a datagram of a running session is likely one of its protocol."""
    likeness = guarded(module.ID, module.recognise, head)
    return not isinstance(likeness, Fault) and likeness >= Likeness.LIKELY


def _main(readings: list[Read]) -> Read | None:
    """Gives the reading that stands for the flow: the last, but a closed one before an open or unknown one.

    A flow that carried both (STUN beside media, a proxy request before TLS) is as closed as its payload is.
    """
    if len(readings) < 2:
        return readings[0] if readings else None
    ranked = [r for r in readings if r[1].encryption.state is not EncryptionState.NONE] or readings
    for wanted in (EncryptionState.ENCRYPTED, EncryptionState.PLAINTEXT):
        for pair in reversed(ranked):
            if pair[1].encryption.state is wanted:
                return pair
    return ranked[-1]
