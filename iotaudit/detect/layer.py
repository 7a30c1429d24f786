"""What holds for all places of one run of bytes, and what a walk asks about texts and bytes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iotaudit.codec import base64
from iotaudit.detect.index import Asked
from iotaudit.detect.known import Present
from iotaudit.detect.node import Link, path_through
from iotaudit.model.quick import quick
from iotaudit.model.raw import Content

NESTED_LEN = 8
"""Shorter texts hold nothing nested."""
OPAQUE_VALUES = 230
TOKEN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,6}")


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """What holds for all places of one run of bytes."""

    path: tuple[str, ...]
    cover: str
    depth: int
    shapes: Asked
    known: Present

    def below(self, path: tuple[str, ...]) -> "Layer":
        """Gives the same layer at a longer path."""
        return Layer(path, self.cover, self.depth, self.shapes, self.known)

    def through(self, link: Link) -> tuple[str, ...]:
        """Gives the layer's path, with the way through a parsed value where there is one."""
        return path_through(self.path, link)


def root_key(content: Content) -> str:
    """Gives the name under which the whole of a content stands."""
    return content.key.rpartition("/")[2] or content.where.rpartition(".")[2]


def number(value: object) -> str:
    """Gives a number or word as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def places(known: Present) -> Present:
    """Gives the known positions alone."""
    return Present((), known.places)


def may_hold(text: str) -> bool:
    """True where something may be encoded in a text: words of a sentence hold nothing."""
    if len(text) < NESTED_LEN:
        return False
    return (
        (len(text) >= base64.LEAST_LEN and " " not in text) or "%" in text or "&" in text or text[0] in "{["
    )


def is_opaque(data: bytes) -> bool:
    """True where nearly all byte values are there at once: encrypted or compressed, its strings are chance."""
    return len(set(data[:4096])) > OPAQUE_VALUES


def looks_encoded(text: str) -> bool:
    """True for a long word without a gap."""
    return len(text) >= 64 and TOKEN.fullmatch(text) is not None


def strings(values: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Gives all names and texts of parsed values."""
    stack: list[object] = [value for _, value in values]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack += value.values()
            yield from value
        elif isinstance(value, list):
            stack += value


def words(value: object) -> Iterator[str]:
    """Gives all names, texts and numbers of a value."""
    stack: list[object] = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
            yield from one
        elif isinstance(one, list):
            stack += one
        elif one is not None and not isinstance(one, bytes | bool):
            yield str(one)
