"""The recorder on a real link: in a sealed lab of network namespaces (see lab.py)."""

import hashlib
import importlib.util
import io
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import dpkt
import pytest

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces"),
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in ("unshare", "ip", "dumpcap", "tcpdump", "sysctl")),
        reason="needs unshare, ip, sysctl, dumpcap and tcpdump",
    ),
]
Run = Callable[..., dict[str, Any]]


def load_lab() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lab", Path(__file__).with_name("lab.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lab = load_lab()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the lab and gives what happened."""

    def call(*options: str, **settings: str) -> dict[str, Any]:
        given = [f"--{name}={value}" for name, value in settings.items()]
        done = subprocess.run(
            lab.sealed("run", *given, str(tmp_path), "--", *options),
            capture_output=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        result: dict[str, Any] = json.loads((tmp_path / "result.json").read_text())
        return result

    return call


def conversations(data: bytes) -> set[tuple[str, str, int]]:
    """Gives source, destination and destination port of all TCP and UDP packets over IPv4."""
    found = set()
    for _, frame in dpkt.pcapng.Reader(io.BytesIO(data)):
        ip = dpkt.ethernet.Ethernet(frame).data
        if isinstance(ip, dpkt.ip.IP) and isinstance(ip.data, dpkt.tcp.TCP | dpkt.udp.UDP):
            found.add((".".join(map(str, ip.src)), ".".join(map(str, ip.dst)), ip.data.dport))
    return found


def statistics_block(data: bytes) -> bytes:
    """Gives the body of the last interface statistics block."""
    at, body = 0, b""
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + length - 4] if kind == 5 else body
        at += length
    assert at == len(data)
    return body


@pytest.mark.parametrize(
    ("program", "ending"),
    [("dumpcap", "SIGINT"), ("dumpcap", "SIGTERM"), ("tcpdump", "SIGINT"), ("dumpcap", "duration")],
)
def test_a_devices_talk_is_recorded_whole(tmp_path: Path, run: Run, program: str, ending: str) -> None:
    timed = ("--duration", "2s") if ending == "duration" else ()
    result = run("--interface", "lan0", "--device", lab.DEVICE_MAC, *timed, program=program, ending=ending)
    assert result["device"] == [0, ""]
    assert result["exit"] == 0, result["told"]
    assert result["left"] == []
    folder = tmp_path / "disk/recording"
    data = (folder / "capture.pcapng").read_bytes()
    wanted = {
        (lab.DEVICE, lab.RESOLVER, 53),
        (lab.DEVICE, lab.HOSTS["cloud.vendor.example"], 443),
        (lab.DEVICE, lab.HOSTS["eu.vendor.example"], 80),
    }
    assert wanted <= conversations(data)
    assert lab.TEXT in data  # the body of the plain request: the last packets were written too
    manifest = json.loads((folder / "session.json").read_text())
    assert manifest["recorder"]["name"] == program
    assert manifest["recorder"]["packets"] == len(list(dpkt.pcapng.Reader(io.BytesIO(data))))
    assert manifest["recorder"]["dropped"] == 0
    assert struct.pack("<HHQ", 5, 8, 0) in statistics_block(data)  # isb_ifdrop
    assert (manifest["device"], manifest["stopped_by"]) == (lab.DEVICE_MAC, ending)
    assert {f["name"]: f["sha256"] for f in manifest["files"]} == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("capture.pcapng", "log.jsonl", "marks.jsonl")
    }


def test_a_bridge_is_recorded_with_a_warning(tmp_path: Path, run: Run) -> None:
    result = run("--interface", "br0")
    assert result["exit"] == 0
    assert "br0 is a bridge" in result["told"]
    manifest = json.loads((tmp_path / "disk/recording/session.json").read_text())
    assert manifest["interface"] == {"name": "br0", "driver": "bridge"}
    assert len(manifest["warnings"]) == 1


def test_a_full_disk_is_one_line_and_leaves_no_program_behind(run: Run) -> None:
    result = run("--interface", "lan0", disk="8k")
    assert result["exit"] == 3
    assert result["told"].splitlines()[-1].startswith("iotaudit: ")
    assert "No space left" in result["told"]
    assert result["left"] == []
