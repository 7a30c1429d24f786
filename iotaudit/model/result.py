"""The audit as one value: everything that the reports print."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import Destination
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.exposures import Exposure
from iotaudit.model.findings import Finding, RuleOutcome, Severity
from iotaudit.model.flows import Flow
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.observations import Observation
from iotaudit.model.reach import Verdict
from iotaudit.model.shapes import StepChange

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """One package of knowledge that an audit rested on (contract: `tool.knowledge`)."""

    name: str
    version: str
    date: str
    licence: str
    sha256: str
    attribution: str = ""
    url: str = ""
    review_by: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that decided the result; file options are kept as names (and digests), not as paths."""

    as_of: str
    profile: str | None = None
    rules: tuple[str, ...] = ()
    device: str | None = None
    inside: tuple[str, ...] = ()
    all_hosts: bool = False
    lab_position: tuple[float, float] | None = None
    geoip: tuple[str, ...] = ()
    known: str | None = None
    keylog: tuple[str, ...] = ()
    wifi_key: str | None = None
    declared: str | None = None
    knowledge: str = "shipped"
    """The version of the knowledge: "shipped" with the tool, or that of an installed package."""
    fail_on: str = "none"
    fail_on_undetermined: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """The only part of an audit that may differ between two runs."""

    created_ns: int
    host_platform: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit. `*_rows` are frozen types; `.flows`, `.destinations`, `.findings` DataFrames."""

    run: Run
    tool_version: str
    knowledge: tuple[KnowledgeFile, ...]
    settings: Settings
    inputs: tuple[InputFacts, ...]
    device_rows: tuple[Device, ...]
    flow_rows: Sequence[Flow]
    """A tuple in any order, or a list in the contract's order that makes each flow when it is read."""
    dns_rows: tuple[tuple[DnsAnswer, bool | None], ...]
    """Each answer with `resolver_is_configured` (None: unknown)."""
    destination_rows: tuple[Destination, ...]
    exposure_rows: tuple[Exposure, ...]
    finding_rows: tuple[Finding, ...]
    outcomes: tuple[RuleOutcome, ...]
    verdict: Verdict
    marks: tuple[Mark, ...] = ()
    step_changes: tuple[StepChange, ...] = ()
    """What was different while a marked step ran, by step and destination outside."""
    observations: tuple[Observation, ...] = ()
    declared: tuple[DeclaredRow, ...] = ()
    warnings: tuple[str, ...] = ()
    pack_titles: tuple[tuple[str, str, str], ...] = ()
    """(pack id, title, caveat) of the packs in use."""
    rule_titles: tuple[tuple[str, str, str], ...] = ()
    """(rule id, title, severity text) of the rules in use."""

    @property
    def flows(self) -> "pd.DataFrame":
        """The flows as a DataFrame, one row each, columns as in audit.json."""
        return _frame(self.flow_rows)

    @property
    def destinations(self) -> "pd.DataFrame":
        """The destinations as a DataFrame, one row each."""
        return _frame(self.destination_rows)

    @property
    def findings(self) -> "pd.DataFrame":
        """The findings as a DataFrame, one row each."""
        return _frame(self.finding_rows)

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings that are not waived, None where there is none."""
        return max((f.severity for f in self.finding_rows if f.waived is None), default=None)


def _frame(rows: Iterable[Any]) -> "pd.DataFrame":
    """Gives one row per item; nested values stay as plain dicts and lists, enums as their text."""
    import pandas as pd

    return pd.DataFrame.from_records(
        [{k: _plain(getattr(row, k)) for k in row.__slots__} for row in rows]
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a row
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value
