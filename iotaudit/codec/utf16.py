"""UTF-16 text, with a byte-order mark or known by its zero bytes.

Source: RFC 2781 sections 3.2 and 4.3.
"""

from iotaudit.codec.budget import Budget, Piece

ID = "utf16"
LEAST_LEN = 8


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the text as UTF-8 bytes."""
    name = _order(data)
    if name is None:
        return ()
    text = data[: len(data) & ~1].decode(name, errors="replace").lstrip("\ufeff")
    if text.count("\ufffd") * 20 > len(text):
        return ()
    plain = text.encode()
    return (Piece(plain),) if plain and budget.spend(len(plain)) else ()


def _order(data: bytes) -> str | None:
    if len(data) < LEAST_LEN:
        return None
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be"
    probe = data[:256]
    even, odd = probe[0::2], probe[1::2]
    if odd.count(0) * 10 > len(odd) * 9 and not even.count(0):
        return "utf-16-le"
    if even.count(0) * 10 > len(even) * 9 and not odd.count(0):
        return "utf-16-be"
    return None
