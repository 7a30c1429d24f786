"""`audit --keylog`: given several times, a bad file is told in one line before any work, and never quoted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]
LINE = "CLIENT_RANDOM " + "0a" * 32 + " " + "5b" * 48 + "\n"


def test_a_file_that_is_no_key_log_is_told_before_any_work(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("secret notes\n")
    done = iotaudit("audit", leaving, "--keylog", notes, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.line.startswith(f"iotaudit: --keylog {notes}: no line is one of a key log")
    assert "secret notes" not in done.line


def test_a_missing_file_is_told(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    done = iotaudit("audit", leaving, "--keylog", tmp_path / "none")
    assert (done.code, "cannot be read" in done.line) == (3, True)


def test_key_logs_of_another_place_are_told_and_their_secrets_are_in_no_output(
    iotaudit: Call, leaving: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a.keys", "b.keys")]
    for path in paths:
        path.write_text(LINE)
    done = iotaudit("audit", leaving, "--keylog", paths[0], "--keylog", paths[1], "--out", tmp_path / "out", "--json", "-")
    assert done.code == 0
    written = (tmp_path / "out" / "audit.json").read_text()
    assert "key log b.keys: none of its sessions is in the capture" in written
    for text in (written, done.text, done.err, (tmp_path / "out" / "report.html").read_text()):
        assert "0a" * 32 not in text
        assert "5b" * 48 not in text
