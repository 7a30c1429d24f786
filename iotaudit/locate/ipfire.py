"""The second embedded address database (IPFire Location) as a source. See docs/sources/ipfire.md."""

from iotaudit.locate.dbip import answers
from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "ipfire"
KIND = "database"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what the database says of the seed's address."""
    return answers([database for database in knowledge.databases if database.id == ID], seed.ip)
