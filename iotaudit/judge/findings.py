"""From subjects where a condition was observed to findings: words, flows, packets, fingerprint.

A fingerprint is the SHA-256 of rule, registrable domain (else address) and data type, so that it survives another
capture of the same behaviour (docs/formats/json.md).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from iotaudit.judge import words
from iotaudit.judge.conditions import facts_of
from iotaudit.judge.facts import countries_of, country_fact, domain_of, law_rows
from iotaudit.judge.inside import Listener, Login
from iotaudit.judge.local_facts import listeners
from iotaudit.judge.scene import Scene, natural
from iotaudit.judge.subject import Subject
from iotaudit.judge.told import told_words
from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import Destination
from iotaudit.model.devices import Device
from iotaudit.model.exposures import Exposure
from iotaudit.model.facts import CountryFact
from iotaudit.model.findings import Finding, Rule
from iotaudit.model.flows import Flow
from iotaudit.model.observations import Observation

WORD = re.compile(r"\{([a-z_]+)\}")
MAX_PACKETS = 20
"""Packets cited by one finding: enough to look, the flows name the rest."""
NOT_KNOWN = "(not known)"
OF_SERVICES = frozenset(("device.services", "device.services_over_limit", "device.unprotected_services"))
OF_CONTACTS = frozenset(("device.hosts_in_10min", "device.ports_in_10min"))


def make_findings(rule: Rule, subjects: tuple[Subject, ...], scene: Scene) -> tuple[Finding, ...]:
    """Gives one finding for each subject (conversations of one destination are one subject)."""
    if rule.scope != "flow":
        return tuple(_finding(rule, subject, (), scene) for subject in subjects)
    groups: dict[str, list[Subject]] = {}
    for subject in subjects:
        groups.setdefault(subject.destination.id if subject.destination else "", []).append(subject)
    return tuple(
        _finding(rule, rows[0], tuple(s.flow for s in rows if s.flow), scene)
        for rows in groups.values()
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Gives findings by pack, rule, destination and exposure, with ids `fnd1` and on."""
    rows = sorted(
        findings,
        key=lambda f: (
            f.pack,
            f.rule,
            natural(f.destination or ""),
            natural(f.exposure or ""),
            f.fingerprint,
            f.evidence,
        ),
    )
    return tuple(replace(row, id=f"fnd{number}") for number, row in enumerate(rows, 1))


def _finding(rule: Rule, subject: Subject, flows: tuple[Flow, ...], scene: Scene) -> Finding:
    flow_ids, packets = _of_device(rule, subject.device, scene) if subject.scope == "device" else _cited(subject, flows, scene)
    severity = (
        dict(scene.profile.severity).get(rule.id, rule.severity) if scene.profile else rule.severity
    )
    destination, exposure = subject.destination, subject.exposure
    return Finding(
        id="",
        rule=rule.id,
        pack=rule.pack,
        title=rule.title,
        severity=severity,
        dimension=rule.dimension,
        destination=destination.id if destination else _one_place(subject),
        exposure=exposure.id if exposure else None,
        flows=flow_ids,
        packets=packets,
        evidence=_filled(rule.message, subject, scene),
        legal=rule.legal,
        question=_filled(rule.question, subject, scene),
        remediation=_filled(rule.remediation, subject, scene),
        not_proof=rule.not_proof,
        fingerprint=_fingerprint(rule, subject),
    )


def _fingerprint(rule: Rule, subject: Subject) -> str:
    where, what = _kept(subject)
    return hashlib.sha256("\n".join((rule.id, where, what)).encode("utf-8", "replace")).hexdigest()


def _one_place(subject: Subject) -> str | None:
    """Gives the destination that a line of a declaration is about, where it is one."""
    rows = subject.item.destinations if isinstance(subject.item, DeclaredRow) else ()
    return rows[0] if len(rows) == 1 else None


def _kept(subject: Subject) -> tuple[str, str]:
    """Gives where and what of a subject, as far as another capture of the same behaviour shows the same."""
    item, device = subject.item, subject.device
    home = (device.mac or next(iter(device.ips), device.id)) if device else ""
    what = subject.exposure.data_type if subject.exposure else ""
    match item:
        case Listener():
            return home, f"{item.protocol}/{item.service if item.port is None else item.port}"
        case Login():
            return domain_of(subject.destination) if subject.destination else "", item.kind
        case Observation():
            return item.target or "", item.kind
        case DeclaredRow():
            return item.item, str(item.observed if item.declared is None else item.declared)
    if subject.scope in ("value", "secret"):
        return ",".join(sorted({domain_of(d) for d in subject.destinations})), what
    if subject.scope == "announcement" and subject.exposure is not None:
        return subject.exposure.where.partition(".")[0], what
    if subject.destination is not None:
        return domain_of(subject.destination), what
    return (subject.resolver.ip if subject.resolver else home), what


def _cited(
    subject: Subject, flows: tuple[Flow, ...], scene: Scene
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Gives the flows and the packets that a finding rests on."""
    if isinstance(subject.item, Listener | Login):
        return subject.item.flows, subject.item.packets[:MAX_PACKETS]
    if isinstance(subject.item, DeclaredRow):
        return (), subject.item.packets[:MAX_PACKETS]
    if subject.resolver is not None:
        destination = subject.destination
        return (destination.flows if destination else ()), subject.resolver.packets
    exposures = subject.exposures or ((subject.exposure,) if subject.exposure else ())
    if exposures:
        return _of_exposures(exposures)
    destinations = subject.destinations or ((subject.destination,) if subject.destination else ())
    flow_ids: dict[str, None] = {}
    packets: set[int] = set()
    for destination in destinations:
        rows = flows or scene.flows_of.get(destination.id, ())
        flow_ids |= dict.fromkeys(f.id for f in rows)
        packets |= set(evidence_packets(destination, rows, scene))
    return tuple(flow_ids), tuple(sorted(packets)[:MAX_PACKETS])


def _of_device(rule: Rule, device: Device | None, scene: Scene) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Gives what shows a finding about a whole device: its services, or whom it contacted, where the rule asks for them."""
    asked = set(facts_of(rule.when))
    if device is None:
        return (), ()
    if asked & OF_SERVICES:
        rows = [row for row in listeners(scene) if row.device == device.id]
        flow_ids = tuple(dict.fromkeys(ident for row in rows for ident in row.flows))
        return flow_ids[:MAX_PACKETS], tuple(sorted({p for row in rows for p in row.packets})[:MAX_PACKETS])
    return (), scene.inside.contact_packets(device.id) if asked & OF_CONTACTS else ()


def _of_exposures(exposures: tuple[Exposure, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    flow_ids = tuple(dict.fromkeys(f for e in exposures for f in e.flows))
    packets = sorted({p for e in exposures for p in e.packets})
    return flow_ids, tuple(packets[:MAX_PACKETS])


def evidence_packets(
    destination: Destination, flows: Iterable[Flow], scene: Scene
) -> tuple[int, ...]:
    """Gives the DNS answer that named a destination (where one did) and the first packet with the device's payload.

    Args:
        destination: what is to be shown.
        flows: conversations with it, some or all of the scene's.
        scene: whose DNS answers name a destination that no flow calls by a name.
    """
    rows = tuple(flows)
    if len(rows) < len(scene.flows_of.get(destination.id, ())):
        return _first_packets(destination, rows, scene)
    if destination.id not in scene.cited:
        scene.cited[destination.id] = _first_packets(destination, rows, scene)
    return scene.cited[destination.id]


def _first_packets(
    destination: Destination, rows: tuple[Flow, ...], scene: Scene
) -> tuple[int, ...]:
    named = [n.packet for f in rows for n in f.names if n.source == "dns"]
    if not named and destination.name:
        pairs = ((destination.name, ip) for ip in destination.ips)
        named = [scene.named_by[pair] for pair in pairs if pair in scene.named_by]
    payload = [
        f.first_device_payload_packet for f in rows if f.first_device_payload_packet is not None
    ]
    if not payload and destination.payload_packet is not None:
        payload = [destination.payload_packet]
    return tuple(sorted({min(found) for found in (named, payload) if found}))


def _filled(text: str, subject: Subject, scene: Scene) -> str:
    """Gives a message with its words filled in; what is not known says so. The texts of a capture are inert here."""
    if "{" not in text:
        return text
    found = _words(subject, scene)
    return WORD.sub(lambda m: found.get(m[1], NOT_KNOWN) or NOT_KNOWN, text)


def _words(subject: Subject, scene: Scene) -> dict[str, str]:
    found: dict[str, str] = {"country": words.country(None)}
    if subject.destination is not None:
        destination = subject.destination
        found |= scene.once("words", destination.id, lambda: _place_words(destination, scene))
    if subject.exposure is not None:
        found |= {"data_type": subject.exposure.title or subject.exposure.data_type}
        found |= {"masked": subject.exposure.masked_sample}
    if subject.resolver is not None:
        found |= {"resolver": subject.resolver.ip}
    found |= told_words(subject, scene)
    if subject.scope == "value":
        found |= {"n": str(len({domain_of(d) for d in subject.destinations}))}
    if subject.scope == "service":
        codes = countries_of(scene, subject.destinations)
        found |= {"n": str(len(codes)), "countries": words.listed(map(words.country, codes))}
    return found


def _place_words(row: Destination, scene: Scene) -> dict[str, str]:
    place = scene.worst_place(row)
    operator = row.operator
    fact = country_fact(scene, row)
    laws = law_rows(scene, row)
    claimed = sorted({e.country for e in place.location.evidence if e.country})
    return {
        "destination": words.destination(row),
        "country": words.country(place.location.country),
        "claimed": words.listed(map(words.country, claimed)),
        "zone": place.zone.value,
        "operator": operator.name or operator.as_name or "an operator that is not on file",
        "operator_country": words.country(operator.country),
        "parent": operator.parent or "",
        "parent_country": words.country(operator.parent_country),
        "law": words.listed(dict.fromkeys(law.title for law in laws)),
        "law_country": words.listed(
            words.country(c) for c in sorted({law.country for law in laws})
        ),
        "why": words.listed(dict.fromkeys(law.why for law in laws if law.why)),
        "scope": (fact.scope if fact else None) or "",
        "note": _decision_note(fact),
        "evidence": _says(row, scene),
        "bytes": words.size(scene.sent(row)),
        "test_country": words.country(scene.facts.test_country),
    }


def _decision_note(fact: CountryFact | None) -> str:
    if fact is None:
        return ""
    end = f"it ends on {fact.expires}" if fact.expires else ""
    return "; ".join(part for part in (end, (fact.note or "").rstrip(".")) if part)


def _says(row: Destination, scene: Scene) -> str:
    """Gives what each source says of the addresses that got payload, disputed ones first."""
    places = sorted(scene.places[row.id], key=lambda p: not p.disputed)
    said = dict.fromkeys(
        f"{e.source} says {words.country(e.country)}"
        for p in places
        for e in p.location.evidence
        if e.country
    )
    return words.listed(said)
