"""Writes the column files that `iotaudit/packs/columns.py` reads.

Form: `IOTCOLS1`, the length (4 bytes, big endian) and text of a JSON header (name to [numpy type, rows, length of
the zstd frame], in file order), then one zstd frame per column. A column's bytes are stored plane by plane (all
lowest bytes first), which halves the size of sorted numbers.
"""

import json
from pathlib import Path

import numpy as np
import zstandard

MAGIC = b"IOTCOLS1"


def write(target: Path, columns: dict[str, np.ndarray]) -> None:
    """Writes little-endian columns; the same columns give the same bytes."""
    packer = zstandard.ZstdCompressor(level=19)
    frames, header = [], {}
    for key, column in columns.items():
        little = np.ascontiguousarray(column.astype(column.dtype.newbyteorder("<")))
        planes = little.view(np.uint8).reshape(len(column), little.dtype.itemsize)
        frames.append(packer.compress(planes.T.tobytes()))
        header[key] = [column.dtype.str[1:], len(column), len(frames[-1])]
    head = json.dumps(header, separators=(",", ":")).encode()
    target.write_bytes(MAGIC + len(head).to_bytes(4, "big") + head + b"".join(frames))


def texts(values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Gives the ends (uint32) of the texts in one buffer of bytes, and that buffer."""
    raw = [value.encode() for value in values]
    ends = np.cumsum([len(part) for part in raw], dtype=np.uint64).astype(np.uint32)
    return ends, np.frombuffer(b"".join(raw), np.uint8)
