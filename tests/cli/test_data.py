"""`iotaudit data`: what the verdict rests on, brought up to date and back."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.library import DATA

Call = Callable[..., Any]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a package with the shipped laws, of which the US ones are due for review; the user's folder is empty."""
    monkeypatch.setenv("IOTAUDIT_DATA", str(tmp_path / "data"))
    folder = tmp_path / "package"
    folder.mkdir()
    data = (DATA / "laws.yaml").read_bytes().replace(b'review_by: "2027-05-31"', b'review_by: "2026-01-31"')
    (folder / "laws.yaml").write_bytes(data)
    row = {"name": "laws", "file": "laws.yaml", "version": "0.9", "date": "2025-12-01", "licence": "MIT", "review_by": "2026-01-31"}
    rows = [{**row, "sha256": hashlib.sha256(data).hexdigest()}]
    manifest = {"package": "iotaudit-knowledge", "format": 1, "version": "2025.12", "files": rows}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_every_piece_of_knowledge_is_listed_with_its_digest(iotaudit: Call, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = iotaudit("data", "status")
    assert (done.code, done.err) == (0, "")
    files = load_knowledge().files
    assert files
    for file in files:
        (line,) = [one for one in done.text.splitlines() if one.split()[:1] == [file.name]]
        assert file.date in line
        assert file.sha256[:16] in line
    assert "shipped (in use)" in done.text


def test_what_is_due_for_review_is_said(iotaudit: Call) -> None:
    told = json.loads(iotaudit("data", "status", "--as-of", "2027-01-15", "--json").out)
    assert [row["name"] for row in told["files"] if row["stale"]] == ["laws"]
    assert iotaudit("data", "status", "--as-of", "soon").code == 2


def test_an_update_is_used_repeated_and_undone(iotaudit: Call, package: Path, leaving: Path) -> None:
    def audit(*options: str) -> dict[str, Any]:
        done = iotaudit("audit", leaving, "--as-of", "2026-11-24", "--json", "-", "-q", *options)
        assert done.code == 0
        document: dict[str, Any] = json.loads(done.out)
        del document["run"]
        return document

    before = audit()
    done = iotaudit("data", "update", "--from", package)
    assert (done.code, done.text) == (0, "knowledge 2025.12 is in use; it brought laws\n")
    with_it = audit()
    assert with_it["settings"]["knowledge"] == "2025.12"
    assert [k["version"] for k in with_it["tool"]["knowledge"] if k["name"] == "laws"] == ["0.9"]
    assert any("law" in w and "2026-01-31" in w for w in with_it["warnings"])
    assert audit("--knowledge", "shipped") == before
    assert "shipped is in use again" in iotaudit("data", "rollback").text
    assert audit() == before
    assert audit("--knowledge", "2025.12") == with_it


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("data", "rollback"), 2, "no earlier knowledge"),
        (("data", "update", "--from", "none"), 3, "no such package"),
        (("data", "status", "--knowledge", "x"), 2, "no knowledge of version x"),
        (("data", "update"), 2, ""),
    ],
)
def test_what_cannot_be_done_is_one_line(iotaudit: Call, package: Path, command: Any, code: int, told: str) -> None:
    assert package.is_dir()
    done = iotaudit(*command)
    assert done.code == code
    assert told in done.err
    assert "Traceback" not in done.err


def test_an_unknown_version_stops_an_audit_before_any_work(iotaudit: Call, leaving: Path) -> None:
    done = iotaudit("audit", leaving, "--knowledge", "2020.1")
    assert done.code == 2
    assert "no knowledge of version 2020.1" in done.err
