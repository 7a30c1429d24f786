"""Every detection on the shared captures was looked at once: `reviewed.tsv` says which are right.

A row is one kind of exposure of one capture: how many there are, and how many of them are doubtful or wrong. A detection that is not in the list has not
been looked at: judge it against the packets and add it. What is inferred from rhythm is judged in docs/data-types.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from iotaudit import audit
from iotaudit.errors import InputError
from iotaudit.report import document

SHARED = Path(__file__).resolve().parents[2] / "../shared/captures"
LIST = Path(__file__).with_name("reviewed.tsv")
NO_CAPTURES = (".json", ".md", ".txt", ".yaml", ".key", ".log", ".csv", ".keys", ".pem")
LEAST_PRECISION = 0.98
Key = tuple[str, ...]


def reviewed() -> list[dict[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def found() -> Counter[Key]:
    seen: Counter[Key] = Counter()
    for path in sorted(p for p in SHARED.rglob("*") if p.is_file() and "truth" not in p.parts):
        if path.name.endswith(NO_CAPTURES):
            continue
        try:
            exposures = document(audit(path, as_of="2026-11-25"))["exposures"]
        except InputError:
            continue
        for row in exposures:
            if row["where"] != "rhythm":
                kind = (row["data_type"], row["confidence"], row["where"], ">".join(row["decoding"]))
                seen[(str(path.relative_to(SHARED)), *kind)] += 1
    return seen


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared captures are not here")
def test_every_detection_on_the_shared_captures_was_looked_at() -> None:
    columns = ("capture", "data_type", "confidence", "where", "decoding")
    listed = Counter({tuple(row[c] for c in columns): int(row["rows"]) for row in reviewed()})
    assert found() == listed


def test_at_most_one_in_fifty_of_the_reviewed_detections_is_wrong() -> None:
    rows, wrong = (sum(int(row[column]) for row in reviewed()) for column in ("rows", "wrong"))
    assert rows > 200
    assert 1 - wrong / rows >= LEAST_PRECISION
