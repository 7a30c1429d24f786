"""The small parts that the form of `audit.json` is put together from."""

from enum import StrEnum
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
FLAG_OR_NULL: Schema = {"type": ["boolean", "null"]}
SIZE: Schema = {"type": "integer", "minimum": 0}
SIZE_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
PORT: Schema = {"type": "integer", "minimum": 0, "maximum": 65535}
SECONDS: Schema = {"type": "number", "minimum": 0}
SECONDS_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
COUNTRY: Schema = {
    "type": ["string", "null"],
    "description": "ISO 3166-1 alpha-2; null: not known.",
}


def row_of(properties: dict[str, Schema], description: str = "") -> Schema:
    """Gives the form of an object that has these keys, all of them and no other."""
    row: Schema = {"type": "object"}
    if description:
        row["description"] = description
    row["properties"] = properties
    row["required"] = list(properties)
    row["additionalProperties"] = False
    return row


def list_of(items: Schema, description: str = "") -> Schema:
    """Gives the form of a list."""
    return {
        "type": "array",
        **({"description": description} if description else {}),
        "items": items,
    }


def ref_to(name: str, *, or_null: bool = False) -> Schema:
    """Gives a reference to a definition."""
    ref = {"$ref": f"#/$defs/{name}"}
    return {"anyOf": [ref, {"type": "null"}]} if or_null else ref


def words_of(kind: type[StrEnum] | tuple[str, ...], description: str = "") -> Schema:
    """Gives the form of one of a closed set of words."""
    words = list(kind) if isinstance(kind, tuple) else [word.value for word in kind]
    return {"enum": words, **({"description": description} if description else {})}
