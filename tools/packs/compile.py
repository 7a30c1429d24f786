"""Compiles the shipped rules and profiles to `iotaudit/packs/documents.json`, which the tool reads in place of YAML.

Run: `python tools/packs/compile.py` after any change; a test compares both. A file that is not compiled is read all the
same, only slower.
"""

import hashlib
import json
import sys
from pathlib import Path

from iotaudit.packs.compiled import DOCUMENTS, form_of
from iotaudit.packs.yaml import parse

ROOT = Path(__file__).resolve().parents[2]


def compiled() -> str:
    """Gives the text of `documents.json` as it follows from the YAML files."""
    documents = {}
    for path in sorted((*ROOT.glob("rules/*/*.yaml"), *ROOT.glob("profiles/*.yaml"))):
        data = path.read_bytes()
        documents[hashlib.sha256(data).hexdigest()] = form_of(parse(data, str(path)))
    return json.dumps(documents, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    DOCUMENTS.write_text(compiled(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENTS.stat().st_size} bytes\n")
