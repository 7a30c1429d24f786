"""Writes docs/data-types/recall.md: what the detection finds of the labelled set in tests/detect/labelled/.

Run as `python tools/docs/build_recall.py` in the root of the repository; a test compares the page with what this makes.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from iotaudit.packs.knowledge import load_knowledge  # noqa: E402 - the tests are beside the package
from tests.detect.labelled.carriers import CARRIERS  # noqa: E402
from tests.detect.labelled.measure import (  # noqa: E402
    Trial,
    carried_detected,
    carried_planted,
    detected,
    long_and_bare,
    planted,
)

PAGE = ROOT / "docs" / "data-types" / "recall.md"
HEAD = """# Recall
What the detection finds of a labelled set of invented records, each written in every one of {chains} encodings (chains
of one to four steps), planted in an HTTP body and sent over every carrier. The encoders are written for the set and
share no code with the decoders. The set is generated: it shows that each decoding leads to the values, not how often
senders write things that nobody thought of.

A known value counts as found where it is proven, under names of fields that tell nothing; a detector's where its type is
named at all, without a file of known values. Made with `make recall`.

| | records | found | share |
| --- | --- | --- | --- |
{sums}

"""
CARRIED = """## By carrier
Here the dissectors read the records first, as segments of one short conversation: HTTP/1 with the body in two segments,
HTTP/2 in two DATA frames, gRPC as one message, an MQTT 5 PUBLISH in two segments, a CoAP POST, a masked WebSocket message
in two frames, and a TCP connection of no known protocol whose device sends the body alone. Each record travels over two
of them in turn, so that each encoding and each data type meets each carrier. A content coding is sent only where the
carrier can declare it (HTTP).

| carrier | known values | proven | share | detectors | found | share | also named | missed |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
BARE = """
In gRPC a bare word that happens to be sound protobuf is read as what the type declares.

### Over raw TCP, long bodies may stay opaque
The records above are short. A flow of no known protocol is sampled: from 128 bytes on, bytes as even as chance are
neither called encrypted nor searched, unless they begin like a known compressed format; of these, and of other binary,
the first 4 KiB of a direction are searched. Of a serial number in a body of a kilobyte or more, in {count} encodings,
{found} are found ({share}).

Missed: {missed}. (Base58 is read up to 256 characters over any carrier.)

"""


def make() -> str:
    """Gives the page."""
    types = load_knowledge([]).data_types
    known, found = planted(types), detected(types)
    sums = "\n".join(
        f"| {name} | {len(rows)} | {sum(r.found for r in rows)} | {_share(rows)} |"
        for name, rows in (("known values", known), ("detectors", found))
    )
    page = HEAD.format(chains=len({row.chain for row in known}), sums=sums)
    carried = _carriers(carried_planted(types), carried_detected(types))
    return page + carried + _bare(long_and_bare(types)) + _types(found) + _encodings(known, found)


def _share(rows: Sequence[Trial]) -> str:
    return f"{sum(row.found for row in rows) / len(rows):.3f}"


def _carriers(known: Sequence[Trial], found: Sequence[Trial]) -> str:
    """Gives what is found over each carrier; a signed token (JWT) does not count as named besides."""
    lines = []
    for carrier in CARRIERS:
        parts = [[row for row in rows if row.carrier == carrier.name] for rows in (known, found)]
        cells = [f"{len(rows)} | {sum(row.found for row in rows)} | {_share(rows)}" for rows in parts]
        also = sum(
            other != "credential.token" or "jwt" not in row.chain for row in parts[1] for other in row.others
        )
        missed = Counter(
            f"`{row.data_type}` in {row.chain}" for rows in parts for row in rows if not row.found
        )
        lines.append(f"| {carrier.name} | {' | '.join(cells)} | {also} | {', '.join(sorted(missed)) or '-'} |\n")
    return CARRIED + "".join(lines)


def _bare(rows: Sequence[Trial]) -> str:
    found = sum(row.found for row in rows)
    missed = ", ".join(row.chain for row in rows if not row.found)
    return BARE.format(count=len(rows), found=found, share=_share(rows), missed=missed)


def _types(rows: Sequence[Trial]) -> str:
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


def _encodings(known: Sequence[Trial], found: Sequence[Trial]) -> str:
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
