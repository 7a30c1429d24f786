"""The order of the stages, and the public call `audit(paths, ...) -> Audit`.

capture → assemble → dissect → detect as batches stream by; then devices, names, destinations, exposures and the
verdict over what was kept. No packet is an object, no payload outlives its segment, and every stage's problems
travel to the verdict.
"""

import datetime
import gc
import ipaddress
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from iotaudit import __version__, detect, dissect, locate, native
from iotaudit.assemble import Assembler
from iotaudit.assemble.devices import Census, normal_device, take_census
from iotaudit.assemble.flow_rows import Conversation, conversations, make_flows, unattributed
from iotaudit.assemble.weblog import WebLog
from iotaudit.capture import InputReader, open_inputs
from iotaudit.capture.duplicates import DuplicateFrames
from iotaudit.capture.layers import arp_senders, decode
from iotaudit.dissect import FlowDissector
from iotaudit.dissect.weblog import read_exchange
from iotaudit.errors import UsageError
from iotaudit.judge import judge
from iotaudit.locate.names import NameBook
from iotaudit.locate.seeds import attach, make_seeds
from iotaudit.model.data_types import KnownValue
from iotaudit.model.destinations import Destination, Zone
from iotaudit.model.devices import Device
from iotaudit.model.events import (
    DhcpSeen,
    DnsAnswer,
    DnsQuery,
    Event,
    NameSeen,
    Oddity,
    RouterAdvertised,
)
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Pack, Profile
from iotaudit.model.flows import Flow, FlowSummary
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.packets import input_of, packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Content, Exchange, FrameBatch, Segment
from iotaudit.model.result import Audit, Run, Settings
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.known import load_known
from iotaudit.packs.profiles import load_profile
from iotaudit.packs.rules import load_packs

DEFAULT_PACKS = ("gdpr-transfers", "foreign-access")
COLLECT = (200_000, 20, 100)
"""Thresholds of the search for cycles while an audit runs (usually 700, 10, 10): what is kept of a capture holds none,
and walking it again and again took a third of the time."""
EVENTS_KEPT = 2_000_000
"""Bound of kept events (DNS answers and the like); beyond it they are counted as a problem."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading is: bytes of all inputs (`total_len` None on a pipe) and packets so far."""

    stage: str
    done_len: int
    total_len: int | None
    packets: int


def audit(  # noqa: PLR0913 - every one is an option of the command
    paths: str | Path | Sequence[str | Path],
    *,
    device: str | None = None,
    profile: str | None = None,
    rules: Sequence[str] = (),
    known: str | Path | None = None,
    geoip: Sequence[str | Path] = (),
    inside: Sequence[str] = (),
    all_hosts: bool = False,
    lab_position: tuple[float, float] | None = None,
    as_of: str | None = None,
    fail_on: str = "none",
    fail_on_undetermined: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stdin: BinaryIO | None = None,
) -> Audit:
    """Audits captures of one set-up as one.

    Args:
        paths: capture files, web logs or recording folders; "-" is `stdin`.
        device: MAC or IP of the device under audit; None audits every inside host but the gateway.
        profile: name or file of a profile.
        rules: names or paths of rule packs; the profile's, else the shipped ones, where empty.
        known: YAML file of values that the lab knows of the device.
        geoip: MMDB files of the user.
        inside: CIDR texts that count as inside.
        all_hosts: list the conversations of every host.
        lab_position: latitude and longitude in degrees.
        as_of: ISO date by which laws are judged (default today).
        fail_on: kept in the settings; the exit code is the caller's affair.
        fail_on_undetermined: as `fail_on`.
        progress: called after each block.
        stdin: what "-" reads.

    Raises:
        UsageError: an option is wrong, or the device is not in the capture.
        InputError: a file is missing or unreadable.
        PackError: a rule, profile or known-values file has mistakes.
    """
    started = time.time_ns()
    clock = time.perf_counter()
    names = [str(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]
    wanted = normal_device(device) if device else None
    for text in inside:
        _check_network(text)
    chosen = load_profile(profile) if profile else None
    rule_packs = load_packs(tuple(rules) or (chosen.packs if chosen else ()) or DEFAULT_PACKS)
    knowledge = load_knowledge([str(p) for p in geoip])
    known_values = detect.known_values(load_known(str(known))) if known else ()
    settings = Settings(
        as_of=_date(as_of),
        profile=chosen.id if chosen else None,
        rules=tuple(pack.id for pack in rule_packs),
        device=wanted,
        inside=tuple(inside),
        all_hosts=all_hosts,
        lab_position=lab_position,
        geoip=tuple(Path(p).name for p in geoip),
        known=Path(known).name if known else None,
        fail_on=fail_on,
        fail_on_undetermined=fail_on_undetermined,
    )
    reading = Reading(detect.Detector(knowledge.data_types, known_values))
    usual = gc.get_threshold()
    gc.set_threshold(*COLLECT)
    try:
        inputs = reading.read(open_inputs(names, stdin=stdin), progress)
        result = conclude(reading, inputs, knowledge, rule_packs, chosen, settings)
    finally:
        gc.set_threshold(*usual)
    run = Run(started, _host(), time.perf_counter() - clock)
    return replace(result, run=run)


def _host() -> str:
    """Gives system, release and machine; `platform.platform` would run `uname -p` for the processor."""
    return f"{platform.system()}-{platform.release()}-{platform.machine()}"


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UsageError(f"--inside takes a network such as 203.0.113.0/24, not {text!r}") from None


def _date(text: str | None) -> str:
    if text is None:
        return datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--as-of takes a date such as 2026-11-24, not {text!r}") from None


@dataclass(slots=True)
class Reading:
    """What is gathered while the inputs stream by."""

    detector: detect.Detector
    problems: ProblemTally = field(default_factory=ProblemTally)
    events: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    summaries: dict[int, FlowSummary] = field(default_factory=dict)
    weblog: WebLog = field(default_factory=WebLog)
    packets: int = 0
    interrupted: bool = False
    assembler: Assembler = field(init=False)
    _duplicates: DuplicateFrames = field(default_factory=DuplicateFrames)
    _open: dict[int, FlowDissector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.assembler = Assembler(self.problems, accelerator=native.engine())

    def read(
        self, readers: tuple[InputReader, ...], progress: Callable[[Progress], None] | None
    ) -> tuple[InputFacts, ...]:
        """Reads all inputs to their ends (or to the user's Ctrl-C) and gives the facts about each."""
        sizes = [reader.total_len for reader in readers]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        for reader in readers:
            if self.interrupted:
                self.problems.add(Problem("interrupted", reader.index, detail="not read", loses_payload=True))
                continue
            try:
                for item in reader.read():
                    self._take_item(item, reader)
                    if progress:
                        done = sum(r.done_len for r in readers)
                        progress(Progress("read", done, total, self.packets))
            except KeyboardInterrupt:
                self.interrupted = True
                self.problems.add(
                    Problem("interrupted", reader.index, detail="stopped by the user", loses_payload=True)
                )
        self._take_segments(self.assembler.flush())
        for number in sorted(self._open):
            self._close(number)
        for problem in self._duplicates.problems():
            self.problems.add(problem)
        return tuple(
            replace(
                facts,
                problems=tuple(
                    sorted(
                        facts.problems + self.problems.rows(reader.index),
                        key=lambda p: (p.kind, p.packet or 0, p.offset or 0, p.detail),
                    )
                ),
            )
            for reader in readers
            for facts in [reader.facts()]
        )

    def _take_item(self, item: object, reader: InputReader) -> None:
        match item:
            case FrameBatch():
                self.packets += len(item.number)
                self._duplicates.feed(item)
                self._take_segments(self.assembler.feed(decode(item, self.problems)))
                senders = arp_senders(item, self.problems)
                self.assembler.arp(senders.number, senders.mac, senders.ip)
            case Exchange():
                packet = packet_id(reader.index, item.number)
                number = self.weblog.add(item, packet)
                seen, summary = read_exchange(number, packet, item)
                self._take_output(seen)
                old = self.summaries.get(number)
                self.summaries[number] = dissect.weblog.merge(old, summary) if old else summary
                self.packets += 1
            case Mark():
                self.marks.append(item)
            case _:
                pass  # secrets: decryption is not built yet, so keys are read over and forgotten

    def _take_segments(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            number = segment.flow
            dissector = self._open.get(number)
            if dissector is None:
                if number in self.summaries:
                    continue
                dissector = dissect.open_flow(number, *self.assembler.endpoints(number))
                self._open[number] = dissector
            seen = dissector.feed(segment)
            if seen:
                self._take_output(seen)
            out, back = dissector.wanted()
            if out and back:
                continue
            if not out:
                self.assembler.close(number, True)
            if not back:
                self.assembler.close(number, False)
            if not out and not back:
                self._close(number)

    def _close(self, number: int) -> None:
        dissector = self._open.pop(number)
        self._take_output(dissector.close())
        self.summaries[number] = dissector.summary()

    def _take_output(self, seen: Iterable[Event | Content]) -> None:
        for item in seen:
            if isinstance(item, Content):
                self.detector.feed(item)
            elif isinstance(item, Oddity):
                self.problems.add(Problem(item.kind, input_of(item.packet), item.packet, None, item.detail))
            elif isinstance(item, NameSeen):
                continue  # the flow's summary has it
            elif len(self.events) < EVENTS_KEPT:
                self.events.append(item)
            else:
                self.problems.add(Problem("event_limit", input_of(item.packet), item.packet, loses_payload=True))


def conclude(
    reading: Reading,
    inputs: tuple[InputFacts, ...],
    knowledge: Knowledge,
    rule_packs: tuple[Pack, ...],
    profile: Profile | None,
    settings: Settings,
) -> Audit:
    """Gives the audit of what was read: who, where, what, and the verdict."""
    events = tuple(reading.events)
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
    seeds = make_seeds(flows)
    destinations = locate.locate(seeds, knowledge, settings, profile.first_party if profile else ())
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
