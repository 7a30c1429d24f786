"""`audit --wifi-key`: a bad file is told in one line before any work, and never quoted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_a_line_that_is_no_network_is_told_with_its_place(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    key = tmp_path / "wifi.key"
    key.write_text("lab:correct horse\nlab:secret\n")
    done = iotaudit("audit", leaving, "--wifi-key", key)
    assert done.code == 2
    assert done.line.startswith(f"iotaudit: {key}:2: a line is ssid:passphrase")
    assert "secret" not in done.line


def test_a_missing_file_is_told(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    done = iotaudit("audit", leaving, "--wifi-key", tmp_path / "none")
    assert (done.code, "cannot be read" in done.line) == (3, True)


def test_the_passphrase_is_in_no_output(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    key = tmp_path / "wifi.key"
    key.write_text("lab:correct horse\n")
    done = iotaudit("audit", leaving, "--wifi-key", key, "--out", tmp_path / "out", "--json", "-")
    assert done.code == 0
    written = (tmp_path / "out" / "audit.json").read_text()
    assert '"wifi_key": "wifi.key"' in written
    for text in (written, done.text, done.err, (tmp_path / "out" / "report.html").read_text()):
        assert "correct horse" not in text
