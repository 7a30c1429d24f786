"""Zstandard.

Source: RFC 8878 section 3.1.1 (magic 28 b5 2f fd), section 7 on window sizes.
"""

import zstandard

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.guard import Fault, guarded

ID = "zstd"
MAGIC = b"\x28\xb5\x2f\xfd"
WINDOW_LEN = 8 << 20
CHUNK = 1 << 16


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes of all frames."""
    if not data.startswith(MAGIC):
        return ()
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_LEN).stream_reader(
        data, read_across_frames=True
    )
    out = bytearray()
    room = budget.room()
    while True:
        piece = guarded(ID, reader.read, CHUNK)
        if isinstance(piece, Fault) or not piece:
            break
        out += piece
        if len(out) > room:
            del out[room:]
            budget.exceed("size")
            break
    budget.spend(len(out))
    return (Piece(bytes(out)),) if out else ()
