"""Audits to report on: a rich one of a fictional vendor, an empty one, one of two inputs, a hostile one."""

from dataclasses import replace

import pytest

from iotaudit import report
from iotaudit.model.declared import DeclaredRow, DeclaredState
from iotaudit.model.destinations import (
    AccessLaw,
    AddressLocation,
    Destination,
    Evidence,
    Location,
    Operator,
    Owner,
    Party,
    Status,
    Zone,
)
from iotaudit.model.devices import Device, DeviceEvidence
from iotaudit.model.events import DnsAnswer
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.findings import Dimension, Finding, OutcomeKind, RuleOutcome, Severity
from iotaudit.model.flows import (
    Certificate,
    Direction,
    Encryption,
    EncryptionState,
    Endpoint,
    Flow,
    FlowName,
    HttpExchange,
    Mqtt,
    Tls,
)
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem
from iotaudit.model.reach import Answer, Closed, Coverage, Reason, Unread, Verdict
from iotaudit.model.result import Audit, KnowledgeFile, Run, Settings

T0 = 1_800_000_000_000_000_123  # 2027-01-15T08:00:00.000000123Z
S = 1_000_000_000
DEVICE = Endpoint("192.168.7.20", 40001)

HOSTILE = (
    "<script>document.title='owned'</script>.example",
    '"><img src=x onerror="document.title=1">',
    "' onmouseover='document.title=1' x='",
    "</style><style>body{display:none}</style>",
    "</script><script>document.title=2</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)//",
    "\x1b[31mred\x1b]0;owned\x07\x9b2J",
    "\u202egro.elpmaxe\u2066\u200b\ufeff",
    "nul\x00line\r\nbreak\u2028",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "[red]markup[/red][link=https://attacker.example]x[/link]",
    "[click](https://attacker.example) `code` | cell | <b>b</b> www.attacker.example a@attacker.example",
    "]]><!--&amp;\ufffe\uffff",
    "a" * 5000,
    "\ud800lone",
)
"""Texts that a device could put where names are expected, one for each medium at least."""


def _flow(number: int, server: str, port: int, **more: object) -> Flow:
    base = Flow(
        id=f"f{number}",
        number=number,
        device="dev1",
        direction=Direction.OUTBOUND,
        protocol="tcp",
        client=DEVICE,
        server=Endpoint(server, port),
        application="tls",
        packets_out=10,
        bytes_out=5000,
        packets_in=8,
        bytes_in=9000,
        payload_out=4200,
        payload_in=8200,
        first_ns=T0 + number * S,
        last_ns=T0 + (number + 30) * S,
        first_packet=number * 10,
        rtt_min_ns=12_500_000,
        names=(FlowName("eu-map.moppel.example", "sni", number * 10 + 3),),
        encryption=Encryption(
            EncryptionState.ENCRYPTED,
            "tls",
            "1.3",
            "TLS_AES_128_GCM_SHA256",
            "tls application data",
        ),
        destination="d1",
        device_sent=4200,
        first_device_payload_packet=number * 10 + 3,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _flows() -> tuple[Flow, ...]:
    certificate = Certificate(
        "*.moppel.example",
        "Moppel Robotics",
        "Example Root CA",
        ("*.moppel.example",),
        T0,
        T0 + 90 * 86400 * S,
        False,
        13,
    )
    tls = Tls(
        "eu-map.moppel.example",
        ("h2",),
        "1.3",
        "TLS_AES_128_GCM_SHA256",
        "t13d1516h2_8daaf6152771_e5627efa2ab1",
        False,
        certificate,
    )
    return (
        _flow(
            1,
            "203.0.113.9",
            443,
            tls=tls,
            bytes_out=2_400_000,
            payload_out=2_300_000,
            device_sent=2_300_000,
        ),
        _flow(
            2,
            "198.51.100.7",
            80,
            application="http",
            names=(FlowName("telemetry.moppel.example", "http_host", 23),),
            encryption=Encryption(EncryptionState.PLAINTEXT, "http"),
            http=(
                HttpExchange(
                    "POST",
                    "telemetry.moppel.example",
                    "/v1/report?serial=MP\u2026*9",
                    "MoppelOS/4.2",
                    200,
                    23,
                ),
            ),
            destination="d2",
            bytes_out=61_000,
            payload_out=52_000,
            device_sent=52_000,
        ),
        _flow(
            3,
            "192.0.2.44",
            8883,
            application="mqtt",
            names=(FlowName("mqtt.eu.moppel.example", "dns", 29),),
            encryption=Encryption(EncryptionState.OPAQUE, None, None, None, "unknown protocol"),
            mqtt=Mqtt("MP\u2026*9", "robot", True, ("v1/up",), "3.1.1"),
            destination="d3",
            bytes_out=410_000,
            payload_out=380_000,
            device_sent=380_000,
        ),
        _flow(
            4,
            "192.168.7.1",
            53,
            protocol="udp",
            application="dns",
            direction=Direction.LOCAL,
            names=(),
            encryption=Encryption(EncryptionState.PLAINTEXT, "dns"),
            destination="d5",
            rtt_min_ns=None,
            bytes_out=800,
            payload_out=400,
            device_sent=400,
        ),
        _flow(
            5,
            "2001:db8::5",
            443,
            names=(),
            destination="d4",
            bytes_out=9000,
            payload_out=7000,
            device_sent=7000,
            tags=("tunnel",),
        ),
    )


def _destinations() -> tuple[Destination, ...]:
    china = Location(
        "CN",
        Status.CLAIMED,
        (
            Evidence("dbip", "database", "CN", "network 203.0.113.0/24", "2026-11-01"),
            Evidence(
                "round-trip",
                "round-trip",
                None,
                "least round trip 12.5 ms bounds the distance to 1,875 km",
                "",
                14,
            ),
        ),
        "one kind of source",
    )
    moppel = Operator(
        "Moppel Cloud",
        64501,
        "MOPPEL-CN",
        "CN",
        "Moppel Robotics Group",
        "CN",
        (Evidence("asn", "registry", "CN", "AS64501", "2026-11-01"),),
    )
    law = AccessLaw(
        "xx-access", "Example Access Act", "place", "the server is in China", "CN", "yes"
    )
    law_us = AccessLaw(
        "us-example",
        "Example Disclosure Act",
        "operator",
        "the operator's parent is in the US",
        "US",
        "conditional",
        True,
    )

    def row(ident: str, name: str | None, ip: str, **more: object) -> Destination:
        base = Destination(
            id=ident,
            name=name,
            ips=(ip,),
            registrable_domain="moppel.example" if name else None,
            party=Party.FIRST if name else Party.UNKNOWN,
            operator=Operator(),
            location=Location(None, Status.UNKNOWN, ()),
            zone=Zone.UNKNOWN,
            adequacy="unknown",
            access_laws=(),
            bytes_out=1000,
            bytes_in=900,
            payload_out=800,
            flows=("f1",),
            addresses=(),
            devices=("dev1",),
            name_source="sni" if name else None,
            first_packet=10,
            payload_packet=13,
        )
        return replace(base, **more)  # type: ignore[arg-type]

    return (
        row(
            "d1",
            "eu-map.moppel.example",
            "203.0.113.9",
            operator=moppel,
            location=china,
            zone=Zone.THIRD_COUNTRY,
            adequacy="unmet",
            access_laws=(law,),
            bytes_out=2_400_000,
            bytes_in=9000,
            payload_out=2_300_000,
            addresses=(AddressLocation("203.0.113.9", china, Zone.THIRD_COUNTRY),),
            notes=("the name says eu, the address is in China",),
        ),
        row(
            "d3",
            "mqtt.eu.moppel.example",
            "192.0.2.44",
            operator=Operator(
                "Example Cloud Ireland", 64511, "EXCLOUD", "IE", "Example Cloud Inc.", "US"
            ),
            location=Location(
                "DE",
                Status.CONFIRMED,
                (
                    Evidence("regions", "region", "DE", "published region", "2026-10-30"),
                    Evidence("dbip", "database", "DE", "", "2026-11-01"),
                ),
            ),
            zone=Zone.EU,
            access_laws=(law_us,),
            bytes_out=410_000,
            payload_out=380_000,
            flows=("f3",),
            first_packet=30,
            payload_packet=33,
        ),
        row(
            "d2",
            "telemetry.moppel.example",
            "198.51.100.7",
            operator=Operator("Sample Hosting", 64502, "SAMPLE", "IT"),
            location=Location(
                "IT",
                Status.DISPUTED,
                (
                    Evidence("dbip", "database", "IT", "", "2026-11-01"),
                    Evidence("geoip:lab.mmdb", "database", "RU", "", "2026-10-01"),
                ),
            ),
            bytes_out=61_000,
            payload_out=52_000,
            flows=("f2",),
            first_packet=20,
            payload_packet=23,
        ),
        row(
            "d4",
            None,
            "2001:db8::5",
            bytes_out=9000,
            payload_out=7000,
            flows=("f5",),
            hard_coded=True,
            first_packet=50,
            payload_packet=53,
        ),
        row(
            "d5",
            None,
            "192.168.7.1",
            zone=Zone.LOCAL,
            bytes_out=800,
            payload_out=400,
            flows=("f4",),
            party=Party.INFRASTRUCTURE,
            first_packet=40,
            payload_packet=43,
        ),
    )


def _exposures() -> tuple[Exposure, ...]:
    base = Exposure(
        id="x1",
        data_type="device.serial",
        title="Serial number",
        destination="d2",
        confidence=Confidence.PROVEN,
        channel=Channel.PLAINTEXT,
        where="http.uri",
        decoding=("query",),
        masked_sample="MP\u2026*9",
        count=14,
        packets=(23, 25),
        flows=("f2",),
        value_group="v1",
        sensitivity=2,
        gdpr_class="personal",
        reasoning="equals the serial number of the known values",
    )
    return (
        base,
        replace(
            base,
            id="x2",
            data_type="geo.gps",
            title="Satellite position",
            where="http.body",
            decoding=("json", "base64", "gzip"),
            masked_sample="50.9…, 6.9…",
            confidence=Confidence.DETECTED,
            count=3,
            packets=(25,),
            value_group="v2",
            sensitivity=3,
            reasoning="two numbers in range with telling keys",
        ),
    )


def _findings() -> tuple[Finding, ...]:
    base = Finding(
        id="finding-1",
        rule="gt-001",
        pack="gdpr-transfers",
        title="Personal data seen going to a third country",
        severity=Severity.HIGH,
        dimension=Dimension.IDEATIONAL,
        destination="d1",
        exposure=None,
        flows=("f1",),
        packets=(13, 14),
        evidence="2.3 MB went to eu-map.moppel.example in China.",
        legal="GDPR Art. 44, 46",
        question="Who receives this data, and on which safeguard do you rely?",
        remediation="Name an EU endpoint in the contract.",
        not_proof="That a transfer under Chapter V took place.",
        fingerprint="a" * 64,
    )
    return (
        replace(
            base,
            id="finding-2",
            rule="fa-001",
            pack="foreign-access",
            title="Operator within reach of a foreign access law",
            severity=Severity.MEDIUM,
            dimension=Dimension.POLITICAL,
            destination="d3",
            evidence="Example Cloud Ireland belongs to Example Cloud Inc. in the US.",
            legal="Example Disclosure Act",
            question="Who holds the keys, and can the parent company be made to hand over data?",
            fingerprint="b" * 64,
            packets=(33,),
        ),
        base,
        replace(
            base,
            id="finding-3",
            rule="gt-004",
            title="Serial number readable on the way",
            severity=Severity.CRITICAL,
            dimension=Dimension.SECURITY,
            destination="d2",
            exposure="x1",
            evidence="A serial number was readable by anyone on the path.",
            question="When will the telemetry channel be encrypted?",
            fingerprint="c" * 64,
            packets=(23, 25),
        ),
    )


def _verdict() -> Verdict:
    coverage = Coverage(
        duration_s=200.0,
        packets=480,
        scenarios=("first_boot", "mapping"),
        unread=(Unread("truncated_packets", 12, "snap length 96"),),
        undecrypted_share=0.9785,
        closed=(Closed("d1", 2_300_000, "no_keys"), Closed("d3", 380_000, "unknown_protocol")),
        required_duration_s=600.0,
        required_steps=("first_boot", "idle", "mapping"),
        missing_steps=("idle",),
        met=False,
    )
    return Verdict(
        Answer.YES,
        Answer.YES,
        "Yes: in 3 min 20 s of traffic (steps: first_boot, mapping) the device sent 2.3 MB to eu-map.moppel.example in "
        "China, run by Moppel Cloud. 98 % of what it sent outside stayed closed.",
        (
            Reason(
                "leaves",
                "2.3 MB of payload reached eu-map.moppel.example in China.",
                ("d1",),
                (11, 13),
            ),
        ),
        coverage,
    )


@pytest.fixture
def audit() -> Audit:
    verdict = _verdict()
    answer = DnsAnswer(
        flow=4,
        packet=9,
        time_ns=T0,
        outbound=False,
        name="eu-map.moppel.example",
        type="A",
        answers=("203.0.113.9",),
        chain=("eu-map.moppel.example",),
        resolver="192.168.7.1",
        client="192.168.7.20",
        rcode="NOERROR",
        ttl_s=60,
        protocol="dns",
    )
    device = Device(
        "dev1",
        "02:00:5e:10:00:01",
        ("192.168.7.20", "fe80::1"),
        "Moppel Robotics",
        "moppel-4711",
        (DeviceEvidence("dhcp", "moppel-4711", 2), DeviceEvidence("oui", "Moppel Robotics", 1)),
        verdict,
    )
    facts = InputFacts(
        "robot.pcapng",
        "d" * 64,
        3_100_000,
        "pcapng",
        ("ether",),
        480,
        2_990_000,
        T0,
        T0 + 200 * S,
        12,
        3,
        (
            Problem("truncated_packets", 0, 31, None, "snap length 96", 12, True),
            Problem("stream_gap", 0, 44, None, "", 2, True),
            Problem("duplicate_frames", 0, 5, None, "", 4),
        ),
    )
    outcomes = (
        RuleOutcome("gt-001", "gdpr-transfers", OutcomeKind.FAIL_INDICATOR, "one destination", ""),
        RuleOutcome("gt-004", "gdpr-transfers", OutcomeKind.FAIL_INDICATOR, "one exposure", ""),
        RuleOutcome(
            "gt-002",
            "gdpr-transfers",
            OutcomeKind.NO_INDICATOR,
            "5 destinations, all payload read",
            "",
        ),
        RuleOutcome("fa-001", "foreign-access", OutcomeKind.FAIL_INDICATOR, "one destination", ""),
        RuleOutcome(
            "fa-002", "foreign-access", OutcomeKind.INCONCLUSIVE, "98 % stayed closed", "a key log"
        ),
        RuleOutcome(
            "fa-003",
            "foreign-access",
            OutcomeKind.NOT_TESTABLE,
            "no declaration",
            "the vendor's declaration",
        ),
    )
    return Audit(
        run=Run(T0 + 3600 * S, "Linux-test", 0.75),
        tool_version="0.1.0",
        knowledge=(
            KnowledgeFile("laws", "1.0", "2026-11-24", "MIT", "e" * 64, "", "", "2027-05-31"),
            KnowledgeFile(
                "dbip-country",
                "2026-11",
                "2026-11-01",
                "CC-BY-4.0",
                "f" * 64,
                "IP Geolocation by DB-IP",
                "https://db-ip.com",
                "",
            ),
        ),
        settings=Settings(
            as_of="2026-11-24",
            profile="cleaning-robot",
            rules=("gdpr-transfers", "foreign-access"),
            lab_position=(50.9, 6.9),
        ),
        inputs=(facts,),
        device_rows=(device,),
        flow_rows=_flows(),
        dns_rows=((answer, True),),
        destination_rows=_destinations(),
        exposure_rows=_exposures(),
        finding_rows=_findings(),
        outcomes=outcomes,
        verdict=verdict,
        marks=(
            Mark(T0 + 5 * S, "first_boot", "switched on", 3),
            Mark(T0 + 90 * S, "mapping", "", None),
        ),
        warnings=("knowledge laws is past its review date",),
        pack_titles=(
            (
                "gdpr-transfers",
                "Personal data and third countries",
                "A flow across a border is not of itself a transfer.",
            ),
            ("foreign-access", "Reach of foreign law", "A law is a reason to ask."),
        ),
        rule_titles=(
            ("gt-001", "Personal data seen going to a third country", "high"),
            ("gt-002", "Special-category data leaves the EEA", "critical"),
            ("gt-004", "Serial number readable on the way", "critical"),
            ("fa-001", "Operator within reach of a foreign access law", "medium"),
            ("fa-002", "Administration from a third country", "high"),
            ("fa-003", "Undeclared operator", "low"),
        ),
    )


@pytest.fixture
def empty_audit() -> Audit:
    """An empty capture: no packet, no device, no answer."""
    coverage = Coverage(0.0, 0, (), (), None, ())
    verdict = Verdict(
        Answer.UNDETERMINED, Answer.UNDETERMINED, "Nothing was recorded.", (), coverage
    )
    facts = InputFacts("empty.pcap", "0" * 64, 24, "pcap", ("ether",), 0, 0, -1, -1, 0, None, ())
    return Audit(
        Run(0, "", 0.0),
        "0.1.0",
        (),
        Settings("2026-11-24"),
        (facts,),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        verdict,
    )


@pytest.fixture
def two_input_audit(audit: Audit) -> Audit:
    """The rich audit with a second input, whose packets are cited too."""
    second = replace(
        audit.inputs[0],
        name="robot-2.pcap",
        problems=(Problem("truncated_file", 1, packet_id(1, 7), 9000, "", 1, True),),
    )
    exposure = replace(
        audit.exposure_rows[0], id="x3", packets=(packet_id(1, 2), 23), where="mqtt.payload"
    )
    return replace(
        audit, inputs=(*audit.inputs, second), exposure_rows=(*audit.exposure_rows, exposure)
    )


@pytest.fixture
def hostile_audit(audit: Audit) -> Audit:
    """Every text that a device can choose holds something that acts in one medium or another."""
    destinations = []
    exposures = []
    findings = []
    for number, text in enumerate(HOSTILE):
        base = audit.destination_rows[number % 3]
        destinations.append(
            replace(
                base,
                id=f"h{number}",
                name=text,
                registrable_domain=text,
                operator=replace(base.operator, name=text, as_name=text),
                location=replace(
                    base.location, evidence=(Evidence("dbip", "database", "CN", text),), why=text
                ),
                owner=Owner(text, "CN", text, "CN", (Evidence("certificate", "name", None, text, "", 3),)),
                party_ground=text,
                notes=(text,),
            )
        )
        exposures.append(
            replace(
                audit.exposure_rows[0],
                id=f"hx{number}",
                destination=f"h{number}",
                masked_sample=text,
                where=text,
                title=text,
            )
        )
        findings.append(
            replace(
                audit.finding_rows[0],
                id=f"hf{number}",
                destination=f"h{number}",
                evidence=text,
                question=f"Q {text}",
                title=text,
            )
        )
    flow = replace(
        audit.flow_rows[1],
        names=tuple(FlowName(text, "sni", 3) for text in HOSTILE),
        http=tuple(HttpExchange(text, text, text, text, None, 23) for text in HOSTILE),
    )
    device = replace(
        audit.device_rows[0],
        hostname=HOSTILE[0] + HOSTILE[7] + HOSTILE[8],
        vendor=HOSTILE[1],
        evidence=tuple(DeviceEvidence("http", t, 1) for t in HOSTILE),
    )
    verdict = replace(
        audit.verdict,
        statement=" ".join(HOSTILE),
        reasons=tuple(Reason("leaves", t, ("h0",), (1,)) for t in HOSTILE),
    )
    return replace(
        audit,
        inputs=(replace(audit.inputs[0], name=HOSTILE[0] + "\x1b[2J"),),
        device_rows=(replace(device, verdict=verdict),),
        flow_rows=(flow,),
        destination_rows=tuple(destinations),
        exposure_rows=tuple(exposures),
        finding_rows=tuple(findings),
        verdict=verdict,
        marks=tuple(Mark(T0, "idle", t, None) for t in HOSTILE),
        warnings=HOSTILE,
        declared=tuple(
            DeclaredRow(t, t, (t, t), DeclaredState.CONTRADICTED, ("h0",), (1,)) for t in HOSTILE
        ),
    )


@pytest.fixture
def hostile_texts() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture(params=["audit", "empty_audit", "two_input_audit", "hostile_audit"])
def any_document(request: pytest.FixtureRequest) -> dict[str, object]:
    """The document of each of the audits in turn."""
    return report.document(request.getfixturevalue(request.param))
