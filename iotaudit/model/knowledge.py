"""What the world is known to be: opened look-ups and tables, handed to `locate`, `detect` and `judge`.

Everything here is plain values and protocols; `packs/knowledge.py` opens the files. Country codes are
ISO 3166-1 alpha-2 in capitals, dates are ISO texts.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from iotaudit.model.data_types import DataType
from iotaudit.model.destinations import Zone
from iotaudit.model.facts import CountryFact
from iotaudit.model.result import KnowledgeFile

T = TypeVar("T")
BITS = {4: 32, 6: 128}
OCTETS = {str(value): value for value in range(256)}
"""The usual form of each part of an IPv4 address (any other is left to `ipaddress`)."""


@dataclass(frozen=True, slots=True)
class GeoAnswer:
    """What one database says of one address; None: it says nothing of this. `vague`: it answered without a country.

    `told` is the row of the file in words, "" where the country is all that it says.
    """

    country: str | None = None
    asn: int | None = None
    as_name: str | None = None
    anycast: bool = False
    vague: str = ""
    told: str = ""


class GeoDatabase(Protocol):
    """An opened address database. `id` is the source id, `family` groups those that share their inputs.

    `kind` says what an answer is: database (some maker's opinion), published (the word of who runs the addresses),
    registry (who holds them, which is no place).
    """

    @property
    def id(self) -> str: ...  # noqa: D102 - see the class
    @property
    def date(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102

    def look_up(self, ip: str) -> GeoAnswer | None:
        """Gives the answer for an address, None where there is none; never raises for any text."""
        ...


class NetworkTable(Protocol):
    """Address to network number (ASN)."""

    def look_up(self, ip: str) -> tuple[int, str] | None:
        """Gives number and registered name of the network that announces the address."""
        ...


class VendorTable(Protocol):
    """Link address to vendor."""

    def look_up(self, mac: int) -> str | None:
        """Gives the organisation that the block of a 48-bit address is assigned to."""
        ...


class SuffixTable(Protocol):
    """Public suffixes."""

    def registrable(self, name: str, *, private: bool) -> str | None:
        """Gives the public suffix of a name and one label more; `private`: operators' own suffixes count too."""
        ...


class OutlineTable(Protocol):
    """Country outlines."""

    def around(self, lat: float, lon: float) -> tuple[tuple[float, str], ...]:
        """Gives lower bounds of the distance in km from a position to every country, nearest first."""
        ...

    def distances(self, lat: float, lon: float) -> Mapping[str, float]:
        """Gives the same by country."""
        ...


@lru_cache(1024)
def address_of(text: str) -> tuple[int, int] | None:
    """Gives version and number of an address, None for what is none (kept: several tables ask in turn)."""
    try:
        a, b, c, d = text.split(".", 4)
        return 4, OCTETS[a] << 24 | OCTETS[b] << 16 | OCTETS[c] << 8 | OCTETS[d]
    except (KeyError, ValueError):
        pass
    try:
        address = ipaddress.IPv6Address(text) if ":" in text else ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


class Networks(Generic[T]):
    """Longest-prefix match: the networks are laid out once as ranges without overlap, in order of address."""

    __slots__ = ("_starts", "_values")

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        """Takes networks in CIDR form with their values; of two rows for one network the first holds."""
        seen: dict[int, dict[tuple[int, int], T]] = {version: {} for version in BITS}
        for text, value in rows:
            network = ipaddress.ip_network(text)
            first, last = int(network.network_address), int(network.broadcast_address)
            seen[network.version].setdefault((first, -last), value)
        self._starts: dict[int, list[int]] = {}
        self._values: dict[int, list[T | None]] = {}
        for version, found in seen.items():
            self._starts[version], self._values[version] = _laid_out(found)

    def find(self, ip: str) -> T | None:
        """Gives the value of the longest network that holds the address, None for none or for no address."""
        address = address_of(ip)
        if address is None:
            return None
        version, number = address
        return self._values[version][bisect_right(self._starts[version], number) - 1]


def _laid_out(networks: Mapping[tuple[int, int], T]) -> tuple[list[int], list[T | None]]:
    """Gives starts and values of ranges from 0 on; networks (first, -last) lie apart or one inside the other."""
    starts: list[int] = [0]
    values: list[T | None] = [None]

    def begin(start: int, value: T | None) -> None:
        if starts[-1] == start:
            values[-1] = value
        else:
            starts.append(start)
            values.append(value)

    around: list[tuple[int, T]] = []
    for first, negated in sorted(networks):
        while around and around[-1][0] < first:
            end, _ = around.pop()
            begin(end + 1, around[-1][1] if around else None)
        begin(first, networks[first, negated])
        around.append((-negated, networks[first, negated]))
    while around:
        end, _ = around.pop()
        begin(end + 1, around[-1][1] if around else None)
    return starts, values


@dataclass(frozen=True, slots=True)
class Law:
    """One row of laws.yaml. `places` and `operators` are the countries that make it worth naming."""

    id: str
    title: str
    country: str
    citation: str
    role: str
    places: tuple[str, ...]
    operators: tuple[str, ...]
    gag: str
    status: str
    review_by: str
    as_of: str = ""
    checked: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """An organisation behind networks or domains; None: not known. `places` pairs an ASN with its countries."""

    id: str
    name: str
    kind: str
    country: str | None
    parent: str | None
    parent_country: str | None
    asns: tuple[int, ...]
    places: tuple[tuple[int, tuple[str, ...]], ...]
    domains: tuple[str, ...]
    source: str
    as_of: str
    checked: str
    also: tuple[str, ...] = ()
    """Names of companies of the organisation, as certificates and declarations write them."""


@dataclass(frozen=True, slots=True)
class AnycastService:
    """A service that answers at many places under one address. `kind`: resolver, cdn, accelerator, root, time, relay."""

    id: str
    title: str
    kind: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class SpecialRange:
    """Addresses that are no place on the public Internet. `kind`: local or unplaced."""

    kind: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class RegionNames:
    """How one cloud provider writes regions into host names under its own domains (regions.yaml).

    `labels_before`: how many labels must stand before the region's label.
    """

    entity: str
    suffixes: tuple[str, ...]
    prefixes: tuple[str, ...]
    endings: tuple[str, ...]
    regions: Mapping[str, str]
    source: str
    labels_before: int = 0


@dataclass(frozen=True, slots=True)
class Adequacy:
    """An adequacy decision of zones.yaml. `scope_test`: none, recipient or sector."""

    country: str
    citation: str
    expires: str | None
    scope_test: str
    scope: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Territory:
    """A special territory of zones.yaml. `zone` may also be as-US."""

    country: str
    title: str
    zone: str
    certainty: str
    note: str


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """Which legal space a country lies in (zones.yaml, `zone_rule`)."""

    eu: frozenset[str]
    eea: frozenset[str]
    aliases: Mapping[str, str]
    decisions: Mapping[str, Adequacy]
    territories: Mapping[str, Territory]
    as_us: frozenset[str]
    codes: frozenset[str]

    def normal(self, code: str) -> str | None:
        """Gives the code as used here (EL is GR), None for what is no country (EU, AP, ZZ, rubbish)."""
        code = self.aliases.get(code.upper(), code.upper())
        territory = self.territories.get(code)
        if territory is not None and territory.zone == "unknown":
            return None
        return code if code in self.codes or territory is not None else None

    def law_country(self, code: str) -> str:
        """Gives the country whose laws hold in a territory (Puerto Rico: US)."""
        return "US" if code in self.as_us else code

    def decision(self, code: str, as_of: str) -> Adequacy | None:
        """Gives the adequacy decision that holds for a country on a day."""
        found = self.decisions.get(self.law_country(code))
        return None if found is None or (found.expires and found.expires < as_of) else found

    def zone(self, code: str | None, as_of: str) -> Zone:
        """Gives the zone of a country on a day; a decision that depends on the recipient makes no zone adequate."""
        if code is None or (known := self.normal(code)) is None:
            return Zone.UNKNOWN
        territory = self.territories.get(known)
        if territory is not None and territory.zone in {Zone.EU, Zone.EEA, Zone.THIRD_COUNTRY}:
            return Zone(territory.zone)
        if known in self.eu:
            return Zone.EU
        if known in self.eea:
            return Zone.EEA
        decision = self.decision(known, as_of)
        if decision is not None and decision.scope_test in {"none", "sector"}:
            return Zone.ADEQUATE
        return Zone.THIRD_COUNTRY

    def adequacy(self, code: str | None, as_of: str) -> str:
        """Gives met (inside the EEA, or a decision for the whole country), unmet (no decision) or unknown."""
        zone = self.zone(code, as_of)
        if code is None or zone is Zone.UNKNOWN:
            return "unknown"
        if zone in {Zone.EU, Zone.EEA}:
            return "met"
        decision = self.decision(self.normal(code) or code, as_of)
        if decision is None:
            return "unmet"
        return "met" if decision.scope_test == "none" else "unknown"


@dataclass(frozen=True, slots=True)
class Roles:
    """What names are for. Names are matched up the labels: a row holds for all names below it."""

    infrastructure: Mapping[str, str]
    support: Mapping[str, str]
    support_kinds: tuple[str, ...]
    third_parties: Mapping[str, tuple[str, str]]
    cloud_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that an audit rests on besides the capture. Made by `packs.knowledge.load_knowledge`."""

    files: tuple[KnowledgeFile, ...]
    data_types: tuple[DataType, ...]
    laws: tuple[Law, ...]
    zones: ZoneTable
    entities: tuple[Entity, ...]
    anycast: Networks[AnycastService]
    special: Networks[SpecialRange]
    regions: tuple[RegionNames, ...]
    roles: Roles
    databases: tuple[GeoDatabase, ...]
    networks: NetworkTable
    vendors: VendorTable
    suffixes: SuffixTable
    outlines: OutlineTable
    country_names: Mapping[str, str]
    dates: Mapping[str, str]
    """Table id (entities, regions, asn, ...) to the ISO date of its data."""
    by_asn: Mapping[int, Entity] = field(default_factory=dict)
    by_domain: Mapping[str, Entity] = field(default_factory=dict)
    by_name: Mapping[str, Entity] = field(default_factory=dict)
    """Name of an organisation, in the form of `company_key`, to its row."""

    def vendor(self, mac: int) -> str | None:
        """Gives the vendor of a 48-bit link address; none for group and locally administered (random) ones."""
        if mac >> 40 & 0b11:
            return None
        return self.vendors.look_up(mac)

    def registrable(self, name: str) -> str | None:
        """Gives the registrable domain: who a name belongs to.

        Suffixes that operators let customers register under (`s3.amazonaws.com`) count, so that a customer's
        name is the customer's; a name that is such a suffix itself belongs to the operator. None for addresses,
        single labels, public suffixes and names that the public name system does not resolve (`printer.local`).
        """
        return self.suffixes.registrable(name, private=True) or self.suffixes.registrable(
            name, private=False
        )

    def owner(self, name: str) -> Entity | None:
        """Gives the organisation whose domain a name lies under (longest match), None where no row knows it."""
        found = find_up(self.by_domain, name)
        return found[1] if found else None

    def country_name(self, code: str) -> str:
        """Gives the English short name of a country, the code itself where there is none."""
        return self.country_names.get(code, code)

    def country_fact(self, code: str, as_of: str = "") -> CountryFact | None:
        """Gives what zones.yaml says of a country, None for what is no country."""
        known = self.zones.normal(code)
        if known is None:
            return None
        decision = self.zones.decision(known, as_of)
        territory = self.zones.territories.get(known)
        notes = [n for n in (territory and territory.note, decision and decision.note) if n]
        return CountryFact(
            country=known,
            zone=self.zones.zone(known, as_of).value,
            decision=decision.citation if decision else None,
            scope_test=decision.scope_test if decision else None,
            scope=decision.scope if decision else None,
            expires=decision.expires if decision else None,
            note=" ".join(notes) or None,
        )

    def stale(self, as_of: str) -> tuple[str, ...]:
        """Gives the names of the knowledge that was due for review before a day."""
        return tuple(sorted(f.name for f in self.files if f.review_by and f.review_by < as_of))


def company_key(name: str) -> str:
    """Gives the name of a company without case, spaces and punctuation, which every register writes differently."""
    return "".join(char for char in name.casefold() if char.isalnum())


def find_up(table: Mapping[str, T], name: str) -> tuple[str, T] | None:
    """Looks a host name up in a table of domains, from the whole name up to its last label; gives domain and value."""
    rest = name.lower().rstrip(".")
    while rest:
        if rest in table:
            return rest, table[rest]
        rest = rest.partition(".")[2]
    return None
