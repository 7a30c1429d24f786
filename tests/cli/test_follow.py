"""`--follow`: what it takes, and how a signal ends it with the usual report."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iotaudit.cli.following import until_stopped

Call = Callable[..., Any]
TRIES = 1500
"""Looks at another process, 0.02 s apart, before a test gives up."""
PROC = Path("/proc")


def eventually(holds: Callable[[], bool]) -> None:
    """Looks until something holds, for half a minute at most."""
    clock = threading.Event()
    for _ in range(TRIES):
        if holds():
            return
        clock.wait(0.02)
    pytest.fail("it did not come to hold")


def read_len(pid: int, path: Path) -> int:
    """Gives up to where a process has read a file, -1: it has not opened it."""
    try:
        for link in (PROC / str(pid) / "fd").iterdir():
            if link.readlink() == path:
                info = (PROC / str(pid) / "fdinfo" / link.name).read_text()
                return int(info.split("pos:")[1].split()[0])
    except OSError:
        pass  # it was just closed
    return -1


@pytest.fixture
def half(tmp_path: Path, leaving: Path) -> Path:
    """Gives a file with the first half of a capture."""
    path = tmp_path / leaving.name
    path.write_bytes(leaving.read_bytes()[:100_001])
    return path


@pytest.fixture
def start(half: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the command on the half file, and returns once it waits for more."""
    if not PROC.joinpath("self", "fdinfo").is_dir():
        pytest.skip("how far another process has read a file is told by /proc alone")
    started: list[subprocess.Popen[bytes]] = []

    def call(*options: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "iotaudit", "audit", half, "--follow", "-q", *options]
        process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
        )
        started.append(process)
        eventually(lambda: read_len(process.pid, half) == half.stat().st_size)
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_report_of_all_that_was_written(
    iotaudit: Call,
    start: Callable[..., subprocess.Popen[bytes]],
    half: Path,
    leaving: Path,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    options = ("--as-of", "2026-11-24", "--json")
    process = start(*options, tmp_path / "followed.json")
    rest = leaving.read_bytes()[half.stat().st_size :]
    with half.open("ab") as file:
        file.write(rest[:50_000])
    eventually(lambda: read_len(process.pid, half) == half.stat().st_size)
    assert process.poll() is None
    with half.open("ab") as file:
        file.write(rest[50_000:])
    process.send_signal(number)
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 0
    assert iotaudit("audit", leaving, *options, tmp_path / "whole.json", "-q").code == 0
    followed, whole = (json.loads((tmp_path / f"{name}.json").read_bytes()) for name in ("followed", "whole"))
    del followed["run"], whole["run"]
    assert whole["inputs"][0]["packets"]
    assert followed == whole


def test_a_finding_is_exit_code_1_and_a_record_half_written_no_problem(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = start("--fail-on", "info", "--json", tmp_path / "followed.json")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 1
    kinds = {p["kind"] for p in json.loads((tmp_path / "followed.json").read_bytes())["inputs"][0]["problems"]}
    assert not kinds & {"truncated_file", "interrupted"}


def test_a_file_that_is_replaced_ends_it_with_exit_code_3(
    start: Callable[..., subprocess.Popen[bytes]], half: Path
) -> None:
    process = start()
    other = half.with_suffix(".new")
    other.touch()
    other.replace(half)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert out == b""
    assert b"was not read whole (truncated file)" in err


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["-"], "standard input (-) is read until it ends without it"),
        (["."], "no regular file"),
        (["a.pcapng", "a.pcapng"], "takes one capture file, not 2"),
        (["a.pcapng.gz"], "must be a plain pcap or pcapng file"),
        (["a.har"], "must be a plain pcap or pcapng file"),
    ],
)
def test_what_cannot_be_followed_is_one_line_and_exit_code_2(
    iotaudit: Call,
    leaving: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pcapng").write_bytes(leaving.read_bytes())
    Path("a.pcapng.gz").write_bytes(gzip.compress(leaving.read_bytes()))
    Path("a.har").write_bytes(b'{"log": {"version": "1.2", "entries": []}}')
    done = iotaudit("audit", *names, "--follow")
    assert text in done.line
    assert done.code == 2


@pytest.fixture
def usual_ctrl_c() -> Iterator[None]:
    """Lets Ctrl-C interrupt, also where the shell that began the tests has it ignored (a job in the background)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_ctrl_c")
def test_the_first_signal_ends_the_wait_and_the_second_does_what_it_always_did() -> None:
    with until_stopped() as wait:
        assert wait()
        os.kill(os.getpid(), signal.SIGINT)
        assert not wait()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_help_names_it(iotaudit: Call) -> None:
    assert "--follow" in iotaudit("audit", "--help").text
