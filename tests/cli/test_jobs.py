"""`--jobs`: the same audit with more processes, and one line where one of them dies."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iotaudit.pipeline import parallel

Call = Callable[..., Any]


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_more_processes_write_the_same_audit(iotaudit: Call, leaving: Path) -> None:
    documents = []
    for jobs in (1, 2):
        done = iotaudit("audit", leaving, "--json", "-", "--jobs", jobs)
        assert done.code == 0
        document = json.loads(done.out)
        del document["run"]
        documents.append(document)
    assert documents[0]["flows"]
    assert documents[0] == documents[1]


def test_no_process_at_all_is_a_usage_error(iotaudit: Call, leaving: Path) -> None:
    done = iotaudit("audit", leaving, "--jobs", 0)
    assert done.code == 2
    assert "--jobs" in done.line


def test_a_process_that_dies_gives_one_line_and_exit_code_3(
    iotaudit: Call, leaving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_work", _die)
    done = iotaudit("audit", leaving, "--jobs", 2)
    assert done.code == 3
    assert "ended early (signal 9)" in done.line


def test_the_help_names_the_option(iotaudit: Call) -> None:
    assert "--jobs" in iotaudit("audit", "--help").text
