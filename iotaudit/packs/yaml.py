"""The one YAML door: text in, nodes with places out; every mistake has a line and a column.

YAML 1.2 with the core schema: `NO`, `yes` and `52:54:00` are text, `2026-11-24` is text. Keys are text and stand once.
Tags, several documents and merge keys are refused. Files are bounded in size, depth and nodes, aliases included, so
that a file of a few lines cannot grow without end. Messages never quote a value.

Source: YAML 1.2.2 (https://yaml.org/spec/1.2.2), chapter 10.2 for the core schema; scanner and parser are ruamel.yaml.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import ruamel.yaml
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from iotaudit.codec.guard import Fault, guarded
from iotaudit.errors import InputError, PackError, Place

MAX_LEN = 256 * 1024
"""Bytes of one file: the largest that people write here has some kilobytes."""
MAX_DEPTH = 32
MAX_NODES = 50_000
"""Nodes of one file, counted as often as aliases repeat them."""
INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
QUOTED = re.compile(r"""(['"`]).*?\1""", re.DOTALL)
TELLING = (
    ("found unknown escape character", "an escape that YAML does not know; use single quotes"),
    ("found character", "a character that cannot begin a value; quote the text"),
)
"""Problems of ruamel that quote the file without marks, and what is said instead."""

Plain: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; `text` is how it was written (`quoted` texts stay text whatever they look like)."""

    value: Plain
    text: str
    place: Place
    size: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "tuple[Node, ...]"
    place: Place
    size: int = 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, in the order of the file; each key stands once."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    place: Place
    size: int = 1


Node: TypeAlias = Scalar | Sequence | Mapping
"""`size` is the number of nodes below and with it, aliases counted as often as they stand."""


def plain(node: Node) -> Any:  # noqa: ANN401 - any document
    """Gives a node as plain values: dict, list, text, number, bool, None."""
    match node:
        case Scalar(value):
            return value
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(pairs):
            return {key.text: plain(value) for key, value in pairs}


class Mistakes:
    """Collects what is wrong with a file (or a pack of files), to be told at once."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[tuple[Place, str], None] = {}

    def add(self, place: Place, text: str) -> None:
        """Adds a mistake; the same one twice counts once."""
        self._rows.setdefault((place, text))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def raise_any(self) -> None:
        """Raises all mistakes, sorted by place.

        Raises:
            PackError: there is at least one.
        """
        if self._rows:
            order = sorted(self._rows, key=lambda r: (r[0].path, r[0].line, r[0].column, r[1]))
            raise PackError(tuple(order))


def load(path: Path) -> Node:
    """Gives the document of a file.

    Raises:
        InputError: the file cannot be read.
        PackError: it is no YAML as described above.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LEN + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check name and permissions"
        ) from None
    return parse(data, str(path))


def parse(data: bytes, name: str) -> Node:
    """Gives the document of a file's bytes; `name` stands in the places.

    Raises:
        PackError: the bytes are no YAML as described above.
    """
    if len(data) > MAX_LEN:
        raise PackError(((Place(name), f"larger than {MAX_LEN // 1024} KiB"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PackError(((Place(name, line), "not UTF-8"),)) from None
    reader = _Reader(name)
    found = guarded("yaml", reader.read, text)
    if isinstance(found, Fault):
        raise PackError(((Place(name), f"cannot be read as YAML ({found.error})"),))
    reader.mistakes.raise_any()
    if found is None:
        raise PackError(((Place(name, 1, 1), "the file holds nothing"),))
    return found


class _Stop(Exception):  # noqa: N818 - leaves the reading of one document
    """Reading cannot go on; the mistake is noted."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come."""

    mapping: bool
    place: Place
    anchor: str | None
    nodes: "list[Node]"
    size: int = 1


class _Reader:
    """Builds nodes from ruamel's events, with a stack of its own: depth costs no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mistakes = Mistakes()
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def read(self, text: str) -> Node | None:
        try:
            for event in self._events(text):
                self._take(event)
        except _Stop:
            return None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.name, mark.line + 1, mark.column + 1) if mark else Place(self.name)
            self.mistakes.add(
                place, f"not well-formed YAML: {_harmless(error.problem or error.context or '')}"
            )
            return None
        except YAMLError:
            self.mistakes.add(
                Place(self.name), "not well-formed YAML: a character that YAML does not allow"
            )
            return None
        return self._root

    def _events(self, text: str) -> Iterator[Any]:
        parser = ruamel.yaml.YAML(typ="safe", pure=True)
        documents = 0
        for event in parser.parse(text):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(self._place(event), "a second document; one file holds one")
            yield event

    def _take(self, event: Any) -> None:  # noqa: ANN401 - ruamel's events have no common annotated type
        match event:
            case ScalarEvent():
                self._check_tag(event)
                self._put(self._scalar(event), event.anchor)
            case AliasEvent():
                node = self._anchors.get(event.anchor)
                if node is None:
                    self._stop(self._place(event), "an alias without a finished anchor before it")
                else:
                    self._put(node, None)
            case SequenceStartEvent() | MappingStartEvent():
                self._check_tag(event)
                if len(self._stack) >= MAX_DEPTH:
                    self._stop(self._place(event), f"nested deeper than {MAX_DEPTH}")
                self._stack.append(
                    _Open(
                        isinstance(event, MappingStartEvent), self._place(event), event.anchor, []
                    )
                )
            case SequenceEndEvent() | MappingEndEvent():
                top = self._stack.pop()
                self._put(self._close(top), top.anchor)
            case _:
                pass

    def _close(self, top: _Open) -> Node:
        if not top.mapping:
            return Sequence(tuple(top.nodes), top.place, top.size)
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, Place] = {}
        for key, value in zip(top.nodes[::2], top.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.mistakes.add(key.place, "a key must be text")
                continue
            if key.text == "<<":
                self.mistakes.add(key.place, "merge keys are not read; write the keys out")
            elif key.text in seen:
                self.mistakes.add(
                    key.place, f"this key stands twice, first in line {seen[key.text].line}"
                )
            else:
                seen[key.text] = key.place
                pairs.append((key, value))
        return Mapping(tuple(pairs), top.place, top.size)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self._root = node
            return
        top = self._stack[-1]
        top.size += node.size
        if top.size > MAX_NODES:
            self._stop(top.place, f"more than {MAX_NODES} values, aliases included")
        top.nodes.append(node)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text: str = event.value
        place = self._place(event)
        plain = event.style is None and event.tag is None
        return Scalar(_core(text) if plain else text, text, place)

    def _check_tag(self, event: Any) -> None:  # noqa: ANN401
        if event.tag is not None and str(event.tag) not in {"", "!"}:
            self.mistakes.add(
                self._place(event), "tags are not read; quote text that must stay text"
            )

    def _place(self, event: Any) -> Place:  # noqa: ANN401
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, place: Place, text: str) -> None:
        self.mistakes.add(place, text)
        raise _Stop


def _core(text: str) -> Plain:
    """Gives the value of a plain scalar by the core schema of YAML 1.2."""
    if text in NULLS:
        return None
    if text in BOOLS:
        return BOOLS[text]
    if INT.fullmatch(text):
        return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
    if FLOAT.fullmatch(text):
        return float(text)
    return text


def _harmless(problem: str) -> str:
    """Gives ruamel's problem without what it quotes from the file."""
    for head, text in TELLING:
        if problem.startswith(head):
            return text
    return QUOTED.sub(lambda m: m.group(0) if m.group(0).startswith("'<") else "...", problem)
