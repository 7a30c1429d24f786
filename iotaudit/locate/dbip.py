"""The embedded address database (DB-IP Lite country) as a source. See docs/sources/dbip.md."""

from collections.abc import Iterable
from functools import lru_cache

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import GeoAnswer, GeoDatabase, Knowledge
from iotaudit.model.result import Settings

ID = "dbip"
KIND = "database"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what the embedded database says of the seed's address."""
    return answers([database for database in knowledge.databases if database.id == ID], seed.ip)


def answers(databases: Iterable[GeoDatabase], ip: str) -> tuple[Evidence, ...]:
    """Gives the evidence that databases hold for an address (also used for the other ones)."""
    found: tuple[Evidence, ...] = ()
    for database in databases:
        answer = database.look_up(ip)
        if answer is not None:
            found += _rows(answer, database.id, database.kind, database.date, database.family)
    return found


@lru_cache(1 << 12)
def _rows(answer: GeoAnswer, source: str, kind: str, date: str, family: str) -> tuple[Evidence, ...]:
    """Gives the evidence of an answer, which many addresses share."""
    rows = []
    if answer.anycast:
        told = answer.told or "the database marks the address as anycast"
        rows.append(Evidence(source, "anycast", None, told, date, None, family))
    if answer.country:
        told = answer.told or f"listed in {answer.country}"
        rows.append(Evidence(source, kind, answer.country, told, date, None, family))
    elif answer.vague:
        rows.append(Evidence(source, kind, None, f"no country: {answer.vague}", date, None, family))
    return tuple(rows)
