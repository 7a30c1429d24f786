"""Builds `ipfire.bin` (address to country) from the text files of Debian's package `tor-geoipdb` (IPFire Location).

Run: `python tools/knowledge/build_ipfire.py FOLDER iotaudit/packs/data/ipfire.bin`, where FOLDER holds the package's
`geoip` and `geoip6`: `/usr/share/tor` where it is installed, or `dpkg-deb -x tor-geoipdb_*.deb OUT` and then
`OUT/usr/share/tor`.

Every range is kept as it stands, with its code (`??` included): only the form of storage differs, nothing is joined,
dropped or added, and no other table is mixed in. The licence of the data (CC BY-SA 4.0) stays with the file.
"""

import ipaddress
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from columns import write

LOW = (1 << 64) - 1


def main() -> None:
    """Reads the folder named first and writes the file named second."""
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    v4, v6 = _rows(folder / "geoip"), _rows(folder / "geoip6")
    codes = sorted({code for _, _, code in v4 + v6})
    number = {code: at for at, code in enumerate(codes)}
    write(
        target,
        {
            "codes": np.frombuffer("".join(codes).encode("ascii"), np.uint8),
            "v4_step": _steps([a for a, _, _ in v4], np.uint32),
            "v4_len": np.array([b - a for a, b, _ in v4], np.uint32),
            "v4_code": np.array([number[c] for _, _, c in v4], np.uint16),
            "v6_step": _steps([a >> 64 for a, _, _ in v6], np.uint64),
            "v6_low": np.array([a & LOW for a, _, _ in v6], np.uint64),
            "v6_len": np.array([(b >> 64) - (a >> 64) for a, b, _ in v6], np.uint64),
            "v6_last_low": np.array([b & LOW for _, b, _ in v6], np.uint64),
            "v6_code": np.array([number[c] for _, _, c in v6], np.uint16),
        },
    )
    sys.stdout.write(f"{len(v4)} IPv4 and {len(v6)} IPv6 ranges, {len(codes)} codes\n")


def _steps(starts: list[int], kind: type[np.unsignedinteger]) -> np.ndarray:
    return np.diff(np.array(starts, kind), prepend=kind(0))


def _rows(path: Path) -> list[tuple[int, int, str]]:
    rows = []
    for line in path.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            first, last, code = line.split(",")
            rows.append((_number(first), _number(last), code))
    rows.sort()
    if any(len(c) != 2 for _, _, c in rows) or any(
        a <= b for (_, b, _), (a, _, _) in pairwise(rows)
    ):
        raise SystemExit(f"{path}: ranges overlap or a code is not two letters")
    return rows


def _number(text: str) -> int:
    return int(text) if text.isdigit() else int(ipaddress.IPv6Address(text))


if __name__ == "__main__":
    main()
