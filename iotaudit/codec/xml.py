"""XML as records: names of elements and attributes to texts. No entity is declared and nothing is fetched.

A document that declares an entity is refused, whatever it says: five lines can stand for gigabytes.

Source: XML 1.0 (fifth edition) sections 2.1 and 4.2.
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.guard import Fault, guarded
from iotaudit.codec.leaves import leaves

ID = "xml"
MOST_LEN = 4 << 20
NESTS = 64
ELEMENTS = 20_000
TEXT = "#text"
_AROUND = b" \t\r\n\x00\xef\xbb\xbf"
_START = re.compile(rb"<(?:\?xml[ \t\r\n]|[A-Za-z_][\w.:-]{0,127}[\s/>]|!--|!DOCTYPE (?!html))")


@dataclass(slots=True, repr=False)
class Element:
    """One element: its name without prefix, attributes, own text, children in their order."""

    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)
    children: "list[Element]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """Gives the text between the tags of the element itself."""
        return "".join(self.texts).strip()


def parse(data: bytes) -> dict[str, object] | None:
    """Gives the document as a record, None where it is not well-formed XML."""
    root = tree(data)
    return {root.name: _value(root)} if root is not None else None


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the texts and attributes with their names."""
    value = parse(data)
    return leaves(value, budget) if value is not None else ()


def tree(data: bytes) -> Element | None:
    """Gives the root of a well-formed document without entities of its own, None for other bytes."""
    body = data.strip(_AROUND)
    if len(body) > MOST_LEN or not body.endswith(b">") or _START.match(body) is None:
        return None
    builder = _Builder()
    fault = guarded(ID, builder.parser.Parse, body, True)
    return None if isinstance(fault, Fault) else builder.root


class _Refused(Exception):  # noqa: N818 - never leaves the guard
    """The document has more, or other things, than is read."""


class _Builder:
    """Takes the parser's events."""

    __slots__ = ("_left", "_open", "parser", "root")

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._left = ELEMENTS
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = _refuse
        self.parser.ExternalEntityRefHandler = _refuse
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) >= NESTS:
            raise _Refused
        element = Element(_local(name), {_local(key): text for key, text in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].texts.append(text)


def _refuse(*_about: object) -> NoReturn:
    raise _Refused


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _value(element: Element) -> object:
    """Gives an element as its text, or as a record where it has attributes or children; equal names become a list."""
    text = element.text
    if not element.attributes and not element.children:
        return text
    found: dict[str, object] = dict(element.attributes)
    repeated: set[str] = set()
    for child in element.children:
        value = _value(child)
        old = found.get(child.name)
        if child.name in repeated and isinstance(old, list):
            old.append(value)
        elif child.name in found:
            found[child.name] = [old, value]
            repeated.add(child.name)
        else:
            found[child.name] = value
    if text:
        found[TEXT] = text
    return found
