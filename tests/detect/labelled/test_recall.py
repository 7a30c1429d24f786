"""The labelled set: at least 40 encodings by 25 data types; what share is found, and what is named besides."""

import sys
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.detect.labelled.measure import Trial, detected, planted
from tests.detect.labelled.samples import DETECTED, PLANTED
from tests.detect.labelled.wraps import CHAINS

sys.path.append(str(Path(__file__).resolve().parents[3]))
recall: Any = import_module("tools.docs.build_recall")
KNOWN_RECALL, DETECTOR_RECALL, PRECISION = 0.99, 0.95, 0.98
PLACES = ("mqtt.payload", "coap.payload", "websocket.message", "tcp.payload")


def share(trials: Iterable[Trial]) -> tuple[float, Counter[tuple[str, str]]]:
    rows = list(trials)
    missed = Counter((row.data_type, row.chain) for row in rows if not row.found)
    return sum(row.found for row in rows) / len(rows), missed


def test_the_set_is_large_enough() -> None:
    assert len({chain.name for chain in CHAINS}) == len(CHAINS) >= 40
    assert len(DETECTED) >= 25
    assert len({row.data_type for row in PLANTED}) >= 25


def test_known_values_are_proven_in_every_encoding(lab: Any) -> None:
    found, missed = share(planted(lab.types))
    assert found >= KNOWN_RECALL, missed


def test_detectors_find_their_type_in_every_encoding(lab: Any) -> None:
    rows = list(detected(lab.types))
    found, missed = share(rows)
    assert found >= DETECTOR_RECALL, missed
    wrong = Counter(
        (row.data_type, other, row.chain)
        for row in rows
        for other in row.others
        if not (
            other == "credential.token" and "jwt" in row.chain
        )  # a signed token is one, whatever it holds
    )
    assert sum(wrong.values()) <= (1 - PRECISION) * len(rows), wrong


@pytest.mark.parametrize("where", PLACES)
def test_other_carriers_are_searched_alike(lab: Any, where: str) -> None:
    rows = [row for row in planted(lab.types, where) if row.data_type in {"device.serial", "geo.gps"}]
    assert share(rows)[0] >= KNOWN_RECALL


def test_the_page_shows_what_is_found() -> None:
    assert recall.PAGE.read_text(encoding="utf-8") == recall.make()
