"""Counts what the detection finds of the labelled set, for the test and for docs/data-types/recall.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from iotaudit.detect import Detector, FlowRef, known_values
from iotaudit.model.data_types import DataType
from iotaudit.model.raw import Content
from tests.detect.labelled.samples import DETECTED, FILLER, PLANTED
from tests.detect.labelled.wraps import CHAINS, Chain, Record

REF = FlowRef("f1", "dst1", local=False, device_is_client=True)
BODY = "http.body"


@dataclass(frozen=True, slots=True)
class Trial:
    """One planted record: what it is, how it was written, whether it was found, and which other types were named."""

    data_type: str
    chain: str
    found: bool
    others: tuple[str, ...]


def detected(types: tuple[DataType, ...], where: str = BODY) -> Iterator[Trial]:
    """Gives a trial per detector and chain, without a file of known values."""
    for chain in CHAINS:
        for data_type, record in DETECTED.items():
            named = _named(types, chain, FILLER | record, where, ())
            yield Trial(data_type, chain.name, data_type in named, tuple(sorted(named.keys() - {data_type})))


def planted(types: tuple[DataType, ...], where: str = BODY) -> Iterator[Trial]:
    """Gives a trial per known value and chain: it must be proven."""
    for chain in CHAINS:
        for value in PLANTED:
            named = _named(types, chain, FILLER | value.record, where, (value.row,))
            sure = named.get(value.data_type) == "proven"
            yield Trial(value.data_type, chain.name, sure, tuple(sorted(named.keys() - {value.data_type})))


def _named(
    types: tuple[DataType, ...],
    chain: Chain,
    record: Record,
    where: str,
    rows: tuple[tuple[str, str | None, str], ...],
) -> dict[str, str]:
    detector = Detector(types, known_values(rows))
    detector.feed(
        Content(0, 7, 0, True, where, "plaintext", chain.write(record), chain.encoding, chain.media_type)
    )
    found = detector.finish((), {0: REF})
    return {row.data_type: row.confidence.value for row in found.exposures}
