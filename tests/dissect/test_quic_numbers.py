"""Packet numbers of QUIC: ranges, and what is missing of a direction."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import quic_numbers
from iotaudit.dissect.quic_numbers import Numbers, Sent

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=25)


def numbers(*spans: tuple[int, int]) -> Numbers:
    found = Numbers()
    for first, last in spans:
        found.add(first, last)
    return found


def is_whole(opened: list[int], acknowledged: list[int]) -> bool:
    sent = Sent()
    for number in opened:
        sent.opened.add(number, number)
    for number in acknowledged:
        sent.acknowledged.add(number, number)
    return sent.is_whole()


@settings(max_examples=150, deadline=None)
@given(SPANS, st.integers(0, 70), st.integers(0, 5))
def test_any_spans_are_the_set_of_their_numbers(spans: list[tuple[int, int]], first: int, more: int) -> None:
    found = numbers(*[(start, start + length) for start, length in spans])
    held = {number for start, length in spans for number in range(start, start + length + 1)}
    assert found.largest == max(held, default=-1)
    assert found.has(first, first + more) is held.issuperset(range(first, first + more + 1))


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_a_direction_is_whole_where_each_number_was_opened_or_passed_over(
    opened: set[int], acknowledged: set[int]
) -> None:
    known = max(acknowledged, default=min(opened, default=0) - 1) + 1
    missing = (acknowledged | set(range(known, max(opened, default=-1) + 1))) - opened
    assert is_whole(sorted(opened), sorted(acknowledged, reverse=True)) is (not missing)


@pytest.mark.parametrize("acknowledged", [[], [0], [0, 1, 2]])
def test_pass_all_that_was_sent_was_opened(acknowledged: list[int]) -> None:
    assert is_whole([0, 2, 1], acknowledged)


def test_numbers_that_do_not_begin_at_0_are_whole() -> None:
    assert is_whole([3, 4, 5], [])
    assert is_whole([3, 4, 5], [3])


@pytest.mark.parametrize("acknowledged", [[1, 3], [3]])
def test_a_number_that_the_other_end_passed_over_is_not_missing(acknowledged: list[int]) -> None:
    assert is_whole([0, 1, 3], acknowledged)


@pytest.mark.parametrize(
    ("opened", "acknowledged"),
    [([0, 1, 3], [0, 1, 2, 3]), ([0, 1], [0, 1, 2]), ([], [0])],
    ids=["between", "at the end", "all"],
)
def test_fail_what_was_acknowledged_and_not_opened_is_missing(
    opened: list[int], acknowledged: list[int]
) -> None:
    assert not is_whole(opened, acknowledged)


@pytest.mark.parametrize("acknowledged", [[], [0, 1]])
def test_inconclusive_a_number_above_all_acknowledgements_counts_as_missing(acknowledged: list[int]) -> None:
    assert not is_whole([0, 1, 3], acknowledged)


def test_more_ranges_than_are_kept_count_as_missing() -> None:
    sent = Sent()
    for number in range(0, 2 * quic_numbers.RANGES + 2, 2):
        sent.opened.add(number, number)
    sent.acknowledged.add(sent.opened.largest + 2, sent.opened.largest + 2)
    sent.opened.add(sent.opened.largest + 2, sent.opened.largest + 2)
    assert sent.opened.full
    assert not sent.is_whole()
