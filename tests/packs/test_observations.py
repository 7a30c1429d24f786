"""Observations beside the capture: `answers.yaml` and `observations.jsonl` of a recording folder."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.errors import PackError
from iotaudit.model.observations import Observation
from iotaudit.packs.observations import load_observations, read_tests

ANSWERS = """\
- {time: 2026-11-24T09:30:00.5Z, step: network_loss, question: function_lost, answer: cleaning by button}
- {question: two_units, answer: true, note: seen on the label}
- {question: Was the light on, answer: green}
"""
LINE = b'{"kind": "listening_service", "target": "tcp/23", "result": "open", "evidence": "SYN/ACK", "time": "2026-11-24T10:00:00Z"}'


def test_answers_and_tests_come_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "observations.jsonl").write_bytes(LINE + b"\n")
    found, unread = load_observations([tmp_path])
    assert unread == 0
    assert [row.target for row in found] == ["Was the light on", "two_units", "function_lost", "tcp/23"]
    assert found[1] == Observation("answer", "two_units", "true", "seen on the label", None)
    assert found[2].time_ns == 1_795_512_600_500_000_000
    assert found[3].result == "open"


def test_a_folder_without_either_has_none(tmp_path: Path) -> None:
    assert load_observations([tmp_path]) == ((), 0)


def test_mistakes_in_answers_are_told_with_their_places(tmp_path: Path) -> None:
    text = "- {time: yesterday, question: opt_out, answer: done}\n- {step: nap, answer: x}\n- {question: opt_ot}\n"
    (tmp_path / "answers.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_observations([tmp_path])
    told = [(place.line, text) for place, text in caught.value.mistakes]
    assert (1, "time has the form 2026-11-24T09:30:00Z") in told
    assert any(line == 2 and "step must be one of" in text for line, text in told)
    assert (2, "the answer lacks question") in told
    assert any(line == 3 and "did you mean opt_out" in text for line, text in told)


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b'{"kind": "cut_off"}',
        b'{"kind": "cut_off", "result": 1}',
        b'{"kind": "cut_off", "result": "works", "time": "soon"}',
        b'{"kind": "cut_off", "result": "works", "target": {}}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_cannot_be_read_is_counted(line: bytes) -> None:
    assert read_tests(line + b"\n" + LINE)[1] == 1
    assert len(read_tests(line + b"\n" + LINE)[0]) == 1


@given(st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_give_rows_or_a_count(data: bytes) -> None:
    rows, unread = read_tests(data)
    assert len(rows) + unread == sum(bool(line.strip()) for line in data.splitlines())
