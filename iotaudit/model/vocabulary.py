"""The closed vocabulary of rules: scopes, facts with their types, needs, scenario steps, words of messages.

Rule files are checked against it (`packs/rules.py`), `judge/facts.py` gives each fact its value, and
docs/rules/vocabulary.md is its print. A fact may be unknown; a test of an unknown fact is neither true nor false.
"""

import re

from iotaudit.model.fact_specs import FACTS, FACTS_BY_ID, STEPS, FactSpec, FactType

PLACE = ("destination", "operator", "parent", "country")
SCOPES: dict[str, tuple[str, ...]] = {
    "destination": PLACE,
    "exposure": ("exposure", *PLACE),
    "flow": ("flow", "tls", *PLACE),
    "resolver": ("resolver",),
    "value": ("value",),
    "service": ("service",),
    "announcement": ("exposure", "told"),
    "secret": ("secret",),
    "listener": ("listener", "look"),
    "login": ("login",),
    "trial": ("trial",),
    "line": ("line", "look"),
    "device": ("device", "look"),
    "look": ("look",),
}
"""What a rule looks at one by one, and the groups of facts (the part before the dot) that it may ask there."""

SCOPE_TEXTS: dict[str, str] = {
    "destination": "each destination outside that got payload; one finding for each",
    "exposure": "each data type read on its way outside, not what closed traffic fits; one finding for each exposure",
    "flow": "each conversation with a destination outside; one finding for each destination",
    "resolver": "each name server that was asked; one finding for each",
    "value": "each value that was seen more than once; one finding for each value",
    "service": "the destinations of one registrable domain together; one finding for each domain",
    "announcement": "each data type that a device told on its own network; one finding for each",
    "secret": "each password, key or token that could be read, wherever it went; one finding for each value",
    "listener": "each service of a device: that answered, was announced by multicast DNS or found open by a test",
    "login": "each log-in in a conversation that was not encrypted, inside and outside; one finding for each kind and destination",
    "trial": "each result of an active test, and of a proxy's certificate; one finding for each",
    "line": "each line of the vendor's declaration held against the capture; one finding for each",
    "device": "each audited device; one finding for each",
    "look": "the look as a whole; one finding",
}


KNOWLEDGE: dict[str, tuple[str, ...]] = {
    "geo": ("dbip-country", "zones"),
    "operator": ("asn", "entities"),
    "ownership": ("entities",),
    "trackers": ("roles", "third-parties"),
    "dpf-list": (),
    "distances": (),
    "vulnerabilities": (),
}
"""What `knowledge:NAME` of a rule's needs rests on; () where no such knowledge is on file."""

NEEDS: dict[str, str] = {
    "any_capture": "a capture in which the device sends payload to the outside",
    "lan_visibility": "a capture point that sees the device's local traffic",
    "readable_payload": "plaintext or decrypted payload of all flows to the outside",
    "read_plaintext": "readable payload wherever it was not encrypted (no protocol that is not known)",
    "proxy_run": "a run through a proxy with an untrusted certificate",
    "declaration": "the vendor's declaration (--declared)",
    "tester_log": "the tester's timed notes",
    "test_plan": "a profile with a least duration and scenario steps",
    "two_units": "captures of two units of one model, which the tester's notes say",
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
    "version": "version of the encryption that was agreed on",
    "cipher": "suite that was agreed on",
    "weakness": "what is weak in it",
    "channel": "how the data could be read",
    "hours": "hours that a channel stayed open",
    "declared": "what the declaration says",
    "seen": "what was seen instead",
    "item": "the line of the declaration",
    "protocol": "protocol of an announcement, a service or a log-in",
    "service": "the service as people call it: tcp/80 (http)",
    "peer": "who spoke with the service",
    "kind": "kind of a test",
    "target": "what was tested",
    "result": "how the test ended",
    "device": "name or address of the device",
    "functions": "functions that stopped",
    "cut": "what the device was cut off from",
    "links": "links that the capture does not see",
    "tries": "most conversations begun in a minute",
    "multicast": "packets a second to groups",
    "hosts": "most inside hosts contacted in ten minutes",
    "ports": "most ports of inside hosts contacted in ten minutes",
    "services": "services of the device",
    "mapping": "whether a way in was asked of the router",
    "duration": "how long was looked",
    "scenarios": "steps that were marked",
    "required": "what the profile asks for",
}

__all__ = [
    "DURATION_NEED",
    "FACTS",
    "FACTS_BY_ID",
    "KNOWLEDGE",
    "MESSAGE_WORDS",
    "NEEDS",
    "NOT_TESTABLE_NEEDS",
    "SCOPES",
    "SCOPE_TEXTS",
    "STEPS",
    "UNIT_S",
    "FactSpec",
    "FactType",
]
