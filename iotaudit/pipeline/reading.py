"""Reading the inputs: capture → assemble → dissect → detect, as batches stream by.

Flows are dealt out to lanes (`model.lanes`). A reading looks into the flows of its own lanes alone, by default all of
them, and may be joined with what readings of the other lanes gathered; whatever is not of one flow, each works out whole.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter

from iotaudit import detect, dissect, native
from iotaudit.assemble import Assembler
from iotaudit.assemble.weblog import WebLog
from iotaudit.capture import InputReader
from iotaudit.capture.duplicates import DuplicateFrames
from iotaudit.capture.layers import arp_senders, decode
from iotaudit.capture.order import TimeOrder, by_input
from iotaudit.capture.repeats import RepeatedFrames
from iotaudit.capture.wpa import WifiOpener
from iotaudit.codec.keylog import KeyLog
from iotaudit.dissect import FlowDissector
from iotaudit.dissect.weblog import read_exchange
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import FlowSummary
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.lanes import ALL_LANES, LANES, lane_of
from iotaudit.model.packets import input_of, packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Content, Exchange, FrameBatch, Secret, Segment
from iotaudit.model.want import BOTH, NEITHER

LOSSES = frozenset({"decryption_stopped"})
"""Kinds of oddities by which content of a flow that counts as read was lost."""
EVENTS_KEPT = 2_000_000 // LANES
"""Bound of kept events (DNS answers and the like) of a lane; beyond it they are counted as a problem."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading is: bytes of all inputs (`total_len` None on a pipe or a file that grows) and packets so far."""

    stage: str
    done_len: int
    total_len: int | None
    packets: int


@dataclass(slots=True)
class Lane:
    """What is kept of the flows of one lane; the detector keeps the rest."""

    problems: ProblemTally = field(default_factory=ProblemTally)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Gathered:
    """What a reading of some lanes hands over to that of the others; `packets` is the number that it counted."""

    packets: int
    lanes: dict[int, Lane]
    ledgers: dict[int, detect.Ledger]
    summaries: dict[int, FlowSummary]
    used_keys: frozenset[bytes]
    late_keys: dict[int, int]


@dataclass(slots=True)
class Reading:
    """What is gathered while the inputs stream by. `items` counts what the inputs gave, batches mostly.

    `keys` begin as those of the key logs; the inputs may hold more. `shaped`: the rhythm of the flows is kept, which one
    of several readings does for all.
    """

    detector: detect.Detector
    own_lanes: tuple[int, ...] = ALL_LANES
    problems: ProblemTally = field(default_factory=ProblemTally)
    marks: list[Mark] = field(default_factory=list)
    summaries: dict[int, FlowSummary] = field(default_factory=dict)
    weblog: WebLog = field(default_factory=WebLog)
    packets: int = 0
    items: int = 0
    interrupted: bool = False
    wifi: WifiOpener | None = None
    keys: KeyLog = field(default_factory=KeyLog)
    shaped: bool = True
    assembler: Assembler = field(init=False)
    _lanes: dict[int, Lane] = field(init=False)
    _duplicates: DuplicateFrames = field(default_factory=DuplicateFrames)
    _repeats: RepeatedFrames | None = None
    _late: Counter[int] = field(default_factory=Counter)
    _open: dict[int, FlowDissector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lanes = {lane: Lane() for lane in self.own_lanes}
        streams = {number: lane.problems for number, lane in self._lanes.items()}
        self.assembler = Assembler(
            self.problems, accelerator=native.engine(), streams=streams, shaped=self.shaped
        )

    def read(
        self,
        readers: tuple[InputReader, ...],
        progress: Callable[[Progress], None] | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> None:
        """Reads all inputs to their ends, or to the user's Ctrl-C, as one in the order of time.

        Args:
            readers: the inputs.
            progress: called after each item.
            watch: called after each item with the number of items so far; may raise, also KeyboardInterrupt.
        """
        sizes = [reader.total_len for reader in readers]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        if len(readers) > 1:
            self._repeats = RepeatedFrames([reader.name for reader in readers])
        with closing(TimeOrder(readers)) as order:
            try:
                for reader, item in order:
                    self._take_item(item, reader)
                    self.items += 1
                    if progress:
                        done = sum(r.done_len for r in readers)
                        progress(Progress("read", done, total, self.packets))
                    if watch:
                        watch(self.items)
            except KeyboardInterrupt:
                self.interrupted = True
                for reader, begun in order.unfinished():
                    detail = "stopped by the user" if begun else "not read"
                    self.problems.add(Problem("interrupted", reader.index, detail=detail, loses_payload=True))
        self._take_segments(self.assembler.flush())
        for number in sorted(self._open):
            self._close(number)
        for finder in (self._duplicates, self._repeats, self.wifi):
            for problem in finder.problems() if finder else ():
                self.problems.add(problem)

    def gathered(self) -> Gathered:
        """Gives what was kept of the own lanes."""
        return Gathered(self.packets, self._lanes, self.detector.ledgers(self.own_lanes), self.summaries, frozenset(self.keys.used), self._late)

    def join(self, gathered: Gathered) -> None:
        """Takes over what a reading of other lanes kept."""
        self._lanes.update(gathered.lanes)
        self.detector.take_over(gathered.ledgers)
        self.summaries.update(gathered.summaries)
        self.keys.used |= gathered.used_keys
        for index, count in gathered.late_keys.items():
            self._late[index] += count

    def events(self) -> tuple[Event, ...]:
        """Gives the events of all lanes in order of packets, then flows; those of one flow and packet as they came."""
        lanes = (self._lanes[number].events for number in sorted(self._lanes))
        return tuple(sorted(chain.from_iterable(lanes), key=attrgetter("packet", "flow")))

    def inputs(self, readers: tuple[InputReader, ...]) -> tuple[InputFacts, ...]:
        """Gives the facts about each input, with what was found in it."""
        tally = ProblemTally()
        for one in (self.problems, *(self._lanes[number].problems for number in sorted(self._lanes))):
            for problem in one.rows():
                tally.add(problem)
        for index, count in self._late.items():
            if count:
                detail = "secrets that stand in the file behind the handshakes that they belong to"
                tally.add(Problem("decryption_failed", index, detail=detail, count=count))
        return tuple(
            replace(
                facts,
                problems=tuple(
                    sorted(
                        facts.problems + tally.rows(reader.index),
                        key=lambda p: (p.kind, p.packet or 0, p.offset or 0, p.detail),
                    )
                ),
            )
            for reader in readers
            for facts in [reader.facts()]
        )

    def _take_item(self, item: object, reader: InputReader) -> None:
        match item:
            case FrameBatch():
                self.packets += len(item.number)
                for part in by_input(item):
                    self._duplicates.feed(part)
                    if self._repeats:
                        self._repeats.feed(part)
                batch = self.wifi.open(item) if self.wifi else item
                self._take_segments(self.assembler.feed(decode(batch, self.problems)))
                for number in self.assembler.take_ended():
                    if number in self._open:
                        self._close(number)
                senders = arp_senders(batch, self.problems)
                self.assembler.arp(senders.number, senders.mac, senders.ip)
            case Exchange():
                self.packets += 1
                self._take_exchange(item, packet_id(reader.index, item.number))
            case Mark():
                self.marks.append(item)
            case Secret(kind="tls"):
                late = self.keys.late
                self.keys.add(item.data)
                self._late[reader.index] += self.keys.late - late
            case _:
                pass  # secrets of protocols that are not opened

    def _take_exchange(self, exchange: Exchange, packet: int) -> None:
        number = self.weblog.add(exchange, packet)
        if lane_of(number) not in self.own_lanes:
            return
        seen, summary = read_exchange(number, packet, exchange)
        self._take_output(number, seen)
        old = self.summaries.get(number)
        self.summaries[number] = dissect.weblog.merge(old, summary) if old else summary

    def _take_segments(self, segments: Iterable[Segment]) -> None:
        known = self._open
        for segment in segments:
            number = segment.flow
            dissector = known.get(number)
            if dissector is None:
                if number in self.summaries:
                    continue
                dissector = known[number] = dissect.open_flow(
                    number, *self.assembler.endpoints(number), self.keys
                )
            seen = dissector.feed(segment)
            if seen:
                self._take_output(number, seen)
            wants = dissector.want
            if wants is not BOTH:
                self.assembler.want(number, wants)
                if wants == NEITHER:
                    self._close(number)

    def _close(self, number: int) -> None:
        dissector = self._open.pop(number)
        self._take_output(number, dissector.close())
        self.summaries[number] = dissector.summary()

    def _take_output(self, number: int, seen: Iterable[Event | Content]) -> None:
        lane = self._lanes[lane_of(number)]
        for item in seen:
            if isinstance(item, Content):
                self.detector.feed(item)
            elif isinstance(item, Oddity):
                lost = item.kind in LOSSES
                place = input_of(item.packet), item.packet, None
                lane.problems.add(Problem(item.kind, *place, item.detail, loses_payload=lost))
            elif isinstance(item, NameSeen):
                continue  # the flow's summary has it
            elif len(lane.events) < EVENTS_KEPT:
                lane.events.append(item)
            else:
                lane.problems.add(Problem("event_limit", input_of(item.packet), item.packet, loses_payload=True))
