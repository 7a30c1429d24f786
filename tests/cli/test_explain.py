"""`iotaudit explain`: one destination as a tree, its exit codes, and nothing that acts in a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

Call = Callable[..., Any]


def test_a_destination_is_explained_with_its_packets(iotaudit: Call, saved: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    row = next(d for d in orjson.loads(saved.read_bytes())["destinations"] if d["access_laws"] and d["name"])
    done = iotaudit("explain", row["name"], saved)
    assert (done.code, done.err) == (0, "")
    for word in (row["id"], row["operator"]["name"], row["access_laws"][0]["title"], f"packet {row['payload_packet']}"):
        assert word in done.text
    assert "SHA-256" in done.text
    assert "\x1b" not in done.text


def test_the_page_is_written(iotaudit: Call, saved: Path, tmp_path: Path) -> None:
    done = iotaudit("explain", "dst4", saved, "--html", tmp_path / "x.html")
    assert (done.code, done.out) == (0, b"")
    page = (tmp_path / "x.html").read_text("utf-8")
    assert page.lstrip().startswith("<!doctype html>")
    assert "dst4" in page


@pytest.mark.parametrize(
    ("word", "file", "code", "told"),
    [
        ("eu-cloud.dustwale.example", None, 2, "did you mean eu-cloud.dustwhale.example?"),
        ("dst99", None, 2, "no destination dst99 among the"),
        ("dst1", "none.json", 3, "no such file"),
    ],
)
def test_what_cannot_be_explained_is_one_line(iotaudit: Call, saved: Path, word: str, file: Any, code: int, told: str) -> None:
    done = iotaudit("explain", word, file or saved)
    assert told in done.line
    assert done.code == code


def test_hostile_texts_of_a_saved_audit_do_not_act(iotaudit: Call, saved: Path, tmp_path: Path) -> None:
    document = orjson.loads(saved.read_bytes())
    bad = "\x1b]0;x\x07[red]<script>alert(1)</script>\u202e"
    for row in document["destinations"]:
        row["notes"] = [bad]
        row["party_ground"] = bad
        row["owner"]["name"] = bad
    file = tmp_path / "bad.json"
    file.write_bytes(orjson.dumps(document))
    done = iotaudit("explain", "dst4", file)
    assert done.code == 0
    assert "\x1b" not in done.text
    assert "\u202e" not in done.text
    assert "[red]" in done.text
    assert iotaudit("explain", "dst4", file, "--html", tmp_path / "bad.html").code == 0
    assert "<script" not in (tmp_path / "bad.html").read_text("utf-8")


def test_a_broken_pipe_and_standard_input_are_fine(iotaudit: Call, saved: Path) -> None:
    assert "dst4" in iotaudit("explain", "dst4", "-", stdin=saved.read_bytes()).text
