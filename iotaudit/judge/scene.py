"""The facts, indexed for judging: who sent how much where, what stayed closed, what was not read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iotaudit.judge.coverage import coverage_of
from iotaudit.judge.places import Placed, is_outside, paid_places, worst
from iotaudit.model.destinations import AccessLaw, Destination, Status, Zone
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Profile
from iotaudit.model.flows import Flow
from iotaudit.model.reach import Coverage, Reach
from iotaudit.model.result import Settings

NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is judged. `flows` are those of audited devices that lead outside and carry payload of the device.

    `named_by`: name and address to the first packet whose DNS answer paired them. `audited_of` has all flows of
    audited devices by destination, `types_of` the data types seen there. `values` keeps facts of destinations that
    were worked out and `cited` the packets that show one: many rules and subjects ask the same.

    `assumed` sets facts outright and `granted` grants needs: both are for the test cases of rules.
    """

    facts: Facts
    profile: Profile | None
    settings: Settings
    flows: tuple[Flow, ...]
    destinations: Mapping[str, Destination]
    flows_of: Mapping[str, tuple[Flow, ...]]
    flows_by_device: Mapping[str, tuple[Flow, ...]]
    audited_of: Mapping[str, tuple[Flow, ...]]
    types_of: Mapping[str, frozenset[str]]
    sent_to: Mapping[str, int]
    named_by: Mapping[tuple[str, str], int]
    places: Mapping[str, tuple[Placed, ...]]
    countries: Mapping[str, CountryFact]
    coverage: Coverage
    closed_at: Mapping[str, int]
    assumed: Mapping[str, object] = field(default_factory=dict)
    granted: frozenset[str] = frozenset()
    values: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    cited: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def outside(self) -> tuple[Destination, ...]:
        """The destinations outside that got payload, in the order of the facts."""
        return tuple(d for d in self.facts.destinations if d.id in self.flows_of)

    def worst_place(self, destination: Destination) -> Placed:
        """Gives the place of a destination that decides."""
        return worst(self.places[destination.id])

    def sent(self, destination: Destination) -> int:
        """Gives the payload bytes that audited devices sent to a destination."""
        return self.sent_to.get(destination.id, 0)

    @property
    def threshold(self) -> int:
        """The payload above which a destination counts as used (profile; 0 without one)."""
        return self.profile.payload_threshold if self.profile else 0


def make_scene(
    facts: Facts,
    profile: Profile | None,
    settings: Settings,
    *,
    assumed: Mapping[str, object] = NOTHING,
    granted: Iterable[str] = (),
) -> Scene:
    """Gives the scene of an audit; the order in which facts come does not matter."""
    facts = _sorted(facts)
    destinations = {d.id: d for d in facts.destinations}
    flows = paying_flows(facts, destinations)
    by_destination: dict[str, list[Flow]] = defaultdict(list)
    by_device: dict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        by_device[flow.device or ""].append(flow)
        if flow.destination in destinations:
            by_destination[flow.destination].append(flow)
    flows_of = {key: tuple(rows) for key, rows in by_destination.items()}
    audited: dict[str, list[Flow]] = defaultdict(list)
    for flow in facts.flows:
        if flow.device is not None and flow.destination is not None:
            audited[flow.destination].append(flow)
    types: dict[str, set[str]] = defaultdict(set)
    for exposure in facts.exposures:
        types[exposure.destination].add(exposure.data_type)
    coverage = coverage_of(facts, profile, flows)
    closed: dict[str, int] = defaultdict(int)
    for row in coverage.closed:
        closed[row.destination] += row.bytes
    return Scene(
        facts=facts,
        profile=profile,
        settings=settings,
        flows=flows,
        destinations=destinations,
        flows_of=flows_of,
        flows_by_device={key: tuple(rows) for key, rows in by_device.items()},
        audited_of={key: tuple(rows) for key, rows in audited.items()},
        types_of={key: frozenset(found) for key, found in types.items()},
        sent_to={key: sum(flow.device_sent for flow in rows) for key, rows in flows_of.items()},
        named_by=_named_by(facts),
        places={d.id: paid_places(d, flows_of.get(d.id, ())) for d in facts.destinations},
        countries={c.country: c for c in facts.countries},
        coverage=coverage,
        closed_at=dict(closed),
        assumed=assumed,
        granted=frozenset(granted),
    )


def _sorted(facts: Facts) -> Facts:
    return replace(
        facts,
        devices=tuple(sorted(facts.devices, key=lambda d: natural(d.id))),
        destinations=tuple(sorted(facts.destinations, key=lambda d: natural(d.id))),
        exposures=tuple(sorted(facts.exposures, key=lambda e: natural(e.id))),
        stale=tuple(sorted(facts.stale)),
    )


def _named_by(facts: Facts) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for answer, _ in facts.dns_rows:
        for name in {answer.name, *answer.chain}:
            for ip in answer.answers:
                key = name, ip
                found[key] = min(answer.packet, found.get(key, answer.packet))
    return found


def natural(ident: str) -> tuple[int, str]:
    """Gives the order of ids that end in a running number: d2 before d10."""
    return len(ident), ident


def paying_flows(facts: Facts, destinations: Mapping[str, Destination]) -> tuple[Flow, ...]:
    """Gives the audited devices' flows that lead outside and carry payload of the device, in the contract's order."""
    found = [
        flow
        for flow in facts.flows
        if flow.device is not None
        and flow.device_sent > 0
        and is_outside(flow, destinations.get(flow.destination or ""))
    ]
    return tuple(
        sorted(found, key=lambda f: (f.first_packet, f.protocol, f.client.ip, f.client.port, f.id))
    )


def laws_by_place(scene: Scene, destination: Destination) -> tuple[AccessLaw, ...]:
    """Gives the access laws that reach a destination by a known place outside the EEA of an address that got payload."""
    outside = {p.location.country for p in scene.places[destination.id] if p.reach is Reach.LEAVES}
    if not outside:
        return ()
    named = {row.location.country for row in destination.addresses} or {
        destination.location.country
    }
    disputed = any(row.location.status is Status.DISPUTED for row in destination.addresses)
    # one country and no doubt: whatever law was found by place was found by it (Puerto Rico: the law of the US)
    sole = len(named) == 1 and not disputed
    return tuple(
        law
        for law in destination.access_laws
        if law.reach == "place" and (sole or law.country in outside)
    )


def laws_by_operator(scene: Scene, destination: Destination) -> tuple[AccessLaw, ...]:
    """Gives the access laws of countries outside the EEA that reach a destination by a company behind it."""
    return tuple(
        law
        for law in destination.access_laws
        if law.reach == "operator" and not _in_eea(law.country, scene)
    )


def _in_eea(country: str, scene: Scene) -> bool:
    fact = scene.countries.get(country)
    return fact is not None and fact.zone in {Zone.EU.value, Zone.EEA.value}
