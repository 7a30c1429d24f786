"""The shipped YAML files as they were read when they were compiled: ruamel.yaml takes milliseconds for each of them.

`documents.json` has the nodes of a file by the SHA-256 of its bytes, so that a file that was changed is read as YAML
like any other. `tools/packs/compile.py` writes it, a test compares.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from iotaudit.errors import Place, SetupError
from iotaudit.packs.nodes import Mapping, Node, Scalar, Sequence, core_value

DOCUMENTS = Path(__file__).resolve().parent / "documents.json"
Form = list[Any]
"""A scalar is [line, column, text, false where its value is that text], a list [line, column, [items]], a mapping
[line, column, [keys], [values]]."""


def find(data: bytes, name: str) -> Node | None:
    """Gives the document of a shipped file, None for other bytes; `name` stands in the places.

    Raises:
        SetupError: the installation's own table is missing or damaged.
    """
    form = _documents().get(hashlib.sha256(data).hexdigest())
    return None if form is None else node_of(form, name)


@cache
def _documents() -> dict[str, Form]:
    try:
        documents: dict[str, Form] = orjson.loads(DOCUMENTS.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise SetupError(f"the file {DOCUMENTS.name} is missing or damaged; install iotaudit again") from None
    return documents


def form_of(node: Node) -> Form:
    """Gives a node in the form that is written."""
    place = [node.place.line, node.place.column]
    match node:
        case Scalar(value, text):
            return [*place, text, not isinstance(value, str)]
        case Sequence(items):
            return [*place, [form_of(item) for item in items]]
        case Mapping(pairs):
            return [*place, [form_of(key) for key, _ in pairs], [form_of(value) for _, value in pairs]]


def node_of(form: Form, name: str) -> Node:
    """Gives the node of a written form."""
    place = Place(name, form[0], form[1])
    body = form[2]
    if isinstance(body, str):
        return Scalar(core_value(body) if form[3] else body, body, place)
    if len(form) == 3:
        items = tuple(node_of(item, name) for item in body)
        return Sequence(items, place, 1 + sum(item.size for item in items))
    pairs: list[tuple[Scalar, Node]] = []
    size = 1
    for key_form, value_form in zip(body, form[3], strict=True):
        key, value = node_of(key_form, name), node_of(value_form, name)
        size += key.size + value.size
        if isinstance(key, Scalar):
            pairs.append((key, value))
    return Mapping(tuple(pairs), place, size)
