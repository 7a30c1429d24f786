"""The JSON Schemas of files that people write: up to date, true of the shipped files, as strict as the loader."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from iotaudit.packs.yaml import load, parse, plain

ROOT = Path(__file__).resolve().parents[2]
BUILD = runpy.run_path(str(ROOT / "tools" / "docs" / "build_schemas.py"))
SCHEMAS: dict[str, Any] = BUILD["schemas"]()
SHIPPED = [
    *(("pack", p) for p in sorted(ROOT.glob("rules/*/pack.yaml"))),
    *(("rule", p) for p in sorted(ROOT.glob("rules/*/*.yaml")) if p.name != "pack.yaml"),
    *(("profile", p) for p in sorted(ROOT.glob("profiles/*.yaml"))),
]
KNOWN = b"serial: [0012345, RX-7]\ngps: [52.5, 13.4]\nother: [{data_type: person.name, value: Ada}]\nsalts: [x]\n"


def valid(kind: str, document: object) -> bool:
    return bool(Draft202012Validator(SCHEMAS[kind]).is_valid(document))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_file_is_what_the_tool_makes(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    text = (ROOT / "docs" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == SCHEMAS[name]


@pytest.mark.parametrize(
    ("kind", "path"), SHIPPED, ids=lambda v: v.stem if isinstance(v, Path) else v
)
def test_every_shipped_file_fits(kind: str, path: Path) -> None:
    errors = list(Draft202012Validator(SCHEMAS[kind]).iter_errors(plain(load(path))))
    assert not errors


def test_the_example_of_a_declaration_fits() -> None:
    assert valid("declared", plain(load(ROOT / "docs" / "declared.yaml")))
    assert not valid("declared", {"vendor": "V", "destinations": [{"hots": "a.example"}]})
    assert not valid("declared", {"vendor": "V", "storage_countries": ["Germany"]})


def test_known_values_fit() -> None:
    assert valid("known", plain(parse(KNOWN, "f")))


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_a_key_that_is_not_known_is_refused(kind: str) -> None:
    assert not valid(kind, {"nonsense": 1})


def test_conditions_are_checked() -> None:
    rule = plain(load(ROOT / "rules" / "gdpr-transfers" / "gt-001.yaml"))
    assert valid("rule", rule)
    assert not valid("rule", rule | {"when": {"destination.zone": "third-contry"}})
    assert not valid("rule", rule | {"when": {"destination.zoned": "EU"}})
    assert not valid("rule", rule | {"when": {"destination.anycast": {"above": 1}}})
    assert not valid("rule", rule | {"when": {"all": []}})
