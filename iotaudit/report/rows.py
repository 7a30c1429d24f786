"""From an audit to the document that `audit.json` holds: plain values in the form of docs/formats/json.md, sorted.

Inside, times are nanoseconds and packets are ids over all inputs; here they become RFC 3339 text and what Wireshark
shows. Every key stands on every row: null or an empty list says that there is nothing, never that nobody looked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar, overload

from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import Destination, Evidence, Location, Operator, Owner
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.exposures import Exposure
from iotaudit.model.findings import Finding
from iotaudit.model.flows import Encryption, Flow, Tls
from iotaudit.model.inputs import InputFacts
from iotaudit.model.packets import input_of, number_of
from iotaudit.model.problems import Problem
from iotaudit.model.reach import Verdict
from iotaudit.model.result import Audit, KnowledgeFile
from iotaudit.model.shapes import StepChange
from iotaudit.report.values import Row, plain, sound, stamp

SCHEMA_VERSION = "1.0"
CHUNK = 64
"""Rows that are made at once: so few that Python does not start to look for cycles in them."""
T = TypeVar("T")


def make(audit: Audit, *, lazy: bool = False) -> Row:
    """Gives the document of an audit (contract: `audit.json`); equal audits give equal documents but for `run`.

    Args:
        audit: what is written.
        lazy: make the rows of `flows` and `dns` only while they are read (`LazyRows`); else they are lists.
    """
    form = Form(several=len(audit.inputs) > 1)
    titles = {rule: (title, severity) for rule, title, severity in audit.rule_titles}
    asked = {answer.flow for answer, _ in audit.dns_rows}
    flow_ids = {flow.number: flow.id for flow in audit.flow_rows if flow.number in asked} if asked else {}
    document = {
        "schema_version": SCHEMA_VERSION,
        "run": {
            "created": stamp(audit.run.created_ns),
            "host_platform": audit.run.host_platform,
            "duration_s": audit.run.duration_s,
        },
        "tool": {
            "name": "iotaudit",
            "version": audit.tool_version,
            "knowledge": [
                _knowledge(k) for k in sorted(audit.knowledge, key=lambda k: (k.name, k.version))
            ],
        },
        "settings": plain(audit.settings),
        "inputs": [form.input(facts) for facts in audit.inputs],
        "packs": [
            {"id": i, "title": title, "caveat": caveat} for i, title, caveat in audit.pack_titles
        ],
        "devices": [
            form.device(d) for d in sorted(audit.device_rows, key=lambda d: _natural(d.id))
        ],
        "flows": [],
        "dns": [],
        "destinations": [
            form.destination(d) for d in sorted(audit.destination_rows, key=_destination_order)
        ],
        "exposures": [form.exposure(e) for e in sorted(audit.exposure_rows, key=_exposure_order)],
        "findings": [form.finding(f) for f in sorted(audit.finding_rows, key=_finding_order)],
        "outcomes": [
            {
                "rule": o.rule,
                "pack": o.pack,
                "outcome": o.outcome.value,
                "decided_by": o.decided_by,
                "would_decide": o.would_decide,
                "title": titles.get(o.rule, ("", ""))[0],
                "severity": titles.get(o.rule, ("", ""))[1] or None,
            }
            for o in sorted(audit.outcomes, key=lambda o: (o.pack, o.rule))
        ],
        "declared": [form.declared(row) for row in audit.declared],
        "observations": [
            {"kind": row.kind, "target": row.target, "result": row.result, "evidence": row.evidence}
            for row in audit.observations
        ],
        "marks": [
            {
                "time": stamp(m.time_ns),
                "step": m.step,
                "text": m.text,
                "packet": form.packet(m.packet),
            }
            for m in sorted(audit.marks, key=lambda m: (m.time_ns, m.step, m.text, m.packet or 0))
        ],
        "step_changes": [form.change(row) for row in audit.step_changes],
        "warnings": sorted(audit.warnings),
        "verdict": form.verdict(audit.verdict),
    }
    document = sound(document)
    listed = audit.flow_rows
    flows = LazyRows(sorted(listed, key=_flow_order) if isinstance(listed, tuple) else listed, form.flow)
    answers = sorted(audit.dns_rows, key=lambda row: _dns_order(row[0]))
    dns = LazyRows(answers, lambda row: form.dns(*row, flow_ids))
    document["flows"] = flows if lazy else list(flows)
    document["dns"] = dns if lazy else list(dns)
    return document


class LazyRows(Sequence[Row]):
    """The rows of a long list in their order, each made when it is asked for.

    A row as a tree of dicts takes some kilobytes, so that a hundred thousand of them would not fit in memory.
    """

    def __init__(self, items: Sequence[T], form: Callable[[T], Row]) -> None:
        self._items: Sequence[Any] = items
        self._form = form

    def __len__(self) -> int:
        """Gives the number of rows."""
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        """Gives one row, or some."""
        if isinstance(at, slice):
            return [sound(self._form(item)) for item in self._items[at]]
        return sound(self._form(self._items[at]))

    def __iter__(self) -> Iterator[Row]:
        """Gives row by row."""
        return (sound(self._form(item)) for item in self._items)

    def chunks(self) -> Iterator[list[Row]]:
        """Gives the rows in lists of at most `CHUNK`; lone surrogates are still in them."""
        items = iter(self._items)
        while rows := [self._form(item) for item in islice(items, CHUNK)]:
            yield rows


def _knowledge(file: KnowledgeFile) -> Row:
    row: Row = plain(file)
    return row


def _flow_order(flow: Flow) -> tuple[int, str, str, int, str, int, str]:
    client, server = flow.client, flow.server
    return flow.first_packet, flow.protocol, client.ip, client.port, server.ip, server.port, flow.id


def _dns_order(answer: DnsAnswer) -> tuple[int, str, str, str, str, tuple[str, ...]]:
    return answer.packet, answer.name, answer.type, answer.client, answer.resolver, answer.answers


def _destination_order(row: Destination) -> tuple[str, int, str]:
    return row.name or (row.ips[0] if row.ips else ""), row.operator.asn or 0, row.id


def _exposure_order(row: Exposure) -> tuple[tuple[int, str], str, str, str, tuple[int, str]]:
    return _natural(row.destination), row.data_type, row.channel.value, row.where, _natural(row.id)


def _finding_order(
    row: Finding,
) -> tuple[str, str, tuple[int, str], tuple[int, str], tuple[int, str]]:
    return (
        row.pack,
        row.rule,
        _natural(row.destination or ""),
        _natural(row.exposure or ""),
        _natural(row.id),
    )


def _natural(ident: str) -> tuple[int, str]:
    """Gives the order of ids that end in a running number: d2 before d10."""
    return len(ident), ident


@dataclass(frozen=True, slots=True)
class Form:
    """Gives rows their written form; `several` inputs make a packet `"<input index>:<number>"` (decision 10)."""

    several: bool

    def packet(self, packet: int | None) -> int | str | None:
        """Gives a packet id as it is written."""
        if packet is None or not self.several:
            return packet  # the ids of the only input are its numbers
        return f"{input_of(packet)}:{number_of(packet)}"

    def packets(self, packets: Iterable[int]) -> list[int | str]:
        """Gives packet ids as they are written, in the order of inputs and packets, each once."""
        return [p for p in (self.packet(i) for i in sorted(set(packets))) if p is not None]

    def problem(self, row: Problem) -> Row:
        """Gives a row of `inputs[].problems`."""
        return {
            "kind": row.kind,
            "packet": self.packet(row.packet),
            "offset": row.offset,
            "detail": row.detail,
            "count": row.count,
            "loses_payload": row.loses_payload,
        }

    def input(self, facts: InputFacts) -> Row:
        """Gives a row of `inputs`."""
        problems = sorted(
            facts.problems, key=lambda p: (p.kind, p.packet or 0, p.offset or 0, p.detail)
        )
        return {
            "name": facts.name,
            "sha256": facts.sha256,
            "bytes": facts.bytes,
            "format": facts.format,
            "link_types": sorted(facts.link_types),
            "packets": facts.packets,
            "wire_bytes": facts.wire_bytes,
            "first": stamp(facts.first_ns),
            "last": stamp(facts.last_ns),
            "truncated_packets": facts.truncated_packets,
            "dropped_packets": facts.dropped_packets,
            "problems": [self.problem(p) for p in problems],
        }

    def device(self, row: Device) -> Row:
        """Gives a row of `devices`."""
        evidence = sorted(row.evidence, key=lambda e: (e.packet or 0, e.source, e.value))
        return {
            "id": row.id,
            "mac": row.mac,
            "ips": list(row.ips),
            "vendor": row.vendor,
            "hostname": row.hostname,
            "evidence": [
                {"source": e.source, "value": e.value, "packet": self.packet(e.packet)}
                for e in evidence
            ],
            "verdict": self.verdict(row.verdict) if row.verdict else None,
        }

    def flow(self, row: Flow) -> Row:
        """Gives a row of `flows`."""
        packet = self.packet
        return {
            "id": row.id,
            "device": row.device,
            "direction": row.direction.value,
            "protocol": row.protocol,
            "client": {"ip": row.client.ip, "port": row.client.port},
            "server": {"ip": row.server.ip, "port": row.server.port},
            "application": row.application,
            "packets_out": row.packets_out,
            "bytes_out": row.bytes_out,
            "packets_in": row.packets_in,
            "bytes_in": row.bytes_in,
            "payload_out": row.payload_out,
            "payload_in": row.payload_in,
            "first": stamp(row.first_ns),
            "last": stamp(row.last_ns),
            "first_packet": packet(row.first_packet),
            "rtt_min_ms": None if row.rtt_min_ns is None else row.rtt_min_ns / 1_000_000,
            "names": [{"name": n.name, "source": n.source, "packet": packet(n.packet)} for n in row.names]
            if row.names
            else [],
            "encryption": self._encryption(row.encryption),
            "tls": self._tls(row.tls) if row.tls else None,
            "http": [
                {
                    "method": x.method,
                    "host": x.host,
                    "uri": x.uri,
                    "user_agent": x.user_agent,
                    "status": x.status,
                    "packet": packet(x.packet),
                }
                for x in row.http
            ]
            if row.http
            else [],
            "mqtt": plain(row.mqtt) if row.mqtt else None,
            "destination": row.destination,
            "device_sent": row.device_sent,
            "first_device_payload_packet": packet(row.first_device_payload_packet),
            "layer": row.layer,
            "tags": sorted(row.tags) if row.tags else [],
        }

    def _encryption(self, row: Encryption) -> Row:
        return {
            "state": row.state.value,
            "protocol": row.protocol,
            "version": row.version,
            "cipher": row.cipher,
            "reason": row.reason,
            "opened": row.opened,
            "pinned": row.pinned,
        }

    def _tls(self, row: Tls) -> Row:
        shown = row.certificate
        certificate = shown and {
            "subject_cn": shown.subject_cn,
            "subject_o": shown.subject_o,
            "issuer_cn": shown.issuer_cn,
            "sans": list(shown.sans),
            "not_before": stamp(shown.not_before_ns),
            "not_after": stamp(shown.not_after_ns),
            "self_signed": shown.self_signed,
            "validity": shown.validity,
            "key_kind": shown.key_kind,
            "key_bits": shown.key_bits,
            "signature_hash": shown.signature_hash,
            "chain": list(shown.chain),
            "chain_in_order": shown.in_order,
            "packet": self.packet(shown.packet),
        }
        return {
            "sni": row.sni,
            "alpn": list(row.alpn),
            "version": row.version,
            "cipher": row.cipher,
            "ja4": row.ja4,
            "ech": row.ech,
            "certificate": certificate,
            "retry": row.retry,
            "resumed": row.resumed,
            "weak": list(row.weak),
        }

    def dns(self, row: DnsAnswer, configured: bool | None, flow_ids: Mapping[int, str]) -> Row:  # noqa: FBT001 - a fact, not a switch
        """Gives a row of `dns`; `configured` says whether the device was told to ask this resolver."""
        return {
            "name": row.name,
            "type": row.type,
            "answers": list(row.answers),
            "resolver": row.resolver,
            "packet": self.packet(row.packet),
            "client": row.client,
            "rcode": row.rcode,
            "resolver_is_configured": configured,
            "chain": list(row.chain),
            "ttl_s": row.ttl_s,
            "protocol": row.protocol,
            "time": stamp(row.time_ns),
            "flow": flow_ids.get(row.flow),
        }

    def evidence(self, rows: tuple[Evidence, ...]) -> list[Row]:
        """Gives what sources say, in the order in which the stage weighed them."""
        return [
            {
                "source": e.source,
                "kind": e.kind,
                "country": e.country,
                "detail": e.detail,
                "date": e.date or None,
                "packet": self.packet(e.packet),
            }
            for e in rows
        ]

    def location(self, row: Location) -> Row:
        """Gives a location with its evidence."""
        return {
            "country": row.country,
            "status": row.status.value,
            "evidence": self.evidence(row.evidence),
            "why": row.why,
        }

    def operator(self, row: Operator) -> Row:
        """Gives an operator with its evidence."""
        return {
            "name": row.name,
            "asn": row.asn,
            "as_name": row.as_name,
            "country": row.country,
            "parent": row.parent,
            "parent_country": row.parent_country,
            "evidence": self.evidence(row.evidence),
        }

    def owner(self, row: Owner) -> Row:
        """Gives whose service a destination is, with its evidence."""
        return {
            "name": row.name,
            "country": row.country,
            "parent": row.parent,
            "parent_country": row.parent_country,
            "evidence": self.evidence(row.evidence),
        }

    def declared(self, row: DeclaredRow) -> Row:
        """Gives a row of `declared`."""
        return {
            "item": row.item,
            "declared": plain(row.declared),
            "observed": plain(row.observed),
            "state": row.state.value,
            "destinations": list(row.destinations),
            "packets": self.packets(row.packets),
        }

    def destination(self, row: Destination) -> Row:
        """Gives a row of `destinations`."""
        laws = sorted(row.access_laws, key=lambda law: (law.id, law.reach, law.country, law.why))
        return {
            "id": row.id,
            "name": row.name,
            "ips": list(row.ips),
            "registrable_domain": row.registrable_domain,
            "party": row.party.value,
            "party_ground": row.party_ground,
            "operator": self.operator(row.operator),
            "owner": self.owner(row.owner),
            "location": self.location(row.location),
            "zone": row.zone.value,
            "adequacy": row.adequacy,
            "access_laws": [plain(law) for law in laws],
            "bytes_out": row.bytes_out,
            "bytes_in": row.bytes_in,
            "payload_out": row.payload_out,
            "flows": list(row.flows),
            "addresses": [
                {"ip": a.ip, "location": self.location(a.location), "zone": a.zone.value}
                for a in row.addresses
            ],
            "devices": sorted(row.devices),
            "name_source": row.name_source,
            "first_packet": self.packet(row.first_packet) if number_of(row.first_packet) else None,
            "payload_packet": self.packet(row.payload_packet),
            "hard_coded": row.hard_coded,
            "notes": list(row.notes),
        }

    def exposure(self, row: Exposure) -> Row:
        """Gives a row of `exposures`; a digest only where the stage made one (with the user's key)."""
        return {
            "id": row.id,
            "data_type": row.data_type,
            "title": row.title,
            "destination": row.destination,
            "confidence": row.confidence.value,
            "channel": row.channel.value,
            "where": row.where,
            "decoding": list(row.decoding),
            "masked_sample": row.masked_sample,
            "count": row.count,
            "packets": self.packets(row.packets),
            "flows": list(row.flows),
            "value_group": row.value_group,
            "sensitivity": row.sensitivity,
            "gdpr_class": row.gdpr_class,
            "reasoning": row.reasoning,
            "digest": row.digest,
            "packet": self.packet(row.packet),
            "offset": row.offset,
            "measured": plain(row.measured) if row.measured else None,
            "alternatives": list(row.alternatives),
        }

    def change(self, row: StepChange) -> Row:
        """Gives a row of `step_changes`."""
        return {**plain(row), "packet": self.packet(row.packet)}

    def finding(self, row: Finding) -> Row:
        """Gives a row of `findings`."""
        return {
            "id": row.id,
            "rule": row.rule,
            "pack": row.pack,
            "title": row.title,
            "severity": row.severity.name.lower(),
            "dimension": row.dimension.value,
            "destination": row.destination,
            "exposure": row.exposure,
            "flows": list(row.flows),
            "packets": self.packets(row.packets),
            "evidence": row.evidence,
            "legal": row.legal,
            "question": row.question,
            "remediation": row.remediation,
            "not_proof": row.not_proof,
            "fingerprint": row.fingerprint,
            "waived": plain(row.waived),
        }

    def verdict(self, row: Verdict) -> Row:
        """Gives a verdict with its reasons and coverage."""
        coverage: Row = plain(row.coverage)
        coverage["closed"].sort(key=lambda c: (c["destination"], c["why"], c["bytes"]))
        coverage["unread"].sort(key=lambda u: (u["what"], u["detail"], u["count"]))
        return {
            "data_leaves_eu": row.data_leaves_eu.value,
            "third_country_access": row.third_country_access.value,
            "statement": row.statement,
            "reasons": [
                {
                    "code": r.code,
                    "text": r.text,
                    "destinations": list(r.destinations),
                    "packets": self.packets(r.packets),
                    "laws": list(r.laws),
                }
                for r in row.reasons
            ],
            "coverage": coverage,
        }
