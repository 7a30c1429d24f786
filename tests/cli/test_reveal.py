"""`--reveal`: on a terminal alone, after a question, escaped, and into no file."""

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.scenes import CLOUDFLARE, MS, lab, say

Call = Callable[..., Any]
MAIL, SIGN = "rita.reveal@post.example", "hunter\x1b[31m22"


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a capture with a mail address, and a password that would colour a terminal."""
    made = lab()
    link = made.tape.tcp(made.device, made.port(), made.outside(CLOUDFLARE), 80, rtt=20 * MS)
    body = say.json_body({"email": MAIL, "password": SIGN})
    link.client(say.http_request("POST", "api.vendor.example", "/in", [("Content-Type", "application/json")], body))
    link.close()
    path = tmp_path_factory.mktemp("reveal") / "telling.pcapng"
    path.write_bytes(made.tape.pcapng())
    return path


def at_terminal(command: list[str], answer: bytes, folder: Path) -> tuple[int, str]:
    """Runs a command at a terminal of its own, where `answer` is typed; gives its exit code and what was seen."""
    control, end = pty.openpty()
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end, cwd=folder, close_fds=True) as process:
        os.close(end)
        os.write(control, answer)
        seen = []
        with contextlib.suppress(OSError):  # Linux tells the end of a terminal as an error
            while data := os.read(control, 65_536):
                seen.append(data)
    os.close(control)
    return process.returncode, b"".join(seen).decode()


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "iotaudit", "audit", *(str(a) for a in arguments)]


def test_after_a_yes_the_values_are_shown_and_no_file_has_them(telling: Path, tmp_path: Path) -> None:
    code, seen = at_terminal(command(telling, "--reveal", "--out", tmp_path / "out"), b"y\n", tmp_path)
    assert code == 0
    warning, _, rest = seen.partition("Show the values?")
    assert "--reveal prints" in warning
    assert MAIL not in warning
    report, _, values = rest.partition("The values, unmasked")
    assert MAIL not in report
    assert MAIL in values
    assert "http.body from byte 10" in values.replace("\r\n", "")
    assert SIGN not in values
    assert "hunter\\u{1b}[31m22" in values
    for file in (tmp_path / "out").iterdir():
        data = file.read_bytes()
        assert MAIL.encode() not in data
        assert b"hunter" not in data


def test_after_a_no_nothing_is_read(telling: Path, tmp_path: Path) -> None:
    code, seen = at_terminal(command(telling, "--reveal", "--out", tmp_path / "out"), b"n\n", tmp_path)
    assert code == 2
    assert "nothing was read" in seen
    assert not (tmp_path / "out").exists()


def test_it_needs_a_terminal(iotaudit: Call, telling: Path) -> None:
    done = iotaudit("audit", telling, "--reveal")
    assert done.code == 2
    assert "standard output is none" in done.line


@pytest.mark.parametrize("options", [("--quiet",), ("--json", "-")])
def test_it_goes_with_no_option_that_takes_the_terminal_away(iotaudit: Call, telling: Path, options: tuple[str, ...]) -> None:
    done = iotaudit("audit", telling, "--reveal", *options)
    assert done.code == 2
    assert "neither with" in done.line


def test_nobody_can_be_asked_on_standard_input(tmp_path: Path) -> None:
    code, seen = at_terminal(command("-", "--reveal"), b"", tmp_path)
    assert code == 2
    assert "standard input" in seen


def test_without_it_the_call_hands_out_nothing(telling: Path) -> None:
    from iotaudit import pipeline

    told: dict[str, str] = {}
    result = pipeline.audit(telling, reveal=told.update)
    assert MAIL in told.values()
    assert sorted(told) == sorted(row.id for row in result.exposure_rows)
    assert MAIL not in repr(result)
    (mail,) = [row for row in result.exposure_rows if row.data_type == "person.email"]
    assert (mail.offset, mail.where) == (10, "http.body")
    assert mail.packet == mail.packets[0]
