"""Compiled documents: the shipped files give the same nodes with and without YAML."""

import hashlib
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from iotaudit.packs import compiled
from iotaudit.packs.yaml import load, parse

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((*ROOT.glob("rules/*/*.yaml"), *ROOT.glob("profiles/*.yaml")))
ODD = b"""\
a: &x [1, 0x1F, .5, 'yes', "7", ~, true, NO]
b: {c: *x, d: *x}
e: {}
f: []
g: ""
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_is_compiled_with_its_places(path: Path) -> None:
    data = path.read_bytes()
    assert compiled.find(data, "f.yaml") == parse(data, "f.yaml")


def test_the_compiled_file_follows_from_the_yaml_files() -> None:
    make = runpy.run_path(str(ROOT / "tools/packs/compile.py"))["compiled"]
    assert compiled.DOCUMENTS.read_text(encoding="utf-8") == make(), "run tools/packs/compile.py"


def test_every_kind_of_value_survives() -> None:
    node = parse(ODD, "f.yaml")
    assert compiled.node_of(compiled.form_of(node), "f.yaml") == node


def test_a_changed_file_is_read_as_yaml(tmp_path: Path) -> None:
    data = FILES[0].read_bytes().replace(b"title:", b"title :", 1) + b"# changed\n"
    path = tmp_path / FILES[0].name
    path.write_bytes(data)
    assert compiled.find(data, str(path)) is None
    assert load(path) == parse(data, str(path))


def test_a_document_is_found_by_its_bytes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"a: 1\n"
    form = compiled.form_of(parse(data, "f"))
    monkeypatch.setattr(compiled, "_documents", lambda: {hashlib.sha256(data).hexdigest(): form})
    assert compiled.find(data, "mine.yaml") == parse(data, "mine.yaml")
    assert compiled.find(data + b"\n", "mine.yaml") is None


def test_shipped_packs_load_without_the_yaml_library() -> None:
    code = (
        "import sys\nfrom iotaudit.packs.rules import list_packs, load_packs\n"
        "assert load_packs(list_packs())\nprint('ruamel.yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
