"""Amounts in words, the same in evidence and in reports: sizes, rates, spans, shares, counts, countries."""

from iso3166 import countries_by_alpha2

UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def size(length: int) -> str:
    """Gives bytes for people, in powers of 1000: "812 B", "1.2 MB"."""
    if length < 1000:
        return f"{length} B"
    power = 1
    while round(length / 1000**power, 1) >= 1000 and power < len(UNITS):
        power += 1
    return f"{length / 1000**power:.1f} {UNITS[power - 1]}"


def rate(bit_s: float) -> str:
    """Gives bits per second for people: "640 bit/s", "32 kbit/s", "1.3 Mbit/s"."""
    if bit_s < 1000:
        return f"{bit_s:.0f} bit/s"
    if round(bit_s / 1000) < 1000:
        return f"{bit_s / 1000:.0f} kbit/s"
    return f"{bit_s / 1_000_000:.1f} Mbit/s"


def span(seconds: float) -> str:
    """Gives a duration for people: "0.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


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


def country(code: str) -> str:
    """Gives the short name of an ISO 3166-1 alpha-2 code, the code itself where it has none."""
    found = countries_by_alpha2.get(code.upper())
    return found.apolitical_name.split(" (")[0].split(",")[0] if found else code
