"""Where an address is registered, from the user's registry files: never where it is. See docs/sources/registry.md.

The country stands in the words of the evidence alone; `country` stays None, so that nothing can take it for a place.
"""

from functools import lru_cache

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings

ID = "registry"
KIND = "registry"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives what each registry file says of the seed's address; `source` is `geoip:<file name>`."""
    found: tuple[Evidence, ...] = ()
    for database in knowledge.databases:
        if database.kind == KIND and (answer := database.look_up(seed.ip)) is not None:
            found += _rows(answer.told, database.id, database.date, database.family)
    return found


@lru_cache(1 << 10)
def _rows(told: str, source: str, date: str, family: str) -> tuple[Evidence, ...]:
    """Gives the evidence of an answer, which many addresses share."""
    return (Evidence(source, KIND, None, f"{told}, which is no place", date, None, family),)
