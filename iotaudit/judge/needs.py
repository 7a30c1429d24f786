"""What a rule needs before absence counts, and whether this look has it."""

from collections.abc import Iterable

from iotaudit.judge.notes import has_answers, said
from iotaudit.judge.scene import Scene
from iotaudit.model.findings import Rule
from iotaudit.model.vocabulary import DURATION_NEED, KNOWLEDGE, NEEDS, NOT_TESTABLE_NEEDS, UNIT_S

CAPTURED = frozenset(("any_capture", "readable_payload", "read_plaintext", "lan_visibility"))
"""Needs that the capture itself meets; the others are met by what is given beside it."""


def lacking(rule: Rule, scene: Scene) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives the needs that are not met: those that make the rule not testable, those that leave it inconclusive.

    A rule that looks at data types needs readable payload whether it says so or not: what stayed closed may hold any.
    One that asks for `read_plaintext` is about what travels unencrypted, and encrypted payload holds none of that.
    """
    needs = dict.fromkeys(rule.needs)
    if rule.scope in ("exposure", "value") and "read_plaintext" not in needs:
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
    """Says whether a need without a parameter is met: by the capture, or by what was given beside it."""
    return _captured(need, scene) if need in CAPTURED else _given(need, scene)


def _captured(need: str, scene: Scene) -> bool:
    match need:
        case "any_capture":
            return bool(scene.flows)
        case "readable_payload":
            return not scene.coverage.closed
        case "read_plaintext":
            return all(row.why != "unknown_protocol" for row in scene.coverage.closed)
        case _:  # lan_visibility
            return scene.inside.sees_local


def _given(need: str, scene: Scene) -> bool:
    match need:
        case "proxy_run":
            return scene.facts.has_proxy_run or any(
                row.kind == "certificate_acceptance" for row in scene.facts.observations
            )
        case "declaration":
            return scene.facts.declaration is not None
        case "test_plan":
            return scene.profile is not None and bool(
                scene.profile.steps or scene.profile.min_duration_s
            )
        case "site_position":
            return scene.settings.lab_position is not None
        case "tester_log":
            return has_answers(scene)
        case _:  # two_units
            return said(scene, "two_units") is True
