"""The labelled set of closed talks: what is named of each kind, and that the page says so."""

import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from iotaudit.detect.rhythm import PATTERNS
from tests.detect.labelled.rhythms import KINDS, Kind, named, talk_of

sys.path.append(str(Path(__file__).resolve().parents[3]))
page: Any = import_module("tools.docs.build_inferred")
UPLOAD = "traffic.opaque_upload"
FOUND = 0.9
ROWS = {kind.name: (kind, rows) for kind, rows in named()}


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.verdict == "pass"])
def test_what_a_pattern_is_meant_for_is_named(name: str) -> None:
    kind, rows = ROWS[name]
    assert sum(kind.right in row for row in rows) >= FOUND * len(rows)
    assert {other for row in rows for other in row} <= {kind.right, UPLOAD}


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.verdict == "fail"])
def test_other_traffic_is_left_alone(name: str) -> None:
    assert {other for row in ROWS[name][1] for other in row} <= {UPLOAD}


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.verdict == "undecidable"])
def test_what_looks_like_something_else_is_named_with_alternatives(name: str) -> None:
    types = {other for row in ROWS[name][1] for other in row}
    assert types
    assert all(p.ALTERNATIVES for p in PATTERNS if p.DATA_TYPE in types)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_order_of_packets_and_batches_changes_no_talk(kind: Kind) -> None:
    sample = kind.make(random.Random(kind.name))  # noqa: S311 - no secret
    assert talk_of(sample, random.Random(1), parts=7) == talk_of(sample)  # noqa: S311


def test_the_page_is_what_was_measured() -> None:
    assert page.PAGE.read_text("utf-8") == page.make(), "run make inferred"
