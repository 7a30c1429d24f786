"""zlib, and raw DEFLATE where a header declared it.

Source: RFC 1950 section 2.2 (CM = 8, header divisible by 31); RFC 1951.
"""

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.inflate import inflate

ID = "zlib"


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes of a zlib stream; a stream with an error is none, since two bytes are a weak sign."""
    if len(data) < 8 or data[0] & 0x8F != 0x08 or (data[0] << 8 | data[1]) % 31 or data[1] & 0x20:
        return ()
    plain = inflate(data, 15, budget)
    return (Piece(plain.data),) if plain.data and plain.sound else ()


def decode_declared(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes where "deflate" was declared: many senders leave the zlib header out."""
    found = decode(data, budget)
    if found:
        return found
    plain = inflate(data, -15, budget)
    return (Piece(plain.data),) if plain.data else ()
