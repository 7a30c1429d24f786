"""The command line of `iotaudit capture`: options, exit codes, one line for each failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iotaudit.cli.capture import parse_duration, parse_listen
from iotaudit.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]


def capture(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iotaudit", "capture", *options],
        cwd=REPOSITORY,
        env=os.environ | {"NO_COLOR": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("1h", 3600), ("0.5", 0.5), (" 1.5m ", 90)]
)
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "5x", "1h30m", "inf", "1e3", "9999999h", "m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--duration takes a time such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        (":8080", ("", 8080)),
        ("lab:1", ("lab", 1)),
    ],
)
def test_the_proxy_listens_on_host_and_port(text: str, wanted: tuple[str, int]) -> None:
    assert parse_listen(text) == wanted


@pytest.mark.parametrize("text", ["8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "a:b"])
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--listen takes HOST:PORT"):
        parse_listen(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "name what to record"),
        (("--interface", "lo", "--duration", "soon"), "--duration takes"),
        (("--proxy", "wireguard"), "not built yet"),
        (("--interface", "lo", "--device", "robot"), "--device takes"),
        (("--proxy", "regular", "--upstream-ca", "/nowhere.pem"), "is not a file"),
    ],
)
def test_a_wrong_use_is_one_line_and_exit_code_2(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = capture(*options, "--out", str(tmp_path / "out"))
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("iotaudit: ")
    assert words in line
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_is_a_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    done = capture("--interface", "lo", "--out", str(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "is not empty" in done.stderr


def test_a_host_without_a_recorder_is_exit_code_3(tmp_path: Path) -> None:
    done = capture("--interface", "lo", "--out", str(tmp_path / "out"), PATH=str(tmp_path))
    assert done.returncode == 3
    assert done.stderr.startswith("iotaudit: neither dumpcap nor tcpdump")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_exit_code_3(tmp_path: Path) -> None:
    tool = tmp_path / "dumpcap"
    tool.write_text("#!/bin/sh\necho Dumpcap 4.0.17\n")
    tool.chmod(0o755)
    (tmp_path / "file").write_text("")
    done = capture("--interface", "lo", "--out", str(tmp_path / "file/out"), PATH=str(tmp_path))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_the_terminal_is_never_written_to_raw() -> None:
    done = capture("--proxy", "a\x1b[31mb")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_help_names_the_options() -> None:
    done = capture("--help")
    assert done.returncode == 0
    for option in ("--interface", "--proxy", "--duration", "--out", "--device", "--marks", "--quiet"):
        assert option in done.stdout
