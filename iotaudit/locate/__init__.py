"""Where destinations are, who runs them, under whose law: evidence first, then one conclusion per address.

`SOURCES` is the one list of location sources; `fusion.py` has the table of cases, docs/sources/ a page for each.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from iotaudit.locate import (
    anycast,
    dbip,
    geoip,
    ipfire,
    published,
    region_name,
    registry,
    round_trip,
)
from iotaudit.locate.fusion import Host, conclude
from iotaudit.locate.laws import LawBook
from iotaudit.locate.operator import NOBODY, Network, NetworkBook, Ownership, ownership_of
from iotaudit.locate.party import NO_NAME, is_resolver_only, party_of
from iotaudit.locate.round_trip import Reach
from iotaudit.model.destinations import (
    AddressLocation,
    Destination,
    DestinationSeed,
    Evidence,
    Location,
    Operator,
    Party,
    Status,
    Zone,
)
from iotaudit.model.knowledge import Entity, Knowledge
from iotaudit.model.result import Settings


class Source(Protocol):
    """A location source: a module of this room."""

    ID: str
    KIND: str

    def evidence(
        self, seed: DestinationSeed, knowledge: Knowledge, settings: Settings, /
    ) -> tuple[Evidence, ...]:
        """Gives what the source says of a seed's address, () where it is silent."""
        ...


SOURCES: tuple[Source, ...] = (
    dbip,
    ipfire,
    geoip,
    published,
    region_name,
    anycast,
    registry,
    round_trip,
)
"""Every location source, in the order of trial; the order never decides a result."""

BY_ADDRESS = tuple(source for source in SOURCES if source.ID != round_trip.ID)
"""Those that are asked of each address; what a round trip tells is worked out once, for evidence and disproofs."""
OUTSIDE = (Zone.THIRD_COUNTRY, Zone.ADEQUATE)
INSIDE = (Zone.EU, Zone.EEA)
KNOWN = (Status.CONFIRMED, Status.CLAIMED)
FRONT_KINDS = frozenset({"cdn", "resolver"})
"""Kinds of organisations whose addresses answer at many places, listed as anycast or not."""
STAYS, UNSURE, LEAVES = 0, 1, 2
NO_NETWORK = Network(Operator(), cloud=False, places=(), entities=())
CONCLUSIONS_KEPT = 1 << 14


@dataclass(frozen=True, slots=True)
class Placed:
    """One seed with all that was concluded of its address."""

    seed: DestinationSeed
    location: Location
    zone: Zone
    network: Network
    local: bool
    note: str = ""


def locate(
    seeds: tuple[DestinationSeed, ...],
    knowledge: Knowledge,
    settings: Settings,
    first_party: tuple[str, ...] = (),
) -> tuple[Destination, ...]:
    """Gives one destination per name and operator, or per address where there is no name.

    Args:
        seeds: what traffic shows of each peer address under each name, in any order.
        knowledge: opened look-ups.
        settings: `as_of` decides which decisions and laws hold.
        first_party: domains of the device's vendor.

    Returns:
        Sorted by name (or address) and network number, with ids `dst1` and on.
    """
    run = _Run(knowledge, settings, first_party)
    groups: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
    for seed in sorted(round_trip.screened(seeds, knowledge, settings), key=_seed_order):
        placed = run.place(seed)
        groups[_group(placed)].append(placed)
    return tuple(
        _destination(f"dst{number}", group, run)
        for number, group in enumerate(sorted(groups.values(), key=_row_order), 1)
    )


class _Run:
    """One run over all seeds: what it asks, and answers that many addresses share."""

    __slots__ = ("_concluded", "_hosts", "_networks", "adequacy", "as_of", "book", "country_notes", "first_party", "horizon",
                 "knowledge", "settings", "zone_of")  # fmt: skip

    def __init__(self, knowledge: Knowledge, settings: Settings, first_party: tuple[str, ...]) -> None:
        self.knowledge = knowledge
        self.settings = settings
        self.first_party = first_party
        self.horizon = round_trip.horizon_of(knowledge, settings)
        self.book = LawBook(knowledge, settings.as_of)
        self.zone_of = cache(lambda code: knowledge.zones.zone(code, settings.as_of))
        self.adequacy = cache(lambda code: knowledge.zones.adequacy(code, settings.as_of))
        self.country_notes = cache(lambda code: _country_notes(code, knowledge, settings.as_of))
        self._networks = NetworkBook(knowledge)
        self._hosts: dict[int, Host] = {}
        """By the id of a network of the book, which keeps it."""
        self._concluded: dict[tuple[int, ...], tuple[Location, list[Evidence], Network]] = {}

    def place(self, seed: DestinationSeed) -> Placed:
        """Gives all that is concluded of a seed's address."""
        if seed.local:
            location = Location(None, Status.UNKNOWN, (), "local")
            return Placed(seed, location, Zone.LOCAL, NO_NETWORK, local=True)
        if not seed.ip:
            location = Location(None, Status.UNKNOWN, (), "no_address")
            note = "the capture does not show the address: a proxy spoke for the device"
            return Placed(seed, location, Zone.UNKNOWN, NO_NETWORK, local=False, note=note)
        special = self.knowledge.special.find(seed.ip)
        if special is not None:
            local = special.kind == "local"
            location = Location(None, Status.UNKNOWN, (), "local" if local else "not_a_public_address")
            zone = Zone.LOCAL if local else Zone.UNKNOWN
            note = f"{seed.ip}: {special.title} ({special.source})"
            return Placed(seed, location, zone, NO_NETWORK, local=local, note=note)
        network = self._networks.network_of(seed.ip)
        reach = self.horizon.reach_of(seed) if self.horizon else None
        location = self._conclude(seed, network, reach)
        zone = self._zone(location)
        if location.status in KNOWN and location.country is None:
            zone = reach.zone if reach else Zone.UNKNOWN
        return Placed(seed, location, zone, network, local=False)

    def _conclude(self, seed: DestinationSeed, network: Network, reach: Reach | None) -> Location:
        """Gives the conclusion; seeds without a round trip whose rows are the same objects share it."""
        rows: list[Evidence] = []
        for source in BY_ADDRESS:
            rows += source.evidence(seed, self.knowledge, self.settings)
        if self.horizon:
            rows += round_trip.evidence_within(reach, seed)
        if reach is not None and self.horizon:
            rows += self.horizon.disproofs(rows, reach)
            return conclude(rows, self._host(network))
        key = (id(network), *map(id, rows))
        known = self._concluded.get(key)
        if known is not None:
            return known[0]
        location = conclude(rows, self._host(network))
        if len(self._concluded) < CONCLUSIONS_KEPT:  # with all that has an id in the key, so that no id is given anew
            self._concluded[key] = location, rows, network
        return location

    def _host(self, network: Network) -> Host:
        found = self._hosts.get(id(network))
        if found is None:
            found = self._hosts[id(network)] = Host(
                cloud=network.cloud,
                front=any(entity.kind in FRONT_KINDS for entity in network.entities),
                places=network.places,
                announced=network.operator.asn is not None,
            )
        return found

    def _zone(self, location: Location) -> Zone:
        """Gives the zone; a disputed location has one only where all that sources name lies in the same zone."""
        if location.why == "beyond_reach":
            return Zone.UNKNOWN
        if location.status is Status.DISPUTED:
            zones = {self.zone_of(row.country) for row in location.evidence if row.country}
            return zones.pop() if len(zones) == 1 else Zone.UNKNOWN
        return self.zone_of(location.country)


def _country_notes(country: str, knowledge: Knowledge, as_of: str) -> tuple[str, ...]:
    notes = []
    fact = knowledge.country_fact(country, as_of)
    if fact is not None and fact.decision:
        notes.append(f"adequacy decision {fact.decision}, scope: {fact.scope}")
    territory = knowledge.zones.territories.get(country)
    if territory is not None and territory.certainty == "cautious":
        notes.append(territory.note)
    return tuple(sorted(set(notes)))


def _group(placed: Placed) -> tuple[str, str, str]:
    seed = placed.seed
    side = "local" if placed.local else ""
    if not seed.name:
        return side, "", seed.ip
    return side, seed.name, "" if placed.local else _operator_key(placed.network)


def _operator_key(network: Network) -> str:
    if network.entities:
        return network.entities[0].id
    return f"AS{network.operator.asn}" if network.operator.asn is not None else ""


def _destination(ident: str, group: list[Placed], run: _Run) -> Destination:
    seeds = [placed.seed for placed in group]
    whole = _merged(seeds)
    name = whole.name or None
    local = group[0].local
    worst = _worst(group)
    operator = _one_operator(group)
    owned = NOBODY if local else ownership_of(name, seeds, [p.network for p in group], run.knowledge)
    behind = tuple([o for o in owned.domain if not any(o in p.network.entities for p in group)])
    if local:
        party, ground = Party.UNKNOWN, ""
    elif name is None and all(map(_is_no_service, group)):
        party, ground = Party.UNKNOWN, NO_NAME
    else:
        party, ground = party_of(name, seeds, run.knowledge, run.first_party)
    locations = [p.location for p in group]
    return Destination(
        id=ident,
        name=name,
        ips=_ips(group),
        registrable_domain=run.knowledge.registrable(name) if name else None,
        party=party,
        operator=operator,
        location=worst.location,
        zone=worst.zone,
        adequacy="met" if worst.zone is Zone.LOCAL else run.adequacy(worst.location.country),
        access_laws=()
        if local
        else run.book.laws_for(locations, operator, _entities(group), behind, owned.certified),
        bytes_out=whole.bytes_out,
        bytes_in=whole.bytes_in,
        payload_out=whole.payload_out,
        flows=whole.flows,
        addresses=_addresses(group),
        devices=whole.devices,
        name_source=whole.name_source,
        first_packet=whole.first_packet,
        payload_packet=whole.payload_packet,
        hard_coded=not local and name is None and bool(whole.ip) and not any(map(_has_reason, seeds)),
        notes=_notes(group, worst, owned, run),
        owner=owned.owner,
        party_ground=ground,
    )


def _is_no_service(placed: Placed) -> bool:
    """Tells whether the anycast table was asked and is silent: then no table knows a nameless address as a service."""
    return placed.network is not NO_NETWORK and anycast.ID not in [row.source for row in placed.location.evidence]


def _has_reason(seed: DestinationSeed) -> bool:
    """Tells whether something besides the device's own software may have led to the address."""
    return bool(seed.aliases) or seed.outer_name or is_resolver_only(seed)


def _merged(seeds: list[DestinationSeed]) -> DestinationSeed:
    """Gives the first seed with the sums, flows, devices and packets of all."""
    first = seeds[0]
    if len(seeds) == 1 and len(first.flows) < 2 and len(first.devices) < 2:
        return first
    named = min(
        (s for s in seeds if s.name_packet is not None),
        key=lambda s: s.name_packet or 0,
        default=first,
    )
    payload = [s.payload_packet for s in seeds if s.payload_packet is not None]
    return replace(
        first,
        name_source=named.name_source,
        bytes_out=sum(s.bytes_out for s in seeds),
        bytes_in=sum(s.bytes_in for s in seeds),
        payload_out=sum(s.payload_out for s in seeds),
        flows=tuple(dict.fromkeys(f for s in seeds for f in s.flows)),
        first_packet=min(s.first_packet for s in seeds),
        payload_packet=min(payload, default=None),
        devices=tuple(sorted({d for s in seeds for d in s.devices})),
    )


def _one_operator(group: list[Placed]) -> Operator:
    """Gives the operator of the group; several networks of one organisation keep all their evidence."""
    if len(group) == 1:
        return group[0].network.operator
    operator = min((p.network.operator for p in group), key=lambda o: (o.asn is None, o.asn or 0))
    evidence = dict.fromkeys(e for p in group for e in p.network.operator.evidence)
    return replace(operator, evidence=tuple(evidence))


def _entities(group: list[Placed]) -> tuple[Entity, ...]:
    """Gives organisations of the networks besides the first, which is the operator already."""
    if len(group) == 1:
        return group[0].network.entities[1:]
    found = dict.fromkeys(e for p in group for e in p.network.entities)
    return tuple(found)[1:]


def _worst(group: list[Placed]) -> Placed:
    """Gives the address that decides: of those that got payload (else of all) the one farthest from "stays"."""
    if len(group) == 1:
        return group[0]
    paid = [p for p in group if p.seed.payload_out > 0] or group
    return max(paid, key=_badness)


def _badness(placed: Placed) -> tuple[int, bool, bool, str, str]:
    zone, location = placed.zone, placed.location
    if zone in OUTSIDE and location.status in KNOWN:
        reach = LEAVES
    elif zone is Zone.LOCAL or (zone in INSIDE and location.status in KNOWN):
        reach = STAYS
    else:
        reach = UNSURE
    return (
        reach,
        zone is Zone.THIRD_COUNTRY,
        location.status is Status.CONFIRMED,
        location.country or "",
        placed.seed.ip,
    )


def _addresses(group: list[Placed]) -> tuple[AddressLocation, ...]:
    if len(group) == 1:
        (placed,) = group
        return (AddressLocation(placed.seed.ip, placed.location, placed.zone),) if placed.seed.ip else ()
    rows: dict[str, Placed] = {}
    for placed in group:
        ip = placed.seed.ip
        if ip and (ip not in rows or _badness(placed) > _badness(rows[ip])):
            rows[ip] = placed
    return tuple(AddressLocation(ip, rows[ip].location, rows[ip].zone) for ip in sorted(rows))


def _notes(group: list[Placed], worst: Placed, owned: Ownership, run: _Run) -> tuple[str, ...]:
    country = worst.location.country
    usual: tuple[str, ...] = run.country_notes(country) if country else ()
    if not owned.domain and not [p for p in group if p.note or p.seed.outer_name]:
        return usual
    notes = {p.note for p in group if p.note}.union(usual)
    if any(p.seed.outer_name for p in group):
        notes.add("the name in the hello is that of a front; the inner name is encrypted")
    networks = {p.network.operator.name for p in group if p.network.operator.name}
    notes |= {f"the domain belongs to {o.name}" for o in owned.domain if o.name not in networks}
    return tuple(sorted(notes))


def _seed_order(seed: DestinationSeed) -> tuple[str, str, int, tuple[str, ...], bool]:
    return (seed.name or "", seed.ip, seed.first_packet, seed.flows, seed.local)


def _ips(group: list[Placed]) -> tuple[str, ...]:
    if len(group) == 1:
        ip = group[0].seed.ip
        return (ip,) if ip else ()
    return tuple(sorted({p.seed.ip for p in group if p.seed.ip}))


def _row_order(group: list[Placed]) -> tuple[str, int, tuple[str, ...], str]:
    ips, asn = _ips(group), _one_operator(group).asn
    return (group[0].seed.name or next(iter(ips), ""), -1 if asn is None else asn, ips, _worst(group).zone)


__all__ = ["SOURCES", "Source", "locate"]
