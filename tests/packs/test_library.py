"""Versions of the knowledge: installed whole or not at all, never during an audit, and undone."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from iotaudit.errors import InputError, UsageError
from iotaudit.packs import library
from iotaudit.packs.knowledge import load_knowledge, try_shelf
from iotaudit.packs.library import DATA


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IOTAUDIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def laws(title: str = "Example Access Act") -> bytes:
    """A table of laws with one fictional law."""
    law = {
        "id": "xx-example",
        "title": title,
        "country": "US",
        "citation": "Example 1",
        "role": "access",
        "triggers": {"place": ["US"], "operator": ["US"]},
        "gag": "no",
        "status": "in-force",
        "checked": "memory",
        "as_of": "2026-12-01",
        "review_by": "2027-12-01",
    }
    return json.dumps({"laws": [law]}).encode()


def package(at: Path, version: str = "2026.12", brings: Any = None, **changes: Any) -> Path:
    """Writes a package with its manifest; `brings`: name of the knowledge to file name and bytes."""
    at.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, (file, data) in (brings or {"laws": ("laws.yaml", laws())}).items():
        (at / Path(file).name).write_bytes(data)
        row = {"name": name, "file": file, "version": "2", "date": "2026-12-01", "licence": "MIT", "review_by": "2027-12-01"}
        rows.append({**row, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = {"package": "iotaudit-knowledge", "format": 1, "version": version, "files": rows, **changes}
    (at / "manifest.json").write_text(json.dumps(manifest))
    return at


def titles(version: str | None = None) -> set[str]:
    with library.open_shelf(version) as shelf:
        return {law.title for law in load_knowledge((), shelf).laws}


def test_without_a_package_the_shipped_knowledge_is_in_use_and_nothing_is_written(folder: Path) -> None:
    assert (library.current(), library.versions()) == ("shipped", ("shipped",))
    with library.open_shelf() as shelf:
        assert shelf.version == "shipped"
    assert not folder.exists()


def test_a_package_replaces_what_it_brings_and_nothing_else(tmp_path: Path) -> None:
    assert library.install(package(tmp_path / "p"), try_shelf) == ("2026.12", ("laws",))
    assert titles() == {"Example Access Act"}
    with library.open_shelf() as shelf:
        known = load_knowledge((), shelf)
    (row,) = [f for f in known.files if f.name == "laws"]
    assert (row.version, row.sha256) == ("2", hashlib.sha256(laws()).hexdigest())
    assert known.entities == load_knowledge().entities


def test_a_zip_file_is_a_package_too(tmp_path: Path) -> None:
    source = package(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in sorted(source.iterdir()):
            archive.write(path, path.name)
    library.install(tmp_path / "p.zip", try_shelf)
    assert titles() == {"Example Access Act"}


def test_rolling_back_puts_the_version_before_in_use_and_keeps_the_other(tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "1"), try_shelf)
    library.install(package(tmp_path / "b", "2", {"laws": ("laws.yaml", laws("Second Act"))}), try_shelf)
    assert library.roll_back() == ("2", "1")
    assert titles() == {"Example Access Act"}
    assert titles("2") == {"Second Act"}
    assert library.roll_back() == ("1", "shipped")
    with pytest.raises(UsageError, match="no earlier knowledge"):
        library.roll_back()


def test_what_a_package_does_not_bring_is_carried_over(tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "1"), try_shelf)
    roles = (DATA / "roles.yaml").read_bytes()
    library.install(package(tmp_path / "b", "2", {"roles": ("roles.yaml", roles)}), try_shelf)
    assert titles("2") == {"Example Access Act"}


def test_the_same_package_again_is_put_in_use_again(tmp_path: Path) -> None:
    first = package(tmp_path / "a", "1")
    library.install(first, try_shelf)
    library.install(package(tmp_path / "b", "2", {"laws": ("laws.yaml", laws("Second Act"))}), try_shelf)
    library.install(first, try_shelf)
    assert (library.current(), titles()) == ("1", {"Example Access Act"})


def test_another_package_of_the_same_version_is_refused(tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "1"), try_shelf)
    with pytest.raises(UsageError, match="never comes twice"):
        library.install(package(tmp_path / "b", "1", {"laws": ("laws.yaml", laws("Other"))}), try_shelf)
    assert titles() == {"Example Access Act"}


@pytest.mark.parametrize(
    ("files", "changes", "told"),
    [
        ({"laws": ("laws.yaml", b"laws: [{id: x}]")}, {}, "has not the form"),
        ({"asn": ("asn.bin", b"no columns")}, {}, "has not the form"),
        ({"dbip-country": ("dbip-country.mmdb", b"no database")}, {}, "has not the form"),
        ({"outlines": ("outlines.bin", b"no columns")}, {}, "has not the form"),
        ({"lawz": ("laws.yaml", laws())}, {}, "did you mean laws"),
        ({"laws": ("../laws.yaml", laws())}, {}, "is not known"),
        (None, {"version": "../up"}, "the version has letters"),
        (None, {"version": "shipped"}, "the version has letters"),
        (None, {"format": 2}, "not that of a knowledge package"),
        (None, {"files": []}, "names no file"),
        (None, {"files": [{"name": "laws"}]}, "every file of the manifest has"),
        (None, {"files": "x"}, "names no file"),
    ],
)
def test_a_package_that_does_not_fit_changes_nothing(folder: Path, tmp_path: Path, files: Any, changes: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        library.install(package(tmp_path / "p", brings=files, **changes), try_shelf)
    assert library.versions() == ("shipped",)
    assert {path.name for path in (folder / "knowledge").iterdir()} <= {"lock"}


def test_a_file_that_does_not_fit_its_hash_is_refused(tmp_path: Path) -> None:
    source = package(tmp_path / "p")
    (source / "laws.yaml").write_bytes(laws("Changed"))
    with pytest.raises(InputError, match="SHA-256"):
        library.install(source, try_shelf)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + b"\x00" * 40])
def test_what_is_no_package_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(InputError, match="no zip file"):
        library.install(tmp_path / "x.zip", try_shelf)
    with pytest.raises(InputError, match="no such package"):
        library.install(tmp_path / "none", try_shelf)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        library.install(tmp_path / "empty", try_shelf)


def test_no_update_takes_place_during_an_audit(tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "1"), try_shelf)
    other = package(tmp_path / "b", "2", {"laws": ("laws.yaml", laws("Second Act"))})
    with library.open_shelf(), library.open_shelf("shipped"):
        with pytest.raises(InputError, match="an audit is running"):
            library.install(other, try_shelf)
        with pytest.raises(InputError, match="an audit is running"):
            library.roll_back()
    library.install(other, try_shelf)
    assert library.current() == "2"


def test_an_installed_file_that_changed_is_noticed(folder: Path, tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "1"), try_shelf)
    (folder / "knowledge" / "1" / "laws.json").write_bytes(b"{}")
    with pytest.raises(InputError, match=r"laws\.json was changed"), library.open_shelf():
        pass


def test_a_version_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    library.install(package(tmp_path / "a", "2026.12"), try_shelf)
    with pytest.raises(UsageError, match=r"did you mean 2026\.12\? \(there are shipped, 2026\.12\)"), library.open_shelf("2026.2"):
        pass
