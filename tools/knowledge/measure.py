"""Measures how far the embedded knowledge places addresses whose region, or anycast nature, somebody else states.

Run: `python tools/knowledge/measure.py REGIONS.csv ANYCAST.txt`; the first has the columns prefix, provider, region,
country, the second one network per line. The first address of each network is located, without a name and without a
round trip. Prints the tables of docs/sources/accuracy.md: each source alone, then all of them fused.

"Wrong zone" is a place inside the EEA for an address that is outside, or the other way round; its bound is the upper
end of the 95 % interval (Clopper-Pearson, one-sided) of the share among the answers, as if rows were independent.
They are not: networks of one provider come together, so the true bound is wider.
"""

import csv
import ipaddress
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from iotaudit.locate import SOURCES, locate
from iotaudit.model.destinations import Destination, DestinationSeed, Status, Zone
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

SETTINGS = Settings(as_of="2026-11-24")
CHANCE = 0.05
INSIDE = frozenset({Zone.EU, Zone.EEA})
STATUSES = (Status.CONFIRMED, Status.CLAIMED, Status.DISPUTED, Status.UNKNOWN)
Answer = tuple[str, str | None]
"""True country, and the one that was answered."""


def main() -> None:
    """Prints the tables."""
    knowledge = load_knowledge()
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        regions = [(_first(row["prefix"]), row["country"], row["provider"]) for row in csv.DictReader(file)]
    anycast = [_first(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").split()]
    rows = [_located(ip, knowledge) for ip, _, _ in regions]
    _print("cloud ranges, each source alone", _HEAD)
    for source in SOURCES:
        answers = [(country, _alone(source, ip, knowledge)) for ip, country, _ in regions]
        if any(found for _, found in answers):
            _answers(source.ID, answers, knowledge)
    _print("cloud ranges, fused", _HEAD)
    by: dict[str, list[Answer]] = defaultdict(list)
    for (_, country, provider), row in zip(regions, rows, strict=True):
        for status in (Status.CONFIRMED, Status.CLAIMED):
            placed = row.location.country if row.location.status is status else None
            by[f"`{status}`"].append((country, placed))
        by[f"{provider}, all"].append((country, row.location.country))
    for name in sorted(by):
        _answers(name, by[name], knowledge)
    _print("status", "| sample | n | confirmed | claimed | disputed | unknown | claimed inside the EEA |\n| --- | --- | --- | --- | --- | --- | --- |")
    _statuses("cloud ranges", rows)
    _statuses("anycast prefixes", [_located(ip, knowledge) for ip in anycast])


_HEAD = (
    "| source | n | answered | wrong country | wrong zone | wrongly inside the EEA | bound of wrong zone |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def _answers(name: str, answers: Iterable[Answer], knowledge: Knowledge) -> None:
    rows = list(answers)
    told = [(truth, found) for truth, found in rows if found]
    wrong = sum(truth != found for truth, found in told)
    inside = [(_in_eea(truth, knowledge), _in_eea(found, knowledge)) for truth, found in told]
    zone = sum(truth != found for truth, found in inside)
    falsely = sum(found and not truth for truth, found in inside)
    bound = f"{_upper(zone, len(told)):.2%}" if told else "none"
    share = f"{len(told)} ({len(told) / len(rows):.1%})"
    sys.stdout.write(f"| {name} | {len(rows)} | {share} | {wrong} | {zone} | {falsely} | {bound} |\n")


def _statuses(name: str, rows: list[Destination]) -> None:
    count = Counter(row.location.status for row in rows)
    cells = " | ".join(f"{count[s]} ({count[s] / len(rows):.1%})" for s in STATUSES)
    inside = sum(row.location.status in STATUSES[:2] and row.zone in INSIDE for row in rows)
    sys.stdout.write(f"| {name} | {len(rows)} | {cells} | {inside} |\n")


def _print(title: str, head: str) -> None:
    sys.stdout.write(f"\n{title}\n\n{head}\n")


def _alone(source: object, ip: str, knowledge: Knowledge) -> str | None:
    found = {row.country for row in source.evidence(_seed(ip), knowledge, SETTINGS) if row.country}  # type: ignore[attr-defined]
    return found.pop() if len(found) == 1 else None


def _in_eea(country: str | None, knowledge: Knowledge) -> bool:
    return knowledge.zones.zone(country, SETTINGS.as_of) in INSIDE


def _upper(wrong: int, count: int) -> float:
    """Gives the share at which seeing at most `wrong` of `count` has a probability of 5 % (by bisection)."""
    low, high = wrong / count, 1.0
    for _ in range(60):
        mid = (low + high) / 2
        terms = (
            math.exp(
                math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
                + k * math.log(mid) + (count - k) * math.log1p(-mid)
            )
            for k in range(wrong + 1)
        )  # fmt: skip
        low, high = (mid, high) if sum(terms) > CHANCE else (low, mid)
    return high


def _first(network: str) -> str:
    hosts = ipaddress.ip_network(network)
    return str(hosts[min(1, hosts.num_addresses - 1)])


def _seed(ip: str) -> DestinationSeed:
    plain = DestinationSeed(
        "", None, None, None, (), False, False, None, 1, 1, 1, ("f1",), (), (443,), 1, 1, ()
    )
    return replace(plain, ip=ip)


def _located(ip: str, knowledge: Knowledge) -> Destination:
    return locate((_seed(ip),), knowledge, SETTINGS)[0]


if __name__ == "__main__":
    main()
