"""From what sources say of one address to a location. The table of cases is docs/sources/fusion.md.

Each case is tried in this order, the first that fits decides; `Location.why` names it. The order of the evidence
never matters, and evidence that names another country can only lower the status.
"""

from collections.abc import Iterable

from iotaudit.model.destinations import Evidence, Location, Status

CASES: dict[str, str] = {
    "local": "inside or group address: no place outside",
    "not_a_public_address": "documentation, shared, tunnelled or reserved address: no place can be told",
    "no_address": "the capture does not show the address",
    "anycast": "the address is announced from many places",
    "sources_disagree": "sources name different countries",
    "no_evidence": "no source names a country",
    "answer_without_country": "a database answers the address without naming a country",
    "region_and_database": "a region bound by DNS and a database name one country",
    "region_only": "a region bound by DNS, no database knows the address",
    "name_and_database": "a region in a name that only the device vouches for, and a database, name one country",
    "name_only": "only a name that the device wrote itself names a country",
    "databases_agree": "databases of different makers name one country (they share inputs: claimed, not confirmed)",
    "one_database_in_known_places": "one database, and the operator's network has its data centres only in few countries, this one among them",
    "cloud_without_region": "one database, and the operator is a cloud or CDN whose addresses may be anywhere",
    "no_network": "one database, and no network is known to announce the address: who runs it is open",
    "one_database": "one database",
}


def conclude(
    evidence: Iterable[Evidence],
    *,
    cloud: bool,
    places: tuple[str, ...] = (),
    announced: bool = True,
) -> Location:
    """Gives the location that follows from evidence on one address.

    Args:
        evidence: what sources say, in any order.
        cloud: the operator is a cloud or CDN whose addresses may be anywhere.
        places: the only countries in which the operator's network has data centres, () where not known.
        announced: a network that announces the address is known.
    """
    rows = tuple(sorted(set(evidence), key=_order))
    kinds = {row.kind for row in rows if row.country}
    countries = sorted({row.country for row in rows if row.country})
    if any(row.kind == "anycast" for row in rows):
        return Location(None, Status.UNKNOWN, rows, "anycast")
    if len(countries) > 1:
        return Location(None, Status.DISPUTED, rows, "sources_disagree")
    if not countries:
        return Location(None, Status.UNKNOWN, rows, "no_evidence")
    if any(row.kind == "database" and row.country is None for row in rows):
        return Location(None, Status.UNKNOWN, rows, "answer_without_country")
    families = {row.family or row.source for row in rows if row.kind == "database"}
    alone = _alone(cloud=cloud, in_places=countries[0] in places, announced=announced)
    case = _case(kinds, len(families)) or alone
    status = STATUS[case]
    return Location(countries[0] if status is not Status.UNKNOWN else None, status, rows, case)


STATUS = {
    "region_and_database": Status.CONFIRMED,
    "region_only": Status.CLAIMED,
    "name_and_database": Status.CLAIMED,
    "name_only": Status.UNKNOWN,
    "databases_agree": Status.CLAIMED,
    "one_database_in_known_places": Status.CLAIMED,
    "cloud_without_region": Status.UNKNOWN,
    "no_network": Status.UNKNOWN,
    "one_database": Status.CLAIMED,
}


def _case(kinds: set[str], families: int) -> str | None:
    """Gives the case of several voices, None where a single database speaks."""
    if "region" in kinds:
        return "region_and_database" if families else "region_only"
    if "name" in kinds:
        return "name_and_database" if families else "name_only"
    return "databases_agree" if families > 1 else None


def _alone(*, cloud: bool, in_places: bool, announced: bool) -> str:
    """Gives the case of one database."""
    if not announced:
        return "no_network"
    if not cloud:
        return "one_database"
    return "one_database_in_known_places" if in_places else "cloud_without_region"


def _order(row: Evidence) -> tuple[str, str, str, str, str, str, int]:
    packet = -1 if row.packet is None else row.packet
    return (row.source, row.kind, row.country or "", row.detail, row.family, row.date, packet)
