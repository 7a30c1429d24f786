"""Where destinations are, who runs them, under whose law: evidence first, then one conclusion per address.

`SOURCES` is the one list of location sources; `fusion.py` has the table of cases, docs/sources/ a page for each.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import cast

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
from iotaudit.locate.laws import LawBook
from iotaudit.locate.operator import NOBODY, Network, Ownership, ownership_of
from iotaudit.locate.party import NO_NAME, DomainBook, is_resolver_only, party_of
from iotaudit.locate.placing import KNOWN, Placed, Placer, Source
from iotaudit.model.destinations import (
    AccessLaw,
    AddressLocation,
    Destination,
    DestinationSeed,
    Operator,
    Owner,
    Party,
    Status,
    Zone,
)
from iotaudit.model.knowledge import Entity, Knowledge
from iotaudit.model.result import Settings

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

BY_NAME: tuple[Source, ...] = (region_name,)
"""Those that read the names of a seed."""
BY_ADDRESS = tuple(source for source in SOURCES if source not in (*BY_NAME, round_trip))
"""Those that follow from the address alone; what a round trip tells is worked out once, for evidence and disproofs."""
OUTSIDE = (Zone.THIRD_COUNTRY, Zone.ADEQUATE)
INSIDE = (Zone.EU, Zone.EEA)
STAYS, UNSURE, LEAVES = 0, 1, 2


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
    placer = Placer(BY_ADDRESS, BY_NAME, knowledge, settings)
    labelled: dict[str, list[Placed]] = defaultdict(list)
    in_order = sorted(round_trip.screened(seeds, knowledge, settings), key=attrgetter("ip"))
    for seed in in_order:  # neighbours are found in the same part of each table
        labelled[seed.name or seed.ip].append(placer.place(seed))
    groups = [group for label in sorted(labelled) for group in _groups(labelled[label])]
    return tuple([_destination(f"dst{number}", group, run) for number, group in enumerate(groups, 1)])


class _Run:
    """One run over all seeds: what it asks, and answers that many destinations share."""

    __slots__ = ("adequacy", "as_of", "book", "country_notes", "domains", "first_party", "knowledge")

    def __init__(self, knowledge: Knowledge, settings: Settings, first_party: tuple[str, ...]) -> None:
        self.knowledge = knowledge
        self.first_party = first_party
        self.book = LawBook(knowledge, settings.as_of)
        self.domains = DomainBook(knowledge, first_party)
        self.adequacy = cache(lambda code: knowledge.zones.adequacy(code, settings.as_of))
        self.country_notes = cache(lambda code: _country_notes(code, knowledge, settings.as_of))


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a destination besides its traffic, its place and its network."""

    party: Party
    ground: str
    adequacy: str
    access_laws: tuple[AccessLaw, ...]
    notes: tuple[str, ...]
    owner: Owner


def _groups(placed: list[Placed]) -> list[list[Placed]]:
    """Gives the destinations of one label (a name, else an address), in order."""
    if len(placed) == 1:
        return [placed]
    groups: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
    for row in sorted(placed, key=_seed_order):
        groups[_group(row)].append(row)
    return sorted(groups.values(), key=_row_order)


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
    if len(group) == 1:
        (worst,) = group
        operator = worst.network.operator
        ips: tuple[str, ...] = (worst.seed.ip,) if worst.seed.ip else ()
        addresses = tuple([AddressLocation(ip, worst.location, worst.zone) for ip in ips])
    else:
        worst, operator, ips, addresses = _worst(group), _one_operator(group), _ips(group), _addresses(group)
    whole = _merged(group)
    name = whole.name or None
    told = _told(group, name, worst, run)
    return Destination(
        id=ident,
        name=name,
        ips=ips,
        registrable_domain=run.knowledge.registrable(name) if name else None,
        party=told.party,
        operator=operator,
        location=worst.location,
        zone=worst.zone,
        adequacy=told.adequacy,
        access_laws=told.access_laws,
        bytes_out=whole.bytes_out,
        bytes_in=whole.bytes_in,
        payload_out=whole.payload_out,
        flows=whole.flows,
        addresses=addresses,
        devices=whole.devices,
        name_source=whole.name_source,
        first_packet=whole.first_packet,
        payload_packet=whole.payload_packet,
        hard_coded=name is None and bool(whole.ip) and not (group[0].local or _have_reason(group)),
        notes=told.notes,
        owner=told.owner,
        party_ground=told.ground,
    )


def _told(group: list[Placed], name: str | None, worst: Placed, run: _Run) -> _Told:
    """Gives what is told of a destination; those that nothing tells apart share it."""
    ruling = worst.ruling
    seed = worst.seed
    if ruling is None or len(group) > 1 or seed.certificates or seed.outer_name or (name is None and ruling.anycast):
        return _worked_out(group, name, worst, run)
    key = name and run.domains.known_part(name)
    found = cast("_Told | None", ruling.shared.get(key))
    if found is None:
        found = ruling.shared[key] = _worked_out(group, name, worst, run)
    return found


def _worked_out(group: list[Placed], name: str | None, worst: Placed, run: _Run) -> _Told:
    seeds = [placed.seed for placed in group]
    local = group[0].local
    owned = NOBODY if local else ownership_of(name, seeds, [p.network for p in group], run.knowledge)
    behind = tuple([o for o in owned.domain if not any(o in p.network.entities for p in group)])
    if local:
        party, ground = Party.UNKNOWN, ""
    elif name is None and all(map(_is_no_service, group)):
        party, ground = Party.UNKNOWN, NO_NAME
    else:
        party, ground = party_of(name, seeds, run.knowledge, run.first_party)
    laws: tuple[AccessLaw, ...] = ()
    if not local:
        locations = [p.location for p in group]
        laws = run.book.laws_for(locations, _one_operator(group), _entities(group), behind, owned.certified)
    return _Told(
        party=party,
        ground=ground,
        adequacy="met" if worst.zone is Zone.LOCAL else run.adequacy(worst.location.country),
        access_laws=laws,
        notes=_notes(group, worst, owned, run),
        owner=owned.owner,
    )


def _is_no_service(placed: Placed) -> bool:
    """Tells whether the anycast table was asked and is silent: then no table knows a nameless address as a service."""
    return placed.ruling is not None and not placed.ruling.anycast


def _have_reason(group: list[Placed]) -> bool:
    """Tells whether something besides the device's own software may have led to an address."""
    return any(p.seed.aliases or p.seed.outer_name or is_resolver_only(p.seed) for p in group)


def _merged(group: list[Placed]) -> DestinationSeed:
    """Gives the first seed with the sums, flows, devices and packets of all."""
    first = group[0].seed
    if len(group) == 1 and len(first.flows) < 2 and len(first.devices) < 2:
        return first
    seeds = [placed.seed for placed in group]
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


def _seed_order(placed: Placed) -> tuple[str, str, int, tuple[str, ...], bool]:
    seed = placed.seed
    return (seed.name or "", seed.ip, seed.first_packet, seed.flows, seed.local)


def _ips(group: list[Placed]) -> tuple[str, ...]:
    return tuple(sorted({p.seed.ip for p in group if p.seed.ip}))


def _row_order(group: list[Placed]) -> tuple[str, int, tuple[str, ...], str]:
    ips, asn = _ips(group), _one_operator(group).asn
    return (group[0].seed.name or next(iter(ips), ""), -1 if asn is None else asn, ips, _worst(group).zone)


__all__ = ["SOURCES", "Source", "locate"]
