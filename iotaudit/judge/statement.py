"""The verdict in two plain sentences: the answer with what forbids another one, then how it was looked."""

from iotaudit.judge import words
from iotaudit.model.reach import Answer, Coverage, Reason, Verdict

DOUBTS = frozenset(
    (
        "no_devices",
        "no_payload",
        "idle_device",
        "disputed_place",
        "unknown_place",
        "relay",
        "unread",
        "too_short",
        "missing_steps",
    )
)
"""Codes of reasons that forbid a "no"."""
MOST = 4


def statement_of(verdict: Verdict) -> str:
    """Gives the statement of a verdict from its answer, reasons and coverage."""
    return f"{_answer(verdict)} {_look(verdict.coverage)}"


def _answer(verdict: Verdict) -> str:
    match verdict.data_leaves_eu:
        case Answer.YES:
            rows = [r for r in verdict.reasons if r.code == "leaves"]
            return f"Data leaves the EU/EEA: {_few(rows, 2)}."
        case Answer.NO:
            rows = [r for r in verdict.reasons if r.code == "stays"]
            return f"No data was seen leaving the EU/EEA: {words.listed(r.text for r in rows)}."
        case Answer.UNDETERMINED:
            rows = [r for r in verdict.reasons if r.code in DOUBTS]
            return f"Whether data leaves the EU/EEA is undetermined: {_few(rows, MOST)}."


def _few(rows: list[Reason], most: int) -> str:
    """Gives the texts of the first reasons, the rest counted."""
    rest = len(rows) - most
    more = f"; and {words.count(rest, 'more reason')} of this kind" if rest > 0 else ""
    return "; ".join(row.text for row in rows[:most]) + more


def _look(coverage: Coverage) -> str:
    parts = [f"The look lasted {words.span(coverage.duration_s)}", _steps(coverage)]
    if coverage.undecrypted_share:
        parts.append(
            f"{words.share(coverage.undecrypted_share)} of the payload sent outside stayed closed"
        )
    elif coverage.undecrypted_share is not None:
        parts.append(
            "no payload sent outside stayed closed, but not all was read"
            if coverage.unread
            else "all payload sent outside could be read"
        )
    if coverage.required_duration_s is None:
        parts.append("no profile asked for a least time or steps")
    return f"{'; '.join([f'{parts[0]}, {parts[1]}', *parts[2:]])}."


def _steps(coverage: Coverage) -> str:
    if not coverage.scenarios:
        return "no steps were marked"
    steps = words.listed((step.replace("_", " ") for step in coverage.scenarios), most=20)
    return f"through the steps {steps}"
