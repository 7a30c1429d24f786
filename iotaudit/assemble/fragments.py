"""IP fragments: whose they are, and the datagrams that they make.

The first fragment has the ports; the later ones are attributed to its flow by source, destination, protocol (IPv4)
and identification, those that come before it as soon as it comes. The first copy of a byte wins. Bytes are put
together whether or not somebody wants them, so that what is counted and reported here does not depend on that.

Source: RFC 8200 section 4.5 (identification without the protocol), RFC 791 section 3.2 and
Linux's `ipfrag_time` (30 s until an identification may mean another datagram), RFC 5722 (no overlaps in IPv6).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from iotaudit.model.packets import input_of
from iotaudit.model.problems import Problem, ProblemTally

DATAGRAM_LIMIT = 4096
"""Datagrams that are followed at once, complete ones (for repeated fragments) included."""
PIECE_LIMIT = 256
"""Fragments of one datagram that are put together: 65,535 bytes take 45 at the usual size, 120 at the least usual."""
BYTES_LIMIT = 16 << 20
LIFE_NS = 30_000_000_000


class Fragment(NamedTuple):
    """One fragment.

    `at` and `payload_len` place what it carries in the datagram; a `first` one has the transport header before `at`.
    `data` is what was captured of it, `seq` the number of its first byte (TCP).
    """

    first: bool
    more: bool
    at: int
    payload_len: int
    data: bytes
    packet: int
    time_ns: int
    wire_len: int
    seq: int = 0


class Counted(NamedTuple):
    """A later fragment that is added to the sums of a flow's side."""

    flow: int
    side: int
    fragment: Fragment


class Datagram(NamedTuple):
    """What came together: payload from the transport header on, up to the first hole.

    `missing_len` is what lies behind (0: complete), `packet` and `time_ns` those of the fragment that came last.
    """

    flow: int
    side: int
    packet: int
    time_ns: int
    seq: int
    data: bytes
    missing_len: int


@dataclass(slots=True)
class _Open:
    """A datagram that is coming together; `waiting` fragments have no flow yet."""

    begun_ns: int
    flow: int = -1
    side: int = 0
    seq: int = 0
    begin: int = 0
    total: int = -1
    complete: bool = False
    has_first: bool = False
    covered_len: int = 0
    held_len: int = 0
    spans: dict[tuple[int, int], Fragment] = field(default_factory=dict)
    waiting: list[Fragment] = field(default_factory=list)

    def size(self) -> int:
        """Gives how many bytes from the start on are there without a hole."""
        end = self.begin
        for at, stop in sorted(self.spans):
            if at > end:
                break
            end = max(end, stop)
        return end


Key = tuple[int, ...]
"""IP version, addresses, protocol (IPv4) and identification."""


class Fragments:
    """Follows datagrams in pieces. `take` must see the fragments in packet order."""

    __slots__ = ("_held_len", "_open", "_problems")

    def __init__(self, problems: ProblemTally) -> None:
        self._open: dict[Key, _Open] = {}
        self._held_len = 0
        self._problems = problems

    def take(self, key: Key, fragment: Fragment, owner: tuple[int, int] | None) -> Iterator[Counted | Datagram]:
        """Takes one fragment.

        Args:
            key: what the datagram's fragments share.
            fragment: the fragment.
            owner: flow and side of a first fragment (which is counted already), None for a later one.
        """
        known = self._open.get(key)
        if known is not None and _is_another(known, fragment, owner):
            del self._open[key]
            yield from self._give_up(known)
            known = None
        if known is None:
            known = _Open(fragment.time_ns)
            self._open[key] = known
        if owner is None and known.has_first:
            yield Counted(known.flow, known.side, fragment)
        elif owner is None:
            known.waiting.append(fragment._replace(data=b""))
        else:
            known.flow, known.side = owner
            if not known.has_first:
                known.has_first = True
                known.seq, known.begin = fragment.seq, fragment.at
            for waiting in known.waiting:
                yield Counted(known.flow, known.side, waiting)
            known.waiting = []
        yield from self._join(known, fragment)
        while len(self._open) > DATAGRAM_LIMIT or self._held_len > BYTES_LIMIT:
            oldest = next(iter(self._open))
            yield from self._give_up(self._open.pop(oldest))

    def flush(self) -> Iterator[Datagram]:
        """Gives what is left, incomplete as it is."""
        for known in self._open.values():
            yield from self._give_up(known)
        self._open = {}

    def _join(self, known: _Open, fragment: Fragment) -> Iterator[Datagram]:
        """Adds a fragment's bytes and gives the datagram that they complete."""
        span = (fragment.at, fragment.at + fragment.payload_len)
        old = known.spans.get(span)
        if old is not None:
            if old.data != fragment.data and old.data and fragment.data:
                self._overlap(fragment, "other bytes")
            return
        if any(at < span[1] and span[0] < stop for at, stop in known.spans):
            self._overlap(fragment, "other bounds")
        if len(known.spans) >= PIECE_LIMIT:
            return
        known.spans[span] = fragment
        known.held_len += len(fragment.data)
        self._held_len += len(fragment.data)
        known.covered_len += fragment.payload_len
        if not fragment.more and known.total < 0:
            known.total = span[1]
        if not known.has_first or known.total < 0 or known.begin + known.covered_len < known.total:
            return
        if known.size() >= known.total:
            known.complete = True
            yield self._datagram(known, fragment, known.total)
            self._forget_bytes(known)

    def _give_up(self, known: _Open) -> Iterator[Datagram]:
        """Gives the start of a datagram that will not be complete; fragments without a flow are counted as lost."""
        if known.waiting:
            self._unattributed(known.waiting)
        if known.has_first and not known.complete:
            last = max(known.spans.values(), key=lambda fragment: fragment.packet)
            self._problems.add(
                Problem("fragment_missing", input_of(last.packet), last.packet, loses_payload=True)
            )
            yield self._datagram(known, last, max(stop for _, stop in known.spans))
        self._forget_bytes(known)

    def _datagram(self, known: _Open, last: Fragment, end: int) -> Datagram:
        data = bytearray(max(0, end - known.begin))
        filled = known.begin
        for at, stop in sorted((f.at, f.at + len(f.data)) for f in known.spans.values()):
            if at > filled:
                break
            filled = max(filled, stop)
        for fragment in reversed(known.spans.values()):  # earlier ones are written over later ones
            at = fragment.at - known.begin
            piece = fragment.data[max(0, -at) : end - fragment.at]
            data[max(0, at) : max(0, at) + len(piece)] = piece
        filled = min(filled, end) - known.begin
        missing = len(data) - filled if known.complete else max(1, len(data) - filled)
        return Datagram(known.flow, known.side, last.packet, last.time_ns, known.seq, bytes(data[:filled]), missing)

    def _forget_bytes(self, known: _Open) -> None:
        self._held_len -= known.held_len
        known.held_len = 0
        known.spans = {span: fragment._replace(data=b"") for span, fragment in known.spans.items()}

    def _overlap(self, fragment: Fragment, detail: str) -> None:
        self._problems.add(
            Problem("fragment_overlap", input_of(fragment.packet), fragment.packet, None, detail)
        )

    def _unattributed(self, fragments: list[Fragment]) -> None:
        packet = fragments[0].packet
        self._problems.add(
            Problem("fragment_unattributed", input_of(packet), packet, None, "", len(fragments), loses_payload=True)
        )


def _is_another(known: _Open, fragment: Fragment, owner: tuple[int, int] | None) -> bool:
    """Says whether the identification was used again: late, by another flow, or after a complete datagram.

    A first fragment whose ports cannot be read comes as a later one at offset 0: it and another first one are of two.
    """
    if fragment.time_ns - known.begun_ns > LIFE_NS:
        return True
    if owner is not None and known.has_first and owner != (known.flow, known.side):
        return True
    if owner is None and fragment.at == 0 and known.has_first:
        return True
    if owner is not None and not known.has_first and any(at == 0 for at, _ in known.spans):
        return True
    if not known.complete:
        return False
    return fragment.first or (fragment.at, fragment.at + fragment.payload_len) not in known.spans
