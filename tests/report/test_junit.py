"""JUnit: one case for each rule; silence is no pass."""

from typing import Any
from xml.etree import ElementTree as Xml

from iotaudit import report
from iotaudit.model.result import Audit


def tree_of(document: Any) -> Xml.Element:
    return Xml.fromstring(str(report.render(document, "junit")))  # noqa: S314 - our own output


def test_every_rule_is_a_case_with_its_outcome(any_document: dict[str, Any]) -> None:
    cases = tree_of(any_document).findall(".//testcase")
    outcomes = any_document["outcomes"]
    assert len(cases) == len(outcomes)
    told = sorted("failure" if c.find("failure") is not None else "skipped" if c.find("skipped") is not None else "" for c in cases)
    kinds = {"fail_indicator": "failure", "no_indicator": "", "inconclusive": "skipped", "not_testable": "skipped"}
    assert told == sorted(kinds[o["outcome"]] for o in outcomes)


def test_counts_agree_with_the_cases(audit: Audit) -> None:
    root = tree_of(report.document(audit))
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) > 0
    assert int(root.attrib["tests"]) == len(root.findall(".//testcase"))


def test_a_waived_finding_does_not_fail(audit: Audit) -> None:
    document = report.document(audit)
    before = len(tree_of(document).findall(".//failure"))
    rule = document["findings"][0]["rule"]
    for finding in document["findings"]:
        if finding["rule"] == rule:
            finding["waived"] = {"reason": "accepted"}
    assert len(tree_of(document).findall(".//failure")) == before - 1


def test_hostile_texts_stay_within_their_element(hostile_audit: Audit, audit: Audit) -> None:
    count = len(tree_of(report.document(audit)).findall(".//testcase"))
    assert len(tree_of(report.document(hostile_audit)).findall(".//testcase")) == count
