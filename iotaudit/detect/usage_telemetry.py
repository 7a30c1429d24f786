"""Usage statistics and events: readings of use, and records with an event and a time."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.readings import Range, readings
from iotaudit.detect.values import kind_of, scalars
from iotaudit.model.exposures import Confidence

ID = "usage.telemetry"
USE = KeySet(
    "clean area, cleaned area, cleaning area, clean time, cleaning time",
    "clean duration, run time, runtime, uptime, working time, mileage, odometer",
    "error code, clean count, total area, laufzeit",
)
EVENT = KeySet(
    "=event, event name, event type, =metric, metric name, =stat, event code",
)
TIME = KeySet(
    "time, timestamp, ts, time stamp, occurred at, created at, event time",
)
WANTS = Wants(keys=USE, record_keys=EVENT)
reasoning = (
    "A record with a named event and a time, or a number under a name for use; it may be a setting."
)
RANGES = (Range("use", USE, 0, 1e12),)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives readings of use, and event records."""
    if node.kind is not Kind.RECORD:
        yield from readings(ID, node, RANGES)
        return
    names = [name for name, _ in scalars(node)]
    if any(n in EVENT for n in names) and any(n in TIME for n in names):
        yield kind_of(
            ID, "event record", Confidence.DETECTED, "a record with a named event and a time"
        )
