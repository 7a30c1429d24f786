"""Builds nodes from the events of ruamel.yaml; loaded where a file is not compiled (`packs/compiled.py`)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
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

from iotaudit.errors import Place
from iotaudit.packs.nodes import Mapping, Mistakes, Node, Scalar, Sequence, core_value

MAX_DEPTH = 32
MAX_NODES = 50_000
"""Nodes of one file, counted as often as aliases repeat them."""
QUOTED = re.compile(r"""(['"`]).*?\1""", re.DOTALL)
TELLING = (
    ("found unknown escape character", "an escape that YAML does not know; use single quotes"),
    ("found character", "a character that cannot begin a value; quote the text"),
)
"""Problems of ruamel that quote the file without marks, and what is said instead."""


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


class Reader:
    """Builds nodes from ruamel's events, with a stack of its own: depth costs no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mistakes = Mistakes()
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def read(self, text: str) -> Node | None:
        """Gives the document of a text; None where reading stopped at a mistake, or the text holds nothing."""
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
        parser = YAML(typ="safe", pure=True)
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
        return Scalar(core_value(text) if plain else text, text, place)

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


def _harmless(problem: str) -> str:
    """Gives ruamel's problem without what it quotes from the file."""
    for head, text in TELLING:
        if problem.startswith(head):
            return text
    return QUOTED.sub(lambda m: m.group(0) if m.group(0).startswith("'<") else "...", problem)
