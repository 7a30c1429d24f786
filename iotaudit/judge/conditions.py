"""Evaluates conditions in three values: what is unknown is neither true nor false, and doubt is never lost.

`and` is the least, `or` the greatest of FALSE < UNKNOWN < TRUE, `not` turns the order round.
Source: S. C. Kleene, Introduction to Metamathematics (1952), section 64 (strong three-valued logic).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias, assert_never

from iotaudit.model.conditions import All, Any, Condition, Not, Operand, Operator, Test


class Truth(IntEnum):
    """Ordered, so that joining is `min` and `max`."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


class Doubt(Enum):
    """The value of a fact that is not known (None says: known not to be there)."""

    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A list that may hold more, or a number that may be higher."""

    value: tuple[str, ...] | int


Known: TypeAlias = str | int | float | bool | tuple[str, ...]
Value: TypeAlias = Known | AtLeast | Doubt | None


def evaluate(condition: Condition, look_up: Callable[[str], Value]) -> Truth:
    """Gives the truth of a condition; `look_up` gives the value of a fact by its id."""
    match condition:
        case All(parts):
            truth = Truth.TRUE
            for part in parts:
                truth = min(truth, evaluate(part, look_up))
                if truth is Truth.FALSE:
                    break
            return truth
        case Any(parts):
            truth = Truth.FALSE
            for part in parts:
                truth = max(truth, evaluate(part, look_up))
                if truth is Truth.TRUE:
                    break
            return truth
        case Not(part):
            return Truth(Truth.TRUE - evaluate(part, look_up))
        case Test():
            return check(condition, look_up(condition.fact))
        case _:
            assert_never(condition)


def facts_of(condition: Condition) -> tuple[str, ...]:
    """Gives the ids of the facts that a condition tests, in its order, each once."""
    match condition:
        case All(parts) | Any(parts):
            return tuple(dict.fromkeys(fact for part in parts for fact in facts_of(part)))
        case Not(part):
            return facts_of(part)
        case Test():
            return (condition.fact,)
        case _:
            assert_never(condition)


def unknown_facts(condition: Condition, look_up: Callable[[str], Value]) -> tuple[str, ...]:
    """Gives the ids of the facts whose tests are unknown, in the order of the condition, each once."""
    match condition:
        case All(parts) | Any(parts):
            found = (fact for part in parts for fact in unknown_facts(part, look_up))
            return tuple(dict.fromkeys(found))
        case Not(part):
            return unknown_facts(part, look_up)
        case Test():
            unknown = check(condition, look_up(condition.fact)) is Truth.UNKNOWN
            return (condition.fact,) if unknown else ()
        case _:
            assert_never(condition)


def check(test: Test, value: Value) -> Truth:
    """Gives the truth of one test of one value."""
    if value is Doubt.UNKNOWN:
        named = test.operator in (Operator.IS, Operator.IN) and "unknown" in test.operands
        return Truth.TRUE if named else Truth.UNKNOWN
    if isinstance(value, AtLeast):
        return _at_least(test, value.value)
    if test.operator is Operator.PRESENT:
        there = value is not None and value != ()
        return _truth(there in test.operands)
    if value is None:
        return Truth.FALSE
    values = value if isinstance(value, tuple) else (value,)
    return _truth(
        any(_fits(test.operator, v, operand) for v in values for operand in test.operands)
    )


def _at_least(test: Test, least: tuple[str, ...] | int) -> Truth:
    now = check(test, least)
    match test.operator:
        case Operator.PRESENT:
            return now if least or isinstance(least, int) else Truth.UNKNOWN
        case Operator.ABOVE | Operator.AT_LEAST:
            return now if now is Truth.TRUE else Truth.UNKNOWN
        case Operator.BELOW | Operator.AT_MOST:
            return now if now is Truth.FALSE else Truth.UNKNOWN
        case Operator.IS if isinstance(least, int):
            possible = any(isinstance(o, int | float) and o >= least for o in test.operands)
            return Truth.UNKNOWN if possible else Truth.FALSE
        case _:
            return now if now is Truth.TRUE else Truth.UNKNOWN


def _fits(operator: Operator, value: str | float | bool, operand: Operand) -> bool:  # noqa: FBT001 - a value
    if operator in (Operator.IS, Operator.IN):
        return isinstance(value, bool) == isinstance(operand, bool) and value == operand
    if operator is Operator.MATCHES:
        return isinstance(value, str) and isinstance(operand, str) and matches(value, operand)
    if isinstance(value, str) or isinstance(operand, str):
        return False
    match operator:
        case Operator.ABOVE:
            return value > operand
        case Operator.AT_LEAST:
            return value >= operand
        case Operator.BELOW:
            return value < operand
        case _:
            return value <= operand


def matches(text: str, pattern: str) -> bool:
    """Says whether a text fits a pattern in which `*` stands for anything; in time linear in both."""
    head, *rest = pattern.split("*")
    if not rest:
        return text == head
    if not text.startswith(head):
        return False
    at = len(head)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def _truth(flag: bool) -> Truth:  # noqa: FBT001 - turns a flag into a truth
    return Truth.TRUE if flag else Truth.FALSE
