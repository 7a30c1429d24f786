"""Writes docs/data-types/inferred.md: what the rhythm of closed traffic may fit, and how often that is right.

Run as `python tools/docs/build_inferred.py` in the root of the repository; a test compares the page with what this makes.
"""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from iotaudit.detect.rhythm import PATTERNS  # noqa: E402 - the tests are beside the package
from iotaudit.model.shapes import WIDTHS_S  # noqa: E402
from tests.detect.labelled.rhythms import RUNS, named  # noqa: E402

PAGE = ROOT / "docs" / "data-types" / "inferred.md"
HEAD = """# Inferred: what closed traffic fits
Of conversations that nobody could look into, size, direction and time are known, and nothing else. Where they fit a
pattern below, `exposures` has a row with confidence `inferred`, channel `encrypted` and `where` "rhythm": `masked_sample`
says the figures in words ("1.3 Mbit/s up for 4 min 10 s"), `measured` has them as numbers, `alternatives` what would fit as
well, `packets` the first packet of each burst. A report says that it *fits*, never that it was sent.

Inference decides nothing: no rule takes such a row as a subject, `destination.data_types` leaves it out, and the verdict
does not know of it. Unread bytes count as closed, as before (rule [gt-013](../rules/gt-013.md)).

## What is measured
Payload bytes and packets of both sides by second, as they stand on the wire: handshakes, framing and repeated packets are
in, later fragments of a datagram are not. Only conversations of audited devices with destinations outside are looked at, and
only where their payload stayed closed; name look-ups, clocks, shells and tunnels have a rhythm of their own and are asked
for bytes alone. Where more than half a million bins would be kept, all are made coarser ({widths}), and beyond that the
last conversations are not kept: `inputs[].problems` says so (`rhythm_limit`). Voice and commands are looked for by second
only.

## Patterns
| pattern | data type | fits | would also fit | why |
| --- | --- | --- | --- | --- |
{patterns}

A download is told as `device.os_firmware` since a device that asks for firmware usually names its version; what comes down
is no data of the device.

## How often it is right: invented talks
{runs} talks of each kind, with rates, sizes and distances of their own, made by `tests/detect/labelled/rhythms.py` and measured
by `make inferred`. They were written together with the patterns: they show that each pattern finds what it is meant for and
leaves the rest alone, not how devices in the field behave. Kinds that are *undecidable* look like something else on
purpose: that the other is named is expected, and is why every row has alternatives.

| kind | meant to be | right type | named right | also named (talks) |
| --- | --- | --- | --- | --- |
{kinds}

`traffic.opaque_upload` says only that so many bytes left unread; it is right wherever it stands.

## How often it is right: real captures
All 220 captures of `../shared/captures` that can be read, without a profile; the first three rows were looked at
with tshark, the uploads held against the payload of their flows:

| rows | type | judged |
| --- | --- | --- |
| 2 | `media.video` | very likely right: both devices are cameras, each with a peer-to-peer stream to an address outside, 0.7 and 0.8 Mbit/s, second by second as tshark counts them (`tshark -Y 'udp.port==35324' -T fields -e frame.time_relative -e udp.length`) |
| 1 | `usage.telemetry` | cannot be told: about 1.1 kB over TLS once a minute, seven times |
| 17 | `traffic.opaque_upload` | right as far as it goes: the bytes are those that the flows carried unread |

Two more were named by earlier thresholds and are not any more: a check each minute that a server can be reached (720
bytes, all but 200 of them the handshake) as telemetry, and a RADIUS exchange in a fuzzed file as commands. The set has no
voice, map, firmware or snapshots in closed conversations, so nothing is known of how those patterns do in the field.

## Limits
- A rate, a size and a period are all there is. A backup over a slow line is a video stream, logs of like size are
  snapshots, and a log that goes up in the marked step is a map.
- Video below 200 kbit/s, or with motion only now and then, is not found. Neither is anything inside a tunnel but a stream.
- With a snap length the sizes are right all the same: they come from the headers.
"""


def make() -> str:
    """Gives the page."""
    patterns = "\n".join(
        f"| `{p.ID}` | `{p.DATA_TYPE}` | {p.FITS} | {'; '.join(p.ALTERNATIVES)} | {p.REASONING} |" for p in PATTERNS
    )
    lines = []
    for kind, rows in named():
        others = Counter(name for row in rows for name in row if name != kind.right)
        also = ", ".join(f"`{name}` {count}" for name, count in sorted(others.items())) or "-"
        found = f"{sum(kind.right in row for row in rows)} of {len(rows)}" if kind.right else "-"
        right = f"`{kind.right}`" if kind.right else "none"
        lines.append(f"| {kind.name} | {kind.verdict} | {right} | {found} | {also} |")
    widths = ", ".join(f"{width} s" for width in WIDTHS_S)
    return HEAD.format(patterns=patterns, kinds="\n".join(lines), runs=RUNS, widths=widths)


if __name__ == "__main__":
    PAGE.write_text(make(), "utf-8")
