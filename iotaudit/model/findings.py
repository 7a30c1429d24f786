"""Rules, outcomes and findings."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Severity(IntEnum):
    """Ordered, so that `--fail-on` is a comparison."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Dimension(StrEnum):
    """The four dimensions of the study."""

    SECURITY = "security"
    POLITICAL = "political"
    ECONOMIC = "economic"
    IDEATIONAL = "ideational"


class OutcomeKind(StrEnum):
    """Four outcomes: silence is never a pass."""

    FAIL_INDICATOR = "fail_indicator"
    NO_INDICATOR = "no_indicator"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not_testable"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as loaded from its YAML file; `when` is the parsed condition tree of `judge/conditions.py`."""

    id: str
    pack: str
    title: str
    severity: Severity
    dimension: Dimension
    legal: str
    scope: str
    when: Any
    message: str
    question: str
    remediation: str
    needs: tuple[str, ...]
    not_proof: str
    knowledge_missing: str = ""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of one rule: `decided_by` says what was seen, `would_decide` what is lacking."""

    rule: str
    pack: str
    outcome: OutcomeKind
    decided_by: str
    would_decide: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One fail indicator at one subject. `fingerprint`: SHA-256 of rule, registrable domain or address, data type."""

    id: str
    rule: str
    pack: str
    title: str
    severity: Severity
    dimension: Dimension
    destination: str | None
    exposure: str | None
    flows: tuple[str, ...]
    packets: tuple[int, ...]
    evidence: str
    legal: str
    question: str
    remediation: str
    not_proof: str
    fingerprint: str
    waived: Any = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A rule pack, in the order of its `pack.yaml`."""

    id: str
    title: str
    basis: str
    caveat: str
    rules: tuple[Rule, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the auditor expects of a kind of device. `coverage_steps` are scenario ids; durations in seconds."""

    id: str
    title: str
    device_kind: str
    sensors: tuple[str, ...]
    data_types: tuple[str, ...]
    destinations: tuple[str, ...]
    packs: tuple[str, ...]
    severity: tuple[tuple[str, Severity], ...]
    min_duration_s: float
    steps: tuple[str, ...]
    claims: tuple[tuple[str, str, str], ...]
    payload_threshold: int = 0
    first_party: tuple[str, ...] = ()
    max_services: int | None = None
    """Open or announced services above which the surface counts as wide; None: nobody said."""
    max_multicast_per_s: float | None = None
    """Packets a second to groups above which a device burdens the network; None: nobody said."""
