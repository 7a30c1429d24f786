"""Air, temperature, noise and energy of the site, as readings."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Node, Wants
from iotaudit.detect.readings import Range, readings

ID = "site.environment"
AIR = KeySet(
    "temperature, room temp, ambient temp, =temp, temperatur",
)
SHARE = KeySet("humidity", "luftfeuchte")
GAS = KeySet(
    "co2, =co, pm25, =pm, voc, tvoc, illuminance, lux",
)
POWER = KeySet(
    "power consumption, power usage, active power, energy, =power, kwh, noise level",
)
KEYS = AIR | SHARE | GAS | POWER
WANTS = Wants(keys=KEYS)
reasoning = (
    "A number in the range of a sensor under its name; it may be the temperature of the "
    "machine itself."
)
RANGES = (
    Range("temperature", AIR, -60, 400),
    Range("humidity", SHARE, 0, 100),
    Range("air, light or noise", GAS, 0, 200_000),
    Range("power", POWER, 0, 10_000_000),
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives readings of the surroundings."""
    yield from readings(ID, node, RANGES)
