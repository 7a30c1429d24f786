"""A saved `audit.json` is read as strictly as a capture: it may be cut, edited, hostile, or no audit at all."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from iotaudit.codec.guard import Fault, guarded
from iotaudit.errors import InputError
from iotaudit.report import schema
from iotaudit.report.rows import SCHEMA_VERSION

Form = Mapping[str, Any]

MAX_LEN = 1 << 30
"""Largest audit.json that is read, bytes: about a million flows."""

TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
}


def read(text: bytes) -> dict[str, Any]:
    """Gives the document of a saved audit.

    Raises:
        InputError: too large, not JSON (cut off, a text file), another version, or not of the schema's form.
    """
    if len(text) > MAX_LEN:
        raise InputError(
            f"not read: {len(text)} bytes are more than an audit.json can have ({MAX_LEN})"
        )
    if not text.strip():
        raise InputError(
            "an empty file is no audit.json; write one with 'iotaudit audit CAPTURE --json FILE'"
        )
    document = guarded("json", orjson.loads, text)
    if isinstance(document, Fault):
        whole = b"schema_version" not in text[:4096]
        why = "it is not JSON" if whole else "its JSON is damaged or cut off"
        raise InputError(
            f"no audit.json: {why}; write one with 'iotaudit audit CAPTURE --json FILE'"
        )
    if not isinstance(document, dict) or "schema_version" not in document:
        raise InputError("no audit.json: the JSON has no schema_version")
    if document["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"this audit.json has another schema_version; this iotaudit reads {SCHEMA_VERSION}"
        )
    form = schema.make()
    wrong = _mistake(document, form, form["$defs"], "")
    if wrong:
        raise InputError(f"no sound audit.json: {wrong}")
    return document


def _mistake(value: object, form: Form, named: Form, where: str) -> str | None:
    """Gives the first place where a value departs from our schema, without the value; None where it fits.

    It knows the keywords that `schema.make` uses and no others; a test holds it against jsonschema.
    """
    while "$ref" in form:
        form = named[form["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in form:
        return None if value is None else _mistake(value, form["anyOf"][0], named, where)
    if "type" not in form:
        known = form.get("enum", [form.get("const")])
        fits = isinstance(value, str | None) and value in known
        return None if fits else f"{where or '/'} is not one of the known words"
    kinds = form["type"] if isinstance(form["type"], list) else [form["type"]]
    if not any(TYPES[kind](value) for kind in kinds):
        return f"{where or '/'} is not of type {' or '.join(kinds)}"
    if isinstance(value, list):
        return _in_list(value, form, named, where)
    if isinstance(value, dict):
        return _in_object(value, form, named, where)
    return _in_scalar(value, form, where)


def _in_scalar(value: object, form: Form, where: str) -> str | None:
    if isinstance(value, str):
        if "pattern" in form and re.fullmatch(form["pattern"].strip("^$"), value) is None:
            return f"{where} is not of the form that it must have"
    elif isinstance(value, int | float) and not (
        form.get("minimum", value) <= value <= form.get("maximum", value)
    ):
        return f"{where} is out of range"
    return None


def _in_list(value: list[Any], form: Form, named: Form, where: str) -> str | None:
    if "items" in form:
        for number, item in enumerate(value):
            wrong = _mistake(item, form["items"], named, f"{where}/{number}")
            if wrong:
                return wrong
    return None


def _in_object(value: dict[str, Any], form: Form, named: Form, where: str) -> str | None:
    properties = form.get("properties")
    if properties is None:
        return None
    for key in properties:
        if key not in value:
            return f"{where}/{key} is missing"
    if len(value) > len(properties):
        return f"{where or '/'} has keys that this version does not know"
    for key, inner in properties.items():
        wrong = _mistake(value[key], inner, named, f"{where}/{key}")
        if wrong:
            return wrong
    return None
