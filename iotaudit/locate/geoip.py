"""The user's own address databases (`--geoip FILE`) as sources. See docs/sources/geoip.md."""

from iotaudit.locate import dbip, ipfire
from iotaudit.locate.dbip import answers
from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "geoip"
KIND = "database"
EMBEDDED = frozenset({dbip.ID, ipfire.ID})


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what each of the user's databases says of the seed's address; `source` is `geoip:<file name>`."""
    own = [database for database in knowledge.databases if database.kind == KIND and database.id not in EMBEDDED]
    return answers(own, seed.ip)
