"""Many words looked for at once: which of them stand in some bytes, at the cost of one look over the bytes.

The last four bytes of each word are marked in a table of bits; one pass over all rows of four bytes then
leaves the few words whose end is there. A handful of words is looked for one by one, which is faster.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FEW = 96
"""So many words are looked for one by one."""
GRAM_LEN = 4
"""Shorter words cannot be looked for."""
BITS = 20
_MIX = np.uint32(2_654_435_761)
"""Knuth's multiplier: it spreads neighbouring numbers over the table."""
_SHIFT = np.uint32(32 - BITS)


class Grams:
    """Words of at least four bytes, ready to be looked for."""

    __slots__ = ("_by_gram", "_marks", "_words")

    def __init__(self, words: Sequence[bytes]) -> None:
        """Takes the words in the order of their numbers."""
        self._words = tuple(words)
        self._by_gram: dict[int, list[int]] = {}
        self._marks = np.zeros(1 << BITS if len(self._words) > FEW else 0, dtype=bool)
        if len(self._words) <= FEW:
            return
        for number, word in enumerate(self._words):
            self._by_gram.setdefault(int.from_bytes(word[-GRAM_LEN:], "little"), []).append(number)
        self._marks[_places(np.array(list(self._by_gram), dtype=np.uint32))] = True

    def __repr__(self) -> str:
        """Shows no word."""
        return f"Grams({len(self._words)} words)"

    def inside(self, data: bytes) -> list[int]:
        """Gives the numbers of the words that stand in `data`."""
        words = self._words
        if len(words) <= FEW:
            return [number for number, word in enumerate(words) if word in data]
        if len(data) < GRAM_LEN:
            return []
        wide = np.frombuffer(data, dtype=np.uint8).astype(np.uint32)
        first, second, third = np.uint32(8), np.uint32(16), np.uint32(24)
        grams = wide[:-3] | wide[1:-2] << first | wide[2:-1] << second | wide[3:] << third
        met = set(grams[self._marks[_places(grams)]].tolist())
        numbers = sorted(n for gram in met for n in self._by_gram.get(gram, ()))
        return [number for number in numbers if words[number] in data]


def _places(grams: "npt.NDArray[np.uint32]") -> "npt.NDArray[np.uint32]":
    """Gives where rows of four bytes are marked in the table."""
    return (grams * _MIX) >> _SHIFT
