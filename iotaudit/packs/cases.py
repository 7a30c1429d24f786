"""The test cases of rules, from their own files: small snippets become facts as the stages would give them.

What a snippet leaves out is plain: one device, destinations in the EU that got 1000 readable bytes each, no losses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iotaudit.errors import Place
from iotaudit.model.declared import Declaration
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
from iotaudit.model.findings import OutcomeKind
from iotaudit.model.flows import (
    Direction,
    Encryption,
    EncryptionState,
    Endpoint,
    Flow,
    HttpExchange,
)
from iotaudit.model.inputs import InputFacts, Mark
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
    given = tuple(_flow(r, n, by_id) for n, r in enumerate(row.rows("flows"), 1))
    flows = given or tuple(
        _plain_flow(d, n) for n, d in enumerate(destinations, 1) if d.payload_out
    )
    exposures = tuple(_exposure(r, n, by_id) for n, r in enumerate(row.rows("exposures"), 1))
    resolvers = tuple(_resolver(r, n) for n, r in enumerate(row.rows("resolvers"), 1))
    duration_ns = int(row.number("duration_s", 3600) * NS)
    lost = (Problem("stream_gap", packet=7, loses_payload=True),) if row.flag("losses") else ()
    seen = InputFacts("case.pcap", "", 0, "pcap", ("ether",), 100, 0, 0, duration_ns, 0, 0, lost)
    declared = row.flag("declaration")
    return Facts(
        devices=(DEVICE,),
        flows=flows,
        destinations=destinations,
        exposures=exposures,
        dns_rows=tuple(pair for pair, _ in resolvers),
        inputs=(seen,),
        problems=lost,
        marks=tuple(Mark(0, step, "", None) for step in row.texts("steps", STEPS)),
        countries=tuple(_country(r) for r in row.rows("countries")),
        stale=row.texts("stale"),
        duration_ns=duration_ns,
        test_country=row.text("test_country") or None,
        declaration=Declaration("Vendor") if declared else None,
        has_proxy_run=bool(row.flag("proxy_run")),
        local_resolvers=tuple(zone for _, zone in resolvers),
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


def _flow(row: Fields, number: int, destinations: Mapping[str, Destination]) -> Flow:
    ident = row.choice("destination", destinations, required=True)
    state = row.choice(
        "state", [s.value for s in EncryptionState], default=EncryptionState.PLAINTEXT.value
    )
    flow = _make_flow(
        destinations.get(ident),
        number,
        EncryptionState(state),
        int(row.number("sent", 1000)),
        row.text("get"),
        int(row.number("received", 0)),
    )
    row.close()
    return flow


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
        direction=Direction.OUTBOUND,
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
        where="http.body",
        decoding=(),
        masked_sample="abc***yz",
        count=1,
        packets=(number,),
        flows=(),
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


def _country(row: Fields) -> CountryFact:
    keys = ("decision", "scope_test", "scope", "expires", "note")
    code, zone = (
        row.text("country", required=True),
        row.choice("zone", [z.value for z in Zone], required=True),
    )
    decision, scope_test, scope, expires, note = (row.text(key) or None for key in keys)
    row.close()
    return CountryFact(code, zone, decision, scope_test, scope, expires, note)
