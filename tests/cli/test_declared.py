"""`iotaudit audit --declared FILE`: in the file, the terminal, the page, Markdown and CSV; mistakes stop before any work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
TEXT = """\
vendor: Dustwhale
storage_countries: [EU]
destinations: [eu-cloud.dustwhale.example, "*.gone.example"]
data_types: [device.serial]
"""


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    file = tmp_path / "declared.yaml"
    file.write_text(TEXT)
    return file


def test_lines_stand_in_every_output(iotaudit: Call, leaving: Path, declared: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    done = iotaudit("audit", leaving, "--declared", declared, "--as-of", "2026-11-24", "--out", tmp_path / "out")
    assert done.code == 0
    document = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    assert document["settings"]["declared"] == "declared.yaml"
    states = {row["state"] for row in document["declared"]}
    assert states == {"seen_and_declared", "seen_not_declared", "declared_not_seen", "contradicted"}
    (broken,) = [row for row in document["declared"] if row["state"] == "contradicted"]
    assert (broken["item"], broken["declared"], broken["observed"]) == ("storage_countries", ["EU"], "CN")
    assert broken["packets"]
    told = "storage_countries: declared EU, seen CN"
    assert told in done.text
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert 'id="declared"' in page
    for kind, word in (("md", "## Declared against observed"), ("csv", "storage_countries: contradicted")):
        assert word in iotaudit("report", tmp_path / "out", "-f", kind).text


def test_without_a_declaration_no_output_speaks_of_one(iotaudit: Call, leaving: Path, saved: Path) -> None:
    assert json.loads(saved.read_bytes())["declared"] == []
    assert "Declared against" not in iotaudit("audit", leaving).text
    assert 'id="declared"' not in iotaudit("report", saved, "-f", "html").text


def test_mistakes_are_placed_and_stop_before_any_work(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("vendr: X\n")
    done = iotaudit("audit", leaving, "--declared", tmp_path / "bad.yaml", "--json", tmp_path / "a.json")
    assert done.code == 2
    assert "bad.yaml:1:1: the declaration has no key of this name; did you mean vendor?" in done.err
    assert not (tmp_path / "a.json").exists()
    assert iotaudit("audit", leaving, "--declared", tmp_path / "none.yaml").code == 3


def test_known_values_are_masked_in_what_the_vendor_wrote(iotaudit: Call, leaving: Path, declared: Path, tmp_path: Path) -> None:
    declared.write_text(f"{TEXT}operators: [Planted Secret Ltd]\nupdate_hosts: [planted-9471.vendor.example]\n")
    (tmp_path / "known.yaml").write_text("name: Planted Secret\ntoken: planted-9471\n")
    done = iotaudit("audit", leaving, "--declared", declared, "--known", tmp_path / "known.yaml", "--json", "-", "-q")
    assert done.code == 0
    assert b"planted-9471" not in done.out.lower()
    assert b"planted secret" not in done.out.lower()
