"""From the wire to the verdict: recordings of the sealed lab, and one of the proxy, audited as folders."""

import importlib.util
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dpkt
import pytest

from tests.acceptance import scenes
from tests.capture.live.test_proxy import Proxy

LIVE = Path(__file__).resolve().parents[1] / "capture/live"
CHINA, CONTENT_NETWORK, NETHERLANDS, GERMANY = (
    "116.62.10.10",
    "23.45.67.89",
    "145.100.10.20",
    "194.94.127.20",
)
UPLINK = "192.0.2.0/24"
"""The lab's own network behind the gateway, where its resolver is."""
NAMES = ("cloud.vendor.example", "eu.vendor.example")
in_lab = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("unshare", "ip", "dumpcap", "sysctl")),
    reason="needs unshare, ip, sysctl and dumpcap",
)
needs_engine = pytest.mark.skipif(importlib.util.find_spec("mitmproxy") is None, reason="needs mitmproxy")


def load_lab() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lab", LIVE / "lab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lab = load_lab()


@pytest.fixture
def record(tmp_path: Path) -> Callable[[str, str], Path]:
    """Records the lab's device with servers at the addresses given; gives the recording folder."""

    def call(cloud: str, eu: str) -> Path:
        done = subprocess.run(
            lab.sealed("run", str(tmp_path), "--", "--interface", "lan0", "--device", lab.DEVICE_MAC),
            env=os.environ | {"LAB_CLOUD": cloud, "LAB_EU": eu},
            capture_output=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        result = json.loads((tmp_path / "result.json").read_text())
        assert (result["device"], result["exit"]) == ([0, ""], 0), result
        return tmp_path / "disk/recording"

    return call


def named(document: Any, name: str) -> tuple[Any, int]:
    """Gives the destination of a name, and the packet of the answer that named it."""
    (row,) = [d for d in document["dns"] if d["name"] == name and d["answers"]]
    return scenes.destination(document, name), row["packet"]


@pytest.mark.root
@in_lab
def test_a_recording_of_a_device_that_speaks_with_china_leaves_the_eu(
    record: Callable[[str, str], Path],
) -> None:
    folder = record(CHINA, GERMANY)
    document = scenes.audit(folder, device=lab.DEVICE_MAC)
    there, answered = named(document, "cloud.vendor.example")
    assert document["verdict"]["data_leaves_eu"] == "yes"
    assert there["location"]["country"] == "CN"
    (reason,) = scenes.reasons(document, "leaves")
    assert (reason["destinations"], reason["packets"]) == ([there["id"]], [answered, there["payload_packet"]])
    (flow,) = scenes.flows_to(document, CHINA)
    assert (flow["tls"]["sni"], flow["server"]["port"]) == ("cloud.vendor.example", 443)
    assert flow["payload_out"] == there["payload_out"] > len(lab.TEXT)
    assert scenes.destination(document, "eu.vendor.example")["zone"] == "EU"
    assert [d["mac"] for d in document["devices"]] == [lab.DEVICE_MAC]


@pytest.mark.root
@in_lab
def test_a_recording_of_a_device_that_stays_in_the_eu_is_a_no(record: Callable[[str, str], Path]) -> None:
    folder = record(NETHERLANDS, GERMANY)
    unplaced = scenes.audit(folder, device=lab.DEVICE_MAC)
    resolver = scenes.destination(unplaced, lab.RESOLVER)  # in a network for documentation: in no country
    assert unplaced["verdict"]["data_leaves_eu"] == "undetermined"
    (reason,) = scenes.reasons(unplaced, "unknown_place")
    assert (reason["destinations"], reason["packets"]) == ([resolver["id"]], [resolver["payload_packet"]])

    document = scenes.audit(folder, device=lab.DEVICE_MAC, inside=[UPLINK])
    assert document["inputs"][0]["problems"] == []
    assert document["verdict"]["data_leaves_eu"] == "no"
    assert [r["code"] for r in document["verdict"]["reasons"] if r["code"] in ("leaves", "stays")] == [
        "stays"
    ]
    assert {scenes.destination(document, name)["location"]["country"] for name in NAMES} == {"NL", "DE"}
    (serial,) = [e for e in document["exposures"] if e["data_type"] == "device.serial"]
    with (folder / "capture.pcapng").open("rb") as file:
        frames = [frame for _, frame in dpkt.pcapng.Reader(file)]
    assert serial["channel"] == "plaintext"
    padded = [n for n, frame in enumerate(frames, 1) if lab.PADDING[-20:] in frame]
    assert serial["packets"] == [padded[-1]]  # where the message ends, as Wireshark shows it
    assert "LAB-0001" not in json.dumps(document)


@pytest.mark.root
@in_lab
def test_an_address_of_a_content_network_leaves_the_answer_open(record: Callable[[str, str], Path]) -> None:
    document = scenes.audit(record(NETHERLANDS, CONTENT_NETWORK), device=lab.DEVICE_MAC, inside=[UPLINK])
    there, answered = named(document, "eu.vendor.example")
    assert document["verdict"]["data_leaves_eu"] == "undetermined"
    assert there["location"]["status"] == "unknown"
    assert [r["packets"] for r in scenes.reasons(document, "unknown_place")] == [
        [answered, there["payload_packet"]]
    ]


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[Proxy, int]]:
    """Gives a proxy that runs, and the port of a server on loopback behind it."""
    lab.make_certificates(tmp_path, ["localhost"])
    serving = lab.https_server(tmp_path, ("127.0.0.1", 0))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    running = Proxy(tmp_path, "--upstream-ca", str(tmp_path / "ca.pem"))
    yield running, serving.server_port
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate(timeout=60)
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.mark.proxy
@needs_engine
def test_what_a_proxy_opened_is_an_exposure_of_a_decrypted_channel(proxied: tuple[Proxy, int]) -> None:
    proxy, port = proxied
    assert b"lab answer" in proxy.post(port, proxy.ca)
    assert proxy.stop() == 0, proxy.told
    document = scenes.audit(proxy.folder)
    (flow,) = document["flows"]
    assert (flow["encryption"]["state"], flow["encryption"]["opened"]) == ("encrypted", True)
    assert [(h["method"], h["host"], h["status"]) for h in flow["http"]] == [("POST", "localhost", 200)]
    (serial,) = [e for e in document["exposures"] if e["data_type"] == "device.serial"]
    assert (serial["channel"], serial["where"]) == ("decrypted", "http.body")
    assert serial["flows"] == [flow["id"]]
    assert "LAB-0001" not in json.dumps(document)
    assert document["verdict"]["data_leaves_eu"] == "undetermined"
