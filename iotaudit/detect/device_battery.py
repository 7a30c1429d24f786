"""Battery and hardware health, as readings."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Node, Wants
from iotaudit.detect.readings import Range, readings

ID = "device.battery"
LEVEL = KeySet(
    "battery, battery level, battery percent, battery percentage, =soc, akkustand",
    "bat level",
)
VOLTAGE = KeySet(
    "battery voltage, bat voltage, battery mv, vbat, voltage",
)
HOURS = KeySet(
    "motor hours, operating hours, cycle count, charge cycles, betriebsstunden",
)
KEYS = LEVEL | VOLTAGE | HOURS
WANTS = Wants(keys=KEYS)
reasoning = (
    "A number in the range of a battery under its name; it may be a setting rather than a state."
)
RANGES = (
    Range("battery level", LEVEL, 0, 100),
    Range("voltage", VOLTAGE, 0, 60_000),
    Range("wear", HOURS, 0, 200_000),
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives readings of battery and wear."""
    yield from readings(ID, node, RANGES)
