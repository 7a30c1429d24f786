"""Reads the column files of the embedded knowledge (written by `tools/knowledge/columns.py`).

Form: `IOTCOLS1`, the length (4 bytes, big endian) and text of a JSON header (name to [numpy type, rows, length of
the zstd frame], in file order), then one zstd frame per column, its bytes plane by plane.
"""

from bisect import bisect_right
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import zstandard

from iotaudit.errors import SetupError

MAGIC = b"IOTCOLS1"
Column = npt.NDArray[Any]
MARKED = 256
"""Rows from one mark to the next."""


class Begins:
    """Begins of ranges in order. Every 256th is kept as a plain number too: searching those first touches little memory."""

    __slots__ = ("_marks", "rows")

    def __init__(self, column: Column) -> None:
        self.rows = column.data
        self._marks: list[int] = column[::MARKED].tolist()

    def upto(self, number: int) -> int:
        """Gives how many ranges begin at or before a number."""
        end = bisect_right(self._marks, number) * MARKED
        return bisect_right(self.rows, number, end - MARKED, min(end, len(self.rows))) if end else 0


def read_columns(path: Path, *beginnings: str) -> dict[str, Column]:
    """Gives the columns by name: those whose names begin so, all where no beginning is given.

    Raises:
        SetupError: the file is missing or damaged, so the installation is.
    """
    try:
        return _parse(path.read_bytes(), beginnings or ("",))
    except (OSError, ValueError, zstandard.ZstdError):
        raise SetupError(
            f"the embedded knowledge file {path.name} is damaged; install iotaudit again"
        ) from None


def _parse(data: bytes, beginnings: tuple[str, ...]) -> dict[str, Column]:
    if not data.startswith(MAGIC):
        raise ValueError
    at = len(MAGIC) + 4
    end = at + int.from_bytes(data[at - 4 : at], "big")
    header = orjson.loads(data[at:end])
    unpacker = zstandard.ZstdDecompressor()
    columns = {}
    for name, (dtype, rows, frame_len) in header.items():
        kind = np.dtype(f"<{dtype}")
        frame = data[end : end + frame_len]
        end += frame_len
        if not name.startswith(beginnings):
            continue
        planes = unpacker.decompress(frame, max_output_size=rows * kind.itemsize)
        cells = np.frombuffer(planes, np.uint8).reshape(kind.itemsize, rows)
        columns[name] = np.ascontiguousarray(cells.T).view(kind).reshape(rows)
    return columns


def text_at(columns: dict[str, Column], row: int) -> str:
    """Gives text `row` of the columns `name_end` and `names`."""
    ends = columns["name_end"]
    begin = int(ends[row - 1]) if row else 0
    return bytes(columns["names"][begin : int(ends[row])]).decode("utf-8", "replace")
