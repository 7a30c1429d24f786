"""Which detectors are to be asked about a place: by the names of fields, by the shapes that a body holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from iotaudit.detect.keys import KeyTable
from iotaudit.detect.known import DigestFinder, Known, Present, ShortFinder
from iotaudit.detect.node import Finder
from iotaudit.detect.shapes import NAMES, present

KEYS_KEPT = 65_536
RECORDS_KEPT = 4096
RECORD_LEN = 64
"""Records of at most so many fields are remembered, if their names have no more than `NAMES_LEN` characters."""
NAMES_LEN = 1024

Asked = tuple[Finder, ...]


@dataclass(frozen=True, slots=True)
class Interest:
    """Detectors that a field's name calls: for the field itself, for the record that has it."""

    field: Asked = ()
    record: Asked = ()


NOBODY = Interest()


class Use(Enum):
    """What is to be done with a field of a record: a text, a number that somebody asks for, or what has fields itself."""

    TEXT = "text"
    NUMBER = "number"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Members:
    """What is to be looked at in records with these names and kinds of values; other numbers are left out.

    `asked` are the detectors that are called for the record, `fields` its (name, use, detectors called for
    it: by the name, and where it is a text by the shapes that the body holds).
    """

    asked: Asked
    fields: tuple[tuple[str, Use, Asked], ...]


class Index:
    """The detectors by what they want to be shown. Answers are remembered, since names of fields repeat."""

    __slots__ = (
        "_by_key",
        "_by_members",
        "_by_shapes",
        "_detectors",
        "_keys",
        "_places",
        "_record_keys",
        "binary",
        "known",
    )

    def __init__(self, detectors: Iterable[Finder], known: Known) -> None:
        self.known = known
        self._detectors: Asked = (*detectors, DigestFinder(), ShortFinder(known.short_keys()))
        unknown = {s for d in self._detectors for s in d.WANTS.shapes} - NAMES
        if unknown:
            raise KeyError(*sorted(unknown))
        self.binary: Asked = tuple(d for d in self._detectors if d.WANTS.binary)
        self._places = {
            place: tuple(d for d in self._detectors if place in d.WANTS.places)
            for place in sorted({place for d in self._detectors for place in d.WANTS.places})
        }
        self._keys = KeyTable(d.WANTS.keys for d in self._detectors)
        self._record_keys = KeyTable(d.WANTS.record_keys for d in self._detectors)
        self._by_key: dict[str, Interest] = {}
        self._by_members: dict[tuple[str, tuple[str, ...], tuple[type, ...], Asked], Members] = {}
        self._by_shapes: dict[frozenset[str], Asked] = {}

    def by_key(self, key: str) -> Interest:
        """Gives the detectors that the name of a field calls."""
        found = self._by_key.get(key)
        if found is None:
            found = Interest(self._chosen(self._keys.holders(key)), self._chosen(self._record_keys.holders(key)))
            if len(self._by_key) >= KEYS_KEPT:
                self._by_key.clear()
            self._by_key[key] = found = found if found.field or found.record else NOBODY
        return found

    def by_place(self, where: str) -> Asked:
        """Gives the detectors of what a protocol tells at a place."""
        return self._places.get(where, ())

    def by_members(self, key: str, record: dict[str, object], shapes: Asked) -> Members:
        """Gives what is to be looked at in a record under the name `key`, in a body whose shapes call `shapes`."""
        if len(record) > RECORD_LEN:
            return self._members(key, record, shapes)
        about = (key, tuple(record), tuple(map(type, record.values())), shapes)
        found = self._by_members.get(about)
        if found is None:
            found = self._members(key, record, shapes)
            if sum(map(len, record)) + len(key) <= NAMES_LEN:
                if len(self._by_members) >= RECORDS_KEPT:
                    self._by_members.clear()
                self._by_members[about] = found
        return found

    def by_record(self, key: str, names: Iterable[str]) -> Asked:
        """Gives the detectors that are called for a record: by its own name, or by one of a field."""
        asked = dict.fromkeys(self.by_key(key).field)
        for name in names:
            called = self.by_key(name).record
            if called:
                asked.update(dict.fromkeys(called))
        return tuple(asked)

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

    def _chosen(self, numbers: frozenset[int]) -> Asked:
        return tuple(self._detectors[number] for number in sorted(numbers))

    def _members(self, key: str, record: dict[str, object], shapes: Asked) -> Members:
        fields: list[tuple[str, Use, Asked]] = []
        for name, value in record.items():
            kind = type(value)
            if kind is dict or kind is list or kind is bytes:
                fields.append((name, Use.NESTED, ()))
                continue
            asked = self.by_key(name).field
            if kind is str:
                fields.append((name, Use.TEXT, joined(asked, shapes)))
            elif asked and value is not None:
                fields.append((name, Use.NUMBER, asked))
        return Members(self.by_record(key, record), tuple(fields))


def joined(asked: Asked, more: Asked) -> Asked:
    """Gives the detectors of both, each once."""
    if not asked or not more:
        return asked or more
    return tuple(dict.fromkeys(asked + more))
