"""Loads what lies in a recording folder beside the capture: `answers.yaml` and `observations.jsonl`.

The first is written by people: every mistake is told with its place. The second is written by the tests of `capture`:
lines that cannot be read are counted.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from iotaudit.codec import json_lines, rfc3339
from iotaudit.errors import InputError, Place
from iotaudit.model.observations import ANSWER, QUESTIONS, Observation
from iotaudit.model.vocabulary import STEPS
from iotaudit.packs.fields import Fields, suggestion, text_of
from iotaudit.packs.yaml import Mistakes, Scalar, Sequence, load

ANSWERS, TESTS = "answers.yaml", "observations.jsonl"
MAX_ROWS = 10_000
MAX_LEN = 1 << 22
"""Bytes of `observations.jsonl` that are read."""
MAX_TEXT = 1000


def load_observations(folders: Iterable[str | Path]) -> tuple[tuple[Observation, ...], int]:
    """Gives the observations of recording folders in the order of time, and how many lines could not be read.

    Raises:
        InputError: a file is there and cannot be read.
        PackError: an `answers.yaml` has mistakes (all of them).
    """
    mistakes = Mistakes()
    found: list[Observation] = []
    unread = 0
    for folder in map(Path, folders):
        if (answers := folder / ANSWERS).is_file():
            found += _answers(answers, mistakes)
        if (tests := folder / TESTS).is_file():
            rows, lost = read_tests(_bytes(tests))
            found += rows
            unread += lost
    mistakes.raise_any()
    found.sort(key=_order)
    return tuple(found), unread


def _order(row: Observation) -> tuple[int, str, str, str, str]:
    return row.time_ns or 0, row.kind, row.target or "", row.result, row.evidence or ""


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LEN)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def read_tests(data: bytes) -> tuple[tuple[Observation, ...], int]:
    """Gives the observations of an `observations.jsonl`, and how many lines could not be read."""
    found, unread = json_lines.read(data, orjson.loads, _observation, MAX_ROWS)
    return tuple(found), unread


def _observation(row: Any) -> Observation | None:  # noqa: ANN401 - any JSON value
    if not isinstance(row, dict):
        return None
    kind, result = row.get("kind"), row.get("result")
    target, evidence, time = row.get("target"), row.get("evidence"), row.get("time")
    if not isinstance(kind, str) or not isinstance(result, str) or not kind:
        return None
    if not all(text is None or isinstance(text, str) for text in (target, evidence, time)):
        return None
    time_ns = rfc3339.nanoseconds(time.strip()) if time else None
    if time and time_ns is None:
        return None
    return Observation(
        kind[:MAX_TEXT], _cut(target), result[:MAX_TEXT], _cut(evidence), time_ns
    )


def _cut(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None


def _answers(path: Path, mistakes: Mistakes) -> list[Observation]:
    document = load(path)
    if not isinstance(document, Sequence):
        mistakes.add(document.place, "the answers must be a list of question and answer")
        return []
    if len(document.items) > MAX_ROWS:
        mistakes.add(document.place, f"more than {MAX_ROWS} answers")
        return []
    return [_answer(Fields(node, "the answer", mistakes, Place(str(path)))) for node in document.items]


def _answer(fields: Fields) -> Observation:
    time_ns = _time(fields)
    fields.choice("step", STEPS)
    question = fields.text("question", required=True)
    node = fields.node("answer")
    answer = ""
    if isinstance(node, Scalar):
        answer = str(node.value).lower() if isinstance(node.value, bool) else text_of(node) or ""
    elif node is not None:
        fields.mistakes.add(node.place, "answer must be a text")
    note = fields.text("note")
    fields.close()
    hint = suggestion(question, QUESTIONS)
    if question and question not in QUESTIONS and " " not in question and hint:
        fields.mistakes.add(fields.place, f"no rule knows a question {question}{hint}")
    return Observation(ANSWER, question[:MAX_TEXT], answer[:MAX_TEXT], note[:MAX_TEXT] or None, time_ns)


def _time(fields: Fields) -> int | None:
    node = fields.node("time")
    if node is None:
        return None
    time_ns = rfc3339.nanoseconds((text_of(node) or "").strip())
    if time_ns is None:
        fields.mistakes.add(node.place, "time has the form 2026-11-24T09:30:00Z")
    return time_ns
