"""Searching the begins of ranges: the marks lead to the same row as the whole column."""

from bisect import bisect_right

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.packs.columns import MARKED, Begins

LAST = (1 << 32) - 1
NUMBERS = st.integers(0, LAST)


@given(st.integers(0, 3 * MARKED + 1), st.integers(1, 1 << 20), NUMBERS, st.lists(NUMBERS, max_size=20))
@settings(max_examples=60)
def test_as_many_ranges_begin_upto_a_number_as_the_whole_column_says(count: int, step: int, first: int, asked: list[int]) -> None:
    starts = [min(first + step * (at // 2), LAST) for at in range(count)]  # each twice: equal begins may stand together
    begins = Begins(np.array(starts, np.uint32))
    edges = [near for at in (0, MARKED - 1, MARKED, count - 1) if 0 <= at < count for near in (starts[at] - 1, starts[at])]
    for number in (*asked, *edges, 0, LAST):
        assert begins.upto(number) == bisect_right(starts, number)
