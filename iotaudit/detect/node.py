"""What detectors are shown (`Node`) and what they give back (`Hit`). Neither shows a value in its repr."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from iotaudit.codec import json
from iotaudit.detect.keys import NO_KEYS, KeySet
from iotaudit.model.exposures import Confidence
from iotaudit.model.quick import quick

if TYPE_CHECKING:
    from iotaudit.detect.known import Known

PATH_KEY_LEN = 40
PATH_LEN = 400
COOKIE = "http.header.cookie"
"""The place of names that mostly stand for a session: `uid`, `SSID`."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Kind(Enum):
    """TEXT: a field or a running text; NUMBER: a JSON number; RECORD: a record or list; BINARY: other bytes."""

    TEXT = "text"
    NUMBER = "number"
    RECORD = "record"
    BINARY = "binary"


Link = tuple["Link", str | int] | None
"""The way to a place in a parsed value, last step first: names, indexes, and the root's own sign ("$" in JSON, else
with the name of the format: "cbor:$")."""


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Node:
    """One place of a decoded body.

    `key` is the nearest name, `text` the value (TEXT and NUMBER), `data` the bytes (BINARY), `value` the
    parsed dict or list (RECORD). `steps` are the decoding steps that lead to its layer, `link` the way from
    there, `where` the content's place. `cover` is the text of the outermost encoded token that the value
    stands in, "" where the value itself is readable there.
    """

    kind: Kind
    key: str
    where: str
    steps: tuple[str, ...] = ()
    text: str = ""
    data: bytes = b""
    value: object = None
    cover: str = ""
    link: Link = None

    @property
    def path(self) -> tuple[str, ...]:
        """Gives the decoding steps that lead here."""
        return path_through(self.steps, self.link)

    @property
    def is_nested(self) -> bool:
        """Says whether there are such steps: the place is not the content as it came."""
        return bool(self.steps) or self.link not in (None, (None, ""))

    def __repr__(self) -> str:
        """Shows no payload."""
        return f"Node({self.kind.value}, {self.where})"


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """One value that a detector recognised.

    Equal `value`s (normalised) are one exposure. `texts` are the spellings to mask in every output string.
    `shape` names how to mask the sample (see `masks.py`) and `sample` what to mask, `steps` further decoding
    ("sha256"). A `candidate` counts only where the end of the capture shows that it is the device's own.
    """

    data_type: str
    value: str
    confidence: Confidence
    reasoning: str
    texts: tuple[str, ...] = ()
    sample: str = ""
    shape: str = "plain"
    steps: tuple[str, ...] = ()
    candidate: bool = False

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Hit({self.data_type}, {self.confidence.value})"


@dataclass(frozen=True, slots=True)
class Wants:
    """What a detector is to be shown: any of these reasons is enough.

    `keys`: the field's name is one of them (a record or list under such a name is shown too). `record_keys`:
    a record has such a field. `shapes`: the body holds one of these shapes (`shapes.py`); then all of its
    texts are shown. `binary`: bytes that are no text. `places`: what a protocol itself tells to be of the
    type, by `Content.where`; it is shown whole.
    """

    keys: KeySet = NO_KEYS
    record_keys: KeySet = NO_KEYS
    shapes: frozenset[str] = field(default=frozenset())
    binary: bool = False
    places: frozenset[str] = field(default=frozenset())


def path_through(steps: tuple[str, ...], link: Link) -> tuple[str, ...]:
    """Gives the steps, with the way through a JSON value where there is one."""
    if link is None:
        return steps
    parts: list[str] = []
    while link is not None:
        above, step = link
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(step if above is None else path_part(step))
        link = above
    pointer = "".join(reversed(parts))
    if not pointer:
        return steps
    pointer = pointer[:PATH_LEN]
    return (*steps, f"{json.ID}:{pointer}" if pointer[0] == "$" else pointer)


def path_part(name: str) -> str:
    """Gives one name as a part of a path, cut and quoted where it is odd."""
    return _part(name[:PATH_KEY_LEN])


@lru_cache(1 << 12)
def _part(short: str) -> str:
    return f".{short}" if _PLAIN_KEY.fullmatch(short) else f"[{short!r}]"


class Finder(Protocol):
    """A detector: a module of this room, one per data type."""

    ID: str
    WANTS: Wants
    reasoning: str

    def find(self, node: Node, known: "Known", /) -> Iterator[Hit]:
        """Gives the hits of one place; never raises for any node."""
        ...
