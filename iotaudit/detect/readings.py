"""Readings: numbers in a plausible range under a telling name.

One kind is one exposure; the number is not kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from iotaudit.detect.keys import KeySet
from iotaudit.detect.node import Hit, Kind, Node
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

NUMBER_LEN = 24


@dataclass(frozen=True, slots=True)
class Range:
    """One kind of reading: the word for it that is shown, names of its fields, the bounds that it must lie in."""

    word: str
    keys: KeySet
    low: float
    high: float


def readings(data_type: str, node: Node, ranges: tuple[Range, ...]) -> Iterator[Hit]:
    """Gives the reading that a field holds, if its name and its number fit one of the ranges."""
    if node.kind not in (Kind.NUMBER, Kind.TEXT) or len(node.text) > NUMBER_LEN:
        return
    fitting = [r for r in ranges if node.key in r.keys]
    found = number(node.text) if fitting else None
    if found is None:
        return
    for one in fitting:
        if one.low <= found <= one.high:
            ground = "a number in a plausible range under a telling name"
            yield kind_of(data_type, one.word, Confidence.DETECTED, ground)
            return


def number(text: str) -> float | None:
    """Gives the number that a short text is, a percent sign apart; None for other texts."""
    plain = text.strip().rstrip("%")
    if not plain or plain[-1] not in "0123456789" or plain[0] not in "0123456789+-.":
        return None
    try:
        return float(plain)
    except ValueError:
        return None
