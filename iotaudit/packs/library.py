"""The versions of the knowledge on this machine: the one that ships, and those that packages brought.

A package is a folder or zip file with `manifest.json` and the files that it replaces; docs/knowledge.md has the form. A
version is complete: what a package does not bring is carried over from the version before. Versions lie side by side,
never change, and a pointer says which one is in use, so that an update is one rename and can be undone.
"""

import hashlib
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from iotaudit.codec.guard import Fault, guarded
from iotaudit.errors import InputError, UsageError
from iotaudit.packs.fields import suggestion
from iotaudit.packs.lock import held
from iotaudit.packs.yaml import parse, plain

SHIPPED = "shipped"
"""The version that comes with the tool."""
DATA = Path(__file__).resolve().parent / "data"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PACKAGE, FORM = "iotaudit-knowledge", 1
MANIFEST, POINTER = "manifest.json", "current.json"
MAX_FILE_LEN = 256 << 20
MAX_MANIFEST_LEN = 1 << 20
REQUIRED = ("name", "file", "version", "date", "licence", "sha256")
TEXTS = (*REQUIRED, "attribution", "url", "review_by", "from")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One version: `rows` of the manifest by name for what it replaces, `folder` where the files are."""

    version: str
    folder: Path | None
    rows: dict[str, Row]

    def path(self, name: str, file: str) -> Path:
        """Gives the path of a file of the knowledge `name`."""
        return self.folder / file if self.folder and name in self.rows else DATA / file

    def tables(self) -> dict[str, Any]:
        """Gives the tables that replace shipped ones."""
        folder = self.folder
        names = [name for name, row in self.rows.items() if row["file"].endswith(".yaml")]
        return {name: orjson.loads((folder / f"{name}.json").read_bytes()) for name in names} if folder else {}


SHIPPED_SHELF = Shelf(SHIPPED, None, {})


def data_folder() -> Path:
    """Gives the user's data folder: $IOTAUDIT_DATA, else where the system keeps such data."""
    if own := os.environ.get("IOTAUDIT_DATA"):
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "iotaudit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "iotaudit"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "iotaudit"


def versions() -> tuple[str, ...]:
    """Gives the versions that can be asked for: the shipped one, then the installed ones, sorted."""
    root = _root()
    found = [p.parent.name for p in root.glob(f"*/{MANIFEST}") if VERSION.fullmatch(p.parent.name)] if root.is_dir() else []
    return (SHIPPED, *sorted(found))


def current() -> str:
    """Gives the version in use."""
    version: str = _pointer()["current"]
    return version


@contextmanager
def open_shelf(version: str | None = None) -> Iterator[Shelf]:
    """Gives a version, the one in use where none is named; while it is open, no update takes place.

    Raises:
        UsageError: there is no such version.
        InputError: its files are not what they were when it was installed.
    """
    root = _root()
    if not root.is_dir():
        yield _shelf(version or SHIPPED)
        return
    with held(root / "lock", alone=False) as free:
        if not free:
            raise InputError("the knowledge is being updated by another process; run again when it is done")
        yield _shelf(version or current())


def _shelf(version: str) -> Shelf:
    if version == SHIPPED:
        return SHIPPED_SHELF
    known = versions()
    if version not in known:
        raise UsageError(
            f"no knowledge of version {version}{suggestion(version, known)} (there are {', '.join(known)})"
        )
    folder = _root() / version
    manifest = _json(folder / MANIFEST)
    for name, digest in manifest["hashes"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise InputError(f"knowledge {version}: {name} was changed or lost; install the package again")
    return Shelf(version, folder, {row["name"]: row for row in manifest["files"]})


def install(source: Path, check: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401 - see Args
    """Installs a package and puts it in use; gives its version and the names of the knowledge that it brought.

    Args:
        source: folder or zip file.
        check: opens the knowledge of a shelf; whatever it raises makes the package unusable.

    Raises:
        UsageError: the version is taken by another package.
        InputError: the package cannot be read, does not fit its hashes or its form, or an audit is running.
    """
    root = _root()
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        stage = root / ".stage"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            version, brought = _stage(source, stage, _shelf(current()))
            found = guarded("knowledge", check, Shelf(version, stage, {r["name"]: r for r in _json(stage / MANIFEST)["files"]}))
            if isinstance(found, Fault):
                raise InputError(f"{source}: a file has not the form that it must have ({found.error})")
            _settle(stage, root / version)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        pointer = _pointer()
        if pointer["current"] != version:
            _point(version, [*pointer["before"], pointer["current"]])
    return version, brought


def roll_back() -> tuple[str, str]:
    """Puts the version before in use again; gives the one left and the one now in use.

    Raises:
        UsageError: there is none before.
        InputError: an audit is running.
    """
    root = _root()
    pointer = _pointer()
    if not pointer["before"]:
        raise UsageError("there is no earlier knowledge to go back to")
    with _alone(root):
        *before, last = pointer["before"]
        _shelf(last)
        _point(last, before)
    return pointer["current"], last


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with held(root / "lock", alone=True) as free:
        if not free:
            raise InputError("an audit is running with this knowledge; update when it is done")
        yield


def _stage(source: Path, stage: Path, before: Shelf) -> tuple[str, tuple[str, ...]]:
    """Copies a package, checked, and what it leaves as it is, into a folder."""
    read = _reader(source)
    manifest = _manifest(source, read(MANIFEST, MAX_MANIFEST_LEN))
    shipped = {row["name"]: row["file"] for row in _json(DATA / MANIFEST)["files"]}
    brought: dict[str, Row] = {}
    for row in manifest["files"]:
        name = row["name"]
        if shipped.get(name) != row["file"]:
            hint = suggestion(name, shipped)
            raise InputError(f"{source}: knowledge {name!r} in file {row['file']!r} is not known{hint}")
        if name in brought:
            raise InputError(f"{source}: {name} stands twice in the manifest")
        data = read(row["file"], MAX_FILE_LEN)
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            raise InputError(f"{source}: {row['file']} does not have the SHA-256 that the manifest states")
        (stage / row["file"]).write_bytes(data)
        if row["file"].endswith(".yaml"):
            table = plain(parse(data, row["file"]))
            (stage / f"{name}.json").write_bytes(orjson.dumps(table, option=orjson.OPT_SORT_KEYS))
        brought[name] = row
    rows = {**before.rows, **brought}
    for name, row in before.rows.items():
        if name not in brought and before.folder:
            for file in {row["file"], f"{name}.json"}:
                if (before.folder / file).is_file():
                    shutil.copyfile(before.folder / file, stage / file)
    hashes = {path.name: _sha256(path) for path in sorted(stage.iterdir())}
    text = {
        "version": manifest["version"],
        "brought": [brought[name] for name in sorted(brought)],
        "files": [rows[name] for name in sorted(rows)],
        "hashes": hashes,
    }
    (stage / MANIFEST).write_bytes(orjson.dumps(text, option=orjson.OPT_INDENT_2))
    return manifest["version"], tuple(sorted(brought))


def _reader(source: Path) -> Any:  # noqa: ANN401 - a function of name and limit
    """Gives what reads one file of a package, never more than the limit."""
    if source.is_dir():

        def read(name: str, limit: int) -> bytes:
            path = source / name
            if not path.is_file():
                raise InputError(f"{source}: {name} is missing")
            return _bounded(path.open("rb"), name, limit)

        return read
    if not source.exists():
        raise InputError(f"{source}: no such package; name a folder or a zip file with {MANIFEST}")
    archive = guarded("zip", zipfile.ZipFile, source)
    if isinstance(archive, Fault):
        raise InputError(f"{source}: is no zip file and no folder")

    def extract(name: str, limit: int) -> bytes:
        if name not in archive.namelist():
            raise InputError(f"{source}: {name} is missing")
        data = guarded("zip", lambda: _bounded(archive.open(name), name, limit))
        if isinstance(data, Fault):
            raise InputError(f"{source}: {name} cannot be unpacked ({data.error})")
        return data

    return extract


def _bounded(file: Any, name: str, limit: int) -> bytes:  # noqa: ANN401 - any binary file
    with file:
        data: bytes = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{name} is larger than {limit >> 20} MiB")
    return data


def _manifest(source: Path, data: bytes) -> Row:
    """Gives a package's manifest, of which every value is of the kind that it must have."""
    found = guarded("json", orjson.loads, data)
    if not isinstance(found, dict) or found.get("package") != PACKAGE or found.get("format") != FORM:
        raise InputError(f"{source}: {MANIFEST} is not that of a knowledge package of format {FORM}")
    version, rows = found.get("version"), found.get("files")
    if not isinstance(version, str) or not VERSION.fullmatch(version) or version == SHIPPED:
        raise InputError(f"{source}: the version has letters, digits, dots and hyphens, and is not {SHIPPED!r}")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{source}: the manifest names no file")
    return {"version": version, "files": [_checked(source, row) for row in rows]}


def _checked(source: Path, row: object) -> Row:
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) and row[key] for key in REQUIRED):
        raise InputError(f"{source}: every file of the manifest has {', '.join(REQUIRED)} as texts")
    if not all(isinstance(row.get(key, ""), str) for key in TEXTS):
        raise InputError(f"{source}: {', '.join(TEXTS)} are texts")
    return {key: row[key] for key in TEXTS if key in row}


def _settle(stage: Path, folder: Path) -> None:
    """Gives a staged version its name; where the same package was installed before, that version stays as it is."""
    if folder.exists():
        if _json(folder / MANIFEST)["brought"] == _json(stage / MANIFEST)["brought"]:
            _shelf(folder.name)
            return
        raise UsageError(f"version {folder.name} is installed with other files; a package's version never comes twice")
    stage.rename(folder)


def _pointer() -> Row:
    path = _root() / POINTER
    if not path.is_file():
        return {"current": SHIPPED, "before": []}
    found: Row = _json(path)
    return found


def _point(version: str, before: list[str]) -> None:
    """Says which version is in use: the new pointer takes the old one's place at once."""
    root = _root()
    with (root / f".{POINTER}").open("wb") as file:
        file.write(orjson.dumps({"current": version, "before": before[-100:]}))
        file.flush()
        os.fsync(file.fileno())
    (root / f".{POINTER}").replace(root / POINTER)


def _root() -> Path:
    return data_folder() / "knowledge"


def _json(path: Path) -> Any:  # noqa: ANN401 - the file's own form
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise InputError(f"{path}: is missing or damaged; install the knowledge package again") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
