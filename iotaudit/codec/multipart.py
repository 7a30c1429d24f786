"""multipart bodies (forms with files, mixed).

Source: RFC 2046 section 5.1, RFC 7578 section 4.2.
"""

import re

from iotaudit.codec import base64
from iotaudit.codec.budget import Budget, Piece

ID = "multipart"
PARTS = 256
HEAD_LEN = 8192
_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=?-]{1,70})[ \t]*\r?\n")
_NAME = re.compile(r'(?i)[;\s](?:file)?name="?([^";\r\n]{1,256})')
_TYPE = re.compile(r"(?im)^content-type:\s*([^\r\n;]{1,256})")
_BASE64 = re.compile(r"(?im)^content-transfer-encoding:\s*base64")


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the parts with the names of their fields; the boundary is read from the body's first line."""
    start = _BOUNDARY.match(data.lstrip(b"\r\n")[:80])
    if start is None:
        return ()
    found: list[Piece] = []
    for part in data.split(b"--" + start[1], PARTS + 1)[1:]:
        if part.startswith(b"--"):
            break
        if len(found) >= PARTS:
            budget.exceed("parts")
            break
        piece = _part(part)
        if piece is not None:
            if not budget.spend(len(piece.data)):
                break
            found.append(piece)
    return tuple(found)


def _part(part: bytes) -> Piece | None:
    body = part.lstrip(b" \t")
    for blank in (b"\r\n\r\n", b"\n\n"):
        at = body.find(blank, 0, HEAD_LEN)
        if at >= 0:
            break
    else:
        return None
    head = body[:at].decode(errors="replace")
    data = body[at + len(blank) :].removesuffix(b"\n").removesuffix(b"\r")
    if _BASE64.search(head):
        data = base64.to_bytes(data) or data
    name, kind = _NAME.search(head), _TYPE.search(head)
    return Piece(data, name[1] if name else "", kind[1].strip() if kind else "")
