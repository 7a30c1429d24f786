"""The findings as SARIF 2.1.0, as code-scanning services read it.

A finding lies in a capture, not in a line of code: the location is the input file, the destination is a logical
location, packet numbers stand in the message and the properties. `partialFingerprints` let a service follow a
finding from one firmware to the next.
Source: OASIS SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from iotaudit.report import RenderOptions, wording
from iotaudit.report.escape import sarif, visible

Row = Mapping[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0", "info": "0.0"}
"""`security-severity`: the middle of the bands by which GitHub sorts; it is our severity, no CVSS score."""
KINDS = {"no_indicator": "pass", "inconclusive": "review", "not_testable": "notApplicable"}


def render(document: Row, _options: RenderOptions) -> bytes:
    """Gives the SARIF log: one result for each finding, and one for each rule without, by its outcome."""
    rules = _rules(document)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    names = {d["id"]: d for d in document["destinations"]}
    results = [_finding(f, index, names, document["inputs"]) for f in document["findings"]]
    results += [
        _outcome(o, index, document["inputs"])
        for o in document["outcomes"]
        if o["outcome"] in KINDS
    ]
    verdict = document["verdict"]
    lost = [p for facts in document["inputs"] for p in facts["problems"] if p["loses_payload"]]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "iotaudit",
                        "version": document["tool"]["version"],
                        "rules": rules,
                    }
                },
                "artifacts": [_artifact(facts) for facts in document["inputs"]],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {
                                "level": "warning",
                                "message": {
                                    "text": sarif(
                                        f"{wording.words(p['kind'])}, {p['count']} times {p['detail']}".strip()
                                    )
                                },
                            }
                            for p in lost
                        ],
                    }
                ],
                "results": results,
                "columnKind": "unicodeCodePoints",
                "properties": {
                    "data_leaves_eu": verdict["data_leaves_eu"],
                    "third_country_access": verdict["third_country_access"],
                    "statement": visible(verdict["statement"]),
                },
            }
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rules(document: Row) -> list[dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for outcome in document["outcomes"]:
        severity = outcome["severity"] or "info"
        told.setdefault(
            outcome["rule"], _rule(outcome["rule"], outcome["pack"], outcome["title"], severity)
        )
    for finding in document["findings"]:
        rule = told.setdefault(
            finding["rule"],
            _rule(finding["rule"], finding["pack"], finding["title"], finding["severity"]),
        )
        basis = " ".join(
            x
            for x in (
                finding["legal"],
                f"No proof of: {finding['not_proof']}" if finding["not_proof"] else "",
            )
            if x
        )
        if basis:
            rule["fullDescription"] = {"text": sarif(basis)}
        if finding["remediation"]:
            rule["help"] = {
                "text": sarif(f"{finding['question']} {finding['remediation']}".strip())
            }
    return [told[rule] for rule in sorted(told)]


def _rule(rule: str, pack: str, title: str, severity: str) -> dict[str, Any]:
    return {
        "id": rule,
        "shortDescription": {"text": sarif(title or rule)},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {"tags": ["privacy", pack], "security-severity": SCORES[severity]},
    }


def _finding(
    row: Row, index: Mapping[str, int], names: Mapping[str, Row], inputs: list[Row]
) -> dict[str, Any]:
    cited = f" (packet {wording.packets(row['packets'])})" if row["packets"] else ""
    location = _location(inputs, _input_of(row["packets"]))
    destination = names.get(row["destination"] or "")
    if destination:
        name = visible(wording.destination_name(destination))
        location["logicalLocations"] = [
            {"name": name, "kind": "resource", "fullyQualifiedName": f"destination/{name}"}
        ]
    result: dict[str, Any] = {
        "ruleId": row["rule"],
        "ruleIndex": index[row["rule"]],
        "kind": "fail",
        "level": LEVELS[row["severity"]],
        "message": {"text": sarif(f"{row['evidence'] or row['title']}{cited}")},
        "locations": [location],
        "partialFingerprints": {"iotaudit/v1": row["fingerprint"]},
        "properties": {
            "severity": row["severity"],
            "dimension": row["dimension"],
            "packets": row["packets"],
            "question": visible(row["question"]),
        },
    }
    if row["waived"] is not None:
        reason = row["waived"].get("reason")
        result["suppressions"] = [
            {
                "kind": "external",
                "justification": visible(reason) if isinstance(reason, str) else "waived",
            }
        ]
    return result


def _outcome(row: Row, index: Mapping[str, int], inputs: list[Row]) -> dict[str, Any]:
    lacking = f"; would decide: {row['would_decide']}" if row["would_decide"] else ""
    return {
        "ruleId": row["rule"],
        "ruleIndex": index[row["rule"]],
        "kind": KINDS[row["outcome"]],
        "level": "none",
        "message": {
            "text": sarif(f"{wording.OUTCOMES[row['outcome']]}: {row['decided_by']}{lacking}")
        },
        "locations": [_location(inputs, 0)],
    }


def _input_of(packets: list[int | str]) -> int:
    """Gives the index of the input that the first packet lies in."""
    first = packets[0] if packets else 0
    return int(first.split(":")[0]) if isinstance(first, str) else 0


def _location(inputs: list[Row], number: int) -> dict[str, Any]:
    if number >= len(inputs):
        return {}
    place = {"uri": _uri(inputs[number]["name"]), "index": number}
    return {"physicalLocation": {"artifactLocation": place, "region": {"startLine": 1}}}


def _artifact(facts: Row) -> dict[str, Any]:
    return {
        "location": {"uri": _uri(facts["name"])},
        "length": facts["bytes"],
        "hashes": {"sha-256": facts["sha256"]},
    }


def _uri(name: str) -> str:
    """Gives a file name as a relative URI; a colon in its first part would read as a scheme (RFC 3986, 4.2)."""
    return quote(name.encode("utf-8", "replace"), safe="/-._~") or "input"
