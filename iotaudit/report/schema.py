"""The form of `audit.json`, once: `docs/schema/audit.schema.json` is its print, and saved audits are read against it.

The schema is closed: a key or a word that is not here does not stand in an `audit.json` of this version.
Source: JSON Schema 2020-12, https://json-schema.org/draft/2020-12
"""

from enum import StrEnum
from typing import Any

from iotaudit.model.destinations import Party, Status, Zone
from iotaudit.model.exposures import Channel, Confidence
from iotaudit.model.findings import Dimension, OutcomeKind, Severity
from iotaudit.model.flows import WEAKNESSES, Direction, EncryptionState
from iotaudit.model.problems import PROBLEM_KINDS
from iotaudit.model.reach import Answer

Schema = dict[str, Any]

NAME_SOURCES = (
    "sni",
    "quic_sni",
    "http_host",
    "certificate",
    "dns",
    "mdns",
    "dhcp",
    "proxy",
    "reverse_dns",
    "ech_outer",
    "llmnr",
    "netbios",
    "ssdp",
)
DECLARED_STATES = ("seen_and_declared", "seen_not_declared", "declared_not_seen", "contradicted")


def make() -> Schema:
    """Gives the JSON Schema of `audit.json`, version 1.0."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:iotaudit:schema:audit:1.0",
        "title": "audit.json of iotaudit, version 1.0",
        "description": "What an audit of captures of an IoT device found. The same inputs, options and knowledge give"
        " the same bytes but for `run`. Sizes are bytes on the wire unless the name says payload.",
        **_row(_document()),
        "$defs": _definitions(),
    }


def _document() -> dict[str, Schema]:
    return {
        "schema_version": {"const": "1.0"},
        "run": _row(
            {
                "created": _ref("time", or_null=True),
                "host_platform": TEXT,
                "duration_s": SECONDS,
            },
            "The only part that may differ between two runs.",
        ),
        "tool": _row(
            {"name": {"const": "iotaudit"}, "version": TEXT, "knowledge": _list(_ref("knowledge"))},
            "The program, and the knowledge that the verdict rests on.",
        ),
        "settings": _ref("settings"),
        "inputs": _list(
            _ref("input"),
            'The inputs, in the order given; a packet "1:7" is packet 7 of inputs[1].',
        ),
        "packs": _list(_row({"id": TEXT, "title": TEXT, "caveat": TEXT}), "The rule packs in use."),
        "devices": _list(_ref("device"), "The hosts under audit."),
        "flows": _list(_ref("flow"), "Conversations by first packet, protocol, client, server."),
        "dns": _list(_ref("dns"), "Answers of name services, by packet."),
        "destinations": _list(
            _ref("destination"), "One row per name and operator, or per address without a name."
        ),
        "exposures": _list(_ref("exposure"), "Data types that were seen going to a destination."),
        "findings": _list(
            _ref("finding"), "The rules with outcome fail_indicator, one row per subject."
        ),
        "outcomes": _list(_ref("outcome"), "One outcome for every rule in use."),
        "declared": _list(
            _ref("declared"), "The vendor's declaration against what was seen; [] without one."
        ),
        "observations": _list(
            _ref("observation"), "Results of active tests and of the technician's answers."
        ),
        "marks": _list(
            _row(
                {
                    "time": _ref("time", or_null=True),
                    "step": TEXT,
                    "text": TEXT,
                    "packet": _ref("packet", or_null=True),
                }
            ),
            "The scenario steps that were marked while recording.",
        ),
        "warnings": _list(
            TEXT, "What weakens the knowledge, such as a review date that has passed."
        ),
        "verdict": _ref("verdict"),
    }


def _definitions() -> dict[str, Schema]:
    return {
        **_small(),
        **_context(),
        **_traffic(),
        **_peers(),
        **_judged(),
    }


TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
FLAG_OR_NULL: Schema = {"type": ["boolean", "null"]}
SIZE: Schema = {"type": "integer", "minimum": 0}
SIZE_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
PORT: Schema = {"type": "integer", "minimum": 0, "maximum": 65535}
SECONDS: Schema = {"type": "number", "minimum": 0}
SECONDS_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
COUNTRY: Schema = {
    "type": ["string", "null"],
    "description": "ISO 3166-1 alpha-2; null: not known.",
}


def _row(properties: dict[str, Schema], description: str = "") -> Schema:
    row: Schema = {"type": "object"}
    if description:
        row["description"] = description
    row["properties"] = properties
    row["required"] = list(properties)
    row["additionalProperties"] = False
    return row


def _list(items: Schema, description: str = "") -> Schema:
    return {
        "type": "array",
        **({"description": description} if description else {}),
        "items": items,
    }


def _ref(name: str, *, or_null: bool = False) -> Schema:
    ref = {"$ref": f"#/$defs/{name}"}
    return {"anyOf": [ref, {"type": "null"}]} if or_null else ref


def _words(kind: type[StrEnum] | tuple[str, ...], description: str = "") -> Schema:
    words = list(kind) if isinstance(kind, tuple) else [word.value for word in kind]
    return {"enum": words, **({"description": description} if description else {})}


def _small() -> dict[str, Schema]:
    return {
        "packet": {
            "type": ["integer", "string"],
            "minimum": 1,
            "pattern": "^[0-9]+:[0-9]+$",
            "description": 'Packet number as Wireshark counts, from 1; "<input index>:<number>" with several inputs.',
        },
        "packets": _list(_ref("packet")),
        "time": {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$",
            "description": "RFC 3339, UTC, nanoseconds.",
        },
        "ids": _list(TEXT),
        "answer": _words(Answer),
        "zone": _words(Zone, "Legal space of a place."),
        "severity": {"enum": [severity.name.lower() for severity in Severity]},
        "endpoint": _row(
            {"ip": TEXT, "port": PORT},
            'RFC 5952 address, "" where a web log has none; port 0: none.',
        ),
        "evidence": _row(
            {
                "source": TEXT,
                "kind": TEXT,
                "country": COUNTRY,
                "detail": TEXT,
                "date": TEXT_OR_NULL,
                "packet": _ref("packet", or_null=True),
            },
            "What one source says; never rewritten. Only sources of different kinds are independent.",
        ),
    }


def _context() -> dict[str, Schema]:
    return {
        "knowledge": _row(
            {
                "name": TEXT,
                "version": TEXT,
                "date": TEXT,
                "licence": TEXT,
                "sha256": TEXT,
                "attribution": TEXT,
                "url": TEXT,
                "review_by": TEXT,
            }
        ),
        "settings": _row(
            {
                "as_of": {**TEXT, "description": "The date by which laws and waivers were judged."},
                "profile": TEXT_OR_NULL,
                "rules": _ref("ids"),
                "device": TEXT_OR_NULL,
                "inside": _ref("ids"),
                "all_hosts": FLAG,
                "lab_position": {
                    "type": ["array", "null"],
                    "items": {"type": "number"},
                    "description": "Latitude and longitude in degrees.",
                },
                "geoip": _ref("ids"),
                "known": TEXT_OR_NULL,
                "wifi_key": TEXT_OR_NULL,
                "fail_on": TEXT,
                "fail_on_undetermined": FLAG,
            },
            "The options that decided the result; files by name.",
        ),
        "problem": _row(
            {
                "kind": {"enum": sorted(PROBLEM_KINDS)},
                "packet": _ref("packet", or_null=True),
                "offset": SIZE_OR_NULL,
                "detail": TEXT,
                "count": SIZE,
                "loses_payload": {
                    **FLAG,
                    "description": "Bytes that a device may have sent were not read.",
                },
            },
            "What was looked at and could not be read, or reads oddly; packet and offset are those of the first.",
        ),
        "input": _row(
            {
                "name": TEXT,
                "sha256": TEXT,
                "bytes": SIZE,
                "format": TEXT,
                "link_types": _ref("ids"),
                "packets": SIZE,
                "wire_bytes": SIZE,
                "first": _ref("time", or_null=True),
                "last": _ref("time", or_null=True),
                "truncated_packets": SIZE,
                "dropped_packets": {
                    **SIZE_OR_NULL,
                    "description": "What the recorder says it lost; null: it says nothing.",
                },
                "problems": _list(_ref("problem")),
            }
        ),
        "device": _row(
            {
                "id": TEXT,
                "mac": TEXT_OR_NULL,
                "ips": _ref("ids"),
                "vendor": TEXT_OR_NULL,
                "hostname": TEXT_OR_NULL,
                "evidence": _list(
                    _row({"source": TEXT, "value": TEXT, "packet": _ref("packet", or_null=True)})
                ),
                "verdict": _ref("verdict", or_null=True),
            }
        ),
    }


def _traffic() -> dict[str, Schema]:
    certificate = {
        "subject_cn": TEXT_OR_NULL,
        "subject_o": TEXT_OR_NULL,
        "issuer_cn": TEXT_OR_NULL,
        "sans": _ref("ids"),
        "not_before": _ref("time", or_null=True),
        "not_after": _ref("time", or_null=True),
        "self_signed": FLAG,
        "packet": _ref("packet"),
        "validity": {
            "enum": ["valid", "not_yet", "expired", None],
            "description": "At the time of its packet; null: not known.",
        },
        "key_kind": {**TEXT_OR_NULL, "description": "rsa, ec, dsa, ed25519, ed448; null: another."},
        "key_bits": {**SIZE_OR_NULL, "description": "Bits of the modulus or of the field."},
        "signature_hash": {**TEXT_OR_NULL, "description": "The hash in the signature's name; null: none, or another."},
        "chain": _list(
            TEXT_OR_NULL, "The issuer's common name of each certificate as sent, the leaf's first; not verified."
        ),
        "chain_in_order": {**FLAG, "description": "Each certificate is signed in the name of the next one sent."},
    }
    tls = {
        "sni": TEXT_OR_NULL,
        "alpn": _ref("ids"),
        "version": TEXT_OR_NULL,
        "cipher": TEXT_OR_NULL,
        "ja4": TEXT_OR_NULL,
        "ech": {
            **FLAG,
            "description": "The hello hides the name of the destination; `sni` is that of the front.",
        },
        "certificate": {"anyOf": [_row(certificate), {"type": "null"}]},
        "retry": {**FLAG, "description": "The server asked for a second hello."},
        "resumed": {
            **FLAG_OR_NULL,
            "description": "The server took up an earlier session, or in TLS 1.3 a shared key; null: its hello was not seen.",
        },
        "weak": _list(
            {"enum": list(WEAKNESSES)},
            "What was seen in the clear and is weak, by the ids of docs/protocols/tls.md; [] is no praise.",
        ),
    }
    http = {
        "method": TEXT,
        "host": TEXT_OR_NULL,
        "uri": TEXT,
        "user_agent": TEXT_OR_NULL,
        "status": SIZE_OR_NULL,
        "packet": _ref("packet"),
    }
    mqtt = {
        "client_id": TEXT_OR_NULL,
        "username": TEXT_OR_NULL,
        "password_sent": FLAG,
        "topics": _ref("ids"),
        "version": TEXT_OR_NULL,
    }
    encryption = {
        "state": _words(
            EncryptionState, "opaque: unreadable, but nothing proves encryption; none: no payload."
        ),
        "protocol": TEXT_OR_NULL,
        "version": TEXT_OR_NULL,
        "cipher": TEXT_OR_NULL,
        "reason": TEXT_OR_NULL,
        "opened": {**FLAG, "description": "The content was read although the line was encrypted."},
        "pinned": {**FLAG, "description": "The client refused a certificate that was not its server's own."},
    }
    return {
        "tls": _row(tls),
        "mqtt": _row(mqtt),
        "flow": _row(
            {
                "id": TEXT,
                "device": TEXT_OR_NULL,
                "direction": _words(Direction, "Seen from the device."),
                "protocol": TEXT,
                "client": _ref("endpoint"),
                "server": _ref("endpoint"),
                "application": TEXT_OR_NULL,
                "packets_out": SIZE,
                "bytes_out": {**SIZE, "description": "Frame lengths from client to server."},
                "packets_in": SIZE,
                "bytes_in": SIZE,
                "payload_out": SIZE,
                "payload_in": SIZE,
                "first": _ref("time", or_null=True),
                "last": _ref("time", or_null=True),
                "first_packet": _ref("packet"),
                "rtt_min_ms": SECONDS_OR_NULL,
                "names": _list(
                    _row({"name": TEXT, "source": _words(NAME_SOURCES), "packet": _ref("packet")})
                ),
                "encryption": _row(encryption),
                "tls": _ref("tls", or_null=True),
                "http": _list(_row(http)),
                "mqtt": _ref("mqtt", or_null=True),
                "destination": TEXT_OR_NULL,
                "device_sent": {**SIZE, "description": "Payload that the audited device sent."},
                "first_device_payload_packet": _ref("packet", or_null=True),
                "layer": {**SIZE, "description": "0: outermost; 1: inside one tunnel."},
                "tags": _ref("ids"),
            }
        ),
        "dns": _row(
            {
                "name": TEXT,
                "type": TEXT,
                "answers": _ref("ids"),
                "resolver": TEXT,
                "packet": _ref("packet"),
                "client": TEXT,
                "rcode": TEXT,
                "resolver_is_configured": {**FLAG_OR_NULL, "description": "null: not known."},
                "chain": _ref("ids"),
                "ttl_s": SIZE,
                "protocol": TEXT,
                "time": _ref("time", or_null=True),
                "flow": TEXT_OR_NULL,
            }
        ),
    }


def _peers() -> dict[str, Schema]:
    return {
        "location": _row(
            {
                "country": COUNTRY,
                "status": _words(Status, "How well the place is known."),
                "evidence": _list(_ref("evidence")),
                "why": TEXT,
            }
        ),
        "operator": _row(
            {
                "name": TEXT_OR_NULL,
                "asn": SIZE_OR_NULL,
                "as_name": TEXT_OR_NULL,
                "country": COUNTRY,
                "parent": TEXT_OR_NULL,
                "parent_country": COUNTRY,
                "evidence": _list(_ref("evidence")),
            },
            "Who runs the address and who stands behind; null: not known.",
        ),
        "access_law": _row(
            {
                "id": TEXT,
                "title": TEXT,
                "reach": {"enum": ["place", "operator"]},
                "why": TEXT,
                "country": TEXT,
                "gag": TEXT,
                "stale": FLAG,
            },
            "A law that may reach the destination: a reason to ask, no evidence that data was requested.",
        ),
        "destination": _row(
            {
                "id": TEXT,
                "name": TEXT_OR_NULL,
                "ips": _ref("ids"),
                "registrable_domain": TEXT_OR_NULL,
                "party": _words(Party),
                "operator": _ref("operator"),
                "location": _ref("location"),
                "zone": _ref("zone"),
                "adequacy": {"enum": ["met", "unmet", "unknown"]},
                "access_laws": _list(_ref("access_law")),
                "bytes_out": {
                    **SIZE,
                    "description": "Frame lengths that the audited devices sent.",
                },
                "bytes_in": SIZE,
                "payload_out": SIZE,
                "flows": _ref("ids"),
                "addresses": _list(
                    _row({"ip": TEXT, "location": _ref("location"), "zone": _ref("zone")})
                ),
                "devices": _ref("ids"),
                "name_source": {"enum": [*NAME_SOURCES, None]},
                "first_packet": _ref("packet", or_null=True),
                "payload_packet": _ref("packet", or_null=True),
                "hard_coded": {**FLAG, "description": "An address that no name led to."},
                "notes": _ref("ids"),
            }
        ),
        "exposure": _row(
            {
                "id": TEXT,
                "data_type": TEXT,
                "title": TEXT,
                "destination": TEXT,
                "confidence": _words(Confidence),
                "channel": _words(Channel),
                "where": TEXT,
                "decoding": _ref("ids"),
                "masked_sample": TEXT,
                "count": SIZE,
                "packets": _ref("packets"),
                "flows": _ref("ids"),
                "value_group": {**TEXT, "description": "The same for equal values."},
                "sensitivity": {"type": "integer", "minimum": 0, "maximum": 4},
                "gdpr_class": TEXT,
                "reasoning": TEXT,
                "digest": TEXT_OR_NULL,
            },
            "One data type to one destination; the value itself is in no output.",
        ),
    }


def _judged() -> dict[str, Schema]:
    closed = {"destination": TEXT, "bytes": SIZE, "why": TEXT}
    coverage = {
        "duration_s": SECONDS,
        "packets": SIZE,
        "scenarios": _ref("ids"),
        "unread": _list(_row({"what": TEXT, "count": SIZE, "detail": TEXT})),
        "undecrypted_share": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "Closed share of the payload sent outside, by bytes; null: nothing was sent.",
        },
        "closed": _list(_row(closed)),
        "required_duration_s": SECONDS_OR_NULL,
        "required_steps": _ref("ids"),
        "missing_steps": _ref("ids"),
        "met": {
            **FLAG,
            "description": "What the profile asks for was reached; true without a profile.",
        },
    }
    reason = {"code": TEXT, "text": TEXT, "destinations": _ref("ids"), "packets": _ref("packets")}
    return {
        "verdict": _row(
            {
                "data_leaves_eu": _ref("answer"),
                "third_country_access": _ref("answer"),
                "statement": TEXT,
                "reasons": _list(_row(reason)),
                "coverage": _row(coverage, "What was looked at, and what stayed unread or closed."),
            }
        ),
        "finding": _row(
            {
                "id": TEXT,
                "rule": TEXT,
                "pack": TEXT,
                "title": TEXT,
                "severity": _ref("severity"),
                "dimension": _words(Dimension),
                "destination": TEXT_OR_NULL,
                "exposure": TEXT_OR_NULL,
                "flows": _ref("ids"),
                "packets": _ref("packets"),
                "evidence": TEXT,
                "legal": TEXT,
                "question": TEXT,
                "remediation": TEXT,
                "not_proof": TEXT,
                "fingerprint": {
                    **TEXT,
                    "description": "SHA-256 of rule, domain or address, data type.",
                },
                "waived": {"type": ["object", "null"]},
            }
        ),
        "outcome": _row(
            {
                "rule": TEXT,
                "pack": TEXT,
                "outcome": _words(OutcomeKind),
                "decided_by": TEXT,
                "would_decide": TEXT,
                "title": TEXT,
                "severity": _ref("severity", or_null=True),
            }
        ),
        "declared": _row(
            {
                "item": TEXT,
                "declared": {"type": ["string", "number", "boolean", "array", "null"]},
                "observed": {"type": ["string", "number", "boolean", "array", "null"]},
                "state": _words(DECLARED_STATES),
                "destinations": _ref("ids"),
                "packets": _ref("packets"),
            }
        ),
        "observation": _row(
            {"kind": TEXT, "target": TEXT_OR_NULL, "result": TEXT, "evidence": TEXT_OR_NULL}
        ),
    }
