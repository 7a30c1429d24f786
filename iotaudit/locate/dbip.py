"""The embedded address database (DB-IP Lite country) as a source. See docs/sources/dbip.md."""

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import GeoDatabase, Knowledge
from iotaudit.model.result import Settings

ID = "dbip"
KIND = "database"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what the embedded database says of the seed's address."""
    return tuple(
        found
        for database in knowledge.databases
        if database.id == ID
        for found in answers(database, seed.ip)
    )


def answers(database: GeoDatabase, ip: str) -> tuple[Evidence, ...]:
    """Gives the evidence that one database holds for an address (also used for the user's files)."""
    answer = database.look_up(ip)
    if answer is None:
        return ()
    rows = []
    if answer.anycast:
        rows.append(_row(database, "anycast", None, "the database marks the address as anycast"))
    if answer.country:
        rows.append(_row(database, KIND, answer.country, f"{ip} is listed in {answer.country}"))
    elif answer.vague:
        rows.append(_row(database, KIND, None, f"no country for {ip}: {answer.vague}"))
    return tuple(rows)


def _row(database: GeoDatabase, kind: str, country: str | None, detail: str) -> Evidence:
    return Evidence(database.id, kind, country, detail, database.date, None, database.family)
