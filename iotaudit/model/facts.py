"""All that the rules may know: facts without payload."""

from dataclasses import dataclass

from iotaudit.model.declared import Declaration
from iotaudit.model.destinations import Destination
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.exposures import Exposure
from iotaudit.model.flows import Flow
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.observations import Observation
from iotaudit.model.problems import Problem


@dataclass(frozen=True, slots=True)
class CountryFact:
    """What zones.yaml says of a country: an adequacy decision with its scope test, or none."""

    country: str
    zone: str
    decision: str | None
    scope_test: str | None
    scope: str | None
    expires: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The input of `judge`: only audited devices' flows unless all hosts were asked for.

    `problems` are those of capture, assemble and dissect that touch the whole input; `test_country` is the
    country of the lab position where given. `dns_rows` pairs each answer with `resolver_is_configured`.
    `stale` names the knowledge whose review date has passed.
    """

    devices: tuple[Device, ...]
    flows: tuple[Flow, ...]
    destinations: tuple[Destination, ...]
    exposures: tuple[Exposure, ...]
    dns_rows: tuple[tuple[DnsAnswer, bool | None], ...]
    inputs: tuple[InputFacts, ...]
    problems: tuple[Problem, ...]
    marks: tuple[Mark, ...]
    countries: tuple[CountryFact, ...]
    stale: tuple[str, ...]
    duration_ns: int
    test_country: str | None = None
    declaration: Declaration | None = None
    has_proxy_run: bool = False
    local_resolvers: tuple[tuple[str, str], ...] = ()
    """(resolver address, zone) of every resolver that was asked."""
    companies: tuple[tuple[str, str], ...] = ()
    """(name of a company as declared, its name on file) where the curated table has it."""
    observations: tuple[Observation, ...] = ()
    """What was observed beside the traffic: active tests, and the technician's answers."""
