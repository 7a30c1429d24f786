"""Bytes written as hexadecimal digits. Source: RFC 4648 section 8."""

import binascii
import re

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_worth

ID = "hex"
LEAST_LEN = 16
_DIGITS = re.compile(rb"(?:0x)?((?:[0-9A-Fa-f]{2})+)")


def to_bytes(data: bytes) -> bytes | None:
    """Gives the bytes that `data` (one token) stands for, None where it is not hexadecimal."""
    if len(data) < LEAST_LEN:
        return None
    match = _DIGITS.fullmatch(data.strip())
    return binascii.unhexlify(match[1]) if match else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the decoded bytes where they are text or of a known format."""
    plain = to_bytes(data)
    if plain is None or not is_worth(plain):
        return ()
    return (Piece(plain),) if budget.spend(len(plain)) else ()
