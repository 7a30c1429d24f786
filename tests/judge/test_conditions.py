"""Three-valued conditions: doubt is never lost on the way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.judge.conditions import (
    AtLeast,
    Doubt,
    Truth,
    Value,
    check,
    evaluate,
    facts_of,
    matches,
    unknown_facts,
)
from iotaudit.model import conditions as tree
from iotaudit.model.conditions import Operator, Test

TRUTHS: dict[str, Value] = {"t": True, "f": False, "u": Doubt.UNKNOWN}


def is_true(fact: Any) -> Any:
    return Test(fact, Operator.IS, (True,))


CONDITIONS = st.recursive(
    st.sampled_from("tfu").map(is_true),
    lambda inner: st.one_of(
        inner.map(tree.Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda p: tree.All(tuple(p))),
        st.lists(inner, min_size=1, max_size=3).map(lambda p: tree.Any(tuple(p))),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("operator", "operands", "value", "truth"),
    [
        (Operator.IS, ("EU",), "EU", Truth.TRUE),
        (Operator.IS, ("EU",), "EEA", Truth.FALSE),
        (Operator.IS, ("EU",), Doubt.UNKNOWN, Truth.UNKNOWN),
        (Operator.IS, ("unknown",), Doubt.UNKNOWN, Truth.TRUE),
        (Operator.IN, ("EU", "unknown"), Doubt.UNKNOWN, Truth.TRUE),
        (Operator.MATCHES, ("unknown",), Doubt.UNKNOWN, Truth.UNKNOWN),
        (Operator.IS, (True,), True, Truth.TRUE),
        (Operator.IS, (1,), True, Truth.FALSE),
        (Operator.IS, ("EU",), None, Truth.FALSE),
        (Operator.PRESENT, (False,), None, Truth.TRUE),
        (Operator.PRESENT, (True,), (), Truth.FALSE),
        (Operator.PRESENT, (True,), ("a",), Truth.TRUE),
        (Operator.PRESENT, (True,), Doubt.UNKNOWN, Truth.UNKNOWN),
        (Operator.IN, ("a", "b"), ("c", "b"), Truth.TRUE),
        (Operator.MATCHES, ("media.*",), ("geo.gps", "media.image"), Truth.TRUE),
        (Operator.ABOVE, (5,), 6, Truth.TRUE),
        (Operator.ABOVE, (5,), 5, Truth.FALSE),
        (Operator.AT_LEAST, (5,), 5, Truth.TRUE),
        (Operator.BELOW, (5,), 5, Truth.FALSE),
        (Operator.AT_MOST, (5,), 5, Truth.TRUE),
        (Operator.AT_LEAST, (3,), AtLeast(3), Truth.TRUE),
        (Operator.AT_LEAST, (3,), AtLeast(2), Truth.UNKNOWN),
        (Operator.BELOW, (3,), AtLeast(3), Truth.FALSE),
        (Operator.BELOW, (3,), AtLeast(2), Truth.UNKNOWN),
        (Operator.IS, (3,), AtLeast(4), Truth.FALSE),
        (Operator.IS, (3,), AtLeast(3), Truth.UNKNOWN),
        (Operator.IN, ("a",), AtLeast(("a",)), Truth.TRUE),
        (Operator.IN, ("a",), AtLeast(("b",)), Truth.UNKNOWN),
        (Operator.PRESENT, (True,), AtLeast(()), Truth.UNKNOWN),
        (Operator.PRESENT, (True,), AtLeast(("a",)), Truth.TRUE),
        (Operator.PRESENT, (False,), AtLeast(("a",)), Truth.FALSE),
    ],
)
def test_one_test(operator: Any, operands: Any, value: Any, truth: Any) -> None:
    assert check(Test("x.y", operator, operands), value) is truth


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("media.image", "media.*", True),
        ("media", "media.*", False),
        ("a.b.c", "a.*.c", True),
        ("a.c", "a.*.c", False),
        ("abc", "*", True),
        ("abc", "a*b*c*", True),
        ("aba", "ab*ba", False),
        ("abc", "abc", True),
    ],
)
def test_a_star_stands_for_anything(text: Any, pattern: Any, fits: Any) -> None:
    assert matches(text, pattern) is fits


@given(CONDITIONS)
def test_an_answer_in_doubt_is_one_that_the_unknown_could_turn(condition: Any) -> None:
    truth = evaluate(condition, TRUTHS.__getitem__)
    settled = {evaluate(condition, (TRUTHS | {"u": value}).__getitem__) for value in (True, False)}
    assert Truth.UNKNOWN not in settled
    if truth is not Truth.UNKNOWN:
        assert settled == {truth}
    assert bool(unknown_facts(condition, TRUTHS.__getitem__)) or truth is not Truth.UNKNOWN


@given(CONDITIONS)
def test_not_twice_is_nothing(condition: Any) -> None:
    assert evaluate(tree.Not(tree.Not(condition)), TRUTHS.__getitem__) is evaluate(
        condition, TRUTHS.__getitem__
    )


@given(CONDITIONS)
def test_the_facts_of_a_condition_are_all_that_it_asks(condition: Any) -> None:
    asked: list[str] = []

    def look_up(fact: str) -> Value:
        asked.append(fact)
        return TRUTHS[fact]

    evaluate(condition, look_up)
    assert set(asked) <= set(facts_of(condition))
    assert set(unknown_facts(condition, TRUTHS.__getitem__)) <= set(facts_of(condition))


@given(CONDITIONS)
def test_a_part_that_decides_ends_the_search_and_changes_nothing(condition: Any) -> None:
    def slow(part: Any) -> Truth:
        match part:
            case tree.All(parts):
                return min(slow(p) for p in parts)
            case tree.Any(parts):
                return max(slow(p) for p in parts)
            case tree.Not(inner):
                return Truth(Truth.TRUE - slow(inner))
            case _:
                return check(part, TRUTHS[part.fact])

    assert evaluate(condition, TRUTHS.__getitem__) is slow(condition)
