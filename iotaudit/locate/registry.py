"""Where an address is registered, from the user's registry files: never where it is. See docs/sources/registry.md.

The country stands in the words of the evidence alone; `country` stays None, so that nothing can take it for a place.
"""

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "registry"
KIND = "registry"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what each registry file says of the seed's address; `source` is `geoip:<file name>`."""
    return tuple(
        Evidence(database.id, KIND, None, f"{answer.told}, which is no place", database.date, None, database.family)
        for database in knowledge.databases
        if database.kind == KIND and (answer := database.look_up(seed.ip)) is not None
    )
