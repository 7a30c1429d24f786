"""Bytes under a one-byte XOR, where a known value or a strong sign appears: JSON that parses, or a known format.

Two neighbours XORed show the same difference under any key, so one look finds a word under all 255 of them.
"""

from collections.abc import Sequence
from functools import lru_cache

from iotaudit.codec import gzip, json
from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.inflate import inflate

ID = "xor"
LEAST_LEN = 12
LEAST_WORD = 8
"""Seven differences: a word of eight letters is there by chance once in 10^16 bytes."""
SEARCHED_LEN = 1 << 16
MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF")
_STARTS = frozenset(
    start[0] ^ start[1] for start in (*MAGICS, gzip.MAGIC, b'{"', b"{\r", b"{\n", b"{ ", b"{\t")
)
"""What the first two bytes differ by under any key."""


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes where they are JSON, gzip or a picture under one key."""
    key = _key(data)
    if not key or not budget.spend(len(data)):
        return ()
    return (Piece(data.translate(_table(key))),)


def decode_known(data: bytes, words: Sequence[bytes], budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes where one of the words stands in them under one key other than 0.

    `words` are `differences` of the spellings that are looked for, each with its first byte.
    """
    if len(data) < LEAST_LEN or not words:
        return ()
    seen = differences(data[:SEARCHED_LEN])
    for word in words:
        at = seen.find(word[1:])
        if at >= 0:
            key = data[at] ^ word[0]
            if key and budget.spend(len(data)):
                return (Piece(data.translate(_table(key))),)
    return ()


def differences(data: bytes) -> bytes:
    """Gives each byte XORed with the next one."""
    first, second = int.from_bytes(data[:-1]), int.from_bytes(data[1:])
    return (first ^ second).to_bytes(max(0, len(data) - 1))


@lru_cache(256)
def _table(key: int) -> bytes:
    """Gives what each byte becomes under a key."""
    return bytes(byte ^ key for byte in range(256))


def _key(data: bytes) -> int:
    """Gives the key under which the bytes are of a known format, 0 where there is none."""
    if len(data) < LEAST_LEN or data[0] ^ data[1] not in _STARTS:
        return 0
    key = data[0] ^ 0x7B
    if (
        key == data[-1] ^ 0x7D
        and key
        and data[1] ^ key in b'"\r\n \t'
        and json.parse(data.translate(_table(key)))
    ):
        return key
    for magic in (*MAGICS, gzip.MAGIC):
        key = data[0] ^ magic[0]
        signed = key and data[: len(magic)].translate(_table(key)) == magic
        if signed and (magic is not gzip.MAGIC or _is_gzip(data.translate(_table(key)))):
            return key
    return 0


def _is_gzip(data: bytes) -> bool:
    """True where bytes with the magic go on as gzip does: three bytes under any key are a weak sign."""
    start = inflate(data[:SEARCHED_LEN], 31, Budget(step_len=SEARCHED_LEN))
    return start.sound and bool(start.data)
