"""The user's own address databases (`--geoip FILE`) as sources. See docs/sources/geoip.md."""

from iotaudit.locate.dbip import ID as EMBEDDED
from iotaudit.locate.dbip import answers
from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "geoip"
KIND = "database"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what each of the user's databases says of the seed's address; `source` is `geoip:<file name>`."""
    return tuple(
        found
        for database in knowledge.databases
        if database.id != EMBEDDED
        for found in answers(database, seed.ip)
    )
