"""`iotaudit report`: a saved audit in every format, and one line for what is none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iotaudit.report import FORMATS

Call = Callable[..., Any]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_written_to_standard_output_and_alike_to_a_file(
    iotaudit: Call, saved: Path, tmp_path: Path, name: str
) -> None:
    told = iotaudit("report", saved, "--format", name)
    assert (told.code, told.err) == (0, "")
    assert b"eu-cloud.dustwhale.example" in told.out.replace(b"\\", b"")
    written = iotaudit("report", saved, "-f", name, "-o", tmp_path / "out")
    assert (written.code, written.out, written.err) == (0, b"", "")
    assert (tmp_path / "out").read_bytes() == told.out


def test_the_json_of_a_saved_audit_is_that_audit(iotaudit: Call, saved: Path) -> None:
    assert iotaudit("report", saved, "-f", "json").out == saved.read_bytes()


def test_the_page_is_the_one_that_the_audit_wrote(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    assert iotaudit("audit", leaving, "--out", tmp_path / "out", "-q").code == 0
    assert iotaudit("report", tmp_path / "out").out == (tmp_path / "out/report.html").read_bytes()


def test_standard_input_is_read(iotaudit: Call, saved: Path) -> None:
    assert (
        iotaudit("report", "-", "-f", "csv", stdin=saved.read_bytes()).out
        == iotaudit("report", saved, "-f", "csv").out
    )


@pytest.mark.parametrize("name", ["pdf", "xlsx", "stix"])
def test_a_format_of_a_later_release_says_so(iotaudit: Call, saved: Path, name: str) -> None:
    done = iotaudit("report", saved, "--format", name)
    assert f"--format {name} is not built yet; there are json, html" in done.line
    assert done.code == 2


def test_a_format_that_is_none_names_those_that_are(iotaudit: Call, saved: Path) -> None:
    done = iotaudit("report", saved, "--format", "exe")
    assert "is unknown; there are json, html, sarif, junit, md, csv" in done.line
    assert done.code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "an empty file is no audit.json"),
        (b"some notes\n", "it is not JSON"),
        (b"{}", "has no schema_version"),
        (b'{"schema_version": "9.0"}', "another schema_version"),
        (b'{"schema_version": "1.0"}', "no sound audit.json"),
        (b"[" * 100_000, "it is not JSON"),
    ],
)
def test_what_is_no_audit_is_one_line_with_the_files_name(
    iotaudit: Call, tmp_path: Path, text: bytes, words: str
) -> None:
    file = tmp_path / "made.json"
    file.write_bytes(text)
    done = iotaudit("report", file)
    assert words in done.line
    assert str(file) in done.line
    assert done.code == 3


def test_an_audit_cut_off_is_one_line(iotaudit: Call, saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_bytes(saved.read_bytes()[:-900])
    done = iotaudit("report", file)
    assert "damaged or cut off" in done.line
    assert done.code == 3


def test_a_saved_audit_with_another_kind_of_value_is_one_line(
    iotaudit: Call, saved: Path, tmp_path: Path
) -> None:
    document = json.loads(saved.read_bytes())
    document["flows"][0]["bytes_out"] = "many"
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(document))
    done = iotaudit("report", file)
    assert "/flows/0/bytes_out" in done.line
    assert done.code == 3


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.json", "no such file"), (".", "a folder without audit.json")]
)
def test_a_missing_file_is_one_line(iotaudit: Call, tmp_path: Path, name: str, words: str) -> None:
    done = iotaudit("report", tmp_path / name)
    assert words in done.line
    assert done.code == 3


def test_a_place_that_cannot_be_written_is_one_line(iotaudit: Call, saved: Path, tmp_path: Path) -> None:
    done = iotaudit("report", saved, "-o", tmp_path / "nowhere/report.html")
    assert "No such file or directory" in done.line
    assert done.code == 3
