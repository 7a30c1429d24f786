"""The labelled set: at least 40 encodings by 25 data types; what share is found, and what is named besides."""

import sys
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.detect.labelled.carriers import CARRIERS, Carrier
from tests.detect.labelled.measure import (
    Trial,
    carried_detected,
    carried_planted,
    detected,
    long_and_bare,
    planted,
)
from tests.detect.labelled.samples import DETECTED, FILLER, PLANTED
from tests.detect.labelled.wraps import CHAINS

sys.path.append(str(Path(__file__).resolve().parents[3]))
recall: Any = import_module("tools.docs.build_recall")
KNOWN_RECALL, DETECTOR_RECALL, PRECISION = 0.99, 0.95, 0.98
MEETINGS = 3
"""How often each encoding and each data type must travel over each carrier."""
NAMES = tuple(carrier.name for carrier in CARRIERS)


def share(trials: Iterable[Trial]) -> tuple[float, Counter[tuple[str, str]]]:
    rows = list(trials)
    missed = Counter((row.data_type, row.chain) for row in rows if not row.found)
    return sum(row.found for row in rows) / len(rows), missed


def wrong(trials: Iterable[Trial]) -> Counter[tuple[str, str, str]]:
    """Counts what was named besides; a signed token is one, whatever it holds."""
    return Counter(
        (row.data_type, other, row.chain)
        for row in trials
        for other in row.others
        if not (other == "credential.token" and "jwt" in row.chain)
    )


def test_the_set_is_large_enough() -> None:
    assert len({chain.name for chain in CHAINS}) == len(CHAINS) >= 40
    assert len(DETECTED) >= 25
    assert len({row.data_type for row in PLANTED}) >= 25


def test_known_values_are_proven_in_every_encoding(lab: Any) -> None:
    found, missed = share(planted(lab.types))
    assert found >= KNOWN_RECALL, missed


def test_detectors_find_their_type_in_every_encoding(lab: Any) -> None:
    rows = detected(lab.types)
    found, missed = share(rows)
    assert found >= DETECTOR_RECALL, missed
    others = wrong(rows)
    assert others.total() <= (1 - PRECISION) * len(rows), others


@pytest.mark.parametrize("carrier", CARRIERS, ids=NAMES)
def test_the_dissectors_give_every_body_whole_and_once(carrier: Carrier) -> None:
    for chain in CHAINS:
        if carrier.sends(chain):
            body = chain.write(FILLER | DETECTED["device.serial"])
            given = list(carrier.contents(body, chain.media_type, chain.encoding))
            assert [one.where in carrier.places for one in given if one.data == body] == [True], chain.name


def test_each_encoding_and_each_type_travels_over_each_carrier(lab: Any) -> None:
    for rows in (carried_planted(lab.types), carried_detected(lab.types)):
        chains = Counter((row.chain, row.carrier) for row in rows)
        types = Counter((row.data_type, row.carrier) for row in rows)
        sent = {(chain.name, carrier.name) for chain in CHAINS for carrier in CARRIERS if carrier.sends(chain)}
        assert min(chains[pair] for pair in sent) >= MEETINGS
        assert min(types[row.data_type, name] for row in rows for name in NAMES) >= MEETINGS


@pytest.mark.parametrize("carrier", NAMES)
def test_known_values_are_proven_over_every_carrier(lab: Any, carrier: str) -> None:
    found, missed = share(row for row in carried_planted(lab.types) if row.carrier == carrier)
    assert found >= KNOWN_RECALL, missed


@pytest.mark.parametrize("carrier", NAMES)
def test_detectors_find_their_type_over_every_carrier(lab: Any, carrier: str) -> None:
    rows = [row for row in carried_detected(lab.types) if row.carrier == carrier]
    found, missed = share(rows)
    assert found >= DETECTOR_RECALL, missed
    others = wrong(rows)
    assert others.total() <= (1 - PRECISION) * len(rows), others


def test_long_bodies_over_raw_tcp_are_missed_only_where_no_mark_begins_them_or_base58_is_too_long(lab: Any) -> None:
    missed = {row.chain for row in long_and_bare(lab.types) if not row.found}
    assert missed == {"json > deflate", "json > gzip > head", "cbor_bytes", "json > base58"}


def test_the_page_shows_what_is_found() -> None:
    assert recall.PAGE.read_text(encoding="utf-8") == recall.make()
