"""Writes docs/data-types/recall.md: what the detection finds of the labelled set in tests/detect/labelled/.

Run as `python tools/docs/build_recall.py` in the root of the repository; a test compares the page with what this makes.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from iotaudit.packs.knowledge import load_knowledge  # noqa: E402 - the tests are beside the package
from tests.detect.labelled.measure import Trial, detected, planted  # noqa: E402

PAGE = ROOT / "docs" / "data-types" / "recall.md"
HEAD = """# Recall
What the detection finds of a labelled set of invented records, each written in every one of {chains} encodings (chains
of one to four steps) and planted in an HTTP body. The encoders are written for the set and share no code with the
decoders. The set is generated: it shows that each decoding leads to the values, not how often senders write things
that nobody thought of.

A known value counts as found where it is proven, under names of fields that tell nothing; a detector's where its type is
named at all, without a file of known values. Made with `python tools/docs/build_recall.py`.

| | records | found | share |
| --- | --- | --- | --- |
{sums}

"""


def make() -> str:
    """Gives the page."""
    types = load_knowledge([]).data_types
    known, found = list(planted(types)), list(detected(types))
    sums = "\n".join(
        f"| {name} | {len(rows)} | {sum(r.found for r in rows)} | {_share(rows)} |"
        for name, rows in (("known values", known), ("detectors", found))
    )
    page = HEAD.format(chains=len({row.chain for row in known}), sums=sums)
    return page + _types(found) + _encodings(known, found)


def _share(rows: list[Trial]) -> str:
    return f"{sum(row.found for row in rows) / len(rows):.3f}"


def _types(rows: list[Trial]) -> str:
    """Gives the confusion table: rows what was planted, and what else was named."""
    by_type: dict[str, list[Trial]] = defaultdict(list)
    for row in rows:
        by_type[row.data_type].append(row)
    lines = [
        "## Detectors: planted and named\n",
        "`credential.token` beside others is the signed token (JWT) that the record was written in.\n",
        "| planted | records | found | also named (records) |",
        "| --- | --- | --- | --- |",
    ]
    for data_type, trials in sorted(by_type.items()):
        others = Counter(other for trial in trials for other in trial.others)
        named = ", ".join(f"`{name}` {count}" for name, count in sorted(others.items())) or "-"
        lines.append(f"| `{data_type}` | {len(trials)} | {sum(t.found for t in trials)} | {named} |")
    return "\n".join(lines) + "\n\n"


def _encodings(known: list[Trial], found: list[Trial]) -> str:
    lines = [
        "## By encoding\n",
        "| encoding | known values | detectors |",
        "| --- | --- | --- |",
    ]
    for chain in dict.fromkeys(row.chain for row in known):
        shares = [_share([row for row in rows if row.chain == chain]) for rows in (known, found)]
        lines.append(f"| {chain} | {shares[0]} | {shares[1]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(make(), encoding="utf-8")
