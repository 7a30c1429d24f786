"""Base58 with the alphabet of Bitcoin (no 0, O, I, l), of short tokens: the work grows with the square of the length.

Source: draft-msporny-base58-03 sections 2 and 4.
"""

from iotaudit.codec import alphabet
from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_worth

ID = "base58"
LEAST_LEN = 18
"""Thirteen bytes: all readable by chance once in 200,000 words."""
MOST_LEN = 256
_VALUES = {letter: value for value, letter in enumerate(alphabet.BASE58)}


def to_bytes(data: bytes) -> bytes | None:
    """Gives the bytes that `data` (one token) stands for, None where it is not base58."""
    token = data.strip()
    if not LEAST_LEN <= len(token) <= MOST_LEN or not alphabet.is_base58(token):
        return None
    number = 0
    for letter in token:
        number = number * 58 + _VALUES[letter]
    zeros = len(token) - len(token.lstrip(b"1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the decoded bytes where they are text or of a known format."""
    plain = to_bytes(data)
    if plain is None or not is_worth(plain):
        return ()
    return (Piece(plain),) if budget.spend(len(plain)) else ()
