"""gzip.

Source: RFC 1952 section 2.3 (magic 1f 8b, method 8).
"""

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.inflate import inflate

ID = "gzip"
MAGIC = b"\x1f\x8b\x08"


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes of all members."""
    if not data.startswith(MAGIC):
        return ()
    plain = inflate(data, 31, budget).data
    return (Piece(plain),) if plain else ()
