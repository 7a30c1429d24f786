"""Rules and facts in, outcomes, findings and the verdict out. Doubt is carried through: silence is never a pass.

`places` and `verdict` answer where data went, `outcomes` what each rule gives, `facts` what rules may ask.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from iotaudit.judge.declared import hold
from iotaudit.judge.facts import FACTS
from iotaudit.judge.findings import in_order
from iotaudit.judge.outcomes import outcome_of
from iotaudit.judge.scene import NOTHING, Scene, make_scene
from iotaudit.judge.verdict import verdict_of, verdict_of_device
from iotaudit.model.declared import DeclaredRow
from iotaudit.model.facts import Facts
from iotaudit.model.findings import Finding, Pack, Profile, Rule, RuleOutcome
from iotaudit.model.reach import Verdict
from iotaudit.model.result import Settings


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from the facts. `device_verdicts` pairs each device id with the verdict on that device.

    `declared` are the lines of the vendor's declaration, () without one.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    outcomes: tuple[RuleOutcome, ...]
    device_verdicts: tuple[tuple[str, Verdict], ...]
    declared: tuple[DeclaredRow, ...] = ()


def judge(
    facts: Facts, packs: tuple[Pack, ...], profile: Profile | None, settings: Settings
) -> Judgement:
    """Gives the judgement: one outcome for each rule of each pack, findings in the contract's order, the verdict."""
    scene = _with_lines(make_scene(facts, profile, settings))
    judged = [outcome_of(rule, scene) for pack in packs for rule in pack.rules]
    return Judgement(
        verdict=verdict_of(scene),
        findings=in_order(finding for _, rows in judged for finding in rows),
        outcomes=tuple(sorted((outcome for outcome, _ in judged), key=lambda o: (o.pack, o.rule))),
        device_verdicts=tuple(
            (device.id, verdict_of_device(scene, device)) for device in scene.facts.devices
        ),
        declared=scene.lines,
    )


def try_rule(
    rule: Rule,
    facts: Facts,
    settings: Settings,
    *,
    profile: Profile | None = None,
    assumed: Mapping[str, object] = NOTHING,
    granted: Iterable[str] = (),
) -> tuple[RuleOutcome, tuple[Finding, ...]]:
    """Gives what one rule makes of a test case; `assumed` sets facts outright, `granted` grants needs."""
    scene = _with_lines(make_scene(facts, profile, settings, assumed=assumed, granted=granted))
    outcome, findings = outcome_of(rule, scene)
    return outcome, in_order(findings)


def _with_lines(scene: Scene) -> Scene:
    """Gives the scene with the lines of the declaration."""
    told = scene.facts.declaration
    return replace(scene, lines=hold(told, scene, dict(scene.facts.companies))) if told else scene


__all__ = ["FACTS", "Judgement", "judge", "try_rule"]
