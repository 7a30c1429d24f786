"""A vendor's declaration held against the capture, line by line. docs/declared.md has the table of cases.

A line is *contradicted* only where something known excludes it; what the capture cannot show (how long data are kept,
from where a server is administered) is "declared and not seen", with `observed` null. A key that does not stand in the
declaration is not held against anything. A declaration heals nothing: no line changes a finding or the verdict.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from iotaudit.judge import words
from iotaudit.judge.findings import evidence_packets
from iotaudit.judge.hosts import HostList
from iotaudit.judge.places import EEA_COUNTRIES, REMOTE_APPLICATIONS, countries_in
from iotaudit.judge.scene import Scene, natural
from iotaudit.model.declared import (
    Declaration,
    DeclaredCompany,
    DeclaredHost,
    DeclaredRow,
    DeclaredState,
    Told,
)
from iotaudit.model.destinations import Destination, Party, Status, Zone
from iotaudit.model.exposures import Channel, Confidence
from iotaudit.model.flows import Direction, Flow
from iotaudit.model.knowledge import company_key
from iotaudit.model.reach import Reach

SEEN, UNDECLARED = DeclaredState.SEEN_AND_DECLARED, DeclaredState.SEEN_NOT_DECLARED
UNSEEN, CONTRADICTED = DeclaredState.DECLARED_NOT_SEEN, DeclaredState.CONTRADICTED
DAY_S = 86_400
FACTOR = 2
"""A day's payload above so many times the declared one contradicts it (rule PB-004 of the procurement pack)."""
MAX_PACKETS = 20
NEAR_LEN = 5
"""Characters that the shorter of two company names has at least, where one begins the other."""


def hold(declaration: Declaration, scene: Scene, companies: Mapping[str, str]) -> tuple[DeclaredRow, ...]:
    """Gives the lines, in the order of the contract's keys; `companies`: names as declared to names on file."""
    seen = _Seen(scene, companies)
    rows: list[DeclaredRow] = []
    for part in PARTS:
        rows += part(declaration, seen)
    return tuple(rows)


@dataclass(slots=True)
class _Seen:
    """What was seen, as the lines ask for it. `reached`: outside, with or without payload; `paid`: with."""

    scene: Scene
    companies: Mapping[str, str]
    reached: tuple[Destination, ...] = ()
    paid: tuple[Destination, ...] = ()
    served: dict[tuple[str, int], list[Flow]] = field(default_factory=dict)
    """Protocol and port of each service of an audited device that answered, with its flows."""
    inbound: list[Flow] = field(default_factory=list)
    remote: list[Flow] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    same: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        facts = self.scene.facts
        self.reached = tuple(d for d in facts.destinations if d.devices and d.zone is not Zone.LOCAL) or ()
        known = {d.id for d in self.reached}
        self.reached += tuple(d for d in self.scene.outside if d.id not in known)
        self.paid = self.scene.outside
        for flow in facts.flows:
            if flow.device is None:
                continue
            if flow.direction is Direction.INBOUND or "device_serves" in flow.tags:
                if flow.packets_out and flow.packets_in:
                    self.served.setdefault((flow.protocol, flow.server.port), []).append(flow)
                    if flow.direction is Direction.INBOUND:
                        self.inbound.append(flow)
            elif flow.direction is Direction.OUTBOUND and (
                "tunnel" in flow.tags or flow.application in REMOTE_APPLICATIONS
            ):
                self.remote.append(flow)

    def packets(self, destinations: Iterable[Destination]) -> tuple[int, ...]:
        """Gives the packets that show destinations."""
        found: set[int] = set()
        for row in destinations:
            flows = self.scene.flows_of.get(row.id)
            if flows:
                found.update(evidence_packets(row, flows, self.scene))
            elif row.first_packet:
                found.add(row.first_packet)
            if len(found) > MAX_PACKETS:
                break
        return tuple(sorted(found)[:MAX_PACKETS])

    def row(
        self, item: str, declared: Told, observed: Told, state: DeclaredState, rows: Iterable[Destination] = ()
    ) -> DeclaredRow:
        """Gives a line that rests on destinations."""
        rows = list(rows)
        ids = tuple(sorted({d.id for d in rows}, key=natural))
        return DeclaredRow(item, declared, observed, state, ids, self.packets(rows))

    def by_host(self, hosts: HostList) -> dict[str, list[Destination]]:
        """Gives the destinations reached by the entry of a list that they are."""
        matched: dict[str, list[Destination]] = {}
        for destination in self.reached:
            for host in hosts.find(destination):
                matched.setdefault(host, []).append(destination)
        return matched

    def is_company(self, declared: str, name: str | None) -> bool:
        """Says whether a declared name is that of a company: the same, the same on file, or one begins the other."""
        if not name:
            return False
        pair = declared, name
        if pair not in self.same:
            self.same[pair] = self._is_company(declared, name)
        return self.same[pair]

    def _is_company(self, declared: str, name: str) -> bool:
        other = self._key(name)
        for text in (declared, self.companies.get(declared)):
            one = self._key(text) if text else ""
            if one and (one == other or (min(len(one), len(other)) >= NEAR_LEN and (other.startswith(one) or one.startswith(other)))):
                return True
        return False

    def _key(self, name: str) -> str:
        if name not in self.keys:
            self.keys[name] = company_key(name)
        return self.keys[name]


def companies_of(row: Destination) -> tuple[str, ...]:
    """Gives the names of the companies that are known to be behind a destination."""
    operator, owner = row.operator, row.owner
    names = (operator.name, operator.parent, operator.as_name, owner.name, owner.parent)
    return tuple(dict.fromkeys(name for name in names if name))


def _name(row: Destination) -> str:
    return words.destination(row)


def _destinations(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    if declaration.destinations is None:
        return
    hosts = HostList(row.host for row in declaration.destinations)
    elsewhere = HostList(
        (*(declaration.update_hosts or ()), *(row.host for row in declaration.remote_access or ()))
    )
    matched = seen.by_host(hosts)
    for row in declaration.destinations:
        found = matched.get(row.host, [])
        item = f"destinations[{row.host}]"
        yield seen.row(item, row.host, _names(found), SEEN if found else UNSEEN, found)
        if found:
            yield from _host_details(item, row, found, seen)
    known = {d.id for rows in matched.values() for d in rows}
    for destination in seen.paid:
        if destination.id not in known and not elsewhere.find(destination):
            yield seen.row("destinations", None, _name(destination), UNDECLARED, [destination])


def _names(rows: list[Destination]) -> Told:
    names = tuple(sorted({_name(row) for row in rows}))
    return (names[0] if len(names) == 1 else names) if names else None


def _host_details(item: str, row: DeclaredHost, found: list[Destination], seen: _Seen) -> Iterator[DeclaredRow]:
    if row.country:
        yield _host_country(item, row, found, seen)
    if row.operator:
        yield _host_operator(item, row, found, seen)
    if row.purpose:
        parties = {words_of_party(d) for d in found if d.party is not Party.UNKNOWN}
        told = words.listed(sorted(parties)) or None
        yield seen.row(f"{item}.purpose", row.purpose, told, UNSEEN, found)
    if row.data_types:
        types = {t for d in found for t in seen.scene.types_of.get(d.id, ())}
        for data_type in row.data_types:
            state = SEEN if data_type in types else UNSEEN
            yield seen.row(f"{item}.data_types", data_type, data_type if data_type in types else None, state, found)
        for data_type in sorted(types - set(row.data_types)):
            yield seen.row(f"{item}.data_types", None, data_type, UNDECLARED, found)


def words_of_party(row: Destination) -> str:
    """Gives a party with its ground."""
    return f"{row.party.value} party" + (f" ({row.party_ground})" if row.party_ground else "")


def _host_country(item: str, row: DeclaredHost, found: list[Destination], seen: _Seen) -> DeclaredRow:
    allowed = countries_in((row.country,))
    placed = _by_country(found, seen.scene)
    wrong = sorted(c for c in placed if c and c not in allowed)
    if wrong:
        return seen.row(
            f"{item}.country", row.country, _joined(wrong), CONTRADICTED, [d for c in wrong for d in placed[c]]
        )
    if unknown := placed.get(None):
        return seen.row(f"{item}.country", row.country, _doubt(unknown), UNSEEN, unknown)
    return seen.row(f"{item}.country", row.country, _joined(sorted(c for c in placed if c)), SEEN, found)


def _host_operator(item: str, row: DeclaredHost, found: list[Destination], seen: _Seen) -> DeclaredRow:
    """Gives the line on a host's operator: whose domain it is settles it, who hosts it does not."""
    others = [d for d in found if not any(seen.is_company(row.operator, name) for name in companies_of(d))]
    if not others:
        return seen.row(f"{item}.operator", row.operator, _company(found), SEEN, found)
    # a name from a certificate alone is not on file and may be another name of the same company
    known = [d for d in others if d.owner.country]
    state = CONTRADICTED if known else UNSEEN
    return seen.row(f"{item}.operator", row.operator, _company(known or others), state, known or others)


def _company(rows: list[Destination]) -> Told:
    return _joined(sorted({name for d in rows for name in companies_of(d)[:1] + ((d.owner.name,) if d.owner.name else ())}))


def _joined(texts: Iterable[str]) -> Told:
    found = tuple(dict.fromkeys(texts))
    return (found[0] if len(found) == 1 else found) if found else None


def _doubt(rows: list[Destination]) -> str:
    disputed = any(row.location.status is Status.DISPUTED for row in rows)
    return "place disputed" if disputed else "place not known"


def _places(row: Destination, scene: Scene) -> set[str | None]:
    """Gives the countries of a destination's addresses, None for one that is not known."""
    return {p.location.country if p.reach is not Reach.UNKNOWN else None for p in scene.places[row.id]}


def _by_country(rows: Iterable[Destination], scene: Scene) -> dict[str | None, list[Destination]]:
    placed: dict[str | None, list[Destination]] = {}
    for destination in rows:
        for country in _places(destination, scene):
            placed.setdefault(country, []).append(destination)
    return placed


def _declared_countries(
    item: str, told: Iterable[str], placed: Mapping[str | None, list[Destination]], seen: _Seen
) -> Iterator[DeclaredRow]:
    """Gives a line for each country or region of a list."""
    for code in told:
        rows = [(c, d) for c, found in placed.items() if c in countries_in((code,)) for d in found]
        countries = _joined(sorted({c for c, _ in rows if c}))
        yield seen.row(item, code, countries, SEEN if rows else UNSEEN, [d for _, d in rows])


def _storage(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    told = declaration.storage_countries
    if told is None:
        return
    placed = _by_country(seen.paid, seen.scene)
    yield from _declared_countries("storage_countries", told, placed, seen)
    allowed = countries_in(told)
    promise = bool(told) and allowed <= EEA_COUNTRIES
    for country in sorted(c for c in placed if c and c not in allowed):
        broken = promise and country not in EEA_COUNTRIES
        yield seen.row(
            "storage_countries", told if broken else None, country, CONTRADICTED if broken else UNDECLARED, placed[country]
        )
    if unknown := placed.get(None):
        yield seen.row("storage_countries", told, _doubt(unknown), UNSEEN, unknown)


def _operators(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    for text in declaration.operators or ():
        yield _company_row("operators", text, text, seen)
    for row in declaration.sub_processors or ():
        yield _company_row("sub_processors", row.name, _company_text(row), seen)
    if declaration.operators is None and declaration.sub_processors is None:
        return
    told = (
        declaration.vendor,
        *(declaration.operators or ()),
        *(row.name for row in declaration.sub_processors or ()),
        *(row.operator for row in declaration.destinations or () if row.operator),
    )
    others: dict[str, list[Destination]] = {}
    for destination in seen.paid:
        for name in dict.fromkeys((destination.operator.name, destination.owner.name)):
            if name:
                others.setdefault(name, []).append(destination)
    for name in sorted(others):
        relatives = {name} | {d.operator.parent or "" for d in others[name] if d.operator.name == name}
        relatives |= {d.operator.as_name or "" for d in others[name] if d.operator.name == name}
        if not any(seen.is_company(text, relative) for text in told for relative in relatives):
            yield seen.row("operators", None, name, UNDECLARED, others[name])


def _company_row(item: str, name: str, text: str, seen: _Seen) -> DeclaredRow:
    found = [d for d in seen.reached if any(seen.is_company(name, company) for company in companies_of(d))]
    names = {c for d in found for c in companies_of(d) if seen.is_company(name, c)}
    return seen.row(item, text, _joined(sorted(names)), SEEN if found else UNSEEN, found)


def _company_text(row: DeclaredCompany) -> str:
    told = ", ".join(part for part in (row.country, row.purpose) if part)
    return f"{row.name} ({told})" if told else row.name


def _administration(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    """Gives lines on administration: who comes in from outside shows some of it, what enters a server shows nothing."""
    told = declaration.administration_from
    if told is None:
        return
    idents = sorted({flow.destination or "" for flow in seen.inbound}, key=natural)
    came = [d for d in map(seen.scene.destinations.get, idents) if d is not None and d.zone is not Zone.LOCAL]
    placed = _by_country(came, seen.scene)
    yield from _declared_countries("administration_from", told, placed, seen)
    for country in sorted(c for c in placed if c and c not in countries_in(told)):
        yield seen.row("administration_from", None, country, UNDECLARED, placed[country])


def _data_types(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    told = declaration.data_types
    if told is None:
        return
    found: dict[str, list[str]] = {}
    sure: set[str] = set()
    packets: dict[str, set[int]] = {}
    for exposure in seen.scene.facts.exposures:
        if exposure.destination in seen.scene.flows_of and exposure.channel is not Channel.ENCRYPTED:
            found.setdefault(exposure.data_type, []).append(exposure.destination)
            packets.setdefault(exposure.data_type, set()).update(exposure.packets)
            if exposure.confidence is not Confidence.INFERRED:
                sure.add(exposure.data_type)
    closed = seen.scene.coverage.undecrypted_share
    unread = f"not observed; {words.share(closed)} of payload stayed closed" if closed else None
    for data_type in (*told, *sorted(sure - set(told))):
        ids = tuple(sorted(set(found.get(data_type, ())), key=natural))
        cited = tuple(sorted(packets.get(data_type, ()))[:MAX_PACKETS])
        if data_type not in told:
            yield DeclaredRow("data_types", None, data_type, UNDECLARED, ids, cited)
        elif ids:
            yield DeclaredRow("data_types", data_type, data_type, SEEN, ids, cited)
        else:
            yield DeclaredRow("data_types", data_type, unread, UNSEEN)


def _updates(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    if declaration.update_hosts is None:
        return
    hosts = HostList(declaration.update_hosts)
    matched = seen.by_host(hosts)
    for host in declaration.update_hosts:
        found = matched.get(host, [])
        yield seen.row("update_hosts", host, _names(found), SEEN if found else UNSEEN, found)
    for ident in sorted(seen.scene.fetched_at, key=natural):
        row = seen.scene.destinations.get(ident)
        if row is not None and row.zone is not Zone.LOCAL and not hosts.find(row):
            yield seen.row("update_hosts", None, _name(row), UNDECLARED, [row])


def _promises(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    """Gives the lines on what a recording of traffic cannot show."""
    if declaration.works_offline is not None:
        yield DeclaredRow("works_offline", declaration.works_offline, None, UNSEEN)
    if declaration.support_until:
        as_of = seen.scene.settings.as_of
        past = f"past on {as_of}" if declaration.support_until < as_of[: len(declaration.support_until)] else None
        yield DeclaredRow("support_until", declaration.support_until, past, UNSEEN)


def _volumes(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    duration_s = seen.scene.coverage.duration_s
    for row in declaration.volumes or ():
        found = list(seen.paid)
        if row.host:
            hosts = HostList((row.host,))
            found = [d for d in seen.paid if hosts.find(d)]
        sent = sum(seen.scene.sent(d) for d in found)
        item = f"volumes[{row.host}]" if row.host else "volumes"
        told = f"{words.size(row.bytes_per_day)} a day"
        observed = f"{words.size(sent)} in {words.span(duration_s)}" if sent else None
        above = sent > FACTOR * row.bytes_per_day * max(1.0, duration_s / DAY_S)
        yield seen.row(item, told, observed, (CONTRADICTED if above else SEEN) if sent else UNSEEN, found)


def _retention(declaration: Declaration, _seen: _Seen) -> Iterator[DeclaredRow]:
    for row in declaration.retention or ():
        item = f"retention[{row.data_type}]" if row.data_type else "retention"
        yield DeclaredRow(item, words.count(row.days, "day"), None, UNSEEN)


def _remote(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    told = declaration.remote_access
    if told is None:
        return
    used: dict[str, list[Flow]] = {}
    for flow in (*seen.inbound, *seen.remote):
        destination = seen.scene.destinations.get(flow.destination or "")
        if destination is not None and destination.zone is not Zone.LOCAL:
            used.setdefault(destination.id, []).append(flow)
    hosts = HostList(row.host for row in told)
    matched = seen.by_host(hosts)
    for row in told:
        found = matched.get(row.host, [])
        item = f"remote_access[{row.host}]"
        yield seen.row(item, row.host, _names(found), SEEN if found else UNSEEN, found)
        if found:
            yield from _host_details(item, row, found, seen)
    known = {d.id for rows in matched.values() for d in rows}
    if not told and not used:
        yield DeclaredRow("remote_access", "none", None, UNSEEN)
    for ident in sorted(used, key=natural):
        if ident not in known:
            yield _way_in(seen.scene.destinations[ident], used[ident], told, seen)


def _way_in(row: Destination, flows: list[Flow], told: tuple[DeclaredHost, ...], seen: _Seen) -> DeclaredRow:
    """Gives the line on a way in that is not declared; where "none" is, it contradicts."""
    kinds = sorted({flow.application or flow.protocol for flow in flows})
    came = any(flow.direction is Direction.INBOUND for flow in flows)
    text = f"{_name(row)}: {words.listed(kinds)}" + (", opened from outside" if came else "")
    state = UNDECLARED if told else CONTRADICTED
    return seen.row("remote_access", None if told else "none", text, state, [row])


def _ports(declaration: Declaration, seen: _Seen) -> Iterator[DeclaredRow]:
    if declaration.ports is None:
        return
    told = {(row.protocol, row.port) for row in declaration.ports}
    for protocol, port in sorted(told | set(seen.served), key=lambda key: (key[1], key[0])):
        flows = seen.served.get((protocol, port), [])
        text = f"{protocol}/{port}"
        kinds = sorted({flow.application for flow in flows if flow.application})
        observed = f"{text} ({words.listed(kinds)})" if kinds else text
        ids = tuple(sorted({flow.destination for flow in flows if flow.destination}, key=natural))
        cited = tuple(sorted({flow.first_packet for flow in flows})[:MAX_PACKETS])
        if (protocol, port) not in told:
            yield DeclaredRow("ports", None, observed, UNDECLARED, ids, cited)
        elif flows:
            yield DeclaredRow("ports", text, observed, SEEN, ids, cited)
        else:
            yield DeclaredRow("ports", text, None, UNSEEN)


PARTS: tuple[Callable[[Declaration, _Seen], Iterator[DeclaredRow]], ...] = (
    _storage,
    _destinations,
    _operators,
    _administration,
    _data_types,
    _updates,
    _promises,
    _volumes,
    _retention,
    _remote,
    _ports,
)
"""Every part of a declaration, in the order of the contract's keys."""
