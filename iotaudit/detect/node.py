"""What detectors are shown (`Node`) and what they give back (`Hit`). Neither shows a value in its repr."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from iotaudit.detect.keys import NO_KEYS, KeySet
from iotaudit.model.exposures import Confidence

if TYPE_CHECKING:
    from iotaudit.detect.known import Known


class Kind(Enum):
    """TEXT: a field or a running text; NUMBER: a JSON number; RECORD: a record or list; BINARY: other bytes."""

    TEXT = "text"
    NUMBER = "number"
    RECORD = "record"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, repr=False)
class Node:
    """One place of a decoded body.

    `key` is the nearest name, `text` the value (TEXT and NUMBER), `data` the bytes (BINARY), `value` the parsed
    dict or list (RECORD). `path` are the decoding steps that lead here, `where` the content's place. `cover` is
    the text of the outermost encoded token that the value stands in, "" where the value itself is readable there.
    """

    kind: Kind
    key: str
    where: str
    path: tuple[str, ...] = ()
    text: str = ""
    data: bytes = b""
    value: object = None
    cover: str = ""

    def __repr__(self) -> str:
        """Shows no payload."""
        return f"Node({self.kind.value}, {self.where})"


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

    `keys`: the field's name is one of them (a record or list under such a name is shown too). `record_keys`: a
    record has such a field. `shapes`: the body holds one of these shapes (`shapes.py`); then all of its texts are
    shown. `binary`: bytes that are no text.
    """

    keys: KeySet = NO_KEYS
    record_keys: KeySet = NO_KEYS
    shapes: frozenset[str] = field(default=frozenset())
    binary: bool = False


class Finder(Protocol):
    """A detector: a module of this room, one per data type."""

    ID: str
    WANTS: Wants
    reasoning: str

    def find(self, node: Node, known: "Known", /) -> Iterator[Hit]:
        """Gives the hits of one place; never raises for any node."""
        ...
