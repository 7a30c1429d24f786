"""The book of sightings: what was recognised where, kept small while the capture streams by, summed up at the end."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from iotaudit.detect.masks import ALL, sample
from iotaudit.detect.node import Hit, Node
from iotaudit.detect.values import as_mac, normal
from iotaudit.model.data_types import DataType, KnownValue
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.lanes import LANES
from iotaudit.model.raw import Content

SIGHTINGS = 200_000 // LANES
"""Bound of distinct (value, flow, channel) of a lane; later ones count as one value per type."""
CANDIDATES = 40_000 // LANES
PACKETS = 32
RECEIVED = frozenset({"usage.command"})
"""Types that count where the device receives them; all others count where it sends them."""
VALUES_LISTED = 100
"""Distinct values of one type to one destination that get a row of their own; the rest share one."""
MANY = "\0many"
RANK = {Confidence.INFERRED: 0, Confidence.DETECTED: 1, Confidence.PROVEN: 2}

Key = tuple[str, str, int, bool, str]
Row = tuple[str, str, str, str]
"""Data type, destination, channel, value."""


@dataclass(frozen=True, slots=True)
class FlowRef:
    """What the end of the capture knows of a flow: `destination` is None where no audited device is in it."""

    flow_id: str
    destination: str | None
    local: bool
    device_is_client: bool


@dataclass(slots=True, repr=False)
class Sighting:
    """Equal hits of one flow, direction and channel; place, path and ground are those of the surest one."""

    confidence: Confidence
    where: str
    path: tuple[str, ...]
    sample: str
    shape: str
    reasoning: str
    first: int
    packet: int
    offset: int | None
    packets: list[int] = field(default_factory=list)
    count: int = 0

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Sighting({self.confidence.value}, {self.count})"


@dataclass(frozen=True, slots=True, repr=False)
class OwnMatch:
    """A candidate that turned out to be the device's own value."""

    data_type: str
    value: str
    reasoning: str
    steps: tuple[str, ...] = ()


class Book:
    """Collects hits of the flows of a lane.

    `overflow` counts what found no room and was summed up instead.
    """

    __slots__ = ("_candidates", "_rows", "overflow")

    def __init__(self) -> None:
        self._rows: dict[Key, Sighting] = {}
        self._candidates: dict[Key, Sighting] = {}
        self.overflow = 0

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Book({len(self._rows)} sightings)"

    def add(self, content: Content, node: Node, hit: Hit, offset: int | None = None) -> None:
        """Adds one hit of one body; `offset` is where in it the value stands."""
        rows, bound = (self._candidates, CANDIDATES) if hit.candidate else (self._rows, SIGHTINGS)
        key = (hit.data_type, hit.value, content.flow, content.outbound, content.channel)
        row = rows.get(key)
        if row is None:
            if len(rows) >= bound:
                self.overflow += 1
                if hit.candidate:
                    return
                key = (hit.data_type, MANY, *key[2:])
                row = rows.get(key)
            if row is None:
                rows[key] = row = _start(content, node, hit, offset)
        elif hit.confidence is not row.confidence and RANK[hit.confidence] > RANK[row.confidence]:
            better = _start(content, node, hit, offset)
            better.count, better.packets, better.first = row.count, row.packets, row.first
            rows[key] = row = better
        row.count += 1
        if len(row.packets) < PACKETS and (not row.packets or row.packets[-1] != content.packet):
            row.packets.append(content.packet)
        row.first = min(row.first, content.packet)

    def join(self, other: "Book") -> None:
        """Takes over what the book of another lane has: sightings of other flows."""
        self._rows.update(other._rows)
        self._candidates.update(other._candidates)
        self.overflow += other.overflow

    def settle(self, own: dict[str, OwnMatch]) -> None:
        """Makes sightings of the candidates that are the device's own, and proves hits that are; drops the rest."""
        for key, row in self._candidates.items():
            match = own.get(key[1])
            if match is not None and (not key[0] or key[0] == match.data_type):
                row.confidence, row.reasoning = Confidence.PROVEN, match.reasoning
                row.path = (*row.path, *match.steps)
                self._join((match.data_type, match.value, *key[2:]), row)
        self._candidates.clear()
        for key, row in self._rows.items():
            match = own.get(key[1])
            if match is not None and match.data_type == key[0] and not match.steps:
                row.confidence, row.reasoning = Confidence.PROVEN, match.reasoning

    def fold(self, twins: Mapping[int, int]) -> None:
        """Gives the sightings of some flows to others that are the same conversation; what both show counts once."""
        for key in [key for key in self._rows if key[2] in twins]:
            row = self._rows.pop(key)
            to = (*key[:2], twins[key[2]], *key[3:])
            old = self._rows.get(to)
            if old is not None:
                count = max(old.count, row.count)
                row = _joined([old, row])
                row.count = count
            self._rows[to] = row

    def _join(self, key: Key, row: Sighting) -> None:
        old = self._rows.get(key)
        self._rows[key] = row if old is None else _joined([old, row])

    def exposures(
        self, types: dict[str, DataType], refs: dict[int, FlowRef]
    ) -> tuple[tuple[Exposure, str], ...]:
        """Gives what the audited devices sent (and of `RECEIVED` got), merged by type, destination, channel and value.

        With each comes its value as it was met first: for `--reveal` alone.
        """
        merged: dict[Row, list[Sighting]] = defaultdict(list)
        flows: dict[Row, set[str]] = defaultdict(set)
        for key, row in sorted(self._rows.items(), key=lambda item: (item[1].first, item[0])):
            data_type, value, flow, outbound, channel = key
            ref = refs.get(flow)
            if (
                ref is None
                or ref.destination is None
                or (outbound == ref.device_is_client) == (data_type in RECEIVED)
                or data_type not in types
            ):
                continue
            to = (data_type, ref.destination, channel, value)
            merged[to].append(row)
            flows[to].add(ref.flow_id)
        return _number(_listed({to: _joined(rows) for to, rows in merged.items()}, flows), types)


def own_matches(
    values: Iterable[KnownValue], digests: dict[str, tuple[KnownValue, str]]
) -> dict[str, OwnMatch]:
    """Gives what the capture shows of the devices, by every normal form and digest in which it may be met."""
    found: dict[str, OwnMatch] = {}
    for value in values:
        plain = as_mac(value.value) or normal(value.data_type, value.value)
        data_type = value.data_type
        if data_type == "device.ip.internal" and _is_public(value.value):
            data_type = "device.ip.public"
        found[plain] = OwnMatch(
            data_type, plain, f"equals the device's own {value.label} in the frames"
        )
    for digest, (value, name) in digests.items():
        if value.data_type == "device.mac":
            ground = f"{name} of the device's own {value.label} in the frames"
            found[digest] = OwnMatch(
                value.data_type,
                as_mac(value.value) or normal(value.data_type, value.value),
                ground,
                (name,),
            )
    return found


def _is_public(text: str) -> bool:
    return ipaddress.ip_address(text).is_global


def _start(content: Content, node: Node, hit: Hit, offset: int | None) -> Sighting:
    return Sighting(
        hit.confidence,
        content.where,
        (*node.path, *hit.steps),
        hit.sample or (hit.texts[0] if hit.texts else ""),
        hit.shape,
        hit.reasoning,
        content.packet,
        content.packet,
        offset,
    )


def _joined(rows: list[Sighting]) -> Sighting:
    """Gives several as one: the surest (then the earliest) lends place and ground."""
    if len(rows) == 1:
        return rows[0]
    best = min(rows, key=lambda s: (-RANK[s.confidence], s.first))
    return Sighting(
        best.confidence,
        best.where,
        best.path,
        best.sample,
        best.shape,
        best.reasoning,
        min(row.first for row in rows),
        best.packet,
        best.offset,
        sorted({packet for row in rows for packet in row.packets})[:PACKETS],
        sum(row.count for row in rows),
    )


def _listed(
    merged: dict[Row, Sighting], flows: dict[Row, set[str]]
) -> Iterator[tuple[Row, Sighting, tuple[str, ...]]]:
    """Gives the rows, with what exceeds `VALUES_LISTED` of a type and destination as one row."""
    seen: dict[tuple[str, str, str], int] = defaultdict(int)
    rest: dict[Row, list[Sighting]] = defaultdict(list)
    rest_flows: dict[Row, set[str]] = defaultdict(set)
    for key, row in sorted(merged.items(), key=lambda item: (item[1].first, item[0])):
        seen[key[:3]] += 1
        if seen[key[:3]] <= VALUES_LISTED and key[3] != MANY:
            yield key, row, tuple(flows[key])
            continue
        many = (*key[:3], MANY)
        rest[many].append(row)
        rest_flows[many] |= flows[key]
    for key, rows in rest.items():
        yield key, _joined(rows), tuple(rest_flows[key])


def _number(
    rows: Iterable[tuple[Row, Sighting, tuple[str, ...]]], types: dict[str, DataType]
) -> tuple[tuple[Exposure, str], ...]:
    """Gives the exposures with their ids and value groups, in order of type, first packet, destination; and their values."""
    ordered = sorted(rows, key=lambda r: (r[0][0], r[1].first, r[0][1], r[0][2], r[0][3]))
    groups: dict[tuple[str, str], str] = {}
    found = []
    for number, (key, row, flows) in enumerate(ordered, 1):
        data_type, destination, channel, value = key
        group = groups.setdefault((data_type, value), f"v{len(groups) + 1}")
        about = types[data_type]
        exposure = Exposure(
            id=f"exp{number}",
            data_type=data_type,
            title=about.title,
            destination=destination,
            confidence=row.confidence,
            channel=Channel(channel),
            where=row.where,
            decoding=row.path,
            masked_sample=ALL if value == MANY else sample(row.sample, row.shape),
            count=row.count,
            packets=tuple(row.packets[:PACKETS]),
            flows=tuple(sorted(flows, key=_natural)),
            value_group=group,
            sensitivity=about.sensitivity,
            gdpr_class=about.gdpr_class,
            reasoning=row.reasoning,
            packet=row.packet,
            offset=row.offset,
        )
        found.append((exposure, row.sample))
    return tuple(found)


def _natural(flow_id: str) -> tuple[int, str]:
    """Orders `f2` before `f10`."""
    return len(flow_id), flow_id
