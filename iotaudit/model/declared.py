"""What a vendor declared (`--declared`), and the lines in which it is held against what was seen."""

from dataclasses import dataclass
from enum import StrEnum

Told = str | int | float | bool | tuple[str, ...] | None
"""A declared or an observed value as it is written."""
REGIONS = ("EU", "EEA")
"""Words that a declaration may use in place of a list of countries."""


class DeclaredState(StrEnum):
    """How a line of a declaration compares with the capture (contract: `declared[].state`)."""

    SEEN_AND_DECLARED = "seen_and_declared"
    SEEN_NOT_DECLARED = "seen_not_declared"
    DECLARED_NOT_SEEN = "declared_not_seen"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class DeclaredHost:
    """A host of the declaration: a name, `*.` and a domain, an address or a network; what is "" or () was not said."""

    host: str
    country: str = ""
    operator: str = ""
    purpose: str = ""
    data_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredCompany:
    """A company that works on the vendor's behalf."""

    name: str
    country: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredVolume:
    """Payload in bytes that may be sent in a day: to a host, or in all where `host` is ""."""

    bytes_per_day: int
    host: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredRetention:
    """How many days data are kept: of a data type, or in all where it is ""."""

    days: int
    data_type: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredPort:
    """A service that the device itself offers."""

    port: int
    protocol: str = "tcp"
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration; None is a key that does not stand in the file, () one that says "none".

    Countries are ISO 3166-1 alpha-2 codes, EU or EEA. `remote_access` are the hosts through which somebody can reach
    the device from afar.
    """

    vendor: str
    device: str = ""
    date: str = ""
    source: str = ""
    storage_countries: tuple[str, ...] | None = None
    destinations: tuple[DeclaredHost, ...] | None = None
    operators: tuple[str, ...] | None = None
    sub_processors: tuple[DeclaredCompany, ...] | None = None
    administration_from: tuple[str, ...] | None = None
    data_types: tuple[str, ...] | None = None
    update_hosts: tuple[str, ...] | None = None
    works_offline: bool | None = None
    support_until: str = ""
    volumes: tuple[DeclaredVolume, ...] | None = None
    retention: tuple[DeclaredRetention, ...] | None = None
    remote_access: tuple[DeclaredHost, ...] | None = None
    ports: tuple[DeclaredPort, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredRow:
    """One line of the comparison; `destinations` are ids, `packets` packet ids."""

    item: str
    declared: Told
    observed: Told
    state: DeclaredState
    destinations: tuple[str, ...] = ()
    packets: tuple[int, ...] = ()
