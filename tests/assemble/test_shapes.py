"""The rhythm of flows: bins of payload by side, the same however the packets came, kept within bounds."""

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler
from iotaudit.assemble.shapes import FlowShapes
from iotaudit.model.problems import ProblemTally
from iotaudit.model.shapes import Shapes
from tests.assemble.packets import Packet, build

Row = tuple[int, int, int, int, int]
"""Flow, side, time in ns, payload bytes, packet."""
NAMES = ("flow", "start_s", "out", "into", "packets_out", "packets_into", "first", "begins_out")
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 400 * 10**9), st.integers(1, 1500)), max_size=60
)


def fed(batches: list[list[Row]], room: int = 1 << 19) -> FlowShapes:
    shapes = FlowShapes(room)
    for batch in batches:
        flow, side, time_ns, length, number = (np.array([row[k] for row in batch], np.int64) for k in range(5))
        table: Any = SimpleNamespace(payload_len=length, time_ns=time_ns, number=number)
        shapes.add(table, flow, side.astype(np.uint8))
    return shapes


def plain(shapes: Shapes) -> tuple[Any, ...]:
    return shapes.width_s, shapes.unkept, *(getattr(shapes, name).tolist() for name in NAMES)


def whole(batches: list[list[Row]], room: int = 1 << 19, flows: int = 4) -> Shapes:
    return fed(batches, room).shapes(np.zeros(flows, np.uint8))


def test_payload_of_a_second_is_added_up_by_side() -> None:
    second = 1_700_000_000 * 10**9
    rows = [(0, 0, second, 100, 7), (0, 1, second + 5, 300, 8), (0, 0, second + 999_999_999, 50, 9), (0, 0, second + 10**9, 1, 10)]
    found = whole([rows], flows=1)
    assert found.start_s.tolist() == [1_700_000_000, 1_700_000_001]
    assert found.out.tolist() == [150, 1]
    assert found.into.tolist() == [300, 0]
    assert found.packets_out.tolist() == [2, 1]
    assert found.packets_into.tolist() == [1, 0]
    assert found.first.tolist() == [7, 10]
    assert found.begins_out.tolist() == [True, True]


def test_the_client_may_be_the_other_side() -> None:
    found = fed([[(0, 0, 0, 100, 1)]]).shapes(np.ones(1, np.uint8))
    assert (found.out.tolist(), found.into.tolist(), found.begins_out.tolist()) == ([0], [100], [False])


def test_rows_without_time_payload_or_flow_are_left_out() -> None:
    assert whole([[(0, 0, -1, 100, 1), (0, 0, 5, 0, 2), (-1, 0, 5, 9, 3)]]).flow.tolist() == []


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, parts=st.integers(1, 9), seed=st.integers(0, 99), room=st.sampled_from((4, 16, 1 << 19)))
def test_order_and_batches_change_nothing(rows: list[tuple[int, int, int, int]], parts: int, seed: int, room: int) -> None:
    numbered: list[Row] = [(*row, number) for number, row in enumerate(rows, 1)]
    shuffled = list(numbered)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
    batches = [shuffled[k::parts] for k in range(parts)]
    expected = plain(whole([numbered], room))
    one_by_one = fed([])
    assert plain(whole([b for b in batches if b], room)) == expected
    eager = FlowShapes(room)
    for batch in batches:
        eager = _joined_at_once(eager, batch)
    assert plain(eager.shapes(np.zeros(4, np.uint8))) == expected
    assert plain(one_by_one.shapes(np.zeros(4, np.uint8)))[2:] == ([],) * len(NAMES)


def _joined_at_once(shapes: FlowShapes, batch: list[Row]) -> FlowShapes:
    """Adds a batch and joins it with the rest at once, as when much is pending."""
    if batch:
        flow, side, time_ns, length, number = (np.array([row[k] for row in batch], np.int64) for k in range(5))
        table: Any = SimpleNamespace(payload_len=length, time_ns=time_ns, number=number)
        shapes.add(table, flow, side.astype(np.uint8))
        shapes.shapes(np.zeros(4, np.uint8))
    return shapes


def test_too_many_bins_make_all_coarser_and_lose_no_byte() -> None:
    rows = [(0, 0, second * 10**9, 10, second + 1) for second in range(100)]
    fine, coarse, coarsest = (whole([rows], room) for room in (100, 99, 9))
    assert (fine.width_s, coarse.width_s, coarsest.width_s) == (1, 10, 60)
    assert coarse.start_s.tolist() == list(range(0, 100, 10))
    assert coarsest.out.tolist() == [600, 400]
    assert coarsest.unkept is None


def test_beyond_that_the_last_flows_are_left_out_and_named() -> None:
    rows = [(flow, 0, minute * 60 * 10**9, 10, 1 + flow) for flow in range(10) for minute in range(3)]
    found = whole([rows], 10, flows=10)
    assert (found.unkept, sorted(set(found.flow.tolist()))) == (3, [0, 1, 2])
    more = whole([rows[15:], rows[:15]], 10, flows=10)
    assert plain(more) == plain(found)


def test_the_assembler_turns_sides_into_client_and_server() -> None:
    packet = Packet()
    table = build([packet._replace(flags="S"), packet._replace(data=b"x" * 40), packet.back(data=b"y" * 9)])
    assembler = Assembler(ProblemTally())
    list(assembler.feed(table))
    found = assembler.shapes()
    assert (found.out.sum(), found.into.sum()) == (40, 9)
    silent = Assembler(ProblemTally(), shaped=False)
    list(silent.feed(table))
    assert silent.shapes().flow.tolist() == []
