"""Builds `oui.bin` (link address to vendor) from the JSON of the npm package `oui-data`.

Run: `python tools/knowledge/build_oui.py DOWNLOADED.tgz iotaudit/packs/data/oui.bin`

Kept is the first line of each entry (the organisation), for blocks of 24, 28 and 36 bits. Rows that name no vendor
("Private", and the registry itself where it has cut the block up) are kept as such: the empty text.
"""

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from columns import texts, write

NO_VENDOR = {"IEEE Registration Authority", "Private", "PRIVATE", "private"}


def main() -> None:
    """Reads the package named first and writes the file named second."""
    package, target = Path(sys.argv[1]), Path(sys.argv[2])
    with tarfile.open(package) as tar:
        file = tar.extractfile("package/index.json")
        if file is None:
            raise SystemExit("package/index.json is not in the package")
        entries = json.load(file)
    rows: dict[int, list[tuple[int, str]]] = {24: [], 28: [], 36: []}
    for prefix, text in entries.items():
        name = " ".join(text.split("\n", 1)[0].split())
        rows[len(prefix) * 4].append((int(prefix, 16), "" if name in NO_VENDOR else name))
    names = sorted({name for block in rows.values() for _, name in block})
    index = {name: i for i, name in enumerate(names)}
    columns: dict[str, np.ndarray] = {}
    for bits, block in rows.items():
        block.sort()
        dtype = np.uint32 if bits < 32 else np.uint64
        columns[f"p{bits}_step"] = np.diff(np.array([p for p, _ in block], dtype), prepend=dtype(0))
        columns[f"p{bits}_name"] = np.array([index[name] for _, name in block], np.uint16)
    columns["name_end"], columns["names"] = texts(names)
    write(target, columns)
    sys.stdout.write(f"{sum(map(len, rows.values()))} blocks, {len(names)} vendors\n")


if __name__ == "__main__":
    main()
