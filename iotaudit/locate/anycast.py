"""Addresses that their operators announce from many places (own table). See docs/sources/anycast.md."""

from functools import lru_cache

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import AnycastService, Knowledge
from iotaudit.model.result import Settings

ID = "anycast"
KIND = "anycast"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives one row, without a country, where the address is in the table."""
    service = knowledge.anycast.find(seed.ip)
    if service is None:
        return ()
    date = knowledge.dates.get("anycast", "") if service.date == "memory" else service.date
    return _rows(service, date)


@lru_cache(1 << 10)
def _rows(service: AnycastService, date: str) -> tuple[Evidence, ...]:
    """Gives the evidence of a service, which all of its addresses share."""
    return (Evidence(ID, KIND, None, f"{service.title}, {service.kind}: {service.source}", date),)
