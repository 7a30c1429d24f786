"""The test cases of rules, from their own files: small snippets become facts as the stages would give them.

What a snippet leaves out is plain: one device, destinations in the EU that got 1000 readable bytes each, no losses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from iotaudit.errors import Place
from iotaudit.model.declared import Declaration, DeclaredHost, DeclaredPort, DeclaredVolume
from iotaudit.model.destinations import (
    AccessLaw,
    AddressLocation,
    Destination,
    Evidence,
    Location,
    Operator,
    Party,
    Status,
    Zone,
)
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import OutcomeKind, Profile
from iotaudit.model.flows import (
    WEAKNESSES,
    Direction,
    Encryption,
    EncryptionState,
    Endpoint,
    Flow,
    HttpExchange,
    Mqtt,
    Tls,
)
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.observations import ANSWER, KINDS, QUESTIONS, Observation
from iotaudit.model.problems import Problem
from iotaudit.model.result import Settings
from iotaudit.model.vocabulary import FACTS_BY_ID, KNOWLEDGE, NEEDS, STEPS
from iotaudit.packs.fields import Fields, suggestion
from iotaudit.packs.rules import rule_files
from iotaudit.packs.terms import data_types
from iotaudit.packs.yaml import Mistakes, Scalar, load

AS_OF = "2026-11-24"
NS = 1_000_000_000
DEVICE = Device("dev1", "02:00:00:00:00:01", ("192.168.7.20",), None, None, ())
SECOND = Device("dev2", "02:00:00:00:00:02", ("192.168.7.21",), None, None, ())
TAGS = ("tunnel", "web_log", "proxied")
MAX_TIMES = 1000
NEEDED = frozenset((OutcomeKind.FAIL_INDICATOR, OutcomeKind.NO_INDICATOR, OutcomeKind.INCONCLUSIVE))
"""The outcomes that each rule must show by a case at least."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: facts, and the outcome that the rule must give on them."""

    rule: str
    name: str
    expect: OutcomeKind
    facts: Facts
    settings: Settings
    assumed: Mapping[str, object]
    granted: tuple[str, ...]
    profile: Profile | None = None


def load_cases(path: Path) -> tuple[Case, ...]:
    """Gives the cases of all rule files of a pack's folder, or of one rule file.

    Raises:
        PackError: cases have mistakes, or a rule lacks one for an outcome (all of them).
    """
    mistakes = Mistakes()
    found = tuple(case for file in rule_files(path) for case in _of_file(file, mistakes))
    mistakes.raise_any()
    return found


def _of_file(file: Path, mistakes: Mistakes) -> list[Case]:
    fields = Fields(load(file), "the rule", mistakes, Place(str(file)))
    cases = [_case(row, file.stem, number) for number, row in enumerate(fields.rows("cases"), 1)]
    lacking = sorted(NEEDED - {case.expect for case in cases})
    if lacking:
        mistakes.add(fields.place, f"no test case expects {', '.join(lacking)}")
    return cases


def _case(row: Fields, rule: str, number: int) -> Case:
    kinds = [k.value for k in OutcomeKind]
    expect = row.choice("expect", kinds, required=True, default=OutcomeKind.INCONCLUSIVE.value)
    name = row.text("name", required=True, default=f"case {number}")
    facts = _facts(row)
    needs = (*NEEDS, *(f"knowledge:{k}" for k in KNOWLEDGE))
    position = (52.5, 13.4) if row.flag("site_position") else None
    case = Case(
        rule=rule,
        name=name,
        expect=OutcomeKind(expect),
        facts=facts,
        settings=Settings(as_of=row.text("as_of", default=AS_OF), lab_position=position),
        assumed=_assumed(row),
        granted=row.texts("granted", needs),
        profile=_profile(row.inner("profile")),
    )
    row.close()
    return case


def _assumed(row: Fields) -> dict[str, object]:
    inner = row.inner("assume")
    found: dict[str, object] = {}
    for key, node in inner.rest() if inner else ():
        if key.text not in FACTS_BY_ID:
            row.mistakes.add(key.place, f"no fact of this name{suggestion(key.text, FACTS_BY_ID)}")
        elif isinstance(node, Scalar) and node.value is not None:
            found[key.text] = node.value
        else:
            row.mistakes.add(node.place, "assume gives one value to each fact")
    return found


def _facts(row: Fields) -> Facts:
    destinations = tuple(_destination(r, n) for n, r in enumerate(row.rows("destinations"), 1))
    by_id = {d.id: d for d in destinations}
    given = tuple(flow for n, r in enumerate(row.rows("flows"), 1) for flow in _flows(r, n, by_id))
    flows = given or tuple(
        _plain_flow(d, n) for n, d in enumerate(destinations, 1) if d.payload_out
    )
    exposures = tuple(_exposure(r, n, by_id) for n, r in enumerate(row.rows("exposures"), 1))
    resolvers = tuple(_resolver(r, n) for n, r in enumerate(row.rows("resolvers"), 1))
    duration_ns = int(row.number("duration_s", 3600) * NS)
    lost = (Problem("stream_gap", packet=7, loses_payload=True),) if row.flag("losses") else ()
    seen = InputFacts("case.pcap", "", 0, "pcap", ("ether",), 100, 0, 0, duration_ns, 0, 0, lost)
    declared = row.flag("declaration")
    told = _declaration(row.inner("declared")) or (Declaration("Vendor") if declared else None)
    announced = tuple(_announced(text, n) for n, text in enumerate(row.texts("announced"), 1))
    answers = (_answer(r) for r in row.rows("answers"))
    tests = (_test(r) for r in row.rows("observations"))
    used = {flow.device for flow in flows}
    return Facts(
        devices=(DEVICE, *((SECOND,) if SECOND.id in used else ())),
        flows=flows,
        destinations=destinations,
        exposures=exposures,
        dns_rows=(*(pair for pair, _ in resolvers), *((answer, None) for answer in announced)),
        inputs=(seen,),
        problems=lost,
        marks=(
            *(Mark(0, step, "", None) for step in row.texts("steps", STEPS)),
            *(_mark(r) for r in row.rows("marks")),
        ),
        countries=tuple(_country(r) for r in row.rows("countries")),
        stale=row.texts("stale"),
        duration_ns=duration_ns,
        test_country=row.text("test_country") or None,
        declaration=told,
        has_proxy_run=bool(row.flag("proxy_run")),
        local_resolvers=tuple(zone for _, zone in resolvers),
        observations=(*answers, *tests),
    )


def _destination(row: Fields, number: int) -> Destination:
    zone = Zone(row.choice("zone", [z.value for z in Zone], default=Zone.EU.value))
    located = zone in {Zone.EU, Zone.EEA, Zone.ADEQUATE, Zone.THIRD_COUNTRY}
    status = Status(
        row.choice("status", [s.value for s in Status], default="claimed" if located else "unknown")
    )
    country = row.text("country", default="DE" if zone is Zone.EU else "") or None
    anycast = bool(row.flag("anycast"))
    says = tuple(
        Evidence("dbip" if not n else "geoip:b", "database", c, "")
        for n, c in enumerate(row.texts("says"))
    )
    evidence = (*says, Evidence("anycast", "anycast", None, "")) if anycast else says
    location = Location(
        country if status in {Status.CONFIRMED, Status.CLAIMED} else None, status, evidence
    )
    ip = row.text("ip", default=f"198.51.100.{number}")
    sent = int(row.number("sent", 1000))
    ident = row.text("id", default=f"dst{number}")
    found = Destination(
        id=ident,
        name=row.text("name", default=f"host{number}.vendor.example"),
        ips=(ip,),
        registrable_domain=row.text("domain", default="vendor.example"),
        party=Party(row.choice("party", [p.value for p in Party], default=Party.FIRST.value)),
        operator=_operator(row.inner("operator")),
        location=location,
        zone=zone,
        adequacy=row.choice(
            "adequacy", ("met", "unmet", "unknown"), default="met" if zone is Zone.EU else "unknown"
        ),
        access_laws=tuple(_law(r) for r in row.rows("laws")),
        bytes_out=sent,
        bytes_in=0,
        payload_out=sent,
        flows=(f"f{number}",),
        addresses=(AddressLocation(ip, location, zone),),
        devices=(DEVICE.id,),
        first_packet=number,
        payload_packet=number if sent else None,
    )
    row.close()
    return found


def _operator(row: Fields | None) -> Operator:
    if row is None:
        return Operator("Host Ltd", 64496, None, "DE", "Host Ltd", "DE")
    keys = ("name", "country", "parent", "parent_country")
    name, country, parent, parent_country = (row.text(key) or None for key in keys)
    row.close()
    return Operator(name, 64496, None, country, parent, parent_country)


def _law(row: Fields) -> AccessLaw:
    ident = row.text("id", required=True)
    reach = row.choice("reach", ("place", "operator"), required=True, default="place")
    law = AccessLaw(
        ident,
        row.text("title", default=ident),
        reach,
        row.text("why", default=f"{reach} on file"),
        row.text("country", required=True),
        row.choice("gag", ("yes", "conditional", "no", "unclear"), default="no"),
    )
    row.close()
    return law


def _plain_flow(destination: Destination, number: int) -> Flow:
    return _make_flow(destination, number, EncryptionState.PLAINTEXT, destination.payload_out)


def _flows(row: Fields, number: int, destinations: Mapping[str, Destination]) -> tuple[Flow, ...]:
    """Gives a conversation, or `times` of them to ports and addresses side by side."""
    ident = row.choice("destination", destinations, required=True)
    state = row.choice(
        "state", [s.value for s in EncryptionState], default=EncryptionState.PLAINTEXT.value
    )
    plain = _make_flow(
        destinations.get(ident),
        number,
        EncryptionState(state),
        int(row.number("sent", 1000)),
        row.text("get"),
        int(row.number("received", 0)),
    )
    flow = _shaped(row, _served(row, plain) if row.flag("served") else plain)
    times, hosts = int(row.number("times", 1)), row.flag("hosts")
    row.close()
    if times == 1:
        return (flow,)
    return tuple(_repeated(flow, n, apart=bool(hosts)) for n in range(min(times, MAX_TIMES)))


def _repeated(flow: Flow, number: int, *, apart: bool) -> Flow:
    ip = f"192.168.7.{30 + number}" if apart else flow.server.ip
    server = Endpoint(ip, flow.server.port if apart else 1000 + number)
    return replace(flow, id=f"{flow.id}-{number}", number=flow.number * MAX_TIMES + number, server=server)


def _shaped(row: Fields, flow: Flow) -> Flow:
    """Gives a conversation with its protocol, its protection and its times."""
    version, cipher = row.text("version") or None, row.text("cipher") or None
    weak = row.texts("weak", WEAKNESSES)
    tls = Tls(None, (), version, cipher, None, False, None, weak=weak) if version else None
    begin, end = row.number("first_s", 0), row.number("last_s", 0)
    tags = tuple(row.texts("tags", TAGS))
    status, method = int(row.number("status", 200)), row.text("method", default="GET")
    http = tuple(replace(x, status=status, method=method) for x in flow.http)
    user = row.text("mqtt_user") or None
    packets = row.number("packets", 0)
    return replace(
        flow,
        application=row.text("application", default=flow.application or ""),
        protocol=row.choice("protocol", ("tcp", "udp"), default=flow.protocol),
        direction=Direction(row.choice("direction", [d.value for d in Direction], default=flow.direction.value)),
        device=SECOND.id if row.flag("second") else flow.device,
        client=replace(flow.client, ip=SECOND.ips[0]) if row.flag("second_sends") else flow.client,
        server=flow.server if "device_serves" in flow.tags else replace(flow.server, port=int(row.number("port", 443))),
        encryption=replace(flow.encryption, version=version, cipher=cipher, pinned=bool(row.flag("pinned"))),
        tls=tls,
        http=http,
        mqtt=Mqtt("robot", user, bool(user), ("state",), "3.1.1") if flow.application == "mqtt" or user else None,
        first_ns=int(begin * NS),
        last_ns=int((end or begin + 1) * NS),
        packets_out=int(packets) or flow.packets_out,
        tags=(*flow.tags, *tags),
    )


def _served(row: Fields, flow: Flow) -> Flow:
    """Gives a conversation in which the other side speaks with a service of the device."""
    local = flow.direction is Direction.LOCAL
    return replace(
        flow,
        direction=Direction.LOCAL if local else Direction.INBOUND,
        client=Endpoint(flow.server.ip, 50_000 + flow.number),
        server=Endpoint(DEVICE.ips[0], int(row.number("port", 80))),
        payload_out=flow.payload_in,
        payload_in=flow.payload_out,
        rtt_min_ns=1_000_000,
        tags=("device_serves",),
    )


def _make_flow(
    destination: Destination | None,
    number: int,
    state: EncryptionState,
    sent: int,
    get: str = "",
    received: int = 0,
) -> Flow:
    ip = destination.ips[0] if destination else ""
    return Flow(
        id=f"f{number}",
        number=number,
        device=DEVICE.id,
        direction=Direction.LOCAL if destination and destination.zone is Zone.LOCAL else Direction.OUTBOUND,
        protocol="tcp",
        client=Endpoint(DEVICE.ips[0], 40000 + number),
        server=Endpoint(ip, 443),
        application="tls" if state is EncryptionState.ENCRYPTED else "http",
        packets_out=1,
        bytes_out=sent,
        packets_in=1,
        bytes_in=received,
        payload_out=sent,
        payload_in=received,
        first_ns=0,
        last_ns=NS,
        first_packet=number,
        rtt_min_ns=None,
        names=(),
        encryption=Encryption(state),
        http=(HttpExchange("GET", None, get, None, 200, number),) if get else (),
        destination=destination.id if destination else None,
        device_sent=sent,
        first_device_payload_packet=number if sent else None,
    )


def _exposure(row: Fields, number: int, destinations: Mapping[str, Destination]) -> Exposure:
    types = data_types()
    data_type = row.choice("data_type", types, required=True, default="usage.telemetry")
    destination = row.choice("destination", destinations, required=not destinations) or next(
        iter(destinations), ""
    )
    known = types[data_type]
    packets = tuple(int(text) for text in row.texts("packets") if text.isdigit()) or (number,)
    found = Exposure(
        id=f"x{number}",
        data_type=data_type,
        title=known.title,
        destination=destination,
        confidence=Confidence(
            row.choice(
                "confidence", [c.value for c in Confidence], default=Confidence.DETECTED.value
            )
        ),
        channel=Channel(
            row.choice("channel", [c.value for c in Channel], default=Channel.PLAINTEXT.value)
        ),
        where=row.text("where", default="http.body"),
        decoding=(),
        masked_sample="abc***yz",
        count=int(row.number("count", len(packets))),
        packets=packets,
        flows=row.texts("flows"),
        value_group=row.text("value", default=f"v{number}"),
        sensitivity=known.sensitivity,
        gdpr_class=known.gdpr_class,
        reasoning="",
    )
    row.close()
    return found


def _resolver(row: Fields, number: int) -> tuple[tuple[DnsAnswer, bool | None], tuple[str, str]]:
    ip = row.text("ip", default=f"203.0.113.{number}")
    zone = row.choice("zone", [z.value for z in Zone], default=Zone.UNKNOWN.value)
    configured = row.flag("configured")
    row.close()
    name = "host1.vendor.example"
    answer = DnsAnswer(
        flow=0,
        packet=number,
        time_ns=0,
        outbound=False,
        name=name,
        type="A",
        answers=(),
        chain=(name,),
        resolver=ip,
        client=DEVICE.ips[0],
        rcode="NOERROR",
        ttl_s=60,
        protocol="dns",
    )
    return (answer, configured), (ip, zone)


def _mark(row: Fields) -> Mark:
    packet = int(row.number("packet", 0))
    mark = Mark(int(row.number("at_s", 0) * NS), row.choice("step", STEPS, required=True), "", packet or None)
    row.close()
    return mark


def _answer(row: Fields) -> Observation:
    found = Observation(
        ANSWER,
        row.choice("question", QUESTIONS, required=True),
        row.text("answer"),
        None,
        int(row.number("at_s", 0) * NS),
    )
    row.close()
    return found


def _test(row: Fields) -> Observation:
    kind = row.choice("kind", KINDS, required=True, default="cut_off")
    found = Observation(
        kind,
        row.text("target") or None,
        row.choice("result", (*KINDS[kind], "unknown"), required=True),
        row.text("evidence") or None,
        0,
    )
    row.close()
    return found


def _announced(name: str, number: int) -> DnsAnswer:
    owner = f"robot.{name}.local"
    return DnsAnswer(
        flow=0,
        packet=number,
        time_ns=0,
        outbound=True,
        name=owner,
        type="SRV",
        answers=("robot.local",),
        chain=(owner,),
        resolver=DEVICE.ips[0],
        client="224.0.0.251",
        rcode="NOERROR",
        ttl_s=120,
        protocol="mdns",
    )


def _profile(row: Fields | None) -> Profile | None:
    if row is None:
        return None
    services, multicast = row.number("max_services", -1), row.number("max_multicast_per_s", -1)
    found = Profile(
        id="case",
        title="The case's",
        device_kind="any",
        sensors=(),
        data_types=row.texts("data_types", data_types()),
        destinations=(),
        packs=(),
        severity=(),
        min_duration_s=float(row.number("min_duration_s", 0)),
        steps=row.texts("steps", STEPS),
        claims=(),
        max_services=None if services < 0 else int(services),
        max_multicast_per_s=None if multicast < 0 else float(multicast),
    )
    row.close()
    return found


def _declaration(row: Fields | None) -> Declaration | None:
    if row is None:
        return None
    hosts = row.texts("hosts")
    ports = row.texts("ports")
    volume = row.number("bytes_per_day", -1)
    found = Declaration(
        vendor="Vendor",
        storage_countries=row.texts("countries") or None,
        destinations=tuple(DeclaredHost(host) for host in hosts) or None,
        operators=row.texts("operators") or None,
        data_types=row.texts("data_types", data_types()) or None,
        update_hosts=row.texts("update_hosts") or None,
        volumes=None if volume < 0 else (DeclaredVolume(int(volume)),),
        remote_access=tuple(DeclaredHost(host) for host in row.texts("remote_access")) or None,
        ports=tuple(DeclaredPort(int(p)) for p in ports if p.isdigit()) or None,
    )
    row.close()
    return found


def _country(row: Fields) -> CountryFact:
    keys = ("decision", "scope_test", "scope", "expires", "note")
    code, zone = (
        row.text("country", required=True),
        row.choice("zone", [z.value for z in Zone], required=True),
    )
    decision, scope_test, scope, expires, note = (row.text(key) or None for key in keys)
    row.close()
    return CountryFact(code, zone, decision, scope_test, scope, expires, note)
