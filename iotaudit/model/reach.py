"""Whether data leaves: a join that never loses doubt, and the verdict built on it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Reach(IntEnum):
    """LEAVES > UNKNOWN > STAYS; merging is `max`, so that doubt survives every merge."""

    STAYS = 0
    UNKNOWN = 1
    LEAVES = 2


class Answer(StrEnum):
    """The three answers of the contract."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of the ground of a verdict, with what it rests on (ids, packet ids; `laws`: ids of access laws)."""

    code: str
    text: str
    destinations: tuple[str, ...] = ()
    packets: tuple[int, ...] = ()
    laws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """Payload bytes that stayed closed at one destination. `why`: pinned, no_keys, unknown_protocol."""

    destination: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Something of the device that was not read. `what` is a Problem kind."""

    what: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was looked at. `undecrypted_share` is bytes of outside payload that stayed closed / all outside payload.

    None where there was no outside payload.
    """

    duration_s: float
    packets: int
    scenarios: tuple[str, ...]
    unread: tuple[Unread, ...]
    undecrypted_share: float | None
    closed: tuple[Closed, ...]
    required_duration_s: float | None = None
    required_steps: tuple[str, ...] = ()
    missing_steps: tuple[str, ...] = ()
    met: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, in one sentence, with reasons and coverage (contract: `verdict`)."""

    data_leaves_eu: Answer
    third_country_access: Answer
    statement: str
    reasons: tuple[Reason, ...]
    coverage: Coverage
