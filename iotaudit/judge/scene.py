"""The facts, indexed for judging: who sent how much where, what stayed closed, what was not read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from iotaudit.judge.coverage import coverage_of, why_closed
from iotaudit.judge.firmware import fetched_firmware
from iotaudit.judge.inside import Inside, devices_by_ip
from iotaudit.judge.places import Placed, is_outside, paid_places, worst
from iotaudit.judge.steps import Step, steps_of
from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import AccessLaw, Destination, Status, Zone
from iotaudit.model.exposures import Channel
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Profile
from iotaudit.model.flows import EncryptionState, Flow
from iotaudit.model.reach import Coverage, Reach
from iotaudit.model.result import Settings

NOTHING: Mapping[str, object] = {}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is judged. `flows` are those of audited devices that lead outside and carry payload of the device.

    `named_by`: name and address to the first packet whose DNS answer paired them. `fetched_at` are the destinations
    that an audited device fetched a firmware file from, `fetched_in_clear_at` those where the line was not encrypted,
    `unread_at` those with conversations that stayed closed; `inside` is what devices do on their own network,
    `types_of` has the data types seen at a destination. `steps` are the marked ones with their times, `lines` those of the vendor's declaration.
    `values` keeps what was worked out (`once`), `cited` the packets that show one, `subjects` those of
    each scope: many rules ask the same.

    `assumed` sets facts outright and `granted` grants needs: both are for the test cases of rules.
    """

    facts: Facts
    profile: Profile | None
    settings: Settings
    flows: tuple[Flow, ...]
    destinations: Mapping[str, Destination]
    flows_of: Mapping[str, tuple[Flow, ...]]
    flows_by_device: Mapping[str, tuple[Flow, ...]]
    fetched_at: frozenset[str]
    fetched_in_clear_at: frozenset[str]
    unread_at: frozenset[str]
    inside: Inside
    types_of: Mapping[str, frozenset[str]]
    sent_to: Mapping[str, int]
    named_by: Mapping[tuple[str, str], int]
    places: Mapping[str, tuple[Placed, ...]]
    countries: Mapping[str, CountryFact]
    coverage: Coverage
    closed_at: Mapping[str, int]
    steps: tuple[Step, ...] = ()
    lines: tuple[DeclaredRow, ...] = ()
    assumed: Mapping[str, object] = field(default_factory=dict)
    granted: frozenset[str] = frozenset()
    values: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    cited: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)
    subjects: dict[str, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def outside(self) -> tuple[Destination, ...]:
        """The destinations outside that got payload, in the order of the facts."""
        return tuple(d for d in self.facts.destinations if d.id in self.flows_of)

    def worst_place(self, destination: Destination) -> Placed:
        """Gives the place of a destination that decides."""
        return worst(self.places[destination.id])

    def once(self, name: str, of: str, make: Callable[[], T]) -> T:
        """Gives what `make` makes of something (an id, "" for the whole scene), worked out at the first asking."""
        key = name, of
        if key not in self.values:
            self.values[key] = make()
        found: T = self.values[key]
        return found

    @property
    def flow_by_id(self) -> Mapping[str, Flow]:
        """The flows by their ids."""
        return self.once("flow by id", "", lambda: {flow.id: flow for flow in self.flows})

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
    inside = Inside(devices_by_ip((d.id, d.ips) for d in facts.devices))
    seen = _look_over(facts.flows, destinations, inside)
    flows = seen.paying
    by_destination: dict[str, list[Flow]] = defaultdict(list)
    by_device: dict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        by_device[flow.device or ""].append(flow)
        if flow.destination in destinations:
            by_destination[flow.destination].append(flow)
    flows_of = {key: tuple(rows) for key, rows in by_destination.items()}
    types: dict[str, set[str]] = defaultdict(set)
    for exposure in facts.exposures:
        if exposure.channel is not Channel.ENCRYPTED:
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
        fetched_at=seen.fetched_at,
        fetched_in_clear_at=seen.fetched_in_clear_at,
        unread_at=seen.unread_at,
        inside=inside,
        types_of={key: frozenset(found) for key, found in types.items()},
        sent_to={key: sum(flow.device_sent for flow in rows) for key, rows in flows_of.items()},
        named_by=_named_by(facts),
        places={d.id: paid_places(d, flows_of.get(d.id, ())) for d in facts.destinations},
        countries={c.country: c for c in facts.countries},
        coverage=coverage,
        closed_at=dict(closed),
        steps=steps_of(facts.marks),
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look over all conversations gives; fields as in `Scene`."""

    paying: tuple[Flow, ...]
    fetched_at: frozenset[str]
    fetched_in_clear_at: frozenset[str]
    unread_at: frozenset[str]


def _look_over(flows: Iterable[Flow], destinations: Mapping[str, Destination], inside: Inside) -> _Seen:
    """Gives what is judged of the conversations; only those of audited devices that lead outside and pay are kept."""
    paying: list[Flow] = []
    fetched_at: set[str] = set()
    in_clear_at: set[str] = set()
    unread_at: set[str] = set()
    for flow in flows:
        if flow.device is None:
            continue
        inside.take(flow)
        where = flow.destination or ""
        if flow.device_sent > 0 and is_outside(flow, destinations.get(where)):
            paying.append(flow)
        if flow.http and fetched_firmware(flow):
            fetched_at.add(where)
            if flow.encryption.state is EncryptionState.PLAINTEXT:
                in_clear_at.add(where)
        if where not in unread_at and why_closed(flow):
            unread_at.add(where)
    paying.sort(key=lambda f: (f.first_packet, f.protocol, f.client.ip, f.client.port, f.id))
    return _Seen(tuple(paying), frozenset(fetched_at), frozenset(in_clear_at), frozenset(unread_at))


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
