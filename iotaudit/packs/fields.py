"""Reads mappings field by field: each getter checks and notes mistakes, `close` names keys that nobody asked for."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

from iotaudit.errors import Place
from iotaudit.packs.yaml import Mapping, Mistakes, Node, Scalar, Sequence

T = TypeVar("T")


def suggestion(word: str, known: Iterable[str]) -> str:
    """Gives "; did you mean X?" where a known word is near, else ""."""
    choices = list(known)
    near = get_close_matches(word.lower(), [c.lower() for c in choices], 1)
    found = next((c for c in choices if near and c.lower() == near[0]), None)
    return f"; did you mean {found}?" if found else ""


class Fields:
    """One mapping under reading. `what` names it in messages; values are never quoted (they may be secret)."""

    __slots__ = ("_asked", "_left", "mistakes", "place", "what")

    def __init__(self, node: Node | None, what: str, mistakes: Mistakes, place: Place) -> None:
        self.what = what
        self.mistakes = mistakes
        self.place = node.place if node else place
        self._asked: list[str] = []
        self._left: dict[str, tuple[Scalar, Node]] = {}
        if isinstance(node, Mapping):
            self._left = {key.text: (key, value) for key, value in node.pairs}
        elif node is not None:
            mistakes.add(node.place, f"{what} must be keys with values")

    def node(self, key: str, *, required: bool = False) -> Node | None:
        """Gives the node of a key, None where it is absent or empty."""
        self._asked.append(key)
        _, node = self._left.pop(key, (None, None))
        if isinstance(node, Scalar) and node.value is None:
            node = None
        if node is None and required:
            self.mistakes.add(self.place, f"{self.what} lacks {key}")
        return node

    def text(self, key: str, *, required: bool = False, default: str = "") -> str:
        """Gives a text."""
        node = self.node(key, required=required)
        if node is None:
            return default
        text = text_of(node)
        if text is None or not text.strip():
            self.mistakes.add(node.place, f"{key} must be a text")
            return default
        return text.strip()

    def number(self, key: str, default: float = 0) -> float:
        """Gives a number that is not negative."""
        node = self.node(key)
        if node is None:
            return default
        value = number_of(node)
        if value is None or value < 0:
            self.mistakes.add(node.place, f"{key} must be a number, 0 or more")
            return default
        return value

    def flag(self, key: str) -> bool | None:
        """Gives true or false, None where absent."""
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.mistakes.add(node.place, f"{key} must be true or false")
        return None

    def choice(
        self, key: str, choices: Iterable[str], *, required: bool = False, default: str = ""
    ) -> str:
        """Gives one of the words."""
        node = self.node(key, required=required)
        if node is None:
            return default
        return one_of(node, key, tuple(choices), self.mistakes) or default

    def texts(self, key: str, choices: Iterable[str] = ()) -> tuple[str, ...]:
        """Gives a list of texts, each of the words where `choices` are given."""
        known = tuple(choices)
        found: list[str] = []
        for node in self.nodes(key):
            text = one_of(node, key, known, self.mistakes) if known else text_of(node)
            if text is None or not text.strip():
                if not known:
                    self.mistakes.add(node.place, f"{key} holds texts only")
                continue
            if text.strip() in found:
                self.mistakes.add(node.place, f"this stands twice in {key}")
                continue
            found.append(text.strip())
        return tuple(found)

    def nodes(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """Gives the items of a list."""
        node = self.node(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.mistakes.add(node.place, f"{key} must be a list")
            return ()
        return node.items

    def rows(self, key: str) -> "tuple[Fields, ...]":
        """Gives the items of a list of mappings, to be read and closed by the caller."""
        return tuple(self._inner(node, key) for node in self.nodes(key))

    def inner(self, key: str, *, required: bool = False) -> "Fields | None":
        """Gives the mapping of a key, to be read and closed by the caller."""
        node = self.node(key, required=required)
        return None if node is None else self._inner(node, key)

    def _inner(self, node: Node, what: str) -> "Fields":
        return Fields(node, what, self.mistakes, self.place)

    def rest(self) -> tuple[tuple[Scalar, Node], ...]:
        """Gives the pairs that nobody asked for, and counts them as read."""
        pairs = tuple(self._left.values())
        self._left = {}
        return pairs

    def close(self) -> None:
        """Notes each key that nobody asked for."""
        for name, (key, _) in self._left.items():
            self.mistakes.add(
                key.place, f"{self.what} has no key of this name{suggestion(name, self._asked)}"
            )
        self._left = {}


def text_of(node: Node) -> str | None:
    """Gives the text of a scalar as it was written (a number too), None for what is none."""
    if isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, bool):
        return node.text
    return None


def number_of(node: Node) -> float | None:
    """Gives the number of a scalar, None for what is none."""
    if (
        isinstance(node, Scalar)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        return node.value
    return None


def one_of(node: Node, key: str, choices: tuple[str, ...], mistakes: Mistakes) -> str | None:
    """Gives the word of a scalar if it is one of the choices, else notes the mistake with the nearest word."""
    text = text_of(node)
    if text in choices:
        return text
    hint = suggestion(text, choices) if text else ""
    mistakes.add(node.place, f"{key} must be one of {', '.join(choices)}{hint}")
    return None
