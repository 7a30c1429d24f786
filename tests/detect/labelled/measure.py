"""Counts what the detection finds of the labelled set, for the test and for docs/data-types/recall.md."""

import random
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from iotaudit.detect import Detector, FlowRef, known_values
from iotaudit.model.data_types import DataType
from iotaudit.model.raw import Content
from tests.detect.labelled.carriers import CARRIERS, RAW, Carrier
from tests.detect.labelled.samples import DETECTED, FILLER, PLANTED, Planted
from tests.detect.labelled.wraps import CHAINS, Chain, Record

REF = FlowRef("f1", "dst1", local=False, device_is_client=True)
Rows = tuple[tuple[str, str | None, str], ...]
STRIDES = (0, 3)
"""How far apart in the list of carriers those stand that one record travels over."""
LONG = "".join(random.Random(7).choices(string.ascii_letters, k=1000))  # noqa: S311 - filler, not a secret
"""A field's text that makes a body long and that no packing makes much shorter."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One planted record: what it is, how it was written and sent, whether it was found, what else was named."""

    data_type: str
    chain: str
    found: bool
    others: tuple[str, ...]
    carrier: str = ""


@cache
def detected(types: tuple[DataType, ...]) -> tuple[Trial, ...]:
    """Gives a trial per detector and chain, in an HTTP body alone, without a file of known values."""
    return tuple(
        _detected(types, data_type, chain, _body(chain, FILLER | record))
        for chain in CHAINS
        for data_type, record in DETECTED.items()
    )


@cache
def planted(types: tuple[DataType, ...]) -> tuple[Trial, ...]:
    """Gives a trial per known value and chain, in an HTTP body alone: it must be proven."""
    return tuple(
        _planted(types, value, chain, _body(chain, FILLER | value.record)) for chain in CHAINS for value in PLANTED
    )


@cache
def carried_detected(types: tuple[DataType, ...]) -> tuple[Trial, ...]:
    """Gives as `detected` what is found after the dissectors, each record over some of the carriers in turn."""
    return tuple(
        _detected(types, data_type, chain, carrier.sent(chain, FILLER | record), carrier.name)
        for row, chain in enumerate(CHAINS)
        for column, (data_type, record) in enumerate(DETECTED.items())
        for carrier in _turn(chain, row + column)
    )


@cache
def carried_planted(types: tuple[DataType, ...]) -> tuple[Trial, ...]:
    """Gives as `planted` what is proven after the dissectors, each record over some of the carriers in turn."""
    return tuple(
        _planted(types, value, chain, carrier.sent(chain, FILLER | value.record), carrier.name)
        for row, chain in enumerate(CHAINS)
        for column, value in enumerate(PLANTED)
        for carrier in _turn(chain, row + column)
    )


@cache
def long_and_bare(types: tuple[DataType, ...]) -> tuple[Trial, ...]:
    """Gives a trial per chain: a serial number in a body of a kilobyte or more over raw TCP."""
    record = {"note": LONG} | DETECTED["device.serial"]
    return tuple(
        _detected(types, "device.serial", chain, RAW.sent(chain, record), RAW.name)
        for chain in CHAINS
        if RAW.sends(chain)
    )


def _turn(chain: Chain, place: int) -> Iterator[Carrier]:
    """Gives the carriers whose turn it is: along each row and column of the grid every one comes many times."""
    able = [carrier for carrier in CARRIERS if carrier.sends(chain)]
    return (able[at] for at in dict.fromkeys((place + stride) % len(able) for stride in STRIDES))


def _body(chain: Chain, record: Record) -> Iterator[Content]:
    yield Content(
        0, 7, 0, True, "http.body", "plaintext", chain.write(record), chain.encoding, chain.media_type
    )


def _detected(
    types: tuple[DataType, ...], data_type: str, chain: Chain, contents: Iterable[Content], carrier: str = ""
) -> Trial:
    named = _named(types, contents, ())
    others = tuple(sorted(named.keys() - {data_type}))
    return Trial(data_type, chain.name, data_type in named, others, carrier)


def _planted(
    types: tuple[DataType, ...], value: Planted, chain: Chain, contents: Iterable[Content], carrier: str = ""
) -> Trial:
    named = _named(types, contents, (value.row,))
    others = tuple(sorted(named.keys() - {value.data_type}))
    return Trial(value.data_type, chain.name, named.get(value.data_type) == "proven", others, carrier)


def _named(types: tuple[DataType, ...], contents: Iterable[Content], rows: Rows) -> dict[str, str]:
    """Gives the data types that are named, with how sure each is."""
    detector = Detector(types, known_values(rows))
    for content in contents:
        detector.feed(content)
    found = detector.finish((), {0: REF})
    return {row.data_type: row.confidence.value for row in found.exposures}
