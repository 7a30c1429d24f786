"""Base64, standard and URL-safe, with or without padding.

Any word of letters is also base64 of something, so a result counts only where it is text or starts like a
known format (`worth`): eight random bytes look so once in some thousand words.

Source: RFC 4648 sections 4 and 5.
"""

import binascii
import re

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_worth

ID = "base64"
LEAST_LEN = 10
_STANDARD = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE = re.compile(rb"[A-Za-z0-9_-]+={0,2}")
_BREAKS = bytes.maketrans(b"-_", b"+/")


def to_bytes(data: bytes) -> bytes | None:
    """Gives the bytes that `data` (one token, line breaks allowed) stands for, None where it is not base64."""
    token = data.strip()
    if b"\n" in token:
        token = token.translate(None, b"\r\n")
    if len(token) < LEAST_LEN:
        return None
    if _STANDARD.fullmatch(token) is None:
        if _URL_SAFE.fullmatch(token) is None:
            return None
        token = token.translate(_BREAKS)
    token = token.rstrip(b"=")
    if len(token) % 4 == 1:
        return None
    try:
        return binascii.a2b_base64(token + b"=" * (-len(token) % 4))
    except binascii.Error:
        return None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the decoded bytes where they are text or of a known format."""
    plain = to_bytes(data)
    if plain is None or not is_worth(plain):
        return ()
    return (Piece(plain),) if budget.spend(len(plain)) else ()
