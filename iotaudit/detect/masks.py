"""Masks: what stands in an output in place of a value. No mask can be turned back into its value.

See docs/data-types/known-values.md; how each type is masked stands on its page in docs/data-types/.
"""

import re

DOT = "•"
ALL = "•••"
LONG = 8
"""From this length on the first and the last two characters may stay."""
HIDDEN = 4
"""At least so many characters of a value must be hidden for any of it to be shown."""
BUCKETS = (4, 8, 12, 16, 24, 32, 64, 128)
_DECIMAL = re.compile(r"([+-]?\d{1,3})\.\d+")


def mask(text: str, shape: str) -> str:
    """Gives the mask of a value: `shape` is secret, email, position, word (kept: a word of ours) or plain."""
    match shape:
        case "secret":
            return ALL
        case "word":
            return text
        case "email":
            return _email(text)
        case "position":
            return _position(text)
    return _plain(text)


def sample(text: str, shape: str) -> str:
    """Gives `masked_sample`: as `mask`, with the rough length of a secret."""
    if shape != "secret":
        return mask(text, shape)
    for low, high in zip((0, *BUCKETS), BUCKETS, strict=False):
        if len(text) < high:
            return f"{ALL} ({low} to {high - 1} characters)"
    return f"{ALL} ({BUCKETS[-1]} or more characters)"


def _plain(text: str) -> str:
    """Keeps separators and, of long values, two characters at either end."""
    if len(text) < LONG or DOT in text:
        return ALL
    middle = "".join(DOT if c.isalnum() or c > "\x7f" else c for c in text[2:-2])
    if middle.count(DOT) < HIDDEN or len(middle) > 60:
        return text[:2] + ALL + text[-2:] if len(middle) > 60 else ALL
    return text[:2] + middle + text[-2:]


def _email(text: str) -> str:
    _, at, domain = text.rpartition("@")
    end = domain.rpartition(".")[2]
    return f"{ALL}@{ALL}.{end}" if at and end.isalpha() and 2 <= len(end) <= 12 else ALL


def _position(text: str) -> str:
    """Keeps whole degrees (about 100 km) where decimals were there to hide."""
    if DOT in text or not _DECIMAL.search(text):
        return ALL
    degrees = _DECIMAL.findall(text)
    return ", ".join(f"{whole}.{ALL}" for whole in degrees[:2])
