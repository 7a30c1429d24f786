"""What was looked at: time, steps, closed and unread payload."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge.coverage import closed_of, coverage_of, looked_ns, unread_of, why_closed
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.problems import Problem

S = 1_000_000_000


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (Encryption(EncryptionState.PLAINTEXT), None),
        (Encryption(EncryptionState.ENCRYPTED), "no_keys"),
        (Encryption(EncryptionState.OPAQUE), "unknown_protocol"),
        (Encryption(EncryptionState.NONE), "unknown_protocol"),
        (Encryption(EncryptionState.ENCRYPTED, pinned=True), "pinned"),
        (Encryption(EncryptionState.ENCRYPTED, opened=True), None),
    ],
)
def test_why_a_flow_stayed_closed(make: Any, how: Encryption, why: str | None) -> None:
    assert why_closed(replace(make.flow(1), encryption=how)) == why


def test_the_closed_share_is_by_bytes(make: Any) -> None:
    near, far = make.destination(1), make.destination(2)
    flows = (
        make.flow(1, near, sent=300),
        make.flow(2, far, sent=600, state=EncryptionState.ENCRYPTED),
        make.flow(3, far, sent=100, state=EncryptionState.OPAQUE),
    )
    coverage = coverage_of(make.facts(near, far, flows=flows), None, flows)
    assert coverage.undecrypted_share == 0.7
    assert [(c.destination, c.bytes, c.why) for c in coverage.closed] == [
        ("dst2", 600, "no_keys"),
        ("dst2", 100, "unknown_protocol"),
    ]
    assert closed_of(flows) == closed_of(flows[::-1])


def test_time_between_two_inputs_is_no_look(make: Any) -> None:
    facts = make.facts()
    (one,) = facts.inputs
    rows = (
        replace(one, first_ns=0, last_ns=10 * S),
        replace(one, first_ns=1000 * S, last_ns=1005 * S),
    )
    assert looked_ns(replace(facts, inputs=rows, duration_ns=1005 * S)) == 15 * S


def test_time_that_two_inputs_share_counts_once(make: Any) -> None:
    facts = make.facts()
    (one,) = facts.inputs
    rows = (replace(one, first_ns=0, last_ns=10 * S), replace(one, first_ns=5 * S, last_ns=8 * S))
    assert looked_ns(replace(facts, inputs=rows, duration_ns=10 * S)) == 10 * S


def test_a_problem_of_an_input_counts_once(make: Any) -> None:
    lost = Problem("malformed_packet", count=2, loses_payload=True)
    facts = make.facts(problems=(lost,))
    facts = replace(facts, inputs=(replace(facts.inputs[0], problems=(lost,)),))
    assert [(u.what, u.count) for u in unread_of(facts)] == [("malformed_packet", 2)]


def test_a_loss_that_a_reader_judged_harmless_stays_harmless(make: Any) -> None:
    told = Problem("truncated_packets", count=5, loses_payload=False)
    facts = make.facts(problems=(told,))
    facts = replace(facts, inputs=(replace(facts.inputs[0], truncated_packets=5),))
    assert unread_of(facts) == ()


def test_lost_packets_are_never_judged_harmless(make: Any) -> None:
    told = Problem("dropped_packets", count=5, loses_payload=False)
    facts = make.facts(problems=(told,))
    facts = replace(facts, inputs=(replace(facts.inputs[0], dropped_packets=5),))
    assert [(u.what, u.count) for u in unread_of(facts)] == [("dropped_packets", 5)]


def test_without_a_profile_nothing_is_demanded(make: Any) -> None:
    coverage = coverage_of(make.facts(duration_s=1), None, ())
    assert (coverage.met, coverage.required_duration_s, coverage.required_steps) == (True, None, ())
    asked = coverage_of(make.facts(duration_s=1, steps=("idle",)), make.profile(), ())
    assert (asked.met, asked.missing_steps, asked.scenarios) == (False, ("mapping",), ("idle",))
