"""Recordings with stand-ins for dumpcap: what happens around the program, without any privilege."""

import dataclasses
import hashlib
import importlib.util
import io
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dpkt
import pytest

from iotaudit.capture.live import engines, privilege, recorder
from iotaudit.capture.live import run as live_run
from iotaudit.capture.live.files import Bounds, CaptureFiles
from iotaudit.capture.live.run import Outcome, Plan, Purpose, record
from iotaudit.capture.live.waiting import ClockWatch
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.vocabulary import STEPS

GOOD = """
trap 'echo "Packets received/dropped on interface '"'lo'"': 12/3 (pcap:3)" >&2; exit 0' INT
echo "File: -" >&2; cat "$0.pcap"
while :; do read line <&3; done
"""
HEAD = """#!/bin/sh
if [ "$1" = --version ]; then echo "Dumpcap 4.0.17"; exit 0; fi
fifo="$0.fifo.$$"; mkfifo "$fifo" 2>/dev/null; exec 3<>"$fifo"; rm "$fifo"
"""
FRAME = bytes.fromhex("525400123456 525400aaaaaa 0800") + b"payload"
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + 12 * (
    struct.pack("<4I", 1_700_000_000, 0, len(FRAME), len(FRAME)) + FRAME
)
"""Twelve packets, as a recorder writes them."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a script the only dumpcap there is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setattr(privilege, "recording_user", lambda: None)

    def make(body: str) -> None:
        path = folder / "dumpcap"
        (folder / "dumpcap.pcap").write_bytes(PCAP)
        path.write_text(HEAD + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return make


def run(tmp_path: Path, *, until: str = "", **fields: object) -> tuple[Outcome, list[str]]:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if until and line.startswith("recording"):
            os.kill(os.getpid(), signal.Signals[until])
        elif line.startswith("recording") and "duration_s" not in fields:
            (tmp_path / "began").touch()  # what the stand-in waits for

    plan = Plan(**{"out": tmp_path / "out", "interface": "lo", "engine": "dumpcap", **fields})  # type: ignore[arg-type]
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
    assert manifest["recorder"] == {
        "name": "dumpcap",
        "version": "4.0.17",
        "runs_as": None,
        "packets": 12,
        "received": 15,
        "dropped": 3,
        "filter": None,
        "captures": ["capture.pcapng"],
        "captures_removed": 0,
    }
    assert manifest["start"] <= manifest["end"]
    assert manifest["cut_short"] is None
    assert manifest["host_changes"] == [
        {"what": "promiscuous mode while recording", "interface": "lo", "undone": True}
    ]


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
        'echo "Capturing on lo" >&2; '
        'echo "dumpcap: You do not have permission to capture on device lo." >&2; exit 1'
    )
    with pytest.raises(SetupError, match=r"may not record lo: .*CAP_NET_RAW .*setcap cap_net_raw") as error:
        run(tmp_path)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_start_that_failed_leaves_an_empty_folder_empty(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program('echo "dumpcap: the file could not be opened" >&2; exit 1')
    (tmp_path / "out").mkdir()
    with pytest.raises(SetupError, match="the file could not be opened"):
        run(tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_program_that_ends_too_early_is_told_and_the_folder_is_complete(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(
        f'echo "File: -" >&2; cat "$0.pcap"; until [ -e {tmp_path}/began ]; do :; done; '
        'echo "dumpcap: the link went down" >&2; exit 1'
    )
    with pytest.raises(SetupError, match=r"the link went down; what was recorded until then \(12 packets"):
        run(tmp_path)
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert manifest["stopped_by"] == "failure"


def test_a_program_that_ends_badly_when_stopped_is_told(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD.replace("exit 0", 'echo "dumpcap: No space left on device" >&2; exit 2'))
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
    for engine in ("dumpcap", "tcpdump"):
        with pytest.raises(SetupError, match=f"nothing here can record that: {engine} is not installed"):
            run(tmp_path, engine=engine)


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ("exit 1", "tcpdump does not answer"),
        ("echo tcpdump version 4.8.1", "tcpdump 4.8.1 is too old"),
        ("echo tcpdump version 4.99.3", None),
    ],
)
def test_a_program_that_does_not_answer_or_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, wanted: str | None
) -> None:
    (tmp_path / "tcpdump").write_text(f"#!/bin/sh\n{says}\n")
    (tmp_path / "tcpdump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    names = [engine.name for engine, _ in engines.choose("auto", engines.Request("lo"))]
    assert names[: 2 if wanted is None else 1] == (["tcpdump", "ring"] if wanted is None else ["ring"])
    if wanted:
        with pytest.raises(SetupError, match=wanted):
            engines.choose("tcpdump", engines.Request("lo"))


def test_an_engine_that_there_is_not_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match="one of auto, dumpcap, tcpdump, ring, scapy, not 'wireshark'"):
        engines.choose("wireshark", engines.Request("lo"))


def test_a_filter_is_not_given_to_an_engine_that_cannot_take_it() -> None:
    with pytest.raises(SetupError, match="ring takes neither a filter"):
        engines.choose("ring", engines.Request("lo", "port 53"))


def test_what_a_recorder_says_is_passed_on_to_the_manifest_when_it_is_killed(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(f'echo "File: -" >&2; cat "$0.pcap"; until [ -e {tmp_path}/began ]; do :; done; kill -KILL $$')
    with pytest.raises(SetupError, match=r"ended from outside \(signal 9\)"):
        run(tmp_path)
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert (manifest["stopped_by"], manifest["recorder"]["packets"]) == ("failure", 12)
    assert "ended from outside" in manifest["cut_short"]
    assert "capture.pcapng" in {f["name"] for f in manifest["files"]}


def test_a_folder_says_while_it_is_recorded_that_it_is_not_finished(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    seen: list[dict[str, object]] = []

    def tell(_: str) -> None:
        seen.append(json.loads((tmp_path / "out/session.json").read_text()))
        os.kill(os.getpid(), signal.SIGINT)

    record(Plan(out=tmp_path / "out", interface="lo", engine="dumpcap"), tell)
    assert (seen[0]["stopped_by"], seen[0]["end"], seen[0]["files"]) == (None, None, [])
    assert [p.name for p in (tmp_path / "out").iterdir() if p.name.startswith(".")] == []


def test_a_signal_before_the_recording_began_leaves_nothing(
    tmp_path: Path, program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GOOD)

    def interrupted(_: str) -> tuple[str, ...]:
        os.kill(os.getpid(), signal.SIGTERM)
        return ()

    monkeypatch.setattr(recorder, "warnings_for", interrupted)
    with pytest.raises(SetupError, match="stopped before the recording began"):
        run(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_clock_that_jumps_is_told_and_written_down(
    tmp_path: Path, program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GOOD)
    jumps = iter([0, -3_600_000_000_000])
    monkeypatch.setattr(ClockWatch, "jump_ns", lambda _: next(jumps, 0))
    monkeypatch.setattr(live_run, "TICK_S", 0.01)
    outcome, told = run(tmp_path, duration_s=0.1)
    assert outcome.stopped_by == "duration"
    assert any("set by -3600 s" in line for line in told)
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert [row["seconds"] for row in manifest["clock_jumps"]] == [-3600.0]


def test_a_disk_that_is_full_while_the_recording_is_ended_is_told_too(
    tmp_path: Path, program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GOOD.replace("cat", ":").replace("exit 0", 'cat "$0.pcap"; exit 0'))  # it gives its packets at its end

    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CaptureFiles, "write", full)
    with pytest.raises(SetupError, match="could not be written: No space left"):
        run(tmp_path, until="SIGINT")
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert "No space left" in manifest["cut_short"]


def test_the_bound_of_the_disk_ends_a_recording(tmp_path: Path, program: Callable[[str], None]) -> None:
    program(GOOD)
    outcome, _ = run(tmp_path, bounds=Bounds(max_len=500))
    assert outcome.stopped_by == "max-size"
    data = (tmp_path / "out/capture.pcapng").read_bytes()
    assert outcome.packets == len(list(dpkt.pcapng.Reader(io.BytesIO(data))))
    assert 0 < outcome.packets < 12
    assert 500 - 56 < len(data) - 76 <= 500  # a packet of 22 bytes takes 56, the statistics at the end 76


def test_a_bound_that_is_reached_too_early_cuts_the_recording_short(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    with pytest.raises(SetupError, match="--max-size was reached before the 60 s were over"):
        run(tmp_path, bounds=Bounds(max_len=500), duration_s=60.0)


def test_what_the_user_says_of_the_test_stands_in_the_manifest(
    tmp_path: Path, program: Callable[[str], None]
) -> None:
    program(GOOD)
    said = Purpose("Robot 9", "1.2", "A. Tester", "acceptance", "2027-06-30")
    run(tmp_path, until="SIGINT", purpose=said)
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    keys = ("model", "firmware", "tester", "purpose", "delete_after")
    assert tuple(manifest[key] for key in keys) == dataclasses.astuple(said)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pipe": True}, "two sources"),
        ({"interface": None, "pipe": True, "marks": True}, "takes standard input"),
        ({"interface": None, "pipe": True, "filtered": "port 53"}, "a filter is for an interface"),
        ({"only_device": True}, "needs --device"),
        ({"bounds": Bounds(2, 1 << 20, 1 << 21)}, "--ring bounds the disk already"),
    ],
)
def test_plans_that_cannot_be_are_refused(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(tmp_path, **fields)
    assert not (tmp_path / "out").exists()


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
        "from pathlib import Path; from iotaudit.capture.live import privilege; privilege.recording_user = lambda: None;"
        "from iotaudit.capture.live.run import Plan, record;"
        f"plan = Plan(out=Path({str(tmp_path / 'out')!r}), interface='lo', engine='dumpcap', marks=True);"
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
