"""The command line as a whole: help, version, and whose fault each failure is."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import iotaudit as package
from iotaudit import cli, pipeline
from iotaudit.errors import InputError, PackError, Place, SetupError, UsageError

ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]


def test_the_version_is_the_packages(iotaudit: Call) -> None:
    done = iotaudit("--version")
    assert (done.code, done.text) == (0, f"iotaudit {package.__version__}\n")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_lists_what_is_built(iotaudit: Call, option: str) -> None:
    done = iotaudit(option)
    assert (done.code, done.err) == (0, "")
    for name in ("audit", "capture", "report", "compare", "demo", "schema", "rules", "profiles", "data"):
        assert f"\n  {name} " in done.text


def test_no_command_is_exit_code_2_with_the_help(iotaudit: Call) -> None:
    done = iotaudit()
    assert (done.code, done.out) == (2, b"")
    assert "Commands:" in done.err


@pytest.mark.parametrize(
    "arguments", [("frobnicate",), ("audit", "--nope", "x"), ("audit", "x", "--fail-on", "worst")]
)
def test_a_wrong_use_is_exit_code_2(iotaudit: Call, arguments: tuple[str, ...]) -> None:
    done = iotaudit(*arguments)
    assert (done.code, done.out) == (2, b"")
    assert "Error: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (UsageError("ask otherwise"), 2, ["iotaudit: ask otherwise"]),
        (InputError("no file\x1b[1m"), 3, ["iotaudit: no file\\u{1b}[1m"]),
        (SetupError("no program"), 3, ["iotaudit: no program"]),
        (
            PackError(((Place("a.yaml", 1, 2), "wrong"), (Place("b.yaml"), "too;\nlong"))),
            2,
            ["iotaudit: a.yaml:1:2: wrong", "iotaudit: b.yaml: too;\\u{a}long"],
        ),
        (FileNotFoundError(2, "No such file", "x.pcap"), 3, ["iotaudit: No such file: x.pcap"]),
        (OSError(), 3, ["iotaudit: OSError"]),
        (KeyboardInterrupt(), 3, ["iotaudit: stopped by the user"]),
    ],
)
def test_a_failure_is_told_by_whose_fault_it_is(
    iotaudit: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, lines: list[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("iotaudit.packs.profiles.list_profiles", fail)
    done = iotaudit("profiles", "list")
    assert (done.code, done.out, done.err.splitlines()) == (code, b"", lines)


def test_a_fault_of_ours_is_one_line_and_a_traceback_only_where_asked_for(
    iotaudit: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise IndexError("with payload in it")

    monkeypatch.setattr("iotaudit.packs.profiles.list_profiles", fail)
    monkeypatch.delenv("IOTAUDIT_DEBUG", raising=False)
    done = iotaudit("profiles", "list")
    assert "internal fault (IndexError)" in done.line
    assert "payload" not in done.line
    assert done.code == 3
    monkeypatch.setenv("IOTAUDIT_DEBUG", "1")
    with pytest.raises(IndexError):
        iotaudit("profiles", "list")


def test_a_list_whose_reader_leaves_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "iotaudit", "rules", "list"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_was_read_until_ctrl_c_is_told_and_exit_code_is_3(
    iotaudit: Call, monkeypatch: pytest.MonkeyPatch, leaving: Path
) -> None:
    take = pipeline.Reading._take_item

    def once(reading: pipeline.Reading, item: object, reader: Any) -> None:
        take(reading, item, reader)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.Reading, "_take_item", once)
    done = iotaudit("audit", leaving, leaving, "--json", "-")
    assert done.code == 3
    assert len(done.err.splitlines()) == 2
    inputs = json.loads(done.out)["inputs"]
    assert [[p["detail"] for p in i["problems"] if p["kind"] == "interrupted"] for i in inputs] == [
        ["stopped by the user"],
        ["not read"],
    ]


def test_main_is_what_the_script_calls() -> None:
    assert cli.main.__module__ == "iotaudit.cli"
    assert 'iotaudit = "iotaudit.cli:main"' in (ROOT / "pyproject.toml").read_text("utf-8")
