"""Builds `asn.bin` (address to network number and name) from the CSV files of the npm package `@ip-location-db/asn`.

Run: `python tools/knowledge/build_asn.py DOWNLOADED.tgz iotaudit/packs/data/asn.bin`

Ranges are stored as sorted starts; a gap between two ranges is a range of network 0. IPv6 ranges are kept to their
upper 64 bits; a /64 that several networks share is network 0: not known. Changes to the data: adjacent ranges of one
network joined, gaps filled, names stored once, IPv6 cut to 64 bits; where two ranges overlap (one case in the build
of 2026-06-17) the first keeps its addresses.
"""

import csv
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
from columns import texts, write

Ranges = list[tuple[int, int]]


def main() -> None:
    """Reads the package named first and writes the file named second."""
    package, target = Path(sys.argv[1]), Path(sys.argv[2])
    names: dict[int, str] = {}
    with tarfile.open(package) as tar:
        v4 = _starts(_rows(tar, "package/asn-ipv4-num.csv"), names, shift=0, bits=32)
        v6 = _starts(_rows(tar, "package/asn-ipv6-num.csv"), names, shift=64, bits=64)
    numbers = sorted(names)
    ends, text = texts([names[n] for n in numbers])
    write(
        target,
        {
            "v4_step": np.diff(np.array([s for s, _ in v4], np.uint32), prepend=np.uint32(0)),
            "v4_asn": np.array([a for _, a in v4], np.uint32),
            "v6_step": np.diff(np.array([s for s, _ in v6], np.uint64), prepend=np.uint64(0)),
            "v6_asn": np.array([a for _, a in v6], np.uint32),
            "asn": np.array(numbers, np.uint32),
            "name_end": ends,
            "names": text,
        },
    )
    sys.stdout.write(f"{len(v4)} IPv4 and {len(v6)} IPv6 ranges, {len(numbers)} networks\n")


def _rows(tar: tarfile.TarFile, member: str) -> list[tuple[int, int, int, str]]:
    file = tar.extractfile(member)
    if file is None:
        raise SystemExit(f"{member} is not in the package")
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
    return sorted((int(a), int(b), int(n), name) for a, b, n, name in reader)


def _starts(
    rows: list[tuple[int, int, int, str]], names: dict[int, str], *, shift: int, bits: int
) -> Ranges:
    found: Ranges = [(0, 0)]
    end = 0
    for first, last, asn, name in rows:
        low = max(-(-first >> shift), end)
        after = (last + 1) >> shift
        if after <= low:
            continue
        names.setdefault(asn, " ".join(name.split()))
        if low > end:
            _add(found, end, 0)
        _add(found, low, asn)
        end = after
    if end < 1 << bits:
        _add(found, end, 0)
    return found


def _add(found: Ranges, start: int, asn: int) -> None:
    if found[-1][0] == start:
        found.pop()
    if not found or found[-1][1] != asn:
        found.append((start, asn))


if __name__ == "__main__":
    main()
