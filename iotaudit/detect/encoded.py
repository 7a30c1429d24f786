"""Words of an output that hold something in an encoding: hexadecimal, base32, base64, and gzip, zlib or UTF-16 below.

The tree (`tree.py`) tells what a device said; this is for the redactor, which meets a value again in strings that
say it otherwise. It asks less of a word than the tree does: what it gives counts only where a value stands in it.
"""

import binascii
import re
from collections.abc import Callable, Iterator

from iotaudit.codec import base32, gzip, utf16, zlib
from iotaudit.codec.budget import Budget

LEAST_LEN = 6
"""Letters of the shortest word: four bytes in base64."""
DEPTH = 4
WORK_LEN = 1 << 16
"""So many bytes are decoded for one text; words beyond that are hidden unseen."""
WORK = 4096
"""So many words are tried for one text."""
TAILS = 4
"""So many places in a word at which an encoded part of it may begin that has separators itself."""
_WORD = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_SEPARATOR = re.compile(r"[+/_-]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_HEX = re.compile(rb"(?:0x)?((?:[0-9A-Fa-f]{2}){4,})")


def hide(text: str, holds: Callable[[str], bool], mask: str) -> str:
    """Gives `text` with `mask` in place of each word that encodes a text of which `holds` is true."""
    pieces: list[str] = []
    done = 0
    budget = Budget(WORK_LEN, WORK_LEN, WORK)
    for match in _WORD.finditer(text):
        for start, end in _runs(match):
            if start >= done and _tells(text[start:end], holds, DEPTH, budget):
                pieces += (text[done:start], mask)
                done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _runs(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Gives the places of a word, the whole first: `/`, `-` and `_` divide words, and are letters of base64."""
    begin, stop = match.span()
    yield begin, stop
    cuts = [begin + cut.end() for cut in _SEPARATOR.finditer(match[0])]
    if not cuts:
        return
    yield from ((cut, stop) for cut in cuts[:TAILS] if stop - cut >= LEAST_LEN)
    for start, end in zip((begin, *cuts), (*(cut - 1 for cut in cuts), stop), strict=True):
        if end - start >= LEAST_LEN:
            yield start, end
    if "/" in match[0]:
        start = begin
        for part in match[0].split("/"):
            if len(part) >= LEAST_LEN:
                yield start, start + len(part)
            start += len(part) + 1


def _tells(word: str, holds: Callable[[str], bool], depth: int, budget: Budget) -> bool:
    """True where a word encodes a text of which `holds` is true, or one with such a word in it, or it is too much to say."""
    if not budget.step():
        return True
    for plain in _plain(word.encode()):
        for text in _texts(plain, budget):
            if not budget.spend(len(text)) or holds(text):
                return True
            if depth > 1:
                inner = (text[start:end] for match in _WORD.finditer(text) for start, end in _runs(match))
                if any(_tells(one, holds, depth - 1, budget) for one in inner):
                    return True
    return False


def _plain(word: bytes) -> Iterator[bytes]:
    """Gives the bytes that a word may stand for."""
    if (match := _HEX.fullmatch(word)) is not None:
        yield binascii.unhexlify(match[1])
    if (plain := base32.to_bytes(word)) is not None:
        yield plain
    token = word[: len(word) - (len(word) % 4 == 1)].translate(_URL_SAFE)
    yield binascii.a2b_base64(token + b"=" * (-len(token) % 4))


def _texts(plain: bytes, budget: Budget) -> Iterator[str]:
    """Gives the texts that bytes may be: unpacked, else as they are and in two bytes a letter."""
    for codec in (gzip, zlib):
        for piece in codec.decode(plain, budget):
            yield piece.data.decode(errors="replace")
            return
    yield plain.decode(errors="replace")
    if 0 in plain:
        for piece in utf16.decode(plain, budget):
            yield piece.data.decode(errors="replace")
