"""The recorder on a real link: in a sealed lab of network namespaces (see lab.py)."""

import hashlib
import importlib.util
import io
import json
import os
import pwd
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
        any(shutil.which(name) is None for name in ("unshare", "ip", "dumpcap", "tcpdump", "sysctl", "nft")),
        reason="needs unshare, ip, sysctl, nft, dumpcap and tcpdump",
    ),
]
Run = Callable[..., dict[str, Any]]
needs_scapy = pytest.mark.skipif(importlib.util.find_spec("scapy") is None, reason="needs scapy")
NOBODY = pwd.getpwnam("nobody").pw_uid


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

    def call(*options: str, rules: tuple[str, ...] = (), **settings: str) -> dict[str, Any]:
        given = [f"--{name}={value}" for name, value in settings.items()]
        given += [f"--rule={rule}" for rule in rules]
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
        assert length >= 12
        body = data[at + 8 : at + length - 4] if kind == 5 else body
        at += length
    assert at == len(data)
    return body


def recorded(data: bytes) -> int:
    return len(list(dpkt.pcapng.Reader(io.BytesIO(data))))


def hashes(folder: Path) -> dict[str, str]:
    """Gives the SHA-256 of every file but the manifest."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "session.json"
    }


TALK = {
    (lab.DEVICE, lab.RESOLVER, 53),
    (lab.DEVICE, lab.HOSTS["cloud.vendor.example"], 443),
    (lab.DEVICE, lab.HOSTS["eu.vendor.example"], 80),
}


@pytest.mark.parametrize(
    ("engine", "ending"),
    [
        ("dumpcap", "SIGINT"),
        ("dumpcap", "duration"),
        ("tcpdump", "SIGTERM"),
        ("ring", "SIGINT"),
        pytest.param("scapy", "SIGINT", marks=needs_scapy),
    ],
)
def test_a_devices_talk_is_recorded_whole(tmp_path: Path, run: Run, engine: str, ending: str) -> None:
    timed = ("--duration", "3s") if ending == "duration" else ()
    options = ("--interface", "lan0", "--device", lab.DEVICE_MAC, "--engine", engine)
    result = run(*options, *timed, ending=ending)
    assert result["device"] == [0, ""]
    assert result["exit"] == 0, result["told"]
    assert result["left"] == []
    # the recorder gave up what it had once its socket was open
    assert [(row["uid"], row["capabilities"]) for row in result["engines"]] == [(str(NOBODY), "")]
    folder = tmp_path / "disk/recording"
    data = (folder / "capture.pcapng").read_bytes()
    assert conversations(data) >= TALK
    assert lab.TEXT in data  # the body of the plain request: the last packets were written too
    assert lab.BYSTANDER in data
    manifest = json.loads((folder / "session.json").read_text())
    assert (manifest["recorder"]["name"], manifest["recorder"]["runs_as"]) == (engine, "nobody")
    assert manifest["recorder"]["packets"] == recorded(data)
    assert manifest["recorder"]["dropped"] == 0
    assert struct.pack("<HHQ", 5, 8, 0) in statistics_block(data)  # isb_ifdrop
    assert struct.pack("<HHQ", 4, 8, manifest["recorder"]["received"]) in statistics_block(data)  # isb_ifrecv
    assert struct.pack("<HH", 2, 4) + b"lan0" in data  # if_name
    assert struct.pack("<HH", 3, 4) + b"veth" in data  # if_description
    assert (manifest["device"], manifest["stopped_by"]) == (lab.DEVICE_MAC, ending)
    assert {f["name"]: f["sha256"] for f in manifest["files"]} == hashes(folder)
    assert set(hashes(folder)) == {"capture.pcapng", "log.jsonl", "marks.jsonl"}


def test_what_is_there_records_where_the_best_is_missing(tmp_path: Path, run: Run) -> None:
    result = run("--interface", "lan0", program="tcpdump")
    assert result["exit"] == 0, result["told"]
    assert "recording lan0 with tcpdump" in result["told"]
    assert conversations((tmp_path / "disk/recording/capture.pcapng").read_bytes()) >= TALK


@pytest.mark.parametrize("engine", ["dumpcap", "tcpdump", "ring"])
@pytest.mark.parametrize("device", [lab.DEVICE_MAC, lab.DEVICE])
def test_nothing_of_bystanders_is_recorded(tmp_path: Path, run: Run, engine: str, device: str) -> None:
    result = run("--interface", "lan0", "--engine", engine, "--device", device, "--only-device")
    assert result["exit"] == 0, result["told"]
    data = (tmp_path / "disk/recording/capture.pcapng").read_bytes()
    assert conversations(data) >= TALK
    assert lab.BYSTANDER not in data


def test_a_filter_is_applied_and_written_down(tmp_path: Path, run: Run) -> None:
    result = run("--interface", "lan0", "--filter", "udp port 53")
    assert result["exit"] == 0, result["told"]
    data = (tmp_path / "disk/recording/capture.pcapng").read_bytes()
    assert {port for _, _, port in conversations(data) if port < 1024} == {53}
    assert b"\0udp port 53" in data  # if_filter


def test_a_filter_that_cannot_be_read_is_one_line(run: Run) -> None:
    result = run("--interface", "lan0", "--filter", "nonsense and", "--engine", "tcpdump")
    assert result["exit"] == 3
    assert len(result["told"].splitlines()) == 1


def test_a_bridge_is_recorded_with_a_warning(tmp_path: Path, run: Run) -> None:
    result = run("--interface", "br0")
    assert result["exit"] == 0
    assert "br0 is a bridge" in result["told"]
    manifest = json.loads((tmp_path / "disk/recording/session.json").read_text())
    assert manifest["interface"] == {"name": "br0", "driver": "bridge"}
    assert len(manifest["warnings"]) == 1


REDIRECT = (
    "add table ip lab",
    "add chain ip lab io_in { type nat hook prerouting priority -100; }",
    'add rule ip lab io_in iifname "br0" tcp dport 8443 redirect to :8080',
    "add chain ip lab io_out { type nat hook postrouting priority 100; }",
    'add rule ip lab io_out oifname "wan0" masquerade',
)


@pytest.mark.parametrize(
    ("interface", "words"),
    [
        ("br0", "(redirect) that come in on br0, a bridge: every destination in this recording is false; record lan0"),
        ("wan0", "rewrites senders (masquerade) that go out on wan0"),
        ("lan0", None),
    ],
)  # fmt: skip
def test_a_place_behind_a_rewriting_is_warned_of(tmp_path: Path, run: Run, interface: str, words: str | None) -> None:
    result = run("--interface", interface, rules=REDIRECT)
    assert result["exit"] == 0, result["told"]
    manifest = json.loads((tmp_path / "disk/recording/session.json").read_text())
    if words is None:
        assert manifest["warnings"] == []
    else:
        assert words in " ".join(manifest["warnings"])
        assert f"warning: {manifest['warnings'][0]}" in result["told"]


def test_a_full_disk_is_one_line_and_what_was_recorded_is_whole(run: Run) -> None:
    result = run("--interface", "lan0", disk="120k")
    assert result["exit"] == 3
    assert result["told"].splitlines()[-1].startswith("iotaudit: ")
    assert "No space left" in result["told"]
    assert result["left"] == []
    folder = Path(str(result["kept"]))
    manifest = json.loads((folder / "session.json").read_text())
    data = (folder / "capture.pcapng").read_bytes()
    assert statistics_block(data)
    assert manifest["recorder"]["packets"] == recorded(data)
    assert {f["name"]: f["sha256"] for f in manifest["files"]} == hashes(folder)


def test_a_disk_that_is_full_before_is_one_line(run: Run) -> None:
    result = run("--interface", "lan0", disk="8k")
    assert result["exit"] == 3
    assert "the disk of" in result["told"]
    assert len(result["told"].splitlines()) == 1


@pytest.mark.parametrize("engine", ["dumpcap", "tcpdump", "ring"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("down", "the interface lan0 went down"),
        ("gone", "the interface lan0 "),  # the kernel takes it down first: either may be noticed
        ("engine", "ended from outside (signal 9)"),
    ],
)
def test_a_recording_that_is_cut_short_is_whole_and_says_so(
    tmp_path: Path, run: Run, engine: str, fault: str, words: str
) -> None:
    result = run("--interface", "lan0", "--engine", engine, fault=fault)
    assert result["exit"] == 3
    assert words in result["told"].splitlines()[-1]
    assert result["left"] == []
    folder = tmp_path / "disk/recording"
    data = (folder / "capture.pcapng").read_bytes()
    manifest = json.loads((folder / "session.json").read_text())
    assert words in manifest["cut_short"]
    assert manifest["stopped_by"] == "failure"
    assert manifest["recorder"]["packets"] == recorded(data)
    assert {f["name"]: f["sha256"] for f in manifest["files"]} == hashes(folder)
    assert statistics_block(data)


@pytest.mark.parametrize("engine", ["dumpcap", "tcpdump", "ring"])
def test_a_recording_that_is_killed_leaves_what_it_had_and_no_program(
    tmp_path: Path, run: Run, engine: str
) -> None:
    result = run("--interface", "lan0", "--engine", engine, fault="recording")
    assert result["exit"] == -9
    assert result["left"] == []
    folder = tmp_path / "disk/recording"
    assert lab.TEXT in (folder / "capture.pcapng").read_bytes()
    assert recorded((folder / "capture.pcapng").read_bytes()) > 0
    assert json.loads((folder / "session.json").read_text())["stopped_by"] is None


@pytest.mark.parametrize("engine", ["dumpcap", "tcpdump", "ring"])
def test_what_sudo_records_belongs_to_who_called_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("SUDO_UID", "1")
    result = run("--interface", "lan0", "--engine", engine)
    assert result["exit"] == 0, result["told"]
    assert [(row["uid"], row["capabilities"]) for row in result["engines"]] == [("1", "")]
    folder = tmp_path / "disk/recording"
    assert {path.stat().st_uid for path in (folder, *folder.iterdir())} == {1}
    assert folder.stat().st_mode & 0o777 == 0o700
