"""Counts of people, as readings."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Node, Wants
from iotaudit.detect.readings import Range, readings

ID = "people.detection"
KEYS = KeySet(
    "=person count, =people count, =persons, =people, =human count, person detected",
    "human detected, =head count, =visitor count, occupancy count, people number",
)
WANTS = Wants(keys=KEYS)
reasoning = (
    "A small number under a name for people; it may be a setting, such as the most people allowed."
)
RANGES = (Range("count of people", KEYS, 0, 100_000),)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives counts of people."""
    yield from readings(ID, node, RANGES)
