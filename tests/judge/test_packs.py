"""Every rule of the shipped packs against the test cases in its own file."""

from pathlib import Path
from typing import Any

import pytest

from iotaudit.judge import try_rule
from iotaudit.model.findings import OutcomeKind
from iotaudit.packs.cases import load_cases
from iotaudit.packs.rules import list_packs, load_packs

PACKS = load_packs(list_packs())
RULES = {rule.id: rule for pack in PACKS for rule in pack.rules}
CASES = [case for pack in PACKS for case in load_cases(Path(pack.path))]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.rule}-{c.expect.value}-{c.name}")
def test_case(case: Any) -> None:
    rule = RULES[case.rule]
    outcome, findings = try_rule(
        rule,
        case.facts,
        case.settings,
        profile=case.profile,
        assumed=case.assumed,
        granted=case.granted,
    )
    assert outcome.outcome is case.expect, outcome
    assert bool(findings) is (case.expect is OutcomeKind.FAIL_INDICATOR)
    assert outcome.decided_by
    open_outcome = case.expect in (OutcomeKind.INCONCLUSIVE, OutcomeKind.NOT_TESTABLE)
    assert bool(outcome.would_decide) is open_outcome
    for finding in findings:
        assert "{" not in finding.evidence
        assert finding.not_proof == rule.not_proof
        assert len(finding.fingerprint) == 64


def test_every_rule_has_a_case_for_each_outcome() -> None:
    for rule in RULES:
        kinds = {case.expect for case in CASES if case.rule == rule}
        assert kinds >= set(OutcomeKind) - {OutcomeKind.NOT_TESTABLE}, rule


def test_names_of_cases_are_told_apart() -> None:
    assert len({(case.rule, case.name) for case in CASES}) == len(CASES)
