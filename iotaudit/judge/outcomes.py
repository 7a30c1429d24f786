"""One rule against the facts: exactly one outcome, and a finding for each subject where its condition was observed.

An observed condition is a fail indicator even where a need is missing. Absence counts only where every need is met,
nothing was unread, the profile's coverage was reached and no subject is in doubt.
"""

from dataclasses import dataclass

from iotaudit.judge.conditions import Truth, Value, evaluate, facts_of, unknown_facts
from iotaudit.judge.facts import look_up_of
from iotaudit.judge.findings import make_findings
from iotaudit.judge.needs import in_words, lacking, unheld
from iotaudit.judge.scene import Scene
from iotaudit.judge.subject import Subject
from iotaudit.judge.subjects import subjects_of
from iotaudit.judge.words import count, listed
from iotaudit.model.findings import Finding, OutcomeKind, Rule, RuleOutcome

NOUNS = {
    "destination": "destination",
    "exposure": "exposure",
    "flow": "conversation",
    "resolver": "name server",
    "value": "repeated value",
    "service": "service",
    "announcement": "announcement",
    "secret": "secret",
    "listener": "service of a device",
    "login": "log-in",
    "trial": "test",
    "line": "line",
    "device": "device",
    "look": "look",
}
IDLE = "the device sent no payload to the outside"
SILENT = "the device sent no payload to the outside and spoke with no neighbour"
WITHOUT_TRAFFIC = frozenset(("look", "trial"))
INSIDE_SCOPES = frozenset(("announcement", "device", "listener", "login", "secret"))


@dataclass(frozen=True, slots=True)
class Looked:
    """The subjects of one rule by what its condition gives; `unsure` names the facts that nobody knows."""

    hits: tuple[Subject, ...]
    doubts: int
    subjects: int
    unsure: tuple[str, ...]


def outcome_of(rule: Rule, scene: Scene) -> tuple[RuleOutcome, tuple[Finding, ...]]:
    """Gives the outcome of a rule with its findings (ids are given later)."""
    looked = _look(rule, scene)
    decides = not unheld(rule, scene)
    if looked.hits and decides:
        seen = f"observed at {_number(len(looked.hits), rule)} of {looked.subjects:,}"
        return _outcome(rule, OutcomeKind.FAIL_INDICATOR, seen), make_findings(
            rule, looked.hits, scene
        )
    hard, soft = lacking(rule, scene)
    if idle := _idle(rule, scene):
        return _outcome(rule, OutcomeKind.NOT_TESTABLE, idle, "a capture in which it does"), ()
    if hard:
        told = f"not observed; missing: {listed(in_words(hard))}"
        return _outcome(rule, OutcomeKind.NOT_TESTABLE, told, listed(in_words((*hard, *soft)))), ()
    if not decides:
        told = f"not decidable: {rule.knowledge_missing or 'knowledge that the rule rests on is not on file'}"
        return _outcome(rule, OutcomeKind.INCONCLUSIVE, told, listed(in_words(soft))), ()
    return _absence(rule, scene, looked, soft), ()


def _idle(rule: Rule, scene: Scene) -> str:
    """Says why there was nothing to look at, "" where there was: a device that did nothing shows nothing."""
    if scene.flows or rule.scope in WITHOUT_TRAFFIC:
        return ""
    if rule.scope in INSIDE_SCOPES:
        return "" if scene.inside.sees_local else SILENT
    return IDLE


def _absence(rule: Rule, scene: Scene, looked: Looked, soft: tuple[str, ...]) -> RuleOutcome:
    """Gives the outcome of a rule whose condition was not observed in a look that could have shown it."""
    grounds = []
    wanted = list(in_words(soft))
    if looked.doubts:
        facts = listed(looked.unsure)
        grounds.append(f"{_number(looked.doubts, rule)} of {looked.subjects:,} in doubt ({facts})")
        wanted.append(f"knowing {facts} of {'it' if looked.doubts == 1 else 'them'}")
    if soft:
        grounds.append(f"missing: {listed(in_words(soft))}")
    if scene.coverage.unread:
        grounds.append(
            f"unread: {listed(row.what.replace('_', ' ') for row in scene.coverage.unread)}"
        )
        wanted.append("a capture without losses")
    if not scene.coverage.met:
        grounds.append("the profile's coverage was not reached")
        wanted.append("the time and steps that the profile asks for")
    if grounds:
        told = "not observed, but " + "; ".join(grounds)
        return _outcome(rule, OutcomeKind.INCONCLUSIVE, told, listed(wanted))
    if not looked.subjects:
        noun = NOUNS[rule.scope]
        return _outcome(
            rule, OutcomeKind.NO_INDICATOR, f"not observed: there was no {noun} to look at"
        )
    return _outcome(
        rule, OutcomeKind.NO_INDICATOR, f"not observed at {_number(looked.subjects, rule)}"
    )


def _look(rule: Rule, scene: Scene) -> Looked:
    hits: list[Subject] = []
    unsure: dict[str, None] = {}
    doubts = 0
    subjects = subjects_of(rule.scope, scene)
    facts = facts_of(rule.when)
    look_ups = [look_up_of(fact, scene) for fact in facts]
    truths: dict[tuple[Value, ...], Truth] = {}
    for subject in subjects:
        # thousands of subjects, most with the same few values: each set of values is judged once
        values = tuple([look_up(scene, subject) for look_up in look_ups])
        truth = truths.get(values)
        if truth is None:
            known = dict(zip(facts, values, strict=True))
            truth = truths[values] = evaluate(rule.when, known.__getitem__)
            if truth is Truth.UNKNOWN:
                unsure |= dict.fromkeys(unknown_facts(rule.when, known.__getitem__))
        if truth is Truth.TRUE:
            hits.append(subject)
        elif truth is Truth.UNKNOWN:
            doubts += 1
    return Looked(tuple(hits), doubts, len(subjects), tuple(unsure))


def _outcome(rule: Rule, kind: OutcomeKind, decided_by: str, would_decide: str = "") -> RuleOutcome:
    return RuleOutcome(rule.id, rule.pack, kind, decided_by, would_decide)


def _number(number: int, rule: Rule) -> str:
    return count(number, NOUNS[rule.scope])
