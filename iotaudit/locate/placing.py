"""What is concluded of each address; what follows for many addresses alike is worked out once, and shared.

The look-ups answer most addresses with the same few objects: all that follows from those alone (network, rows, case of
the fusion table, zone) is kept by them. What only one address has are the rows of its names and of its round trip.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from iotaudit.locate import round_trip
from iotaudit.locate.fusion import Conclusion, Host, judged, ordered
from iotaudit.locate.operator import Network, NetworkBook
from iotaudit.locate.round_trip import Reach
from iotaudit.model.destinations import DestinationSeed, Evidence, Location, Operator, Status, Zone
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.quick import quick
from iotaudit.model.result import Settings

KNOWN = (Status.CONFIRMED, Status.CLAIMED)
FRONT_KINDS = frozenset({"cdn", "resolver"})
"""Kinds of organisations whose addresses answer at many places, listed as anycast or not."""
NO_NETWORK = Network(Operator(), cloud=False, places=(), entities=())
HEARD_KEPT = 1 << 14


class Source(Protocol):
    """A location source: a module of this room."""

    ID: str
    KIND: str

    def evidence(
        self, seed: DestinationSeed, knowledge: Knowledge, settings: Settings, /
    ) -> tuple[Evidence, ...]:
        """Gives what the source says of a seed's address, () where it is silent."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Ruling:
    """What rows lead to, whatever their words. `zone` is None where the round trip tells it, not the country.

    `shared` is for what is worked out of a ruling later, by what else it depends on.
    """

    conclusion: Conclusion
    zone: Zone | None
    anycast: bool
    shared: dict[Hashable, Any] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Placed:
    """One seed with all that was concluded of its address; `ruling` is None where no source was asked."""

    seed: DestinationSeed
    location: Location
    zone: Zone
    network: Network
    local: bool
    note: str = ""
    ruling: Ruling | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What follows for every address that the look-ups answer with the same objects."""

    network: Network
    host: Host
    head: tuple[Evidence, ...]
    tail: tuple[Evidence, ...]
    """The rows before and behind those of a round trip."""
    countries: tuple[str, ...]
    location: Location
    ruling: Ruling
    rulings: dict[Hashable, Ruling]
    """Rulings with rows of one seed besides, by what counts of those."""


class Placer:
    """Places the seeds of one run."""

    __slots__ = ("_by_address", "_by_name", "_heard", "_horizon", "_kept", "_knowledge", "_networks", "_settings", "_zone_of")

    def __init__(
        self,
        by_address: tuple[Source, ...],
        by_name: tuple[Source, ...],
        knowledge: Knowledge,
        settings: Settings,
    ) -> None:
        """Takes the sources.

        Args:
            by_address: those whose rows follow from the answers of the look-ups for an address, and nothing else.
            by_name: those that read the names of a seed.
            knowledge: opened look-ups.
            settings: `as_of` and `lab_position` count.
        """
        self._by_address = by_address
        self._by_name = by_name
        self._knowledge = knowledge
        self._settings = settings
        self._horizon = round_trip.horizon_of(knowledge, settings)
        self._networks = NetworkBook(knowledge)
        self._heard: dict[tuple[int, ...], _Heard] = {}
        self._kept: list[object] = []
        """The objects whose ids are keys of `_heard`, so that no id is given anew."""
        self._zone_of: Callable[[str | None], Zone] = cache(lambda code: knowledge.zones.zone(code, settings.as_of))

    def place(self, seed: DestinationSeed) -> Placed:
        """Gives all that is concluded of a seed's address."""
        if seed.local:
            location = Location(None, Status.UNKNOWN, (), "local")
            return Placed(seed, location, Zone.LOCAL, NO_NETWORK, local=True)
        if not seed.ip:
            location = Location(None, Status.UNKNOWN, (), "no_address")
            note = "the capture does not show the address: a proxy spoke for the device"
            return Placed(seed, location, Zone.UNKNOWN, NO_NETWORK, local=False, note=note)
        special = self._knowledge.special.find(seed.ip)
        if special is not None:
            local = special.kind == "local"
            location = Location(None, Status.UNKNOWN, (), "local" if local else "not_a_public_address")
            zone = Zone.LOCAL if local else Zone.UNKNOWN
            note = f"{seed.ip}: {special.title} ({special.source})"
            return Placed(seed, location, zone, NO_NETWORK, local=local, note=note)
        return self._placed(seed)

    def _placed(self, seed: DestinationSeed) -> Placed:
        heard = self._heard_of(seed)
        network = heard.network
        named = self._named(seed) if network.entities and (seed.name or seed.aliases) else ()
        reach = self._horizon.reach_of(seed) if self._horizon else None
        timed = self._timed(seed, reach, heard, named) if reach or (seed.rtt_unused and self._horizon) else ()
        if not named and not timed:
            location, ruling = heard.location, heard.ruling
        else:
            rows = self._rows(heard, named, timed)
            ruling = self._ruling(heard, (*named, *timed), rows)
            conclusion = ruling.conclusion
            location = Location(conclusion.country, conclusion.status, rows, conclusion.why)
        zone = ruling.zone or (reach.zone if reach else Zone.UNKNOWN)
        return Placed(seed, location, zone, network, local=False, ruling=ruling)

    def _heard_of(self, seed: DestinationSeed) -> _Heard:
        ip, knowledge = seed.ip, self._knowledge
        answers: list[object] = [database.look_up(ip) for database in knowledge.databases]
        answers += knowledge.networks.look_up(ip), knowledge.anycast.find(ip)
        key = tuple(map(id, answers))
        heard = self._heard.get(key)
        if heard is None:
            heard = self._hear(seed)
            if len(self._heard) < HEARD_KEPT:
                self._heard[key] = heard
                self._kept += answers
        return heard

    def _hear(self, seed: DestinationSeed) -> _Heard:
        network = self._networks.network_of(seed.ip)
        host = Host(
            cloud=network.cloud,
            front=any(entity.kind in FRONT_KINDS for entity in network.entities),
            places=network.places,
            announced=network.operator.asn is not None,
        )
        rows = ordered([row for s in self._by_address for row in s.evidence(seed, self._knowledge, self._settings)])
        ruling = self._ruled(rows, host)
        conclusion = ruling.conclusion
        return _Heard(
            network=network,
            host=host,
            head=tuple([row for row in rows if row.source < round_trip.ID]),
            tail=tuple([row for row in rows if row.source >= round_trip.ID]),
            countries=tuple(sorted({row.country for row in rows if row.country})),
            location=Location(conclusion.country, conclusion.status, rows, conclusion.why),
            ruling=ruling,
            rulings={},
        )

    def _named(self, seed: DestinationSeed) -> tuple[Evidence, ...]:
        return tuple([row for s in self._by_name for row in s.evidence(seed, self._knowledge, self._settings)])

    def _timed(
        self, seed: DestinationSeed, reach: Reach | None, heard: _Heard, named: tuple[Evidence, ...]
    ) -> tuple[Evidence, ...]:
        """Gives the rows of a round trip, what it disproves among them."""
        rows = round_trip.evidence_within(reach, seed)
        if reach is None or self._horizon is None:
            return rows
        countries = heard.countries
        if named:
            countries = tuple(sorted({*countries, *[row.country for row in named if row.country]}))
        return rows + self._horizon.disproved(countries, reach)

    def _rows(
        self, heard: _Heard, named: tuple[Evidence, ...], timed: tuple[Evidence, ...]
    ) -> tuple[Evidence, ...]:
        """Gives all rows in order; those of a round trip stand together."""
        if named:
            return ordered((*heard.head, *named, *timed, *heard.tail))
        return heard.head + ordered(timed) + heard.tail

    def _ruling(self, heard: _Heard, own: Iterable[Evidence], rows: tuple[Evidence, ...]) -> Ruling:
        key = tuple([(row.source, row.kind, row.country, row.family) for row in own])
        ruling = heard.rulings.get(key)
        if ruling is None:
            ruling = heard.rulings[key] = self._ruled(rows, heard.host)
        return ruling

    def _ruled(self, rows: tuple[Evidence, ...], host: Host) -> Ruling:
        conclusion = judged(rows, host)
        return Ruling(conclusion, self._zone(conclusion, rows), anycast="anycast" in [row.source for row in rows])

    def _zone(self, conclusion: Conclusion, rows: tuple[Evidence, ...]) -> Zone | None:
        """Gives the zone; a disputed location has one only where all that sources name lies in the same zone."""
        if conclusion.why == "beyond_reach":
            return Zone.UNKNOWN
        if conclusion.status is Status.DISPUTED:
            zones = {self._zone_of(row.country) for row in rows if row.country}
            return zones.pop() if len(zones) == 1 else Zone.UNKNOWN
        if conclusion.status in KNOWN and conclusion.country is None:
            return None
        return self._zone_of(conclusion.country)
