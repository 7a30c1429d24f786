"""Words of evidence and statements: names, countries, sizes, spans. Nothing is escaped here; what writes it does."""

from collections.abc import Iterable

from iotaudit.model import amounts
from iotaudit.model.amounts import count, share, size
from iotaudit.model.destinations import Destination

__all__ = ["count", "country", "destination", "listed", "share", "size", "span"]


def country(code: str | None) -> str:
    """Gives the name of an ISO 3166-1 alpha-2 code, the code itself where it has none."""
    return amounts.country(code) if code else "a country that is not known"


def destination(row: Destination) -> str:
    """Gives a destination's name, else its first address."""
    return row.name or (row.ips[0] if row.ips else row.id)


def span(seconds: float) -> str:
    """Gives a duration: "0.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = whole % 3600 // 60
    return f"{whole // 3600} h" + (f" {minutes} min" if minutes else "")


def listed(words: Iterable[str], most: int = 6) -> str:
    """Gives "a", "a and b", "a, b and 4 more"."""
    found = list(words)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
