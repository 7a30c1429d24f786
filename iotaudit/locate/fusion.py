"""From what sources say of one address to a location. The table of cases is docs/sources/fusion.md.

Each case is tried in this order, the first that fits decides; `Location.why` names it. The order of the evidence
never matters, and evidence that names another country can only lower the status. A registry row names no place and
counts in no case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iotaudit.locate.round_trip import DISPROOF_KIND, IN_EEA_KIND
from iotaudit.locate.round_trip import KIND as ROUND_TRIP_KIND
from iotaudit.model.destinations import Evidence, Location, Status


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: when it holds, and the status that follows."""

    when: str
    status: Status


CASES: dict[str, Case] = {
    "local": Case("inside or group address: no place outside", Status.UNKNOWN),
    "not_a_public_address": Case(
        "documentation, shared (100.64/10), tunnelled (6to4, Teredo, NAT64, IPv4-mapped) or reserved address",
        Status.UNKNOWN,
    ),
    "no_address": Case("a proxy spoke for the device, the capture does not show the address", Status.UNKNOWN),
    "anycast_in_reach": Case(
        "anycast, and a round trip leaves one country, or only the EEA, in reach", Status.CLAIMED
    ),
    "anycast": Case("the address is announced from many places, and no round trip bounds it", Status.UNKNOWN),
    "beyond_reach": Case("a country that a source names is out of reach of the round trip", Status.DISPUTED),
    "sources_disagree": Case("any two sources name different countries", Status.DISPUTED),
    "answer_without_country": Case(
        "a database or published range answers the address without a country, or with a region (EU, AP)",
        Status.UNKNOWN,
    ),
    "round_trip_and_claim": Case(
        "a round trip leaves only the EEA (or one country) in reach, and a bound region, a published range, databases "
        "of two makers, or one database where the operator is no cloud, name one country",
        Status.CONFIRMED,
    ),
    "round_trip_and_hint": Case(
        "such a round trip, and only weaker evidence (one database of a cloud, or anything of a CDN or resolver, or a "
        "name that the device wrote) names a country",
        Status.CLAIMED,
    ),
    "round_trip_only": Case(
        "such a round trip and nothing else; the country is told where only one is in reach, else only the zone",
        Status.CLAIMED,
    ),
    "no_evidence": Case("no source names a country", Status.UNKNOWN),
    "region_and_database": Case("a region bound by DNS and a database name one country", Status.CONFIRMED),
    "region_only": Case("a region bound by DNS, no database knows the address", Status.CLAIMED),
    "published_and_database": Case(
        "a published range and a database name one country (databases read such lists: not independent)",
        Status.CLAIMED,
    ),
    "published_only": Case("a published range or geofeed names a country", Status.CLAIMED),
    "name_and_database": Case(
        "a region in a name that only the device, the server or reverse DNS gives, and a database, name one country",
        Status.CLAIMED,
    ),
    "name_only": Case("only such a name names a country", Status.UNKNOWN),
    "no_network": Case("databases only, and no network is known to announce the address", Status.UNKNOWN),
    "databases_agree": Case(
        "databases of different makers name one country (they share inputs: never confirmed)", Status.CLAIMED
    ),
    "one_database_in_known_places": Case(
        "one database, and the operator's network has its data centres only in few countries, this one among them",
        Status.CLAIMED,
    ),
    "cloud_without_region": Case(
        "one database and the operator is a cloud, or databases only and it is a CDN or resolver: its addresses may "
        "be anywhere",
        Status.UNKNOWN,
    ),
    "one_database": Case("one database", Status.CLAIMED),
}
"""Every case in the order of trial (the first three are decided before any source is asked)."""
ANSWERS = frozenset({"database", "published"})


@dataclass(frozen=True, slots=True)
class Host:
    """What of the address's operator matters here.

    `cloud`: its addresses may be anywhere. `front`: it is a CDN or resolver, whose addresses answer at many places
    even where no table says so. `places`: the only countries in which the network has data centres, () where not
    known. `announced`: a network that announces the address is known.
    """

    cloud: bool = False
    front: bool = False
    places: tuple[str, ...] = ()
    announced: bool = True


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from evidence: a case of the table, its status, and the country where one is known."""

    why: str
    status: Status
    country: str | None


def conclude(evidence: Iterable[Evidence], host: Host) -> Location:
    """Gives the location that follows from evidence on one address, in any order."""
    rows = ordered(evidence)
    found = judged(rows, host)
    return Location(found.country, found.status, rows, found.why)


def ordered(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Gives the rows in the order in which a location cites them, each once."""
    rows = tuple(evidence)
    if len(rows) < 2:
        return rows
    keyed = {_order(row): row for row in rows}
    return tuple([keyed[key] for key in sorted(keyed)])


def judged(rows: Sequence[Evidence], host: Host) -> Conclusion:
    """Gives what follows from rows; of a row only source, kind, country and family count, never its words."""
    kinds = {row.kind for row in rows}
    countries = sorted({row.country for row in rows if row.country})
    bounded = IN_EEA_KIND in kinds or (
        ROUND_TRIP_KIND in kinds and any(row.kind == ROUND_TRIP_KIND and row.country for row in rows)
    )
    if "anycast" in kinds:
        only = next((row.country for row in rows if row.kind in _TIMES and row.country), None)
        return _concluded("anycast_in_reach" if bounded else "anycast", only)
    if DISPROOF_KIND in kinds:
        return _concluded("beyond_reach", None)
    if len(countries) > 1:
        return _concluded("sources_disagree", None)
    if any(row.kind in ANSWERS and row.country is None for row in rows):
        return _concluded("answer_without_country", None)
    country = countries[0] if countries else None
    voices = {row.kind for row in rows if row.country and row.kind not in _TIMES}
    families = {row.family or row.source for row in rows if row.kind == "database"}
    if bounded:
        case = _with_round_trip(voices, len(families), host)
    elif country is None:
        case = "no_evidence"
    else:
        case = _without(voices, len(families), country, host)
    return _concluded(case, country)


_TIMES = frozenset({ROUND_TRIP_KIND, IN_EEA_KIND})


def _concluded(case: str, country: str | None) -> Conclusion:
    status = CASES[case].status
    known = status in (Status.CLAIMED, Status.CONFIRMED)
    return Conclusion(case, status, country if known else None)


def _with_round_trip(voices: set[str], families: int, host: Host) -> str:
    if not voices:
        return "round_trip_only"
    stated = bool(voices & {"region", "published"})
    databases = families > 1 or (families == 1 and host.announced and not host.cloud)
    if not host.front and (stated or databases):
        return "round_trip_and_claim"
    return "round_trip_and_hint"


def _without(voices: set[str], families: int, country: str, host: Host) -> str:
    for voice in ("region", "published", "name"):
        if voice in voices:
            return f"{voice}_and_database" if families else f"{voice}_only"
    if not host.announced:
        return "no_network"
    if families > 1 and not host.front:
        return "databases_agree"
    if not host.cloud and not host.front:
        return "one_database"
    return "one_database_in_known_places" if country in host.places else "cloud_without_region"


def _order(row: Evidence) -> tuple[str, str, str, str, str, str, int]:
    packet = -1 if row.packet is None else row.packet
    return (row.source, row.kind, row.country or "", row.detail, row.family, row.date, packet)
