"""Where destinations are, who runs them, under whose law: evidence first, then one conclusion per address.

`SOURCES` is the one list of location sources; `fusion.py` has the table of cases, docs/sources/ a page for each.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
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
from iotaudit.locate.operator import NOBODY, Network, Ownership, network_of, ownership_of
from iotaudit.locate.party import is_resolver_only, party_of
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

OUTSIDE = frozenset({Zone.THIRD_COUNTRY, Zone.ADEQUATE})
INSIDE = frozenset({Zone.EU, Zone.EEA})
KNOWN = frozenset({Status.CONFIRMED, Status.CLAIMED})
FRONT_KINDS = frozenset({"cdn", "resolver"})
"""Kinds of organisations whose addresses answer at many places, listed as anycast or not."""
STAYS, UNSURE, LEAVES = 0, 1, 2


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
    groups: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
    for seed in sorted(round_trip.screened(seeds, knowledge, settings), key=_seed_order):
        placed = _place(seed, knowledge, settings)
        groups[_group(placed)].append(placed)
    book = LawBook(knowledge, settings.as_of)
    return tuple(
        _destination(f"dst{number}", group, knowledge, book, settings, first_party)
        for number, group in enumerate(sorted(groups.values(), key=_row_order), 1)
    )


def _place(seed: DestinationSeed, knowledge: Knowledge, settings: Settings) -> Placed:
    nothing = Network(Operator(), cloud=False, places=(), entities=())
    if seed.local:
        location = Location(None, Status.UNKNOWN, (), "local")
        return Placed(seed, location, Zone.LOCAL, nothing, local=True)
    if not seed.ip:
        location = Location(None, Status.UNKNOWN, (), "no_address")
        note = "the capture does not show the address: a proxy spoke for the device"
        return Placed(seed, location, Zone.UNKNOWN, nothing, local=False, note=note)
    special = knowledge.special.find(seed.ip)
    if special is not None:
        local = special.kind == "local"
        location = Location(None, Status.UNKNOWN, (), "local" if local else "not_a_public_address")
        zone = Zone.LOCAL if local else Zone.UNKNOWN
        note = f"{seed.ip}: {special.title} ({special.source})"
        return Placed(seed, location, zone, nothing, local=local, note=note)
    network = network_of(seed.ip, knowledge)
    evidence = [row for source in SOURCES for row in source.evidence(seed, knowledge, settings)]
    evidence += round_trip.disproofs(evidence, seed, knowledge, settings)
    host = Host(
        cloud=network.cloud,
        front=any(entity.kind in FRONT_KINDS for entity in network.entities),
        places=network.places,
        announced=network.operator.asn is not None,
    )
    location = conclude(evidence, host)
    zone = _zone(location, knowledge, settings.as_of)
    if location.status in KNOWN and location.country is None:
        reach = round_trip.reach_of(seed, knowledge, settings)
        zone = reach.zone if reach else Zone.UNKNOWN
    return Placed(seed, location, zone, network, local=False)


def _zone(location: Location, knowledge: Knowledge, as_of: str) -> Zone:
    """Gives the zone; a disputed location has one only where all that sources name lies in the same zone."""
    if location.why == "beyond_reach":
        return Zone.UNKNOWN
    if location.status is Status.DISPUTED:
        zones = {
            knowledge.zones.zone(row.country, as_of) for row in location.evidence if row.country
        }
        return zones.pop() if len(zones) == 1 else Zone.UNKNOWN
    return knowledge.zones.zone(location.country, as_of)


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


def _destination(
    ident: str,
    group: list[Placed],
    knowledge: Knowledge,
    book: LawBook,
    settings: Settings,
    first_party: tuple[str, ...],
) -> Destination:
    seeds = [placed.seed for placed in group]
    name = seeds[0].name or None
    local = group[0].local
    worst = _worst(group)
    operator = _one_operator(group)
    owned = NOBODY if local else ownership_of(name, seeds, [p.network for p in group], knowledge)
    behind = tuple(o for o in owned.domain if not any(o in p.network.entities for p in group))
    party, ground = (Party.UNKNOWN, "") if local else party_of(name, seeds, knowledge, first_party)
    named = min(
        (s for s in seeds if s.name_packet is not None),
        key=lambda s: s.name_packet or 0,
        default=seeds[0],
    )
    payload = [s.payload_packet for s in seeds if s.payload_packet is not None]
    adequacy = (
        "met"
        if worst.zone is Zone.LOCAL
        else knowledge.zones.adequacy(worst.location.country, settings.as_of)
    )
    return Destination(
        id=ident,
        name=name,
        ips=_ips(group),
        registrable_domain=knowledge.registrable(name) if name else None,
        party=party,
        operator=operator,
        location=worst.location,
        zone=worst.zone,
        adequacy=adequacy,
        access_laws=()
        if local
        else book.laws_for([p.location for p in group], operator, _entities(group), behind, owned.certified),
        bytes_out=sum(s.bytes_out for s in seeds),
        bytes_in=sum(s.bytes_in for s in seeds),
        payload_out=sum(s.payload_out for s in seeds),
        flows=tuple(dict.fromkeys(f for s in seeds for f in s.flows)),
        addresses=_addresses(group),
        devices=tuple(sorted({d for s in seeds for d in s.devices})),
        name_source=named.name_source,
        first_packet=min(s.first_packet for s in seeds),
        payload_packet=min(payload, default=None),
        hard_coded=not local
        and name is None
        and bool(seeds[0].ip)
        and not any(s.aliases or s.outer_name or is_resolver_only(s) for s in seeds),
        notes=_notes(group, worst, owned, knowledge, settings.as_of),
        owner=owned.owner,
        party_ground=ground,
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
    found = dict.fromkeys(e for p in group for e in p.network.entities)
    return tuple(found)[1:]


def _worst(group: list[Placed]) -> Placed:
    """Gives the address that decides: of those that got payload (else of all) the one farthest from "stays"."""
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
    rows: dict[str, Placed] = {}
    for placed in group:
        ip = placed.seed.ip
        if ip and (ip not in rows or _badness(placed) > _badness(rows[ip])):
            rows[ip] = placed
    return tuple(AddressLocation(ip, rows[ip].location, rows[ip].zone) for ip in sorted(rows))


def _notes(
    group: list[Placed],
    worst: Placed,
    owned: Ownership,
    knowledge: Knowledge,
    as_of: str,
) -> tuple[str, ...]:
    notes = {p.note for p in group if p.note}
    if any(p.seed.outer_name for p in group):
        notes.add("the name in the hello is that of a front; the inner name is encrypted")
    networks = {p.network.operator.name for p in group if p.network.operator.name}
    notes |= {f"the domain belongs to {o.name}" for o in owned.domain if o.name not in networks}
    country = worst.location.country
    fact = knowledge.country_fact(country, as_of) if country else None
    if fact is not None and fact.decision:
        notes.add(f"adequacy decision {fact.decision}, scope: {fact.scope}")
    territory = knowledge.zones.territories.get(country) if country else None
    if territory is not None and territory.certainty == "cautious":
        notes.add(territory.note)
    return tuple(sorted(notes))


def _seed_order(seed: DestinationSeed) -> tuple[str, str, int, tuple[str, ...], bool]:
    return (seed.name or "", seed.ip, seed.first_packet, seed.flows, seed.local)


def _ips(group: list[Placed]) -> tuple[str, ...]:
    return tuple(sorted({p.seed.ip for p in group if p.seed.ip}))


def _row_order(group: list[Placed]) -> tuple[str, int, tuple[str, ...], str]:
    ips, asn = _ips(group), _one_operator(group).asn
    return (group[0].seed.name or next(iter(ips), ""), -1 if asn is None else asn, ips, _worst(group).zone)


__all__ = ["SOURCES", "Source", "locate"]
