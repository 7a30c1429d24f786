"""What bytes of an unknown protocol look like: text, compressed, or as even as ciphertext; never a proof.

Reasoning: text is told by its characters, compression by its magic. Ciphertext and compressed data without magic
are both as even as chance, so evenness says "cannot be read", not "encrypted".
Source: the expected entropy of n chance bytes follows from the binomial distribution of each symbol's count.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)
"""First bytes of compressed formats (RFC 1952, RFC 8878, RFC 1950 and the formats' own descriptions)."""

TEXT_BYTES = bytes((*range(0x20, 0x7F), 0x09, 0x0A, 0x0D))
MIN_TEXT_LEN = 4
MIN_EVEN_LEN = 128
"""Below this a sample says nothing about evenness: eight-bit text and ciphertext overlap."""
TEXT_SHARE = 0.97
EVEN_MARGIN = 0.3
"""Bits below the expected entropy that still count as even: of 2,000 samples of 128 chance bytes none fell lower."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`kind` is text, compressed, even, binary or nothing; `reason` is a sentence without payload."""

    kind: str
    reason: str


def entropy(data: bytes) -> float:
    """Gives the Shannon entropy of the bytes in bits per byte (0 for none)."""
    total = len(data)
    counts = np.bincount(np.frombuffer(data, np.uint8)).tolist() if total else ()
    return -sum([n / total * math.log2(n / total) for n in counts if n]) if total else 0.0


def is_text(data: bytes) -> bool:
    """Says whether the bytes are text: printable ASCII or UTF-8 with nearly no control characters."""
    if len(data) < MIN_TEXT_LEN:
        return False
    plain = len(data) - len(data.translate(None, TEXT_BYTES))
    if plain >= TEXT_SHARE * len(data):
        return True
    if plain < len(data) // 4 or b"\0" in data:
        return False
    text = data.decode("utf-8", "replace")
    bad = sum(1 for c in text if c == "\ufffd" or (not c.isprintable() and c not in "\t\r\n"))
    return bad <= max(1, (1 - TEXT_SHARE) * len(text))


def shape_of(data: bytes) -> Shape:
    """Says what the first bytes of one direction look like."""
    if not data:
        return Shape("nothing", "no payload")
    if is_text(data):
        return Shape("text", f"printable text of an unknown protocol ({len(data)} bytes looked at)")
    for magic, name in MAGIC:
        if data.startswith(magic):
            return Shape("compressed", f"begins like {name}")
    if len(data) >= MIN_EVEN_LEN:
        bits = entropy(data)
        if bits >= _chance(len(data)) - EVEN_MARGIN:
            return Shape(
                "even",
                f"bytes as even as chance ({bits:.2f} bits a byte over {len(data)} bytes):"
                " encrypted or compressed, nothing proves which",
            )
        return Shape(
            "binary", f"binary of an unknown protocol ({bits:.2f} bits a byte over {len(data)} bytes)"
        )
    return Shape("binary", f"binary of an unknown protocol, too short to tell more ({len(data)} bytes)")


@lru_cache(maxsize=8192)
def _chance(length: int) -> float:
    """Gives the expected entropy of `length` chance bytes: the binomial mean of -k/n log2 k/n over 256 symbols."""
    mean = 0.0
    weight = (255 / 256) ** length
    for count in range(1, min(length, 128) + 1):
        weight *= (length - count + 1) / count / 255
        share = count / length
        mean -= weight * share * math.log2(share)
    return 256 * mean
