"""Facts about the inputs of an audit."""

from dataclasses import dataclass

from iotaudit.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Mark:
    """A scenario step that the technician marked: `step` is one of the scenario vocabulary, `text` free."""

    time_ns: int
    step: str
    text: str
    packet: int | None


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One input file as it was read. `first_ns`/`last_ns` are the earliest and latest stamps, -1 none.

    `dropped_packets` is what the recorder itself says it lost (None: it says nothing). `link_types` are names
    as capinfos prints them (`ether`, `linux-sll`, `rawip` ...).
    """

    name: str
    sha256: str
    bytes: int
    format: str
    link_types: tuple[str, ...]
    packets: int
    wire_bytes: int
    first_ns: int
    last_ns: int
    truncated_packets: int
    dropped_packets: int | None
    problems: tuple[Problem, ...]
