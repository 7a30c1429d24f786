"""`iotaudit demo`: a shipped capture is audited into a folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def test_the_demo_writes_audit_and_report(iotaudit: Call, tmp_path: Path) -> None:
    done = iotaudit("demo", "--out", tmp_path / "demo")
    assert (done.code, done.err) == (0, "")
    assert "Data leaves the EU:        YES" in done.text
    assert f"report: {tmp_path / 'demo/report.html'}" in done.text
    document = json.loads((tmp_path / "demo/audit.json").read_bytes())
    assert document["settings"]["profile"] == "cleaning-robot"


def test_another_shipped_capture_can_be_named(iotaudit: Call, tmp_path: Path) -> None:
    done = iotaudit("demo", "--out", tmp_path, "--name", "robot-eu-cloud.pcapng")
    assert done.code == 0
    assert "moppel" in done.text


@pytest.mark.parametrize("name", ["nothing.pcap", "../README.md"])
def test_a_name_that_is_none_lists_those_that_are(iotaudit: Call, tmp_path: Path, name: str) -> None:
    done = iotaudit("demo", "--out", tmp_path / "none", "--name", name)
    assert "there are camera-clear.pcap, robot-eu-cloud.pcapng, robot-eu-name.pcapng" in done.line
    assert done.code == 2
    assert not (tmp_path / "none").exists()
