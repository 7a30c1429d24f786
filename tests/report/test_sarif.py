"""SARIF: one result for each finding, one for each rule without; packet numbers and fingerprints; no links."""

from typing import Any

import orjson

from iotaudit import report
from iotaudit.model.result import Audit


def log_of(document: Any) -> dict[str, Any]:
    run: dict[str, Any] = orjson.loads(report.render(document, "sarif"))["runs"][0]
    return run


def test_findings_are_failures_with_fingerprints(audit: Audit) -> None:
    document = report.document(audit)
    failed = [r for r in log_of(document)["results"] if r["kind"] == "fail"]
    assert [r["partialFingerprints"]["iotaudit/v1"] for r in failed] == [f["fingerprint"] for f in document["findings"]]
    assert all(r["ruleId"] == f["rule"] for r, f in zip(failed, document["findings"], strict=True))


def test_rules_without_a_finding_are_told_by_their_outcome(audit: Audit) -> None:
    document = report.document(audit)
    other = {r["ruleId"]: r["kind"] for r in log_of(document)["results"] if r["kind"] != "fail"}
    kinds = {"no_indicator": "pass", "inconclusive": "review", "not_testable": "notApplicable"}
    assert other == {o["rule"]: kinds[o["outcome"]] for o in document["outcomes"] if o["outcome"] in kinds}


def test_every_result_points_at_its_rule_and_input(any_document: dict[str, Any]) -> None:
    run = log_of(any_document)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][place["index"]]["location"]["uri"] == place["uri"]


def test_no_message_holds_a_link_or_a_control(hostile_audit: Audit) -> None:
    for result in log_of(report.document(hostile_audit))["results"]:
        text = result["message"]["text"]
        assert text.isprintable()
        assert "](" not in text.replace("\\](", "")


def test_a_waived_finding_is_suppressed(audit: Audit) -> None:
    document = report.document(audit)
    document["findings"][0]["waived"] = {"reason": "accepted"}
    first = next(r for r in log_of(document)["results"] if r["kind"] == "fail")
    assert first["suppressions"] == [{"kind": "external", "justification": "accepted"}]
