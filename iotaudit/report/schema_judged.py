"""The form of what was concluded: `verdict`, `findings`, `outcomes`, `declared`, `observations`."""

from iotaudit.model.declared import DeclaredState
from iotaudit.model.findings import Dimension, OutcomeKind
from iotaudit.report.schema_parts import (
    FLAG,
    SECONDS,
    SECONDS_OR_NULL,
    SIZE,
    TEXT,
    TEXT_OR_NULL,
    Schema,
    list_of,
    ref_to,
    row_of,
    words_of,
)


def make() -> dict[str, Schema]:
    """Gives the definitions by name."""
    closed = {"destination": TEXT, "bytes": SIZE, "why": TEXT}
    coverage = {
        "duration_s": SECONDS,
        "packets": SIZE,
        "scenarios": ref_to("ids"),
        "unread": list_of(row_of({"what": TEXT, "count": SIZE, "detail": TEXT})),
        "undecrypted_share": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "Closed share of the payload sent outside, by bytes; null: nothing was sent.",
        },
        "closed": list_of(row_of(closed)),
        "required_duration_s": SECONDS_OR_NULL,
        "required_steps": ref_to("ids"),
        "missing_steps": ref_to("ids"),
        "met": {
            **FLAG,
            "description": "What the profile asks for was reached; true without a profile.",
        },
    }
    reason = {
        "code": TEXT,
        "text": TEXT,
        "destinations": ref_to("ids"),
        "packets": ref_to("packets"),
        "laws": ref_to("ids"),
    }
    return {
        "verdict": row_of(
            {
                "data_leaves_eu": ref_to("answer"),
                "third_country_access": ref_to("answer"),
                "statement": TEXT,
                "reasons": list_of(row_of(reason)),
                "coverage": row_of(coverage, "What was looked at, and what stayed unread or closed."),
            }
        ),
        "finding": row_of(
            {
                "id": TEXT,
                "rule": TEXT,
                "pack": TEXT,
                "title": TEXT,
                "severity": ref_to("severity"),
                "dimension": words_of(Dimension),
                "destination": TEXT_OR_NULL,
                "exposure": TEXT_OR_NULL,
                "flows": ref_to("ids"),
                "packets": ref_to("packets"),
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
        "outcome": row_of(
            {
                "rule": TEXT,
                "pack": TEXT,
                "outcome": words_of(OutcomeKind),
                "decided_by": TEXT,
                "would_decide": TEXT,
                "title": TEXT,
                "severity": ref_to("severity", or_null=True),
            }
        ),
        "declared": row_of(
            {
                "item": TEXT,
                "declared": {"type": ["string", "number", "boolean", "array", "null"]},
                "observed": {"type": ["string", "number", "boolean", "array", "null"]},
                "state": words_of(DeclaredState),
                "destinations": ref_to("ids"),
                "packets": ref_to("packets"),
            }
        ),
        "observation": row_of(
            {"kind": TEXT, "target": TEXT_OR_NULL, "result": TEXT, "evidence": TEXT_OR_NULL}
        ),
    }
