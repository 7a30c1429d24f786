"""Ranges that who runs them publishes with their places, as the user's files. See docs/sources/published.md."""

from iotaudit.locate.dbip import answers
from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "published"
KIND = "published"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what each file of published ranges says of the seed's address; `source` is `geoip:<file name>`."""
    return answers([database for database in knowledge.databases if database.kind == KIND], seed.ip)
