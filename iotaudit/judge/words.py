"""Words of evidence and statements: names, countries, sizes, spans. Nothing is escaped here; what writes it does."""

from collections.abc import Iterable

from iso3166 import countries_by_alpha2

from iotaudit.model.destinations import Destination

UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def country(code: str | None) -> str:
    """Gives the name of an ISO 3166-1 alpha-2 code, the code itself where it has none."""
    found = countries_by_alpha2.get(code) if code else None
    if found is None:
        return code or "a country that is not known"
    return found.apolitical_name.split(" (")[0].split(",")[0]


def destination(row: Destination) -> str:
    """Gives a destination's name, else its first address."""
    return row.name or (row.ips[0] if row.ips else row.id)


def size(length: int) -> str:
    """Gives bytes in powers of 1000: "812 B", "1.2 MB"."""
    if length < 1000:
        return f"{length} B"
    power = 1
    while round(length / 1000**power, 1) >= 1000 and power < len(UNITS):
        power += 1
    return f"{length / 1000**power:.1f} {UNITS[power - 1]}"


def span(seconds: float) -> str:
    """Gives a duration: "0.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = whole % 3600 // 60
    return f"{whole // 3600} h" + (f" {minutes} min" if minutes else "")


def share(part: float) -> str:
    """Gives a share as a percentage that never rounds to all or nothing."""
    percent = part * 100
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{percent:.0f} %"


def count(number: int, noun: str, plural: str = "") -> str:
    """Gives "1 packet", "2 packets"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str], most: int = 6) -> str:
    """Gives "a", "a and b", "a, b and 4 more"."""
    found = list(words)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
