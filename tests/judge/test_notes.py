"""Facts that rest on notes: what nobody noted is unknown, and a conversation over the moment leaves it so."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge.conditions import AtLeast, Doubt
from iotaudit.judge.facts import value_of
from iotaudit.judge.scene import make_scene
from iotaudit.judge.subject import Subject
from iotaudit.model.flows import EncryptionState
from iotaudit.model.inputs import Mark
from iotaudit.model.observations import Observation

S = 1_000_000_000


@pytest.fixture
def value(settings: Any) -> Any:
    """Gives the value of a fact of the first destination and device."""

    def look_up(fact: str, facts: Any) -> Any:
        scene = make_scene(facts, None, settings)
        subject = Subject("x", destination=scene.facts.destinations[0], device=scene.facts.devices[0])
        return value_of(fact, scene, subject)

    return look_up


def answer(question: str, text: str = "", at_s: int | None = None) -> Observation:
    return Observation("answer", question, text, None, None if at_s is None else at_s * S)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (((10, 20), (400, 410)), True),
        (((10, 20),), False),
        (((10, 500),), Doubt.UNKNOWN),
        (((400, 410),), Doubt.UNKNOWN),
    ],
)
def test_sending_after_the_switch_to_off(make: Any, value: Any, spans: Any, expected: Any) -> None:
    row = make.destination()
    flows = tuple(make.flow(n, row, first_ns=a * S, last_ns=b * S) for n, (a, b) in enumerate(spans, 1))
    facts = make.facts(row, flows=flows, observations=(answer("opt_out", at_s=300),))
    assert value("destination.continues_after_opt_out", facts) is expected
    assert value("destination.continues_after_opt_out", replace(facts, observations=())) is Doubt.UNKNOWN


def test_functions_are_those_noted_and_none_where_that_was_noted(make: Any, value: Any) -> None:
    facts = make.facts(make.destination())
    assert value("device.lost_functions", facts) == AtLeast(())
    lost = replace(facts, observations=(answer("function_lost", "mopping"),))
    assert value("device.lost_functions", lost) == ("mopping",)
    kept = replace(facts, observations=(Observation("cut_off", "network", "works"),))
    assert value("device.lost_functions", kept) == ()


@pytest.mark.parametrize(("result", "expected"), [("accepted", True), ("refused", False), ("odd", Doubt.UNKNOWN)])
def test_a_certificate_test_counts_for_its_host(make: Any, value: Any, result: str, expected: Any) -> None:
    row = make.destination()
    tests = (Observation("certificate_acceptance", f"{row.name}:443", result),)
    facts = make.facts(row, flows=(make.flow(1, row, state=EncryptionState.ENCRYPTED),), observations=tests)
    assert value("destination.accepted_untrusted", facts) is expected


def test_an_upload_after_the_mapping_run_is_held_against_the_idle_rate(make: Any, value: Any) -> None:
    row = make.destination()
    marks = tuple(Mark(at * S, step, "", None) for at, step in ((0, "idle"), (300, "mapping"), (400, "app_use")))
    large = make.flow(2, row, sent=500_000, state=EncryptionState.ENCRYPTED, first_ns=420 * S, last_ns=430 * S)
    facts = make.facts(row, flows=(large,), marks=marks, duration_s=2000)
    assert value("destination.upload_after_mapping", facts) is True
    assert value("destination.upload_after_mapping", replace(facts, flows=(replace(large, device_sent=500),))) is False
    across = replace(large, first_ns=10 * S)
    assert value("destination.upload_after_mapping", replace(facts, flows=(across,))) is Doubt.UNKNOWN
    assert value("destination.upload_after_mapping", replace(facts, marks=())) is Doubt.UNKNOWN
