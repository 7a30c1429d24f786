"""What is kept of the contents of one lane's flows until the end: sightings, texts to mask, bounds that were hit.

Ledgers hold values, so they never leave this room but as they are, from one process of an audit to another.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from iotaudit.detect.book import Book
from iotaudit.detect.node import Hit
from iotaudit.model.lanes import LANES
from iotaudit.model.raw import Content

TEXTS = 200_000 // LANES
"""Distinct texts of a lane that the redactor knows by heart; with more, it masks texts whole."""
LIMITS = 10_000 // LANES
"""Directions of flows of a lane for which it is told that a bound was hit; further ones share a row."""
COVER_LEN = 4096
HIDDEN_PLACES = frozenset({"body", "payload", "text", "binary", "message"})
"""Last parts of `where` that no output string repeats."""
NO_FLOW = -1


@dataclass(slots=True, repr=False)
class Text:
    """A text to mask: its shape, and what it is of. `packet` is where it was met first."""

    packet: int
    shape: str
    data_type: str
    value: str


@dataclass(slots=True)
class Limit:
    """A bound that was hit in one direction of a flow."""

    packet: int
    count: int = 0


@dataclass(slots=True, repr=False)
class Ledger:
    """One lane's. `unlisted` counts texts that found no room; `limits` are by flow, direction and bound."""

    book: Book = field(default_factory=Book)
    texts: dict[str, Text] = field(default_factory=dict)
    unlisted: int = 0
    limits: dict[tuple[int, bool, str], Limit] = field(default_factory=dict)

    def note_texts(self, content: Content, hit: Hit, covers: Iterable[str]) -> None:
        """Keeps the spellings of a hit, and the encoded tokens that it was read from; the first sight of a text counts."""
        for text, shape in _spellings(content, hit, covers):
            old = self.texts.get(text)
            if old is not None and old.packet <= content.packet:
                continue
            if old is None and len(self.texts) >= TEXTS:
                self.unlisted += 1
                continue
            self.texts[text] = Text(content.packet, shape, hit.data_type, hit.value)

    def note_limit(self, content: Content, exceeded: str) -> None:
        """Counts a bound of decoding that a content hit."""
        key = (content.flow, content.outbound, exceeded)
        if key not in self.limits and len(self.limits) >= LIMITS:
            key = (NO_FLOW, content.outbound, exceeded)
        self.limits.setdefault(key, Limit(content.packet)).count += 1

    def join(self, other: "Ledger") -> None:
        """Takes over what another lane's ledger has; of a text that both have, the first sight of it counts."""
        self.book.join(other.book)
        self.unlisted += other.unlisted
        for text, row in other.texts.items():
            old = self.texts.get(text)
            if old is None or row.packet < old.packet:
                self.texts[text] = row
        for key, limit in other.limits.items():
            mine = self.limits.setdefault(key, Limit(limit.packet))
            mine.packet = min(mine.packet, limit.packet)
            mine.count += limit.count


def _spellings(content: Content, hit: Hit, covers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Gives the texts of a hit that an output could repeat, with their shapes."""
    for text in hit.texts:
        yield text, hit.shape
    if content.where.rpartition(".")[2] not in HIDDEN_PLACES:
        for cover in covers:
            yield cover[:COVER_LEN], "secret"
