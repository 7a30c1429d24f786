"""Names of fields, folded: `macAddr`, `MAC_ADDR` and `mac-addr` are one name, and `pin` is not in `spinning`."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
KEY_LEN = 128
KEYS_TOLD = 1024
"""Names whose answer a set of phrases remembers."""
ABOUT = frozenset(
    {"has", "is", "needs", "need", "enable", "enabled", "use", "no", "require", "show"}
)
"""First words that make a field tell about a thing, not the thing itself (`has_password`)."""
AROUND = frozenset(
    [
        "changed",
        "change",
        "count",
        "enabled",
        "error",
        "expire",
        "expires",
        "expiry",
        "format",
        "expiration",
        "hint",
        "len",
        "length",
        "limit",
        "max",
        "min",
        "modified",
        "mode",
        "ok",
        "policy",
        "required",
        "set",
        "size",
        "status",
        "strength",
        "ttl",
        "type",
        "updated",
        "valid",
        "version",
    ]
)
"""Last words that do the same (`password_length`, `token_type`)."""


@lru_cache(maxsize=65_536)
def words(key: str) -> tuple[str, ...]:
    """Gives the words of a field's name in lower case, without accents and digits."""
    plain = key[:KEY_LEN]
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(word.casefold() for word in _WORD.findall(plain))


class KeySet:
    """Phrases that field names are held against.

    A phrase matches where its words stand in a row among the name's words (`serial no` in `robotSerialNo`),
    or where both are the same when joined (`serialno`). A phrase that begins with `=` must be the whole name.
    """

    __slots__ = ("_inside", "_joined", "_longest", "_phrases", "_told")

    def __init__(self, *lists: str) -> None:
        """Takes phrases, several in one text with commas between them."""
        phrases = tuple(p.strip() for text in lists for p in text.split(","))
        self._phrases = phrases
        inside = [p for p in phrases if not p.startswith("=")]
        self._inside = frozenset(words(p) for p in inside)
        self._joined = frozenset("".join(words(p.lstrip("="))) for p in phrases)
        self._longest = max((len(p) for p in self._inside), default=0)
        self._told: dict[str, bool] = {}

    def __or__(self, other: "KeySet") -> "KeySet":
        """Gives the phrases of both."""
        return KeySet(*self._phrases, *other._phrases)

    def __contains__(self, key: str) -> bool:
        """True where one of the phrases is in the name `key`; answers are remembered, since names repeat."""
        told = self._told.get(key)
        if told is None:
            told = self._holds(key)
            if len(key) <= KEY_LEN:
                if len(self._told) >= KEYS_TOLD:
                    self._told.clear()
                self._told[key] = told
        return told

    def _holds(self, key: str) -> bool:
        found = words(key)
        if not found:
            return False
        return "".join(found) in self._joined or not self._inside.isdisjoint(_runs(found, self._longest))


class KeyTable:
    """Many sets of phrases as one: tells which of them a name is in, at the cost of one look-up."""

    __slots__ = ("_inside", "_joined", "_longest")

    def __init__(self, sets: Iterable[KeySet]) -> None:
        """Takes the sets in the order in which they are numbered."""
        self._inside: dict[tuple[str, ...], list[int]] = {}
        self._joined: dict[str, list[int]] = {}
        for number, one in enumerate(sets):
            for phrase in one._inside:
                self._inside.setdefault(phrase, []).append(number)
            for text in one._joined:
                self._joined.setdefault(text, []).append(number)
        self._longest = max((len(phrase) for phrase in self._inside), default=0)

    def holders(self, key: str) -> frozenset[int]:
        """Gives the numbers of the sets that the name `key` is in."""
        found = words(key)
        if not found:
            return frozenset()
        numbers = [self._inside[run] for run in _runs(found, self._longest) if run in self._inside]
        return frozenset(self._joined.get("".join(found), ())).union(*numbers)


def _runs(found: tuple[str, ...], longest: int) -> Iterator[tuple[str, ...]]:
    """Gives the rows of words of a name that may be a phrase: what only tells about a thing starts or ends none."""
    starts = found[0] in ABOUT
    ends = found[-1] in AROUND
    last = len(found)
    for length in range(1, min(longest, last) + 1):
        for at in range(last - length + 1):
            if not (starts and at) and not (ends and at + length < last):
                yield found[at : at + length]


NO_KEYS = KeySet()
