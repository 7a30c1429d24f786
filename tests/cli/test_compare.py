"""`iotaudit compare`: audits side by side on the terminal and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def other(tmp_path: Path, staying: Path, iotaudit: Call) -> Path:
    """Gives the saved audit of another device."""
    assert iotaudit("audit", staying, "--as-of", "2026-11-24", "--out", tmp_path / "other", "-q").code == 0
    return tmp_path / "other"


def test_two_devices_stand_side_by_side(iotaudit: Call, saved: Path, other: Path) -> None:
    done = iotaudit("compare", saved, other)
    assert (done.code, done.err) == (0, "")
    assert "eu-cloud.dustwhale.example" in done.text
    assert "\x1b" not in done.text


def test_the_comparison_is_json_alone_on_standard_output(iotaudit: Call, saved: Path, other: Path) -> None:
    done = iotaudit("compare", other, saved, "--json", "-")
    assert (done.code, done.err) == (0, "")
    (change,) = json.loads(done.out)["changes"]
    assert any("eu-cloud.dustwhale.example" in row["text"] for row in change["new"])
    assert any("eu-api.moppel.example" in row["text"] for row in change["gone"])
    assert any(row["what"] == "answer" for row in change["changed"])


def test_an_audit_and_itself_differ_in_nothing(iotaudit: Call, saved: Path) -> None:
    (change,) = json.loads(iotaudit("compare", saved, saved, "--json", "-").out)["changes"]
    assert change == {"new": [], "gone": [], "changed": []}


def test_the_json_goes_into_a_file_beside_the_table(
    iotaudit: Call, saved: Path, other: Path, tmp_path: Path
) -> None:
    done = iotaudit("compare", saved, other, "--json", tmp_path / "both.json")
    assert done.code == 0
    assert done.out
    assert set(json.loads((tmp_path / "both.json").read_bytes())) == {"audits", "table", "changes"}


def test_one_audit_is_too_few(iotaudit: Call, saved: Path) -> None:
    done = iotaudit("compare", saved)
    assert "takes two or more" in done.line
    assert done.code == 2


def test_what_is_no_audit_is_named(iotaudit: Call, saved: Path, leaving: Path) -> None:
    done = iotaudit("compare", saved, leaving)
    assert f"{leaving}: no audit.json" in done.line
    assert done.code == 3


def test_a_place_that_cannot_be_written_is_one_line(iotaudit: Call, saved: Path, tmp_path: Path) -> None:
    done = iotaudit("compare", saved, saved, "--json", tmp_path)
    assert "Is a directory" in done.line
    assert done.code == 3
