"""Exact grouping."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.assemble import keys

rows = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 1 << 63, (1 << 64) - 1])), min_size=1, max_size=40)


def grouped(values: list[tuple[int, int]]) -> list[list[int]]:
    columns = tuple(np.array(column, np.uint64) for column in zip(*values, strict=True))
    order, starts = keys.group(columns)
    return [part.tolist() for part in np.split(order, starts[1:])]


def check(values: list[tuple[int, int]]) -> None:
    groups = grouped(values)
    assert sorted(row for part in groups for row in part) == list(range(len(values)))
    assert all(part == sorted(part) for part in groups)
    assert all(len({values[row] for row in part}) == 1 for part in groups)
    assert len(groups) == len(set(values))


@given(rows)
def test_groups_hold_equal_rows_in_their_order(values: list[tuple[int, int]]) -> None:
    check(values)


@given(rows)
def test_groups_are_exact_where_all_mixes_collide(values: list[tuple[int, int]]) -> None:
    def same(columns: tuple[Any, ...]) -> Any:
        return np.full(len(columns[0]), 1 << 63, np.uint64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "mix", same)
        check(values)
