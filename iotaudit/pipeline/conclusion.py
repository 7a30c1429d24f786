"""What follows once all is read: devices, names, destinations, exposures and the verdict over what was kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from iotaudit import __version__, locate
from iotaudit.assemble.devices import Census, take_census
from iotaudit.detect.redact import Redactor
from iotaudit.detect.rhythm import infer
from iotaudit.judge import judge
from iotaudit.judge.changes import covered_of, spans_of
from iotaudit.judge.hosts import network_text
from iotaudit.locate.names import NameBook
from iotaudit.locate.resolvers import resolver_tag
from iotaudit.locate.seeds import make_seeds
from iotaudit.model.data_types import KnownValue
from iotaudit.model.declared import Declaration, DeclaredHost, DeclaredRow, DeclaredVolume
from iotaudit.model.destinations import Destination, Zone
from iotaudit.model.devices import Device
from iotaudit.model.events import DhcpSeen, DnsAnswer, DnsQuery, Event, RouterAdvertised
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Pack, Profile
from iotaudit.model.flows import Flow
from iotaudit.model.inputs import InputFacts
from iotaudit.model.knowledge import Knowledge, company_key
from iotaudit.model.observations import Observation
from iotaudit.model.problems import Problem
from iotaudit.model.result import Audit, Run, Settings
from iotaudit.pipeline.flow_list import Sided
from iotaudit.pipeline.once import count_once
from iotaudit.pipeline.reading import Reading
from iotaudit.pipeline.rhythm import Rhythm

Hosted = TypeVar("Hosted", DeclaredHost, DeclaredVolume)
FREE_TEXT = frozenset(("operators", "sub_processors", "operator", "purpose"))
"""Lines of a declaration whose declared side is free text."""


def conclude(  # noqa: PLR0913, PLR0917 - each is an input of its own
    reading: Reading,
    inputs: tuple[InputFacts, ...],
    knowledge: Knowledge,
    rule_packs: tuple[Pack, ...],
    profile: Profile | None,
    settings: Settings,
    declaration: Declaration | None = None,
    reveal: Callable[[Mapping[str, str]], None] | None = None,
    observations: tuple[Observation, ...] = (),
) -> Audit:
    """Gives the audit of what was read: who, where, what, and the verdict. The reading is used up.

    `reveal` is called with the values of the exposures by id; the audit holds none of them.
    """
    rows, once = count_once(reading)
    events = once.events(reading.events())
    hosts = reading.assembler.hosts()
    shapes = reading.assembler.shapes()
    del reading.assembler  # its tables are as large as the rows
    census = take_census(
        hosts,
        events,
        networks=settings.inside,
        wanted=settings.device,
        senders=rows.senders(),
        vendor=knowledge.vendor,
        log_clients=reading.weblog.clients(once.numbers),
    )
    sided = Sided(rows, census)
    inputs = _with_problems(inputs, (*sided.unattributed(), *once.problems))
    names = NameBook(events, census.group_by_ip)
    flows = sided.flows(reading.summaries, names, all_hosts=settings.all_hosts)
    del rows, sided  # as many as flows, and not needed beside them
    destinations = locate.locate(
        make_seeds(flows), knowledge, settings, (*(profile.first_party if profile else ()), *_own_hosts(declaration))
    )
    flows = flows.placed(destinations)
    detection = reading.detector.finish(_own_values(census.devices), once.refs(flows.refs()), once.numbers)
    redactor = detection.redactor
    if reveal:
        reveal(detection.values)
    flows = flows.masked(lambda flow: redactor.flow(_tagged(flow, knowledge)))
    destinations = tuple(redactor.destination(d) for d in destinations)
    dns_rows = tuple(
        (redactor.answer(answer), configured) for answer, configured in _dns_rows(events, census, settings)
    )
    rhythm = Rhythm(shapes, flows, destinations)
    del shapes  # the rhythm has what concerns the audited devices
    steps = spans_of(reading.marks)
    talks = rhythm.talks(steps, profile.payload_threshold if profile else 0)
    inferred = infer(talks, {row.id: row for row in knowledge.data_types}, detection.exposures)
    exposures = (*detection.exposures, *inferred)
    inputs = _with_problems(inputs, (*detection.problems, *rhythm.problems()))
    first = [i.first_ns for i in inputs if i.first_ns >= 0]
    last = [i.last_ns for i in inputs if i.last_ns >= 0]
    facts = Facts(
        devices=census.devices,
        flows=flows,  # type: ignore[arg-type]  # as good as a tuple
        destinations=destinations,
        exposures=exposures,
        dns_rows=dns_rows,
        inputs=inputs,
        problems=tuple(p for facts in inputs for p in facts.problems),
        marks=tuple(
            replace(mark, step=redactor.text(mark.step), text=redactor.text(mark.text))
            for mark in sorted(reading.marks, key=lambda m: (m.time_ns, m.step, m.text))
        ),
        countries=_countries(destinations, knowledge),
        stale=knowledge.stale(settings.as_of),
        duration_ns=max(last) - min(first) if first else 0,
        has_proxy_run=flows.has_web_log,
        local_resolvers=_resolvers(dns_rows, destinations),
        declaration=_host_masked(declaration, knowledge, redactor),
        companies=_companies(declaration, knowledge),
        observations=tuple(_masked_note(row, redactor) for row in observations),
    )
    judgement = judge(facts, rule_packs, profile, settings)
    verdicts = dict(judgement.device_verdicts)
    return Audit(
        run=Run(0, "", 0.0),
        tool_version=__version__,
        knowledge=knowledge.files,
        settings=settings,
        inputs=inputs,
        device_rows=tuple(replace(redactor.device(d), verdict=verdicts.get(d.id)) for d in census.devices),
        flow_rows=flows,
        dns_rows=dns_rows,
        destination_rows=destinations,
        exposure_rows=exposures,
        finding_rows=judgement.findings,
        outcomes=judgement.outcomes,
        verdict=judgement.verdict,
        marks=facts.marks,
        step_changes=tuple(
            replace(row, step=redactor.text(row.step)) for row in rhythm.changes(steps, covered_of(inputs))
        ),
        observations=facts.observations,
        declared=tuple(_masked(row, redactor) for row in judgement.declared),
        warnings=_warnings(facts.stale, destinations),
        pack_titles=tuple((p.id, p.title, p.caveat) for p in rule_packs),
        rule_titles=tuple((r.id, r.title, r.severity.name.lower()) for p in rule_packs for r in p.rules),
    )


def _tagged(flow: Flow, knowledge: Knowledge) -> Flow:
    """Gives the flow with what the knowledge tells of its purpose."""
    tag = resolver_tag(flow, knowledge)
    return replace(flow, tags=(*flow.tags, tag)) if tag else flow


def _own_hosts(declaration: Declaration | None) -> tuple[str, ...]:
    """Gives the hosts that a vendor declares as its own: names whose operator it is."""
    rows = declaration.destinations or () if declaration else ()
    vendor = company_key(declaration.vendor) if declaration else ""
    return tuple(row.host for row in rows if company_key(row.operator) == vendor and not network_text(row.host))


def _companies(declaration: Declaration | None, knowledge: Knowledge) -> tuple[tuple[str, str], ...]:
    """Gives the companies of a declaration that the curated table has, with their names there."""
    if declaration is None:
        return ()
    by_id = {company_key(entity.id): entity for entity in knowledge.entities}
    told = {
        declaration.vendor,
        *(declaration.operators or ()),
        *(row.name for row in declaration.sub_processors or ()),
        *(row.operator for row in (*(declaration.destinations or ()), *(declaration.remote_access or ()))),
    }
    found = ((text, knowledge.by_name.get(company_key(text)) or by_id.get(company_key(text))) for text in sorted(told))
    return tuple((text, entity.name) for text, entity in found if entity)


def _host_masked(declaration: Declaration | None, knowledge: Knowledge, redactor: Redactor) -> Declaration | None:
    """Gives a declaration whose hosts are masked as those of the capture are, so that the same ones stay the same."""
    if declaration is None:
        return None

    def host(text: str) -> str:
        name = text.removeprefix("*.")
        return text[: -len(name)] + redactor.host(name, knowledge.registrable(name)) if name else text

    def rows(told: tuple[Hosted, ...] | None) -> tuple[Hosted, ...] | None:
        return None if told is None else tuple(replace(row, host=host(row.host)) for row in told)

    updates = declaration.update_hosts
    return replace(
        declaration,
        destinations=rows(declaration.destinations),
        volumes=rows(declaration.volumes),
        remote_access=rows(declaration.remote_access),
        update_hosts=None if updates is None else tuple(map(host, updates)),
    )


def _masked(row: DeclaredRow, redactor: Redactor) -> DeclaredRow:
    """Gives a line with known values masked in what the vendor wrote as free text."""
    free = row.item in FREE_TEXT or row.item.rpartition(".")[2] in FREE_TEXT
    return replace(row, declared=redactor.text(row.declared)) if free and isinstance(row.declared, str) else row


def _masked_note(row: Observation, redactor: Redactor) -> Observation:
    """Gives an observation with known values masked in what somebody wrote."""
    target, evidence = (redactor.text(text) if text else text for text in (row.target, row.evidence))
    return replace(row, target=target, result=redactor.text(row.result), evidence=evidence)


def _warnings(stale: Sequence[str], destinations: Sequence[Destination]) -> tuple[str, ...]:
    """Gives what is to say of knowledge past its review date: whole files, and each law that a destination rests on."""
    laws = {
        f"law {law.title} ({law.id}) was due for review by {law.review_by}: what it names may have changed"
        for row in destinations
        for law in row.access_laws
        if law.stale
    }
    return (*(f"knowledge {name} is past its review date" for name in stale), *sorted(laws))


def _with_problems(inputs: tuple[InputFacts, ...], found: Sequence[Problem]) -> tuple[InputFacts, ...]:
    """Gives the inputs with what a later stage found in them."""
    return tuple(
        replace(facts, problems=facts.problems + tuple(p for p in found if p.input == index))
        for index, facts in enumerate(inputs)
    )


def _own_values(devices: tuple[Device, ...]) -> tuple[KnownValue, ...]:
    """Gives what the capture itself shows of the devices: it classifies payload, it masks nothing (decision 1)."""
    values = []
    for device in devices:
        if device.mac:
            values.append(KnownValue("device.mac", "mac", device.mac, "frame"))
        values += [KnownValue("device.ip.internal", "ip", ip, "frame") for ip in device.ips if ip]
    return tuple(values)


def _dns_rows(
    events: tuple[Event, ...], census: Census, settings: Settings
) -> list[tuple[DnsAnswer, bool | None]]:
    """Gives every answer, and every question that got none, of the audited devices; sorted by packet."""
    answers = [e for e in events if isinstance(e, DnsAnswer)]
    answered = {_asked(e) for e in answers}
    asked: dict[tuple[str, str, str, str], DnsQuery] = {}
    for event in events:
        if isinstance(event, DnsQuery) and (key := _asked(event)) not in answered:
            asked.setdefault(key, event)
    answers += (_unanswered(query) for query in asked.values())
    given: set[str] = set()
    for event in events:
        if isinstance(event, DhcpSeen | RouterAdvertised):
            given.update(event.resolvers)
    answers.sort(key=lambda a: (a.packet, a.name, a.type, a.answers))
    return [
        (answer, (answer.resolver in given) if given and answer.protocol == "dns" else None)
        for answer in answers
        if settings.all_hosts
        or answer.client in census.by_ip
        or (answer.protocol != "dns" and answer.resolver in census.by_ip)
    ]


def _asked(event: DnsQuery | DnsAnswer) -> tuple[str, str, str, str]:
    """Gives what makes two questions the same; one to a group is answered to the group, not to who asked."""
    return event.client if event.protocol == "dns" else "", event.name, event.type, event.protocol


def _unanswered(query: DnsQuery) -> DnsAnswer:
    return DnsAnswer(
        flow=query.flow,
        packet=query.packet,
        time_ns=query.time_ns,
        outbound=query.outbound,
        name=query.name,
        type=query.type,
        answers=(),
        chain=(query.name,),
        resolver=query.resolver,
        client=query.client,
        rcode="",
        ttl_s=0,
        protocol=query.protocol,
    )


def _countries(destinations: tuple[Destination, ...], knowledge: Knowledge) -> tuple[CountryFact, ...]:
    codes: set[str] = set()
    for destination in destinations:
        codes.update(a.location.country for a in destination.addresses if a.location.country)
        if destination.location.country:
            codes.add(destination.location.country)
    return tuple(fact for code in sorted(codes) if (fact := knowledge.country_fact(code)) is not None)


def _resolvers(
    dns_rows: tuple[tuple[DnsAnswer, bool | None], ...], destinations: tuple[Destination, ...]
) -> tuple[tuple[str, str], ...]:
    zones = {a.ip: a.zone.value for d in destinations for a in d.addresses}
    zones |= {ip: Zone.LOCAL.value for d in destinations if d.zone is Zone.LOCAL for ip in d.ips}
    asked = {answer.resolver for answer, _ in dns_rows if answer.protocol == "dns"}
    return tuple((ip, zones.get(ip, Zone.UNKNOWN.value)) for ip in sorted(asked))
