"""Measures how far the embedded knowledge places addresses whose region, or anycast nature, somebody else states.

Run: `python tools/knowledge/measure.py REGIONS.csv ANYCAST.txt`; the first has the columns prefix and country, the
second one network per line. The first address of each network is located, without a name.
"""

import csv
import ipaddress
import sys
from collections import Counter
from pathlib import Path

from iotaudit.locate import locate
from iotaudit.model.destinations import Destination, DestinationSeed, Zone
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

INSIDE = frozenset({Zone.EU, Zone.EEA})


def main() -> None:
    """Prints one line for each list."""
    knowledge = load_knowledge()
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        truth = [(row["prefix"], row["country"]) for row in csv.DictReader(file)]
    found: Counter[str] = Counter()
    for network, country in truth:
        row = _located(network, knowledge)
        placed = row.location.country
        found["placed"] += placed is not None
        found["wrong country"] += placed not in {None, country}
        outside = knowledge.zones.zone(country, "2026-11-24") not in INSIDE
        found["wrongly in the EU/EEA"] += placed is not None and row.zone in INSIDE and outside
    sys.stdout.write(f"regions: {len(truth)} networks, {dict(found)}\n")
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").split()
    rows = [_located(line, knowledge) for line in lines]
    inside = sum(row.location.country is not None and row.zone in INSIDE for row in rows)
    placed_len = sum(row.location.country is not None for row in rows)
    sys.stdout.write(
        f"anycast: {len(rows)} networks, {placed_len} placed, {inside} in the EU/EEA\n"
    )


def _located(network: str, knowledge: Knowledge) -> Destination:
    hosts = ipaddress.ip_network(network)
    ip = str(hosts[min(1, hosts.num_addresses - 1)])
    seed = DestinationSeed(
        ip, None, None, None, (), False, False, None, 1, 1, 1, ("f1",), (), (443,), 1, 1, ()
    )
    return locate((seed,), knowledge, Settings(as_of="2026-11-24"))[0]


if __name__ == "__main__":
    main()
