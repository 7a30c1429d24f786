"""Compiles the YAML files of `iotaudit/packs/data/` to `tables.json`, which the tool reads (YAML costs too much time).

Run: `python tools/knowledge/compile.py` after any change; a test compares both.
"""

import json
import sys
from pathlib import Path
from typing import Any

import iso3166
from ruamel.yaml import YAML

DATA = Path(__file__).resolve().parents[2] / "iotaudit" / "packs" / "data"
TABLES = ("addresses", "anycast", "data-types", "entities", "laws", "regions", "roles", "zones")


def compiled() -> str:
    """Gives the text of `tables.json` as it follows from the YAML files."""
    tables: dict[str, Any] = {}
    for name in TABLES:
        text = (DATA / f"{name}.yaml").read_text(encoding="utf-8")
        tables[name] = YAML(typ="safe", pure=True).load(text)
    tables["countries"] = {c.alpha2: c.apolitical_name for c in iso3166.countries}
    return json.dumps(tables, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    (DATA / "tables.json").write_text(compiled(), encoding="utf-8")
    sys.stdout.write(f"{len(TABLES)} tables\n")
