"""Destinations: who, where, under whose law. What a source says, what we conclude, what binds: three fields."""

from dataclasses import dataclass
from enum import StrEnum

from iotaudit.model.quick import quick


class Zone(StrEnum):
    """Legal space of a place (contract: `zone`)."""

    EU = "EU"
    EEA = "EEA"
    ADEQUATE = "adequate"
    THIRD_COUNTRY = "third-country"
    LOCAL = "local"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """How well a location is known."""

    CONFIRMED = "confirmed"
    CLAIMED = "claimed"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


class Party(StrEnum):
    """Whose service a destination is, seen from the device's vendor."""

    FIRST = "first"
    SUPPORT = "support"
    THIRD = "third"
    INFRASTRUCTURE = "infrastructure"
    UNKNOWN = "unknown"


@quick
@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source says of an address or a name; never rewritten. `country` is ISO 3166-1 alpha-2 or None.

    `source` is the id of the location source (its file name) or, for a user's file, `geoip:<file name>`.
    `kind` groups sources that share inputs (database, published, region, round-trip, anycast, registry, name):
    only different kinds count as independent. `date` is the ISO date of the source's data, "" none.
    `family` names the maker whose inputs the source shares (two files of one family are one voice).
    """

    source: str
    kind: str
    country: str | None
    detail: str
    date: str = ""
    packet: int | None = None
    family: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Location:
    """Where a destination is, as concluded from evidence; `why` names the case of the fusion table."""

    country: str | None
    status: Status
    evidence: tuple[Evidence, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the address (ASN) and who stands behind (curated table); None: not known, never guessed."""

    name: str | None = None
    asn: int | None = None
    as_name: str | None = None
    country: str | None = None
    parent: str | None = None
    parent_country: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose service a destination is, as far as its name and its certificate tell: another question than who runs it.

    `evidence` has the owner of the name's domain and the organisation that the certificate was issued to; the fields
    before it are those of an organisation of the curated table that the evidence leads to, None where it leads to none.
    """

    name: str | None = None
    country: str | None = None
    parent: str | None = None
    parent_country: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessLaw:
    """A law that may reach the destination. `reach` is the one that applied: place or operator.

    `rests_on` names the parts of the destination whose evidence leads to it: location, operator, owner. `status`,
    `as_of`, `review_by` and `checked` are those of the law's row; `stale`: the day of review has passed.
    """

    id: str
    title: str
    reach: str
    why: str
    country: str = ""
    gag: str = ""
    stale: bool = False
    rests_on: tuple[str, ...] = ()
    status: str = ""
    as_of: str = ""
    review_by: str = ""
    checked: str = ""


@quick
@dataclass(frozen=True, slots=True)
class AddressLocation:
    """One address of a destination with its own conclusion."""

    ip: str
    location: Location
    zone: Zone


@quick
@dataclass(frozen=True, slots=True)
class DestinationSeed:
    """What traffic shows of one peer address under one name: the input of `locate`.

    `name` is the best name by trust (None: a bare address), `name_source` where it came from, `aliases` further
    names of the same flows (CNAME chain, certificate). `outer_name`: the name is only the front (ECH).
    `rtt_min_ns` is the least handshake round trip to this address or None. `local`: inside or group address.
    Byte counts are seen from the devices: `out` is what they sent. `first_packet` is a packet id.
    `flows` are flow ids, `name_packet`/`payload_packet` packet ids (first evidence of the name / first payload).
    `name_sources` are all sources that gave `name` for this address: only a DNS answer binds it to the address,
    what the device itself writes (SNI, Host) may be anything. `dns_aliases` are the aliases that DNS tied to it.
    `certificates` pairs each subject organisation of a server's certificate with the first packet that shows it;
    those that the server signed itself are not among them. `reverse_aliases` are the aliases that only reverse DNS gave.
    `rtt_unused` says why the round trip tells nothing of the distance ("": nothing speaks against it).
    """

    ip: str
    name: str | None
    name_source: str | None
    name_packet: int | None
    aliases: tuple[str, ...]
    outer_name: bool
    local: bool
    rtt_min_ns: int | None
    bytes_out: int
    bytes_in: int
    payload_out: int
    flows: tuple[str, ...]
    applications: tuple[str, ...]
    ports: tuple[int, ...]
    first_packet: int
    payload_packet: int | None
    devices: tuple[str, ...]
    name_sources: tuple[str, ...] = ()
    dns_aliases: tuple[str, ...] = ()
    certificates: tuple[tuple[str, int], ...] = ()
    reverse_aliases: tuple[str, ...] = ()
    rtt_unused: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Destination:
    """One row per name and operator, or per address where there is no name (contract: `destinations`)."""

    id: str
    name: str | None
    ips: tuple[str, ...]
    registrable_domain: str | None
    party: Party
    operator: Operator
    location: Location
    zone: Zone
    adequacy: str
    access_laws: tuple[AccessLaw, ...]
    bytes_out: int
    bytes_in: int
    payload_out: int
    flows: tuple[str, ...]
    addresses: tuple[AddressLocation, ...]
    devices: tuple[str, ...] = ()
    name_source: str | None = None
    first_packet: int = 0
    payload_packet: int | None = None
    hard_coded: bool = False
    notes: tuple[str, ...] = ()
    owner: Owner = Owner()
    party_ground: str = ""
    """Why the party is what it is."""
