"""Which detectors are to be asked about a place: by the names of fields, by the shapes that a body holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from iotaudit.detect.known import DigestFinder, Known, Present, ShortFinder
from iotaudit.detect.node import Finder
from iotaudit.detect.shapes import NAMES, present

KEYS_KEPT = 65_536

Asked = tuple[Finder, ...]


@dataclass(frozen=True, slots=True)
class Interest:
    """Detectors that a field's name calls: for the field itself, for the record that has it."""

    field: Asked = ()
    record: Asked = ()


NOBODY = Interest()


class Index:
    """The detectors by what they want to be shown. Answers are remembered, since names of fields repeat."""

    __slots__ = ("_by_key", "_by_shapes", "_detectors", "binary", "known", "mute")

    def __init__(self, detectors: Iterable[Finder], known: Known) -> None:
        self.known = known
        self._detectors: Asked = (*detectors, DigestFinder(), ShortFinder(known.short_keys()))
        unknown = {s for d in self._detectors for s in d.WANTS.shapes} - NAMES
        if unknown:
            raise KeyError(*sorted(unknown))
        self.binary: Asked = tuple(d for d in self._detectors if d.WANTS.binary)
        self.mute: set[str] = set()
        """Names of fields that were met and call nobody."""
        self._by_key: dict[str, Interest] = {}
        self._by_shapes: dict[frozenset[str], Asked] = {}

    def by_key(self, key: str) -> Interest:
        """Gives the detectors that the name of a field calls."""
        found = self._by_key.get(key)
        if found is None:
            found = Interest(
                tuple(d for d in self._detectors if key in d.WANTS.keys),
                tuple(d for d in self._detectors if key in d.WANTS.record_keys),
            )
            if len(self._by_key) >= KEYS_KEPT:
                self._by_key.clear()
                self.mute.clear()
            if not found.field and not found.record:
                found = NOBODY
                self.mute.add(key)
            self._by_key[key] = found
        return found

    def by_shapes(self, data: bytes) -> Asked:
        """Gives the detectors that the shapes in a body call."""
        shapes = present(data)
        found = self._by_shapes.get(shapes)
        if found is None:
            found = tuple(d for d in self._detectors if d.WANTS.shapes & shapes)
            self._by_shapes[shapes] = found
        return found

    def known_in(self, data: bytes) -> Present:
        """Gives the known values that a body holds."""
        return self.known.present(data)
