"""JSON Web Tokens: head and claims. Source: RFC 7519 section 3, RFC 7515 section 3.1."""

import re

from iotaudit.codec import base64, json
from iotaudit.codec.budget import Budget, Piece

ID = "jwt"
MOST_LEN = 16_384
_TOKEN = re.compile(rb"(eyJ[A-Za-z0-9_-]{8,})\.([A-Za-z0-9_-]{4,})\.[A-Za-z0-9_-]*")


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives head and claims of a token that is all of `data`; both must be JSON objects."""
    if not data.startswith(b"eyJ") or len(data) > MOST_LEN:
        return ()
    match = _TOKEN.fullmatch(data)
    if match is None:
        return ()
    found = []
    for name, part in (("header", match[1]), ("claims", match[2])):
        plain = base64.to_bytes(part.ljust(base64.LEAST_LEN, b"=")) or b""
        parsed = json.parse(plain)
        if parsed is None or not isinstance(parsed.values[0][1], dict) or not budget.spend(len(plain)):
            return ()
        found.append(Piece(plain, name, raw=part))
    return tuple(found)
