"""The closed vocabulary of rules: scopes, facts with their types, needs, scenario steps, words of messages.

Rule files are checked against it (`packs/rules.py`), `judge/facts.py` gives each fact its value, and
docs/rules/vocabulary.md is its print. A fact may be unknown; a test of an unknown fact is neither true nor false.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from iotaudit.model.flows import WEAKNESSES


class FactType(StrEnum):
    """What values a fact has."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    LIST = "list of texts"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact. `choices` are its only words, () where any text may stand."""

    id: str
    type: FactType
    about: str
    choices: tuple[str, ...] = ()


PLACE = ("destination", "operator", "parent", "country")
SCOPES: dict[str, tuple[str, ...]] = {
    "destination": PLACE,
    "exposure": ("exposure", *PLACE),
    "flow": ("flow", "tls", *PLACE),
    "resolver": ("resolver",),
    "value": ("value",),
    "service": ("service",),
}
"""What a rule looks at one by one, and the groups of facts (the part before the dot) that it may ask there."""

SCOPE_TEXTS: dict[str, str] = {
    "destination": "each destination outside that got payload; one finding for each",
    "exposure": "each data type at a destination outside; one finding for each exposure",
    "flow": "each conversation with a destination outside; one finding for each destination",
    "resolver": "each name server that was asked; one finding for each",
    "value": "each value that was seen more than once; one finding for each value",
    "service": "the destinations of one registrable domain together; one finding for each domain",
}

ZONES = ("EU", "EEA", "adequate", "third-country", "local", "unknown")
_T, _N, _F, _L = FactType.TEXT, FactType.NUMBER, FactType.FLAG, FactType.LIST

FACTS: tuple[FactSpec, ...] = (
    FactSpec(
        "destination.zone",
        _T,
        "legal space of the farthest address that got payload; unknown where its place is unknown or disputed",
        ZONES,
    ),
    FactSpec(
        "destination.country",
        _T,
        "ISO 3166-1 code of that address; unknown where its place is unknown or disputed",
    ),
    FactSpec(
        "destination.disputed",
        _F,
        "sources name different countries for an address that got payload",
    ),
    FactSpec(
        "destination.anycast",
        _F,
        "the address is announced from many places; unknown where an operator is unknown or may put an address anywhere",
    ),
    FactSpec(
        "destination.party",
        _T,
        "whose service it is, seen from the vendor",
        ("first", "support", "third", "infrastructure", "unknown"),
    ),
    FactSpec(
        "destination.adequacy",
        _T,
        "whether the recipient is shown to be in scope of an adequacy decision",
        ("met", "unmet", "unknown"),
    ),
    FactSpec("destination.payload_out", _N, "payload bytes that the device sent there"),
    FactSpec(
        "destination.over_threshold",
        _F,
        "payload_out is above the profile's payload_threshold (0 without a profile)",
    ),
    FactSpec("destination.closed_payload", _N, "payload bytes sent there that could not be read"),
    FactSpec(
        "destination.closed_over_threshold",
        _F,
        "closed_payload is above the profile's payload_threshold",
    ),
    FactSpec(
        "destination.data_types",
        _L,
        "data types seen going there; unknown besides those seen where payload stayed closed",
    ),
    FactSpec(
        "destination.update_download",
        _F,
        "a file named like firmware was fetched from there; unknown where flows stayed closed",
    ),
    FactSpec(
        "destination.in_test_country",
        _F,
        "it lies in the country where the capture was taken; unknown without a lab position",
    ),
    FactSpec(
        "destination.answers_too_fast",
        _F,
        "the round trip excludes the claimed place; unknown: no distances are on file",
    ),
    FactSpec(
        "destination.continues_after_opt_out",
        _F,
        "sending went on after the tester's switch to off; unknown without a tester's log",
    ),
    FactSpec(
        "destination.laws",
        _L,
        "ids of access laws of countries outside the EEA that reach it, by place or operator",
    ),
    FactSpec(
        "destination.laws_by_place",
        _L,
        "those that reach it by its place; unknown where the place is",
    ),
    FactSpec(
        "destination.gags",
        _L,
        "what those laws say on notice to the customer",
        ("yes", "conditional", "no", "unclear", "unknown"),
    ),
    FactSpec("operator.name", _T, "who runs the address"),
    FactSpec("operator.country", _T, "seat of the operator"),
    FactSpec("operator.in_eea", _F, "that seat is in the EU or EEA"),
    FactSpec(
        "operator.laws",
        _L,
        "ids of access laws that reach it by the seat of the operator or of the domain's owner",
    ),
    FactSpec("operator.parent", _T, "the operator's ultimate parent"),
    FactSpec("parent.country", _T, "seat of the ultimate parent"),
    FactSpec("parent.in_eea", _F, "that seat is in the EU or EEA"),
    FactSpec("parent.laws", _L, "ids of access laws that reach it by the seat of the parent"),
    FactSpec(
        "country.has_decision", _F, "an adequacy decision for the destination's country is on file"
    ),
    FactSpec(
        "country.scope_test",
        _T,
        "what that decision's scope depends on; absent without a decision",
        ("none", "recipient", "sector", "unknown"),
    ),
    FactSpec(
        "country.decision_months_left",
        _N,
        "whole months until the decision ends; absent where it has no end",
    ),
    FactSpec(
        "country.decision_challenged", _F, "the file notes a pending case against the decision"
    ),
    FactSpec("exposure.data_type", _T, "id of data-types.yaml"),
    FactSpec("exposure.sensitivity", _N, "0 (harmless) to 4 (severe)"),
    FactSpec(
        "exposure.gdpr_class",
        _T,
        "class of the data type",
        ("personal", "special", "none-by-itself"),
    ),
    FactSpec("exposure.confidence", _T, "how sure", ("proven", "detected", "inferred")),
    FactSpec(
        "exposure.channel", _T, "how it could be read", ("plaintext", "decrypted", "encrypted")
    ),
    FactSpec("exposure.count", _N, "how often it was seen"),
    FactSpec(
        "exposure.before_terms",
        _F,
        "it was sent before the tester accepted terms; unknown without a tester's log",
    ),
    FactSpec(
        "flow.direction", _T, "seen from the device", ("outbound", "inbound", "local", "multicast")
    ),
    FactSpec("flow.protocol", _T, "tcp, udp, ..."),
    FactSpec("flow.application", _T, "protocol id of the content"),
    FactSpec("flow.server_port", _N, "port of the server"),
    FactSpec(
        "flow.encryption",
        _T,
        "how the payload was protected; unknown where nobody could look",
        ("encrypted", "plaintext", "opaque", "none", "unknown"),
    ),
    FactSpec("flow.device_sent", _N, "payload bytes that the device sent"),
    FactSpec(
        "tls.weak",
        _L,
        "what is weak in the handshake; unknown besides what was seen where suite or certificate was not in the clear",
        WEAKNESSES,
    ),
    FactSpec(
        "tls.self_signed",
        _F,
        "the server's certificate names itself as its issuer; unknown where none was seen",
    ),
    FactSpec(
        "tls.expired",
        _F,
        "the server's certificate had run out when it was shown; unknown where none was seen",
    ),
    FactSpec(
        "resolver.configured",
        _F,
        "the network gave the device this name server; unknown without DHCP or router advertisement",
    ),
    FactSpec("resolver.zone", _T, "legal space of the name server", ZONES),
    FactSpec("value.data_types", _L, "data types that the value was seen as"),
    FactSpec(
        "value.domains",
        _N,
        "registrable domains (addresses where there is no name) outside that it reached",
    ),
    FactSpec(
        "value.operators", _N, "different operators behind them; unknown where too few are known"
    ),
    FactSpec(
        "service.countries",
        _N,
        "countries by place, operator or parent; unknown where too little is known",
    ),
)

FACTS_BY_ID = {spec.id: spec for spec in FACTS}

STEPS = (
    "first_boot",
    "onboarding",
    "idle",
    "normal_work",
    "mapping",
    "camera_use",
    "app_use",
    "update",
    "remote_support",
    "network_loss",
    "block_foreign",
    "reset",
    "decommission",
)
"""Scenario steps: what a technician marks and a profile asks for."""

KNOWLEDGE: dict[str, tuple[str, ...]] = {
    "geo": ("dbip-country", "zones"),
    "operator": ("asn", "entities"),
    "ownership": ("entities",),
    "trackers": ("roles", "third-parties"),
    "dpf-list": (),
    "distances": (),
}
"""What `knowledge:NAME` of a rule's needs rests on; () where no such knowledge is on file."""

NEEDS: dict[str, str] = {
    "any_capture": "a capture in which the device sends payload to the outside",
    "lan_visibility": "a capture point that sees the device's local traffic",
    "readable_payload": "plaintext or decrypted payload of all flows to the outside",
    "proxy_run": "a run through a proxy with an untrusted certificate",
    "declaration": "the vendor's declaration (--declared)",
    "tester_log": "the tester's timed notes",
    "test_plan": "a profile with a least duration and scenario steps",
    "two_units": "captures of two units of one model",
    "site_position": "where the capture was taken (--lab-position)",
}
NOT_TESTABLE_NEEDS = frozenset(
    ("any_capture", "proxy_run", "declaration", "tester_log", "test_plan", "site_position")
)
"""Needs whose lack makes a rule not testable; the lack of another one leaves it inconclusive."""
DURATION_NEED = re.compile(r"duration:([1-9][0-9]{0,4})(s|min|h|d)")
UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}

MESSAGE_WORDS: dict[str, str] = {
    "destination": "name or address of the destination",
    "country": "its country",
    "zone": "its legal space",
    "operator": "who runs it",
    "operator_country": "seat of the operator",
    "parent": "ultimate parent of the operator",
    "parent_country": "seat of the parent",
    "law": "titles of the access laws that reach it",
    "law_country": "countries whose access laws reach it",
    "why": "grounds on which those laws reach it",
    "scope": "scope of the adequacy decision",
    "note": "what the file notes on the decision",
    "evidence": "what each source says of the place",
    "bytes": "payload sent there",
    "data_type": "title of the data type",
    "masked": "masked sample of the value",
    "seconds": "seconds before terms were shown",
    "n": "number of domains or countries",
    "resolver": "address of the name server",
    "countries": "the countries",
    "test_country": "country where the capture was taken",
    "rtt": "least round trip in ms",
    "claimed": "claimed country",
    "km": "farthest distance that the round trip allows",
}
