"""Which alphabets of encodings a word is of: one look that spares each decoder its own.

Source: RFC 4648 sections 4 to 8; draft-msporny-base58-03 section 2.
"""

_DIGITS, _UPPER, _LOWER = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_STANDARD = _DIGITS + _UPPER + _LOWER + b"+/"
_URL_SAFE = _DIGITS + _UPPER + _LOWER + b"-_"
_ANY = _STANDARD + b"-_"
_HEX = b"0123456789abcdefABCDEF"
BASE32, _BASE32_LOWER = _UPPER + b"234567", _LOWER + b"234567"
BASE58 = bytes(c for c in _DIGITS + _UPPER + _LOWER if c not in b"0OIl")
HEX_LEN = 16
"""A word of so many hexadecimal digits, and no other letters, is of no wider alphabet but by chance."""
PADDING = 6
"""Most `=` at the end: base32 has up to six."""


def is_hex(token: bytes) -> bool:
    """True where all of `token` are hexadecimal digits."""
    return not token.translate(None, _HEX)


def is_base32(token: bytes) -> bool:
    """True where all of `token` is of base32, in one case of letters."""
    return not token.translate(None, BASE32) or not token.translate(None, _BASE32_LOWER)


def is_base58(token: bytes) -> bool:
    """True where all of `token` is of base58."""
    return not token.translate(None, BASE58)


def encodings(data: bytes) -> tuple[str, ...]:
    """Gives the names of the encodings whose letters `data` (one token) has, the narrowest first.

    Line breaks count as none of the letters; padding may end the token, and `0x` begin hexadecimal digits.
    """
    token = data.rstrip(b"=")
    padding = len(data) - len(token)
    other = token.translate(None, _ANY)
    if other and other.translate(None, b"\r\n"):
        return ()
    if padding > PADDING:
        return ()
    if (
        not padding
        and not other
        and is_hex(token.removeprefix(b"0x"))
        and not len(token) % 2
        and len(token) >= HEX_LEN
    ):
        return ("hex",)
    found = []
    if not other and is_base32(token):
        found.append("base32")
    if padding < 3 and (
        not token.translate(None, _STANDARD + b"\r\n") or not token.translate(None, _URL_SAFE + b"\r\n")
    ):
        found.append("base64")
    if not padding and not other and is_base58(token):
        found.append("base58")
    return tuple(found)
