"""The command line of `iotaudit capture`: options, exit codes, one line for each failure."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from iotaudit.cli.capture import parse_date, parse_duration, parse_listen, parse_ring, parse_size
from iotaudit.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]
# Ethernet, then an IPv4 header alone: 192.0.2.7 to 198.51.100.1
FRAME = bytes.fromhex("525400123456 525400aaaaaa 0800 45000014000000004011000 0c0000207c6336401".replace(" ", ""))


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
        (("lan0",), "capture takes - for standard input"),
        (("--interface", "lo", "--engine", "magic"), "--engine takes one of"),
        (("--interface", "lo", "--ring", "5"), "--ring takes FILES:SIZE"),
        (("--interface", "lo", "--only-device"), "needs --device"),
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
    done = capture(
        "--interface", "lo", "--engine", "dumpcap", "--out", str(tmp_path / "out"), PATH=str(tmp_path)
    )
    assert done.returncode == 3
    assert done.stderr == "iotaudit: nothing here can record that: dumpcap is not installed, or not for this user\n"


def piped(data: bytes, out: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "iotaudit", "capture", "-", "--out", str(out), *options],
        cwd=REPOSITORY,
        env=os.environ | {"NO_COLOR": "1"},
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )


def classic(frames: int) -> bytes:
    """Gives a classic pcap as a router's tcpdump writes it."""
    one = struct.pack(">4I", 1_700_000_000, 5, 34, 34) + FRAME
    return struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + one * frames


def test_a_routers_capture_comes_through_a_pipe(tmp_path: Path) -> None:
    done = piped(classic(3), tmp_path / "out", "--device", "192.0.2.7", "--only-device", "--purpose", "test")
    assert done.returncode == 0, done.stderr
    assert b"3 packets recorded, an unknown number dropped" in done.stderr
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert (manifest["stopped_by"], manifest["recorder"]["name"]) == ("end-of-stream", "pipe")
    assert manifest["purpose"] == "test"
    assert FRAME in (tmp_path / "out/capture.pcapng").read_bytes()


def test_bystanders_of_a_pipe_are_left_out(tmp_path: Path) -> None:
    done = piped(classic(3), tmp_path / "out", "--device", "192.0.2.9", "--only-device")
    assert done.returncode == 0, done.stderr
    assert FRAME not in (tmp_path / "out/capture.pcapng").read_bytes()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"", (), b"no capture came through standard input"),
        (b"<html>" * 10, (), b"neither pcap nor pcapng"),
        (classic(3)[:-1], (), b"ended inside a packet"),
        (classic(3), ("--duration", "60"), b"before the 60 s were over"),
    ],
)
def test_a_pipe_that_ends_badly_is_one_line_and_the_folder_is_complete(
    tmp_path: Path, data: bytes, options: tuple[str, ...], words: bytes
) -> None:
    done = piped(data, tmp_path / "out", *options)
    assert done.returncode == 3
    assert words in done.stderr.splitlines()[-1]
    manifest = json.loads((tmp_path / "out/session.json").read_text())
    assert manifest["recorder"]["packets"] == ((len(data) - 24) // 50 if data[:1] == b"\xa1" else 0)


@pytest.mark.parametrize(
    ("text", "wanted"), [("1M", 1 << 20), ("500MB", 500 << 20), ("2GiB", 2 << 30), ("1048576", 1 << 20)]
)
def test_a_size_has_a_unit_or_is_in_bytes(text: str, wanted: int) -> None:
    assert parse_size(text, "--max-size") == wanted


@pytest.mark.parametrize("text", ["", "1", "10K", "-1M", "1X", "1.5M"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--max-size takes a size such as"):
        parse_size(text, "--max-size")


def test_a_ring_is_files_of_a_size() -> None:
    assert parse_ring("24:100M") == (24, 100 << 20)
    for text in ("24", "1:100M", "0:1M", "99999:1M", "2:1", "a:1M"):
        with pytest.raises(UsageError, match="--ring"):
            parse_ring(text)


def test_a_date_is_a_date() -> None:
    assert parse_date("2027-06-30") == "2027-06-30"
    assert parse_date(None) is None
    with pytest.raises(UsageError, match="--delete-after takes a date"):
        parse_date("next year")


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
    for option in ("--interface", "--proxy", "--duration", "--out", "--device", "--marks", "--quiet",
                   "--engine", "--ring", "--max-size", "--only-device", "--filter", "--delete-after"):  # fmt: skip
        assert option in done.stdout
