"""What a rule needs before absence counts, and whether this look has it."""

from collections.abc import Iterable

from iotaudit.judge.scene import Scene
from iotaudit.model.findings import Rule
from iotaudit.model.vocabulary import DURATION_NEED, KNOWLEDGE, NEEDS, NOT_TESTABLE_NEEDS, UNIT_S


def lacking(rule: Rule, scene: Scene) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives the needs that are not met: those that make the rule not testable, those that leave it inconclusive.

    A rule that looks at data types needs readable payload whether it says so or not: what stayed closed may hold any.
    """
    needs = dict.fromkeys(rule.needs)
    if rule.scope in ("exposure", "value"):
        needs["readable_payload"] = None
    missing = [n for n in needs if n not in scene.granted and not _met(n, scene)]
    hard = tuple(n for n in missing if n in NOT_TESTABLE_NEEDS or n.startswith("scenario:"))
    return hard, tuple(n for n in missing if n not in hard)


def unheld(rule: Rule, scene: Scene) -> bool:
    """Says whether a rule rests on knowledge that is not on file at all: then it decides nothing."""
    names = [n for n in rule.needs if n.startswith("knowledge:") and n not in scene.granted]
    return any(not KNOWLEDGE.get(n.partition(":")[2], ()) for n in names)


def in_words(needs: Iterable[str]) -> tuple[str, ...]:
    """Gives what would have to be there, for people."""
    return tuple(_words(need) for need in needs)


def _words(need: str) -> str:
    head, _, rest = need.partition(":")
    match head:
        case "scenario":
            return f"a run of the step {rest}"
        case "duration":
            return f"a capture of at least {rest}"
        case "knowledge":
            files = " and ".join(KNOWLEDGE.get(rest, ()))
            return f"knowledge of {rest} within its review date" + (f" ({files})" if files else "")
        case _:
            return NEEDS[need]


def _met(need: str, scene: Scene) -> bool:
    head, _, rest = need.partition(":")
    if head == "scenario":
        return rest in scene.coverage.scenarios
    if head == "knowledge":
        files = KNOWLEDGE.get(rest, ())
        return bool(files) and not any(file in scene.facts.stale for file in files)
    if match := DURATION_NEED.fullmatch(need):
        return scene.coverage.duration_s >= int(match[1]) * UNIT_S[match[2]]
    return _present(need, scene)


def _present(need: str, scene: Scene) -> bool:
    match need:
        case "any_capture":
            return bool(scene.flows)
        case "readable_payload":
            return not scene.coverage.closed
        case "lan_visibility":
            return scene.sees_local
        case "proxy_run":
            return scene.facts.has_proxy_run
        case "declaration":
            return scene.facts.declaration is not None
        case "test_plan":
            return scene.profile is not None and bool(
                scene.profile.steps or scene.profile.min_duration_s
            )
        case "site_position":
            return scene.settings.lab_position is not None
        case _:  # tester_log, two_units: nothing reads them yet
            return False
