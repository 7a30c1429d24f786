"""What was looked at: time, steps, what was not read, and how much payload stayed closed.

*Unread* is what was not parsed, dropped, truncated or unattributable: it forbids a "no". *Closed* is payload that
reached a known flow and could not be read: it is told in bytes and forbids nothing (docs/verdict.md).
"""

from collections import defaultdict
from collections.abc import Iterable

from iotaudit.model.facts import Facts
from iotaudit.model.findings import Profile
from iotaudit.model.flows import EncryptionState, Flow
from iotaudit.model.inputs import InputFacts
from iotaudit.model.problems import PROBLEM_KINDS, Problem
from iotaudit.model.reach import Closed, Coverage, Unread
from iotaudit.model.vocabulary import STEPS

NS = 1_000_000_000


def coverage_of(facts: Facts, profile: Profile | None, flows: tuple[Flow, ...]) -> Coverage:
    """Gives the coverage of a look; `flows` are those that lead outside and carry payload of the device."""
    duration_ns = looked_ns(facts)
    scenarios = tuple(sorted({mark.step for mark in facts.marks if mark.step}, key=_step_order))
    required = profile.steps if profile else ()
    missing = tuple(step for step in required if step not in scenarios)
    least_s = profile.min_duration_s if profile else 0.0
    closed = closed_of(flows)
    sent = sum(flow.device_sent for flow in flows)
    return Coverage(
        duration_s=duration_ns / NS,
        packets=sum(row.packets for row in facts.inputs),
        scenarios=scenarios,
        unread=unread_of(facts),
        undecrypted_share=sum(row.bytes for row in closed) / sent if sent else None,
        closed=closed,
        required_duration_s=least_s if profile else None,
        required_steps=tuple(required),
        missing_steps=missing,
        met=duration_ns >= least_s * NS and not missing,
    )


def _step_order(step: str) -> tuple[int, str]:
    """Orders steps as a test runs them; a step that is not in the vocabulary comes last."""
    return STEPS.index(step) if step in STEPS else len(STEPS), step


def looked_ns(facts: Facts) -> int:
    """Gives how long was looked: the time that the inputs cover together, gaps between them not counted."""
    spans = sorted((i.first_ns, i.last_ns) for i in facts.inputs if i.first_ns >= 0)
    if not spans:
        return facts.duration_ns
    total, end = 0, spans[0][0]
    for first, last in spans:
        total += max(0, last - max(first, end))
        end = max(end, last)
    return min(total, facts.duration_ns)


def closed_of(flows: Iterable[Flow]) -> tuple[Closed, ...]:
    """Gives the payload bytes that stayed closed, by destination and reason, sorted."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for flow in flows:
        why = why_closed(flow)
        if why:
            found[flow.destination or "", why] += flow.device_sent
    return tuple(Closed(where, found[where, why], why) for where, why in sorted(found))


def why_closed(flow: Flow) -> str | None:
    """Gives why a flow's payload could not be read, None where it was read."""
    if flow.encryption.opened:
        return None
    if flow.encryption.pinned:
        return "pinned"
    match flow.encryption.state:
        case EncryptionState.PLAINTEXT:
            return None
        case EncryptionState.ENCRYPTED:
            return "no_keys"
        case EncryptionState.OPAQUE | EncryptionState.NONE:
            return "unknown_protocol"


def unread_of(facts: Facts) -> tuple[Unread, ...]:
    """Gives what was not read of the inputs, one row for each kind, sorted."""
    counts: dict[str, int] = defaultdict(int)
    # an input's problems stand in `problems` too; equal ones count once
    seen = dict.fromkeys((*facts.problems, *(p for row in facts.inputs for p in row.problems)))
    for problem in seen:
        if problem.loses_payload:
            counts[problem.kind] += problem.count
    for kind, number in _recorder_losses(facts.inputs, seen):
        counts[kind] = max(counts[kind], number)
    return tuple(Unread(kind, counts[kind], PROBLEM_KINDS.get(kind, "")) for kind in sorted(counts))


def _recorder_losses(
    inputs: Iterable[InputFacts], seen: Iterable[Problem]
) -> list[tuple[str, int]]:
    """Gives losses that stand in the facts of an input: lost packets always, cut ones unless a reader judged them."""
    dropped = sum(row.dropped_packets or 0 for row in inputs)
    judged = any(problem.kind == "truncated_packets" for problem in seen)
    truncated = 0 if judged else sum(row.truncated_packets for row in inputs)
    rows = (("dropped_packets", dropped), ("truncated_packets", truncated))
    return [(kind, number) for kind, number in rows if number]
