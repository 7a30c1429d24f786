"""Who speaks: which dissectors are asked about a head, and whose answer wins.

Most dissectors can say NO by the first byte alone, so a table for each pair of ports holds who is asked for each first
byte. That leaves out only those whose answer would not count: it never decides a result.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from iotaudit.codec.guard import Fault, guarded
from iotaudit.dissect.session import TCP, Dissector, Head, Likeness
from iotaudit.model.want import ALL, BOTH, NEITHER, NOTHING, Want, Wants

LADDER = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)
"""Lengths at which the head of a stream is looked at."""
BEGINS = (8, 16)
"""Steps of the ladder: what is said of heads up to there is remembered, since devices begin alike."""
BEGINS_KEPT = 1024
NOBODY: frozenset[str] = frozenset()


class Best(NamedTuple):
    """The dissector that fits best and how well; `tie` names two that fit alike, "" none."""

    module: Dissector
    likeness: Likeness
    tie: str = ""


Row = tuple[Dissector, bool]
"""A dissector, and whether the flow has one of its ports."""
Rank = tuple[Likeness, bool, str, Dissector]


class Asked:
    """The dissectors of one transport that are asked about the heads of a flow, `near` those whose port it has.

    `sure` holds, for each first byte, those that may be certain of such a head; `late` those of them that are looked for
    in the midst of another protocol's datagrams: whoever may begin with any byte (an id) only where its port is `near`.
    """

    __slots__ = ("_all", "_begun", "_by_first", "_wants", "late", "sure")

    def __init__(self, dissectors: tuple[Dissector, ...], near: frozenset[str], *, stream: bool) -> None:
        self._all = tuple((module, module.ID in near) for module in dissectors)
        self._by_first = _table(
            (row, row[0].FIRST if row[1] or stream else row[0].AWAY) for row in self._all
        )
        self.sure = _table((row, row[0].SURE) for row in self._all)
        self.late = _table((row, row[0].SURE) for row in self._all if row[1] or len(row[0].SURE) < 256)
        self._begun = lru_cache(BEGINS_KEPT)(self._begin)
        self._wants: dict[tuple[bool | Want, bool | Want], Wants] = {(True, True): BOTH, (False, False): NEITHER}

    def __bool__(self) -> bool:
        """True where there is anyone to ask."""
        return bool(self._all)

    def may_be(self, head: Head) -> bool:
        """Says whether any protocol is still possible."""
        return any(
            guarded(module.ID, module.recognise, head) is not Likeness.NO for module, _ in self._asked(head.data)
        )

    def best(self, head: Head, *, final: bool) -> Best | None:
        """Gives the dissector that fits best, None where none does or (unless `final`) one may still."""
        ranks: list[Rank] = []
        for module, by_port in self._asked(head.data):
            likeness = guarded(module.ID, module.recognise, head)
            if likeness is Likeness.NO or isinstance(likeness, Fault):
                continue
            if likeness is Likeness.MORE:
                if not final and not head.datagrams:
                    return None
                continue
            if likeness is Likeness.WEAK:
                if not by_port:
                    continue
                likeness = Likeness.LIKELY
            ranks.append((likeness, by_port, module.ID, module))
        return _highest(ranks) if ranks else None

    def climb(self, head: bytes, step: int) -> tuple[int, Best | None]:
        """Looks at the head of a stream at the lengths of the ladder from `step` on, as far as there are bytes.

        Gives the next step, and the dissector that fits best, None where none does or one still may.
        """
        if not step:
            for length in BEGINS:
                if len(head) >= length:
                    step, best = self._begun(head[:length])
                    if best:
                        return step, best
        return self._climb(head, step)

    def _begin(self, begin: bytes) -> tuple[int, Best | None]:
        return self._climb(begin, 0)

    def _climb(self, head: bytes, step: int) -> tuple[int, Best | None]:
        while step < len(LADDER) and len(head) >= LADDER[step]:
            best = self.best(Head(head[: LADDER[step]], TCP), final=False)
            step += 1
            if best:
                return step, best
        return step, None

    def wants(self, out: bool | Want, back: bool | Want) -> Wants:  # noqa: FBT001 - what `Session.wants` says
        """Gives what matters of a running session's flow: what the session wants, and what may begin another."""
        wants = self._wants.get((out, back))
        if wants is None:
            wants = self._wants[out, back] = (self._widened(out), self._widened(back))
        return wants

    def _widened(self, wanted: bool | Want) -> Want:  # noqa: FBT001
        if isinstance(wanted, bool):
            return ALL if wanted else NOTHING
        return bytes(flag or bool(rows) for flag, rows in zip(wanted, self.late, strict=True))

    def certain(self, head: Head, *, late: bool = False) -> Best | None:
        """Gives the dissector that is certain of a head (which must have bytes), None where none is."""
        ranks: list[Rank] = []
        for module, by_port in (self.late if late else self.sure)[head.data[0]]:
            if guarded(module.ID, module.recognise, head) is Likeness.CERTAIN:
                ranks.append((Likeness.CERTAIN, by_port, module.ID, module))
        return _highest(ranks) if ranks else None

    def _asked(self, data: bytes) -> tuple[Row, ...]:
        return self._by_first[data[0]] if data else self._all


def _highest(ranks: list[Rank]) -> Best:
    """Gives the best of the answers: the best likeness wins, a port breaks ties, then the id."""
    if len(ranks) == 1:
        return Best(ranks[0][3], ranks[0][0])
    ranks.sort(key=lambda rank: (-rank[0], not rank[1], rank[2]))
    tie = f"the bytes fit {ranks[0][2]} and {ranks[1][2]} alike" if ranks[0][:2] == ranks[1][:2] else ""
    return Best(ranks[0][3], ranks[0][0], tie)


def _table(rows: Iterable[tuple[Row, frozenset[int]]]) -> tuple[tuple[Row, ...], ...]:
    """Gives for each first byte the dissectors that know it."""
    known = tuple(rows)
    return tuple(tuple(row for row, firsts in known if first in firsts) for first in range(256))


class Recogniser:
    """All dissectors of one transport, and the tables that were made of them so far (one for each set of hints)."""

    __slots__ = ("_by_port", "_dissectors", "_protocol", "_tables")

    def __init__(self, dissectors: tuple[Dissector, ...], protocol: int) -> None:
        self._protocol = protocol
        self._dissectors = tuple(d for d in dissectors if protocol in d.TRANSPORT)
        ports = {port for module in self._dissectors for port in module.PORTS}
        self._by_port = {
            port: frozenset(module.ID for module in self._dissectors if port in module.PORTS) for port in ports
        }
        self._tables: dict[frozenset[str], Asked] = {}

    def asked(self, *ports: int) -> Asked:
        """Gives who is asked about a flow with these ports."""
        near = self._by_port.get(ports[0], NOBODY)
        for port in ports[1:]:
            more = self._by_port.get(port)
            near = near | more if more else near
        table = self._tables.get(near)
        if table is None:
            table = self._tables[near] = Asked(self._dissectors, near, stream=self._protocol == TCP)
        return table


@lru_cache(maxsize=64)
def recogniser(dissectors: tuple[Dissector, ...], protocol: int) -> Recogniser:
    """Gives the one recogniser of these dissectors for a transport."""
    return Recogniser(dissectors, protocol)
