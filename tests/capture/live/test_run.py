"""Recordings with stand-ins for dumpcap: what happens around the program, without any privilege."""

import hashlib
import importlib.util
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from iotaudit.capture.live import recorder
from iotaudit.capture.live.run import Outcome, Plan, record
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.vocabulary import STEPS

GOOD = """
trap 'echo "Packets received/dropped on interface '"'lo'"': 12/3 (pcap:3)"; exit 0' INT
echo "Capturing on 'lo'"; printf x > "$target"; echo "File: $target"
while :; do read line < "$fifo"; done
"""
HEAD = """#!/bin/sh
if [ "$1" = --version ]; then echo "Dumpcap 4.0.17"; exit 0; fi
for target in "$@"; do :; done
fifo="$target.fifo"; mkfifo "$fifo" 2>/dev/null; exec 3<>"$fifo"; rm "$fifo"
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a script the only dumpcap there is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setattr(recorder, "BLOCK_S", 0.0)

    def make(body: str) -> None:
        path = folder / "dumpcap"
        path.write_text(HEAD + body.replace('read line < "$fifo"', "read line <&3"))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return make


def run(tmp_path: Path, *, until: str = "", **fields: object) -> tuple[Outcome, list[str]]:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if until and line.startswith("recording"):
            os.kill(os.getpid(), signal.Signals[until])
        elif line.startswith("recording") and "duration_s" not in fields:
            (tmp_path / "out/capture.pcapng").write_bytes(b"x")  # what the stand-in waits for

    plan = Plan(out=tmp_path / "out", interface="lo", **fields)  # type: ignore[arg-type]
    return record(plan, tell), told


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_recording_in_order(
    tmp_path: Path, program: Callable[[str], None], number: str
) -> None:
    program(GOOD)
    outcome, told = run(tmp_path, until=number)
    assert (outcome.stopped_by, outcome.packets, outcome.dropped) == (number, 12, 3)
    assert told == ["recording lo with dumpcap; Ctrl-C ends it"]
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert manifest["stopped_by"] == number
    assert manifest["recorder"] == {"name": "dumpcap", "version": "4.0.17", "packets": 12, "dropped": 3}
    assert manifest["start"] <= manifest["end"]
    assert manifest["host_changes"] == []


def test_the_manifest_cites_every_file(tmp_path: Path, program: Callable[[str], None]) -> None:
    program(GOOD)
    run(tmp_path, until="SIGINT", device="192.0.2.7", version="1.2.3")
    folder = tmp_path / "out"
    manifest = json.loads((folder / "session.json").read_text())
    assert manifest["device"] == "192.0.2.7"
    assert manifest["tool"] == {"name": "iotaudit", "version": "1.2.3"}
    assert {f["name"] for f in manifest["files"]} == {"capture.pcapng", "log.jsonl", "marks.jsonl"}
    for file in manifest["files"]:
        data = (folder / file["name"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_time_that_is_up_ends_a_recording(tmp_path: Path, program: Callable[[str], None]) -> None:
    program(GOOD)
    outcome, _ = run(tmp_path, duration_s=0.01)
    assert outcome.stopped_by == "duration"


def test_a_program_that_may_not_record_is_explained_in_one_line(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(
        'echo "Capturing on lo"; echo "dumpcap: You do not have permission to capture on device lo."; exit 1'
    )
    with pytest.raises(SetupError, match=r"may not record lo; .*setcap cap_net_raw") as error:
        run(tmp_path)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_start_that_failed_leaves_an_empty_folder_empty(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program('echo "dumpcap: the file could not be opened"; exit 1')
    (tmp_path / "out").mkdir()
    with pytest.raises(SetupError, match="the file could not be opened"):
        run(tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_program_that_ends_too_early_is_told_and_the_folder_is_complete(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(
        'echo "File: $target"; until [ -e "$target" ]; do :; done; echo "dumpcap: the link went down"; exit 1'
    )
    with pytest.raises(SetupError, match="the link went down; what was recorded until then"):
        run(tmp_path)
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert manifest["stopped_by"] == "failure"


def test_a_program_that_ends_badly_when_stopped_is_told(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD.replace("exit 0", 'echo "dumpcap: No space left on device"; exit 2'))
    with pytest.raises(SetupError, match="No space left"):
        run(tmp_path, until="SIGINT")
    assert (tmp_path / "out/session.json").is_file()


def test_a_program_that_ignores_requests_is_ended(
    tmp_path: Path, program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GOOD.replace("INT\n", "INT\ntrap '' INT TERM\n"))
    monkeypatch.setattr(recorder, "STOP_S", 0.05)
    with pytest.raises(SetupError):
        run(tmp_path, until="SIGINT")
    assert (tmp_path / "out/session.json").is_file()


def test_no_program_at_all_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="neither dumpcap nor tcpdump"):
        run(tmp_path)


def test_a_program_that_does_not_answer_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, body in (("dumpcap", "exit 1"), ("tcpdump", "echo tcpdump version 4.99.3")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert recorder.find_program() == recorder.Program("tcpdump", str(tmp_path / "tcpdump"), "4.99.3")


def test_an_unknown_interface_is_told_with_those_that_are_there(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    with pytest.raises(SetupError, match=r"no interface 'nosuch0'; there are: .*lo"):
        record(Plan(out=tmp_path / "out", interface="nosuch0"), print)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_never_written_to(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        run(tmp_path)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["kept"]


@pytest.mark.proxy
@pytest.mark.skipif(importlib.util.find_spec("mitmproxy") is None, reason="needs mitmproxy")
def test_an_interface_and_a_proxy_are_recorded_into_one_folder(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    outcome, told = run(tmp_path, duration_s=0.01, proxy="regular", listen=("127.0.0.1", 0))
    assert (outcome.stopped_by, outcome.packets) == ("duration", 12)
    assert [line.split()[0] for line in told] == ["recording", "proxy", "to"]
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    names = {f["name"] for f in manifest["files"]}
    assert {"capture.pcapng", "proxy.flows", "keys.log", "ca/mitmproxy-ca-cert.pem"} <= names


def test_marks_come_from_standard_input(tmp_path: Path, program: Callable[[str], None]) -> None:
    program(GOOD)
    code = (
        "import sys; from pathlib import Path; from iotaudit.capture.live.run import Plan, record;"
        f"plan = Plan(out=Path({str(tmp_path / 'out')!r}), interface='lo', marks=True);"
        "record(plan, lambda line: print(line, flush=True))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    timer = threading.Timer(30, child.kill)
    timer.start()
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline().startswith("recording")
        child.stdin.write("idle left alone in the dock\nwhatever else\n")
        child.stdin.flush()
        assert child.stdout.readline() == f"not a step, noted in the log only; steps: {', '.join(STEPS)}\n"
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    finally:
        timer.cancel()
    assert child.returncode == 0
    (mark,) = [json.loads(line) for line in (tmp_path / "out/marks.jsonl").read_text().splitlines()]
    assert (mark["step"], mark["text"], sorted(mark)) == (
        "idle",
        "left alone in the dock",
        ["step", "text", "time"],
    )
    assert "whatever else" in (tmp_path / "out/log.jsonl").read_text()
