"""Raw DEFLATE without a header, where nothing declared it: it counts only where the stream is whole and gives text.

A stream must end exactly with the bytes, by its own end mark, and what comes out must be readable.
Source: RFC 1951 section 3.2.3 (block types; type 3 is an error).
"""

import zlib

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.inflate import CHUNK
from iotaudit.codec.worth import is_text

ID = "deflate"
LEAST_LEN = 16
LEAST_TEXT = 12
STORED, RESERVED = 0, 3


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes of a whole stream of compressed blocks."""
    if len(data) < LEAST_LEN or data[0] >> 1 & 3 in (STORED, RESERVED):
        return ()
    machine = zlib.decompressobj(-15)
    room = budget.room()
    out = bytearray()
    rest = data
    try:
        while rest and not machine.eof:
            if len(out) >= room:
                budget.exceed("size")
                break
            out += machine.decompress(rest, min(CHUNK, room - len(out)))
            if not out or not is_text(bytes(out[:64])):
                return ()
            rest = machine.unconsumed_tail
    except zlib.error:
        return ()
    whole = machine.eof and not machine.unused_data
    if not (whole or len(out) >= room) or len(out) < LEAST_TEXT or not is_text(bytes(out)):
        return ()
    return (Piece(bytes(out)),) if budget.spend(len(out)) else ()
