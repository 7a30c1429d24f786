"""Writes the JSON Schemas: of audit.json, and of the files that people write (rule, pack, profile, known values, declaration).

Run as `python tools/docs/build_schemas.py`; a test compares the files with what this makes, and the shipped files
with the schemas. The loader checks more than a schema can: places, scopes of facts, references between files.
"""

import json
from pathlib import Path
from typing import Any

from iotaudit.model.conditions import Operator
from iotaudit.model.declared import REGIONS
from iotaudit.model.findings import Dimension, OutcomeKind, Severity
from iotaudit.model.vocabulary import FACTS, KNOWLEDGE, NEEDS, SCOPES, STEPS, FactSpec, FactType
from iotaudit.packs.conditions import FITTING
from iotaudit.packs.known import LABELS
from iotaudit.packs.rules import ID
from iotaudit.packs.terms import countries, data_types
from iotaudit.report import schema as audit_schema

Schema = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schema"
TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "array", "items": TEXT, "uniqueItems": True}
IDENT: Schema = {"type": "string", "pattern": f"^{ID.pattern}$"}
SEVERITIES = [s.name.lower() for s in Severity]


def schemas() -> dict[str, Schema]:
    """Gives the schemas by name."""
    return {
        "rule": _head("rule", "A rule file", _rule(), REQUIRED_OF_RULE) | {"$defs": _conditions()},
        "pack": _head(
            "pack",
            "pack.yaml of a folder of rules",
            {
                "id": IDENT,
                "title": TEXT,
                "basis": TEXT,
                "caveat": TEXT,
                "rules": {"type": "array", "items": IDENT, "uniqueItems": True},
            },
            ["id", "title", "basis", "caveat", "rules"],
        ),
        "profile": _head("profile", "A profile", _profile(), ["id", "title"]),
        "known": _head("known", "Values known of a device and its tester (--known)", _known(), [])
        | {"minProperties": 1},
        "declared": _head("declared", "A vendor's declaration (--declared)", _declared(), ["vendor"]),
    }


REQUIRED_OF_RULE = [
    "id",
    "title",
    "severity",
    "dimension",
    "legal",
    "scope",
    "when",
    "message",
    "question",
    "remediation",
    "needs",
    "not_proof",
]


def _head(name: str, title: str, properties: Schema, required: list[str]) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:iotaudit:schema:{name}:1.0",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _rule() -> Schema:
    needs = [*NEEDS, *(f"scenario:{s}" for s in STEPS), *(f"knowledge:{k}" for k in KNOWLEDGE)]
    duration = {"type": "string", "pattern": "^duration:[1-9][0-9]{0,4}(s|min|h|d)$"}
    case = {
        "type": "object",
        "description": "Facts in small; keys as in docs/rules/vocabulary.md and the shipped rules.",
        "properties": {"name": TEXT, "expect": {"enum": [k.value for k in OutcomeKind]}},
        "required": ["name", "expect"],
    }
    return {
        "id": IDENT,
        "title": TEXT,
        "severity": {"enum": SEVERITIES},
        "dimension": {"enum": [d.value for d in Dimension]},
        "legal": TEXT,
        "scope": {"enum": list(SCOPES)},
        "when": {"$ref": "#/$defs/condition"},
        "message": TEXT,
        "question": TEXT,
        "remediation": TEXT,
        "needs": {"type": "array", "items": {"anyOf": [{"enum": needs}, duration]}},
        "not_proof": TEXT,
        "knowledge_missing": TEXT,
        "cases": {"type": "array", "items": case},
    }


def _conditions() -> Schema:
    many = {"type": "array", "items": {"$ref": "#/$defs/condition"}, "minItems": 1}
    facts = {spec.id: _fact(spec) for spec in FACTS}
    condition = {
        "type": "object",
        "minProperties": 1,
        "properties": {"all": many, "any": many, "not": {"$ref": "#/$defs/condition"}, **facts},
        "additionalProperties": False,
    }
    return {"condition": condition}


def _fact(spec: FactSpec) -> Schema:
    value = _value(spec)
    free = {"type": "string"} if spec.type in (FactType.TEXT, FactType.LIST) else value
    forms: dict[Operator, Schema] = {
        Operator.IN: {"type": "array", "items": value, "minItems": 1},
        Operator.MATCHES: {"anyOf": [free, {"type": "array", "items": free, "minItems": 1}]},
        Operator.PRESENT: {"type": "boolean"},
    }
    fitting = [o for o in Operator if o in FITTING[spec.type]]
    operators = {
        "type": "object",
        "minProperties": 1,
        "properties": {o.value: forms.get(o, value) for o in fitting},
        "additionalProperties": False,
    }
    short = [value, operators]
    if Operator.IN in FITTING[spec.type]:
        short.insert(1, forms[Operator.IN])
    return {"description": spec.about, "anyOf": short}


def _value(spec: FactSpec) -> Schema:
    if spec.type is FactType.FLAG:
        return {"type": "boolean"}
    if spec.type is FactType.NUMBER:
        return {"type": "number"}
    return {"enum": list(spec.choices)} if spec.choices else {"type": "string"}


def _profile() -> Schema:
    number = {"type": "number", "minimum": 0}
    domain = {"type": "string", "pattern": r"^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\.?$"}
    claim = {
        "type": "object",
        "properties": {
            "text": TEXT,
            "source": TEXT,
            "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
        "required": ["text", "source", "date"],
        "additionalProperties": False,
    }
    coverage = {
        "type": "object",
        "properties": {
            "min_duration_s": number,
            "steps": {"type": "array", "items": {"enum": list(STEPS)}, "uniqueItems": True},
        },
        "additionalProperties": False,
    }
    return {
        "id": IDENT,
        "title": TEXT,
        "extends": TEXT,
        "device_kind": TEXT,
        "sensors": TEXTS,
        "data_types": {"type": "array", "items": {"enum": list(data_types())}, "uniqueItems": True},
        "destinations": {"type": "array", "items": domain},
        "first_party": {"type": "array", "items": domain},
        "packs": TEXTS,
        "severity": {
            "type": "object",
            "propertyNames": IDENT,
            "additionalProperties": {"enum": SEVERITIES},
        },
        "coverage": coverage,
        "payload_threshold": number,
        "max_services": number,
        "max_multicast_per_s": number,
        "claims": {"type": "array", "items": claim},
    }


def _known() -> Schema:
    value: Schema = {"type": ["string", "number"]}
    values = {"anyOf": [value, {"type": "array", "items": value}]}
    position = {
        "type": "array",
        "prefixItems": [
            {"type": "number", "minimum": -90, "maximum": 90},
            {"type": "number", "minimum": -180, "maximum": 180},
        ],
        "minItems": 2,
        "maxItems": 2,
    }
    other = {
        "type": "object",
        "properties": {"data_type": {"enum": list(data_types())}, "value": values},
        "required": ["data_type", "value"],
        "additionalProperties": False,
    }
    return {
        **dict.fromkeys(LABELS, values),
        "gps": {"anyOf": [position, {"type": "array", "items": position}]},
        "other": {"type": "array", "items": other},
        "salts": values,
    }


def _declared() -> Schema:
    country = {"enum": [*REGIONS, *sorted(countries())], "description": "ISO 3166-1 alpha-2, or EU, EEA."}
    kind = {"enum": list(data_types())}
    host = {"type": "string", "minLength": 1, "description": "A name, *. and a domain, an address or a network."}
    whole = {"type": "integer", "minimum": 0}
    port = {"type": "integer", "minimum": 1, "maximum": 65535}
    day = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
    hosts = {"host": host, "country": country, "operator": TEXT, "purpose": TEXT, "data_types": _each(kind)}
    company = {"name": TEXT, "country": country, "purpose": TEXT}
    return {
        "vendor": TEXT,
        "device": TEXT,
        "date": day,
        "source": TEXT,
        "storage_countries": _each(country),
        "destinations": _each({"anyOf": [host, _closed(hosts, "host")]}),
        "operators": _each(TEXT),
        "sub_processors": _each({"anyOf": [TEXT, _closed(company, "name")]}),
        "administration_from": _each(country),
        "data_types": _each(kind),
        "update_hosts": _each(host),
        "works_offline": {"type": "boolean"},
        "support_until": {"type": ["string", "integer"], "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"},
        "volumes": _each(_closed({"bytes_per_day": whole, "host": host}, "bytes_per_day")),
        "retention": _each(_closed({"days": whole, "data_type": kind}, "days")),
        "remote_access": {"anyOf": [{"const": False}, _each({"anyOf": [host, _closed(hosts, "host")]})]},
        "ports": _each({"anyOf": [port, _closed({"port": port, "protocol": {"enum": ["tcp", "udp"]}, "purpose": TEXT}, "port")]}),
    }


def _each(items: Schema) -> Schema:
    return {"type": "array", "items": items, "uniqueItems": True}


def _closed(properties: Schema, required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


def text_of(schema: Schema) -> str:
    """Gives a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes the schemas."""
    for name, schema in (schemas() | {"audit": audit_schema.make()}).items():
        (FOLDER / f"{name}.schema.json").write_text(text_of(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
