"""What follows once all is read: devices, names, destinations, exposures and the verdict over what was kept."""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from iotaudit import __version__, detect, locate
from iotaudit.assemble.devices import Census, take_census
from iotaudit.assemble.flow_rows import Conversation, conversations, make_flows, unattributed
from iotaudit.judge import judge
from iotaudit.locate.names import NameBook
from iotaudit.locate.seeds import attach, make_seeds
from iotaudit.model.data_types import KnownValue
from iotaudit.model.destinations import Destination, Zone
from iotaudit.model.devices import Device
from iotaudit.model.events import DhcpSeen, DnsAnswer, DnsQuery, Event, RouterAdvertised
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Pack, Profile
from iotaudit.model.flows import Flow
from iotaudit.model.inputs import InputFacts
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.packets import input_of
from iotaudit.model.problems import Problem
from iotaudit.model.result import Audit, Run, Settings
from iotaudit.pipeline.reading import Reading


def conclude(
    reading: Reading,
    inputs: tuple[InputFacts, ...],
    knowledge: Knowledge,
    rule_packs: tuple[Pack, ...],
    profile: Profile | None,
    settings: Settings,
) -> Audit:
    """Gives the audit of what was read: who, where, what, and the verdict."""
    events = reading.events()
    rows = (*conversations(reading.assembler.table()), *reading.weblog.conversations())
    census = take_census(
        reading.assembler.hosts(),
        events,
        networks=settings.inside,
        wanted=settings.device,
        senders=_senders(rows),
        vendor=knowledge.vendor,
        log_clients=reading.weblog.clients(),
    )
    inputs = _with_unattributed(inputs, unattributed(rows, census))
    names = NameBook(events, census.group_by_ip)
    flows = make_flows(rows, reading.summaries, census, names.names, all_hosts=settings.all_hosts)
    del rows  # as many as flows, and not needed beside them
    destinations = locate.locate(
        make_seeds(flows), knowledge, settings, profile.first_party if profile else ()
    )
    flows = attach(flows, destinations)

    detection = reading.detector.finish(_own_values(census.devices), _flow_refs(flows))
    redactor = detection.redactor
    flows = tuple(redactor.flow(flow) for flow in flows)
    destinations = tuple(redactor.destination(d) for d in destinations)
    dns_rows = tuple(
        (redactor.answer(answer), configured) for answer, configured in _dns_rows(events, census, settings)
    )
    inputs = _with_problems(inputs, detection.problems)
    first = [i.first_ns for i in inputs if i.first_ns >= 0]
    last = [i.last_ns for i in inputs if i.last_ns >= 0]
    facts = Facts(
        devices=census.devices,
        flows=flows,
        destinations=destinations,
        exposures=detection.exposures,
        dns_rows=dns_rows,
        inputs=inputs,
        problems=tuple(p for facts in inputs for p in facts.problems),
        marks=tuple(sorted(reading.marks, key=lambda m: (m.time_ns, m.step, m.text))),
        countries=_countries(destinations, knowledge),
        stale=knowledge.stale(settings.as_of),
        duration_ns=max(last) - min(first) if first else 0,
        has_proxy_run=any("web_log" in flow.tags for flow in flows),
        local_resolvers=_resolvers(dns_rows, destinations),
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
        exposure_rows=detection.exposures,
        finding_rows=judgement.findings,
        outcomes=judgement.outcomes,
        verdict=judgement.verdict,
        marks=facts.marks,
        warnings=tuple(f"knowledge {name} is past its review date" for name in facts.stale),
        pack_titles=tuple((p.id, p.title, p.caveat) for p in rule_packs),
        rule_titles=tuple((r.id, r.title, r.severity.name.lower()) for p in rule_packs for r in p.rules),
    )


def _with_unattributed(
    inputs: tuple[InputFacts, ...], rows: tuple[Conversation, ...]
) -> tuple[InputFacts, ...]:
    """Gives the inputs with a problem for the conversations that may be the device's and could not be given to it."""
    problems = []
    for index in sorted({input_of(row.first_packet) for row in rows}):
        first = min(row.first_packet for row in rows if input_of(row.first_packet) == index)
        count = sum(input_of(row.first_packet) == index for row in rows)
        detail = "conversations of public addresses behind an audited device; name them with --inside or --device"
        problems.append(Problem("unattributed_bytes", index, first, None, detail, count, loses_payload=True))
    return _with_problems(inputs, problems)


def _with_problems(inputs: tuple[InputFacts, ...], found: Sequence[Problem]) -> tuple[InputFacts, ...]:
    """Gives the inputs with what a later stage found in them."""
    return tuple(
        replace(facts, problems=facts.problems + tuple(p for p in found if p.input == index))
        for index, facts in enumerate(inputs)
    )


def _senders(rows: Sequence[Conversation]) -> frozenset[str]:
    """Gives the addresses that sent payload to a global address."""
    found: set[str] = set()
    for row in rows:
        if row.payload_out and _is_global(row.server.ip):
            found.add(row.client.ip)
        if row.payload_in and _is_global(row.client.ip):
            found.add(row.server.ip)
    return frozenset(found)


@lru_cache(1 << 14)
def _is_global(ip: str) -> bool:
    if not ip:
        return True
    address = ipaddress.ip_address(ip)
    return not (address.is_private or address.is_multicast or address.is_unspecified or address.is_link_local)


def _own_values(devices: tuple[Device, ...]) -> tuple[KnownValue, ...]:
    """Gives what the capture itself shows of the devices: it classifies payload, it masks nothing (decision 1)."""
    values = []
    for device in devices:
        if device.mac:
            values.append(KnownValue("device.mac", "mac", device.mac, "frame"))
        values += [KnownValue("device.ip.internal", "ip", ip, "frame") for ip in device.ips if ip]
    return tuple(values)


def _flow_refs(flows: tuple[Flow, ...]) -> dict[int, detect.FlowRef]:
    return {
        flow.number: detect.FlowRef(
            flow_id=flow.id,
            destination=flow.destination if flow.device else None,
            local=flow.direction.value in ("local", "multicast"),
            device_is_client="device_serves" not in flow.tags,
        )
        for flow in flows
    }


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
