"""DEFLATE streams with a bound, shared by gzip and zlib; keeps what came out before damage or the cut."""

import zlib
from dataclasses import dataclass
from enum import Enum

from iotaudit.codec.budget import Budget

CHUNK = 1 << 16
MEMBERS = 64


class End(Enum):
    """How a member ended: with its check sum, before it, or with bytes that are no DEFLATE."""

    WHOLE = "whole"
    CUT = "cut"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, repr=False)
class Inflated:
    """The plain bytes, and whether they came without an error (a cut stream is sound, as far as it goes)."""

    data: bytes
    sound: bool


def inflate(data: bytes, wbits: int, budget: Budget) -> Inflated:
    """Gives the plain bytes of all members of `data`, as far as they can be read within the budget.

    Args:
        data: the compressed bytes; what follows the last member is not looked at.
        wbits: as in `zlib.decompressobj`.
        budget: pays for what comes out; notes "size" where the result was cut.
    """
    out = bytearray()
    room = budget.room()
    rest = data
    end = End.WHOLE
    for _ in range(MEMBERS):
        rest, end = _member(rest, wbits, out, room, budget)
        if end is not End.WHOLE or not rest or rest[:2] != data[:2]:
            break
    budget.spend(len(out))
    return Inflated(bytes(out), end is not End.BROKEN)


def _member(
    data: bytes, wbits: int, out: bytearray, room: int, budget: Budget
) -> tuple[bytes, "End"]:
    """Appends one member to `out`; gives the bytes after it, and how it ended."""
    machine = zlib.decompressobj(wbits)
    for at in range(0, len(data), CHUNK):
        chunk = data[at : at + CHUNK]
        while chunk:
            if len(out) >= room:
                budget.exceed("size")
                return b"", End.CUT
            try:
                out += machine.decompress(chunk, min(CHUNK, room - len(out)))
            except zlib.error:
                return b"", End.BROKEN
            chunk = machine.unconsumed_tail
        if machine.eof:
            return machine.unused_data + data[at + CHUNK :], End.WHOLE
    return b"", End.CUT
