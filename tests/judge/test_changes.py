"""What a marked step changed: rates inside against rates outside, new and silent destinations."""

from iotaudit.judge.changes import Amount, changes_of, covered_of, spans_of
from iotaudit.model.inputs import InputFacts, Mark

NS = 1_000_000_000
COVERED = ((0.0, 100.0),)


def mark(second: float, step: str) -> Mark:
    return Mark(round(second * NS), step, "", None)


def states(steps: list[Mark], bins: list[tuple[int, int, int]]) -> dict[str, str]:
    amounts = [Amount(end, sent, got, end) for end, sent, got in bins]
    return {row.step: row.state for row in changes_of(spans_of(steps), COVERED, [("dst1", amounts)])}


def test_a_step_ends_where_the_next_begins_and_may_come_twice() -> None:
    spans = spans_of([mark(20, "mapping"), mark(0, "idle"), mark(50, "idle")])
    assert spans == (("idle", 0.0, 20.0), ("mapping", 20.0, 50.0), ("idle", 50.0, float("inf")))
    assert spans_of([]) == ()


def test_states() -> None:
    steps = [mark(10, "idle"), mark(50, "mapping")]
    assert states(steps, [(60, 900, 0)]) == {"idle": "silent", "mapping": "new"}
    assert states(steps, [(5, 10, 0), (20, 40, 0), (60, 900, 0)]) == {"idle": "less", "mapping": "more"}
    assert states(steps, [(5, 10, 0), (30, 40, 0), (60, 50, 0)]) == {"idle": "same", "mapping": "same"}
    assert states(steps, [(5, 0, 10), (30, 0, 10), (60, 0, 900)]) == {"idle": "less", "mapping": "more"}


def test_nothing_is_new_where_there_was_no_time_before_and_nothing_compares_with_no_rest() -> None:
    assert states([mark(0, "idle"), mark(50, "mapping")], [(10, 90, 0)]) == {"idle": "more", "mapping": "silent"}
    assert states([mark(0, "idle")], [(10, 90, 0)]) == {"idle": "unknown"}


def test_a_bin_counts_to_the_step_in_which_it_ends_and_to_no_other() -> None:
    steps = spans_of([mark(10.5, "idle"), mark(20, "mapping"), mark(30, "update")])
    bins = [Amount(end, 1, 0, end) for end in range(1, 41)]
    rows = {row.step: row for row in changes_of(steps, COVERED, [("dst1", bins)])}
    assert [rows[step].sent_in_step for step in ("idle", "mapping", "update")] == [10, 10, 10]
    assert rows["idle"].packet == 11
    assert all(row.sent_in_step + row.sent_in_rest == 40 for row in rows.values())


def test_time_that_no_input_covers_is_no_rest() -> None:
    def facts(first: int, last: int) -> InputFacts:
        return InputFacts("a", "", 0, "pcap", (), 1, 1, first * NS, last * NS, 0, None, ())

    covered = covered_of([facts(0, 10), facts(5, 20), facts(1000, 1010)])
    assert covered == ((0.0, 20.0), (1000.0, 1010.0))
    (row,) = changes_of(spans_of([mark(1000, "idle")]), covered, [("dst1", [Amount(5, 9, 0, 1)])])
    assert (row.step_s, row.rest_s, row.state) == (10.0, 20.0, "silent")
