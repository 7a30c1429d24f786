"""Work performance: a worker's identifier and a measure of work in one record."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.readings import Range, number
from iotaudit.detect.values import is_filler, kind_of, scalars
from iotaudit.model.exposures import Confidence

ID = "work.performance"
WORKER = KeySet(
    "operator id, operator name, operator no, employee, employee id, employee no, worker, worker id, "
    "worker name, staff id",
    "staff no, personnel no, personnel number, personalnummer, mitarbeiter, mitarbeiter id, badge id, "
    "badge no, driver id",
    "driver name, 工号, 员工",
)
RANGES = (
    Range("efficiency", KeySet("efficiency, productivity, performance score, =oee, leistungsgrad"), 0, 1000),
    Range(
        "idle time", KeySet("idle time, idle minutes, idle seconds, break time, pause time, downtime"), 0, 1e6
    ),
    Range(
        "work done",
        KeySet("units per hour, picks per hour, pick rate, tasks done, tasks completed, output per hour"),
        0,
        1e6,
    ),
    Range(
        "work time",
        KeySet("worked hours, working hours, work time, hours worked, overtime, arbeitszeit"),
        0,
        1e6,
    ),
    Range("shift", KeySet("=shift, shift id, shift no, shift number, =schicht"), 0, 100),
)
WANTS = Wants(record_keys=WORKER)
reasoning = (
    "A worker's identifier and a number of work (efficiency, idle or worked time, units) in one record; a "
    "machine's own "
    "efficiency names nobody."
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives records that measure the work of a person."""
    if node.kind is not Kind.RECORD:
        return
    fields = scalars(node)
    worker = next((v for k, v in fields if k in WORKER and len(v) > 1 and not is_filler(v)), "")
    measure = next((one.word for one in RANGES for k, v in fields if k in one.keys and _fits(v, one)), "")
    if worker and measure:
        ground = f"a worker's identifier and a measure of work ({measure}) in one record"
        yield kind_of(ID, "work record", Confidence.DETECTED, ground, worker.strip())


def _fits(text: str, one: Range) -> bool:
    found = number(text)
    return found is not None and one.low <= found <= one.high
