"""The form of `audit.json`, once: `docs/schema/audit.schema.json` is its print, and saved audits are read against it.

The schema is closed: a key or a word that is not here does not stand in an `audit.json` of this version.
Source: JSON Schema 2020-12, https://json-schema.org/draft/2020-12
"""

from iotaudit.model.destinations import Party, Status, Zone
from iotaudit.model.exposures import Channel, Confidence
from iotaudit.model.findings import Severity
from iotaudit.model.flows import Direction, EncryptionState
from iotaudit.model.problems import PROBLEM_KINDS
from iotaudit.model.reach import Answer
from iotaudit.report import schema_handshake, schema_judged, schema_rhythm
from iotaudit.report.schema_parts import (
    COUNTRY,
    FLAG,
    FLAG_OR_NULL,
    PORT,
    SECONDS,
    SECONDS_OR_NULL,
    SIZE,
    SIZE_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    Schema,
    list_of,
    ref_to,
    row_of,
    words_of,
)

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


def make() -> Schema:
    """Gives the JSON Schema of `audit.json`, version 1.0."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:iotaudit:schema:audit:1.0",
        "title": "audit.json of iotaudit, version 1.0",
        "description": "What an audit of captures of an IoT device found. The same inputs, options and knowledge give"
        " the same bytes but for `run`. Sizes are bytes on the wire unless the name says payload.",
        **row_of(_document()),
        "$defs": _definitions(),
    }


def _document() -> dict[str, Schema]:
    return {
        "schema_version": {"const": "1.0"},
        "run": row_of(
            {
                "created": ref_to("time", or_null=True),
                "host_platform": TEXT,
                "duration_s": SECONDS,
            },
            "The only part that may differ between two runs.",
        ),
        "tool": row_of(
            {"name": {"const": "iotaudit"}, "version": TEXT, "knowledge": list_of(ref_to("knowledge"))},
            "The program, and the knowledge that the verdict rests on.",
        ),
        "settings": ref_to("settings"),
        "inputs": list_of(
            ref_to("input"),
            'The inputs, in the order given; a packet "1:7" is packet 7 of inputs[1].',
        ),
        "packs": list_of(row_of({"id": TEXT, "title": TEXT, "caveat": TEXT}), "The rule packs in use."),
        "devices": list_of(ref_to("device"), "The hosts under audit."),
        "flows": list_of(ref_to("flow"), "Conversations by first packet, protocol, client, server."),
        "dns": list_of(ref_to("dns"), "Answers of name services, by packet."),
        "destinations": list_of(
            ref_to("destination"), "One row per name and operator, or per address without a name."
        ),
        "exposures": list_of(ref_to("exposure"), "Data types that were seen going to a destination."),
        "findings": list_of(
            ref_to("finding"), "The rules with outcome fail_indicator, one row per subject."
        ),
        "outcomes": list_of(ref_to("outcome"), "One outcome for every rule in use."),
        "declared": list_of(
            ref_to("declared"), "The vendor's declaration against what was seen; [] without one."
        ),
        "observations": list_of(
            ref_to("observation"), "Results of active tests and of the technician's answers."
        ),
        "marks": list_of(
            row_of(
                {
                    "time": ref_to("time", or_null=True),
                    "step": TEXT,
                    "text": TEXT,
                    "packet": ref_to("packet", or_null=True),
                }
            ),
            "The scenario steps that were marked while recording.",
        ),
        "step_changes": list_of(
            ref_to("step_change"),
            "What was different while a marked step ran, by step and destination outside; [] without marks.",
        ),
        "warnings": list_of(
            TEXT, "What weakens the knowledge, such as a review date that has passed."
        ),
        "verdict": ref_to("verdict"),
    }


def _definitions() -> dict[str, Schema]:
    return {
        **_small(),
        **_context(),
        **_traffic(),
        **_peers(),
        **schema_judged.make(),
    }


def _small() -> dict[str, Schema]:
    return {
        "packet": {
            "type": ["integer", "string"],
            "minimum": 1,
            "pattern": "^[0-9]+:[0-9]+$",
            "description": 'Packet number as Wireshark counts, from 1; "<input index>:<number>" with several inputs.',
        },
        "packets": list_of(ref_to("packet")),
        "time": {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$",
            "description": "RFC 3339, UTC, nanoseconds.",
        },
        "ids": list_of(TEXT),
        "answer": words_of(Answer),
        "zone": words_of(Zone, "Legal space of a place."),
        "severity": {"enum": [severity.name.lower() for severity in Severity]},
        "endpoint": row_of(
            {"ip": TEXT, "port": PORT},
            'RFC 5952 address, "" where a web log has none; port 0: none.',
        ),
        "evidence": row_of(
            {
                "source": TEXT,
                "kind": TEXT,
                "country": COUNTRY,
                "detail": TEXT,
                "date": TEXT_OR_NULL,
                "packet": ref_to("packet", or_null=True),
            },
            "What one source says; never rewritten. Only sources of different kinds are independent.",
        ),
    }


def _context() -> dict[str, Schema]:
    return {
        "knowledge": row_of(
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
        "settings": row_of(
            {
                "as_of": {**TEXT, "description": "The date by which laws and waivers were judged."},
                "profile": TEXT_OR_NULL,
                "rules": ref_to("ids"),
                "device": TEXT_OR_NULL,
                "inside": ref_to("ids"),
                "all_hosts": FLAG,
                "lab_position": {
                    "type": ["array", "null"],
                    "items": {"type": "number"},
                    "description": "Latitude and longitude in degrees.",
                },
                "geoip": ref_to("ids"),
                "known": TEXT_OR_NULL,
                "keylog": ref_to("ids"),
                "wifi_key": TEXT_OR_NULL,
                "declared": TEXT_OR_NULL,
                "knowledge": {**TEXT, "description": '"shipped", or the version of an installed package.'},
                "fail_on": TEXT,
                "fail_on_undetermined": FLAG,
            },
            "The options that decided the result; files by name.",
        ),
        "problem": row_of(
            {
                "kind": {"enum": sorted(PROBLEM_KINDS)},
                "packet": ref_to("packet", or_null=True),
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
        "input": row_of(
            {
                "name": TEXT,
                "sha256": TEXT,
                "bytes": SIZE,
                "format": TEXT,
                "link_types": ref_to("ids"),
                "packets": SIZE,
                "wire_bytes": SIZE,
                "first": ref_to("time", or_null=True),
                "last": ref_to("time", or_null=True),
                "truncated_packets": SIZE,
                "dropped_packets": {
                    **SIZE_OR_NULL,
                    "description": "What the recorder says it lost; null: it says nothing.",
                },
                "problems": list_of(ref_to("problem")),
            }
        ),
        "device": row_of(
            {
                "id": TEXT,
                "mac": TEXT_OR_NULL,
                "ips": ref_to("ids"),
                "vendor": TEXT_OR_NULL,
                "hostname": TEXT_OR_NULL,
                "evidence": list_of(
                    row_of({"source": TEXT, "value": TEXT, "packet": ref_to("packet", or_null=True)})
                ),
                "verdict": ref_to("verdict", or_null=True),
            }
        ),
    }


def _traffic() -> dict[str, Schema]:
    http = {
        "method": TEXT,
        "host": TEXT_OR_NULL,
        "uri": TEXT,
        "user_agent": TEXT_OR_NULL,
        "status": SIZE_OR_NULL,
        "packet": ref_to("packet"),
    }
    mqtt = {
        "client_id": TEXT_OR_NULL,
        "username": TEXT_OR_NULL,
        "password_sent": FLAG,
        "topics": ref_to("ids"),
        "version": TEXT_OR_NULL,
    }
    encryption = {
        "state": words_of(
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
        "tls": schema_handshake.make(),
        "mqtt": row_of(mqtt),
        "flow": row_of(
            {
                "id": TEXT,
                "device": TEXT_OR_NULL,
                "direction": words_of(Direction, "Seen from the device."),
                "protocol": TEXT,
                "client": ref_to("endpoint"),
                "server": ref_to("endpoint"),
                "application": TEXT_OR_NULL,
                "packets_out": SIZE,
                "bytes_out": {**SIZE, "description": "Frame lengths from client to server."},
                "packets_in": SIZE,
                "bytes_in": SIZE,
                "payload_out": SIZE,
                "payload_in": SIZE,
                "first": ref_to("time", or_null=True),
                "last": ref_to("time", or_null=True),
                "first_packet": ref_to("packet"),
                "rtt_min_ms": SECONDS_OR_NULL,
                "names": list_of(
                    row_of({"name": TEXT, "source": words_of(NAME_SOURCES), "packet": ref_to("packet")})
                ),
                "encryption": row_of(encryption),
                "tls": ref_to("tls", or_null=True),
                "http": list_of(row_of(http)),
                "mqtt": ref_to("mqtt", or_null=True),
                "destination": TEXT_OR_NULL,
                "device_sent": {**SIZE, "description": "Payload that the audited device sent."},
                "first_device_payload_packet": ref_to("packet", or_null=True),
                "layer": {**SIZE, "description": "0: outermost; 1: inside one tunnel."},
                "tags": ref_to("ids"),
            }
        ),
        "dns": row_of(
            {
                "name": TEXT,
                "type": TEXT,
                "answers": ref_to("ids"),
                "resolver": TEXT,
                "packet": ref_to("packet"),
                "client": TEXT,
                "rcode": TEXT,
                "resolver_is_configured": {**FLAG_OR_NULL, "description": "null: not known."},
                "chain": ref_to("ids"),
                "ttl_s": SIZE,
                "protocol": TEXT,
                "time": ref_to("time", or_null=True),
                "flow": TEXT_OR_NULL,
            }
        ),
    }


def _peers() -> dict[str, Schema]:
    return {
        "location": row_of(
            {
                "country": COUNTRY,
                "status": words_of(Status, "How well the place is known."),
                "evidence": list_of(ref_to("evidence")),
                "why": TEXT,
            }
        ),
        "operator": row_of(
            {
                "name": TEXT_OR_NULL,
                "asn": SIZE_OR_NULL,
                "as_name": TEXT_OR_NULL,
                "country": COUNTRY,
                "parent": TEXT_OR_NULL,
                "parent_country": COUNTRY,
                "evidence": list_of(ref_to("evidence")),
            },
            "Who runs the address and who stands behind; null: not known.",
        ),
        "owner": row_of(
            {
                "name": TEXT_OR_NULL,
                "country": COUNTRY,
                "parent": TEXT_OR_NULL,
                "parent_country": COUNTRY,
                "evidence": list_of(ref_to("evidence")),
            },
            "Whose service it is, by the owner of the domain and the certificate; null: not known.",
        ),
        "access_law": row_of(
            {
                "id": TEXT,
                "title": TEXT,
                "reach": {"enum": ["place", "operator"]},
                "why": TEXT,
                "country": TEXT,
                "gag": TEXT,
                "stale": {**FLAG, "description": "The row was due for review before the day of the audit."},
                "rests_on": list_of(
                    {"enum": ["location", "operator", "owner"]},
                    "The parts of the destination whose evidence leads to the law.",
                ),
                "status": TEXT,
                "as_of": TEXT,
                "review_by": TEXT,
                "checked": TEXT,
            },
            "A law that may reach the destination: a reason to ask, no evidence that data was requested.",
        ),
        "destination": row_of(
            {
                "id": TEXT,
                "name": TEXT_OR_NULL,
                "ips": ref_to("ids"),
                "registrable_domain": TEXT_OR_NULL,
                "party": words_of(Party),
                "party_ground": {**TEXT, "description": "Why; empty for local peers."},
                "operator": ref_to("operator"),
                "owner": ref_to("owner"),
                "location": ref_to("location"),
                "zone": ref_to("zone"),
                "adequacy": {"enum": ["met", "unmet", "unknown"]},
                "access_laws": list_of(ref_to("access_law")),
                "bytes_out": {
                    **SIZE,
                    "description": "Frame lengths that the audited devices sent.",
                },
                "bytes_in": SIZE,
                "payload_out": SIZE,
                "flows": ref_to("ids"),
                "addresses": list_of(
                    row_of({"ip": TEXT, "location": ref_to("location"), "zone": ref_to("zone")})
                ),
                "devices": ref_to("ids"),
                "name_source": {"enum": [*NAME_SOURCES, None]},
                "first_packet": ref_to("packet", or_null=True),
                "payload_packet": ref_to("packet", or_null=True),
                "hard_coded": {**FLAG, "description": "An address that no name led to."},
                "notes": ref_to("ids"),
            }
        ),
        "exposure": row_of(
            {
                "id": TEXT,
                "data_type": TEXT,
                "title": TEXT,
                "destination": TEXT,
                "confidence": words_of(Confidence),
                "channel": words_of(Channel),
                "where": TEXT,
                "decoding": ref_to("ids"),
                "masked_sample": TEXT,
                "count": SIZE,
                "packets": ref_to("packets"),
                "flows": ref_to("ids"),
                "value_group": {**TEXT, "description": "The same for equal values."},
                "sensitivity": {"type": "integer", "minimum": 0, "maximum": 4},
                "gdpr_class": TEXT,
                "reasoning": TEXT,
                "digest": TEXT_OR_NULL,
                "packet": ref_to("packet", or_null=True),
                "offset": {
                    **SIZE_OR_NULL,
                    "description": "Where in the content that `packet` tells at `where` the sample begins, or the encoded word "
                    "that it was read from, in bytes from 0; null: it does not stand there so (inside of gzip, say).",
                },
                "measured": ref_to("measured", or_null=True),
                "alternatives": list_of(TEXT, "What would fit what was measured as well; [] where content was read."),
            },
            "One data type to one destination; the value itself is in no output.",
        ),
        **schema_rhythm.make(),
    }
