"""Outcomes and findings over whole packs: one outcome for each rule, order, ids, fingerprints."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge import judge
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.findings import OutcomeKind, Severity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.problems import Problem
from iotaudit.packs.rules import list_packs, load_packs

PACKS = load_packs(list_packs())
IDS = sorted((pack.id, rule.id) for pack in PACKS for rule in pack.rules)


def exposure(
    number: Any, destination: Any, data_type: Any = "person.email", gdpr_class: Any = "personal"
) -> Any:
    return Exposure(
        id=f"x{number}",
        data_type=data_type,
        title="E-mail address",
        destination=destination,
        confidence=Confidence.PROVEN,
        channel=Channel.PLAINTEXT,
        where="http.body",
        decoding=(),
        masked_sample="tes***le",
        count=1,
        packets=(number + 100,),
        flows=(f"f{number}",),
        value_group=f"v{number}",
        sensitivity=2,
        gdpr_class=gdpr_class,
        reasoning="",
    )


@pytest.fixture
def leaving(make: Any) -> Any:
    """Gives facts in which an e-mail address goes to China, twice."""
    far = make.destination(10, "CN", adequacy="unmet", access_laws=(make.law("CN", "place"),))
    near = make.destination(2)
    rows = (exposure(1, "dst10"), exposure(2, "dst2"), exposure(11, "dst10", "person.name"))
    return make.facts(far, near, exposures=rows)


@pytest.mark.parametrize("profile", [None, "with"])
def test_every_rule_has_exactly_one_outcome(
    make: Any, settings: Any, leaving: Any, profile: Any
) -> None:
    judgement = judge(leaving, PACKS, make.profile() if profile else None, settings)
    assert [(o.pack, o.rule) for o in judgement.outcomes] == IDS


def test_findings_are_the_fail_indicators(settings: Any, leaving: Any) -> None:
    judgement = judge(leaving, PACKS, None, settings)
    failed = {o.rule for o in judgement.outcomes if o.outcome is OutcomeKind.FAIL_INDICATOR}
    assert {f.rule for f in judgement.findings} == failed
    assert failed >= {"gt-001", "fa-001"}


@pytest.mark.parametrize("case", ["empty", "idle", "local"])
def test_an_idle_capture_makes_every_rule_not_testable(make: Any, settings: Any, case: Any) -> None:
    row = make.destination(1)
    facts = {
        "empty": make.facts(devices=()),
        "idle": make.facts(row, flows=(make.flow(1, row, sent=0),)),
        "local": make.facts(make.local()),
    }[case]
    judgement = judge(facts, PACKS, None, settings)
    assert {o.outcome for o in judgement.outcomes} == {OutcomeKind.NOT_TESTABLE}
    assert not judgement.findings


def test_findings_are_ordered_and_numbered(settings: Any, leaving: Any) -> None:
    findings = judge(leaving, PACKS, None, settings).findings
    assert [f.id for f in findings] == [f"fnd{n}" for n in range(1, len(findings) + 1)]
    keys = [
        (f.pack, f.rule, len(f.destination or ""), f.destination, f.exposure or "")
        for f in findings
    ]
    assert keys == sorted(keys)
    two = [f for f in findings if f.rule == "gt-001"]
    assert [(f.destination, f.exposure, f.packets) for f in two] == [
        ("dst10", "x1", (101,)),
        ("dst10", "x11", (111,)),
    ]


def test_a_fingerprint_survives_another_capture_of_the_same(settings: Any, leaving: Any) -> None:
    def prints(facts: Any) -> Any:
        return {f.fingerprint for f in judge(facts, PACKS, None, settings).findings}

    moved = tuple(
        replace(f, first_packet=f.first_packet + 7, first_device_payload_packet=99)
        for f in leaving.flows
    )
    other = tuple(replace(e, packets=(5,), id=f"y{n}") for n, e in enumerate(leaving.exposures))
    assert prints(replace(leaving, flows=moved, exposures=other)) == prints(leaving)
    renamed = tuple(replace(d, registrable_domain="other.example") for d in leaving.destinations)
    there = {f.fingerprint for f in judge(leaving, PACKS, None, settings).findings if f.destination}
    assert there
    assert not prints(replace(leaving, destinations=renamed)) & there


def test_the_profile_sets_severities(make: Any, settings: Any, leaving: Any) -> None:
    profile = make.profile(severity=(("gt-001", Severity.INFO),))
    findings = judge(leaving, PACKS, profile, settings).findings
    assert {f.severity for f in findings if f.rule == "gt-001"} == {Severity.INFO}
    assert {f.severity for f in findings if f.rule == "fa-001"} == {Severity.MEDIUM}


def test_absence_counts_only_in_a_look_without_losses(make: Any, settings: Any) -> None:
    def kinds(facts: Any, profile: Any = None) -> Any:
        return {o.rule: o.outcome for o in judge(facts, PACKS, profile, settings).outcomes}

    facts = make.facts(make.destination(1))
    assert kinds(facts)["gt-001"] is OutcomeKind.NO_INDICATOR
    lossy = replace(facts, problems=(Problem("stream_gap", loses_payload=True),))
    assert kinds(lossy)["gt-001"] is OutcomeKind.INCONCLUSIVE
    assert kinds(facts, make.profile(min_duration_s=1e6))["gt-001"] is OutcomeKind.INCONCLUSIVE
    assert kinds(replace(facts, stale=("zones",)))["gt-001"] is OutcomeKind.INCONCLUSIVE


def test_everything_encrypted_makes_no_data_type_absent(make: Any, settings: Any) -> None:
    row = make.destination(1)
    facts = make.facts(row, flows=(make.flow(1, row, state=EncryptionState.ENCRYPTED),))
    outcomes = {o.rule: o for o in judge(facts, PACKS, None, settings).outcomes}
    for rule in ("gt-001", "gt-002", "gt-004", "gt-005", "gt-010", "fa-005"):
        assert outcomes[rule].outcome is OutcomeKind.INCONCLUSIVE, rule
    assert "readable" not in outcomes["gt-001"].decided_by.partition("missing")[0]
    assert "decrypted payload" in outcomes["gt-001"].would_decide


def test_a_us_operator_in_frankfurt_gives_access_and_no_transfer(make: Any, settings: Any) -> None:
    owner = replace(
        make.owned, name="Cloud Inc", country="US", parent="Cloud Inc", parent_country="US"
    )
    facts = make.facts(
        make.destination(1, operator=owner, access_laws=(make.law(),)),
        exposures=(exposure(1, "dst1"),),
    )
    outcomes = {o.rule: o.outcome for o in judge(facts, PACKS, None, settings).outcomes}
    assert outcomes["fa-002"] is OutcomeKind.FAIL_INDICATOR
    assert outcomes["gt-001"] is OutcomeKind.NO_INDICATOR


def test_the_order_of_exposures_and_destinations_changes_nothing(
    settings: Any, leaving: Any
) -> None:
    turned = replace(
        leaving,
        exposures=leaving.exposures[::-1],
        destinations=leaving.destinations[::-1],
        flows=leaving.flows[::-1],
    )
    assert judge(turned, PACKS, None, settings) == judge(leaving, PACKS, None, settings)


def test_texts_of_a_capture_are_inert_in_messages(make: Any, settings: Any) -> None:
    row = make.destination(1, "CN", adequacy="unmet", name="{country}{0.__class__}%s")
    facts = make.facts(row, exposures=(exposure(1, "dst1"),))
    (finding,) = [f for f in judge(facts, PACKS, None, settings).findings if f.rule == "gt-001"]
    assert "{country}{0.__class__}%s in China" in finding.evidence
