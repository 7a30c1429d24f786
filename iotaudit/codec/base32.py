"""Base32, in capitals or small letters, with or without padding. Source: RFC 4648 section 6.

Sixteen letters are ten bytes; that these are all readable by chance happens once in ten thousand words of the
alphabet, and words of it that long are rare.
"""

import binascii
from base64 import b32decode

from iotaudit.codec import alphabet
from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_worth

ID = "base32"
LEAST_LEN = 16
RESTS = frozenset({0, 2, 4, 5, 7})
"""Letters that may be left after whole groups of eight."""
_VALUES = {letter: value for value, letter in enumerate(alphabet.BASE32)}


def to_bytes(data: bytes) -> bytes | None:
    """Gives the bytes that `data` (one token) stands for, None where it is not base32."""
    token = data.strip().rstrip(b"=")
    if len(token) < LEAST_LEN or len(token) % 8 not in RESTS or not alphabet.is_base32(token):
        return None
    token = token.upper()
    try:
        plain = b32decode(token + b"=" * (-len(token) % 8))
    except binascii.Error:
        return None
    spare = len(token) * 5 % 8
    last = _VALUES[token[-1]]
    return plain if not last & ((1 << spare) - 1) else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the decoded bytes where they are text or of a known format."""
    plain = to_bytes(data)
    if plain is None or not is_worth(plain):
        return ()
    return (Piece(plain),) if budget.spend(len(plain)) else ()
