"""`iotaudit schema`: the schema that ships."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parents[2]


def test_the_schema_is_the_one_in_the_docs_and_is_a_schema(iotaudit: Callable[..., Any]) -> None:
    done = iotaudit("schema")
    assert (done.code, done.err) == (0, "")
    assert done.out == (ROOT / "docs/schema/audit.schema.json").read_bytes()
    jsonschema.Draft202012Validator.check_schema(json.loads(done.out))
