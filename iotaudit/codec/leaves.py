"""Values that structured formats give (dict, list, text, bytes, number, word): their scalars, and how much of it is text."""

from collections.abc import Iterator

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_text

ITEMS = 50_000
"""Values of one structured content that are read; a longer one is not taken for the format."""
NESTS = 32
"""Levels that one may have."""


def leaves(value: object, budget: Budget) -> tuple[Piece, ...]:
    """Gives the scalars with their nearest name, numbers and words as Python writes them."""
    found: list[Piece] = []
    for key, leaf in scalars(value):
        if not budget.step():
            break
        data = leaf if isinstance(leaf, bytes) else str(leaf).encode(errors="replace")
        if not budget.spend(len(data)):
            break
        found.append(Piece(data, key))
    return tuple(found)


def scalars(value: object) -> Iterator[tuple[str, object]]:
    """Gives (nearest name, scalar) in the order of the value, without recursion."""
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        key, one = stack.pop()
        if isinstance(one, dict):
            stack += [(str(name), child) for name, child in reversed(one.items())]
        elif isinstance(one, list):
            stack += [(key, child) for child in reversed(one)]
        else:
            yield key, one


def names(value: object) -> Iterator[str]:
    """Gives all names of fields."""
    stack: list[object] = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            yield from one
            stack += one.values()
        elif isinstance(one, list):
            stack += one


def is_named(value: object) -> bool:
    """True where a map with a name of letters is at the top or one level down."""
    rows = [value, *value] if isinstance(value, list) else [value]
    return any(isinstance(row, dict) and any(not name.lstrip("-").isdigit() for name in row) for row in rows)


def bar(data: bytes, least: int) -> int:
    """Gives how many bytes of text undeclared bytes must hold: a quarter of them, at least `least`, at most half as many again."""
    return max(least, min(len(data) // 4, least * 3 // 2))


def text_len(value: object, *, named: bool) -> int:
    """Gives how many bytes of a value are readable text (with its names where `named`), -1 where a text is not."""
    total = 0
    texts = [leaf for _, leaf in scalars(value) if isinstance(leaf, str)]
    if named:
        texts += names(value)
    for text in texts:
        data = text.encode(errors="replace")
        if not is_text(data):
            return -1
        total += len(data)
    return total
