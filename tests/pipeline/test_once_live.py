"""A recording of an interface and a proxy at once: what went through the proxy is one flow of the audit."""

import importlib.util
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import scenes
from tests.capture.live.test_proxy import Proxy, lab

pytestmark = [
    pytest.mark.root,
    pytest.mark.proxy,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to record"),
    pytest.mark.skipif(shutil.which("dumpcap") is None, reason="needs dumpcap"),
    pytest.mark.skipif(importlib.util.find_spec("mitmproxy") is None, reason="needs mitmproxy"),
]


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[tuple[Proxy, int]]:
    """Gives a proxy on loopback, where packets are recorded as well, and the port of a server behind it."""
    lab.make_certificates(tmp_path, ["localhost"])
    serving = lab.https_server(tmp_path, ("127.0.0.1", 0))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    running = Proxy(tmp_path, "--interface", "lo", "--upstream-ca", str(tmp_path / "ca.pem"))
    yield running, serving.server_port
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate(timeout=60)
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_what_went_through_the_proxy_is_one_flow_that_was_opened(recorded: tuple[Proxy, int]) -> None:
    proxy, port = recorded
    assert b"lab answer" in proxy.post(port, proxy.ca)
    assert proxy.stop() == 0, proxy.told
    document = scenes.audit(proxy.folder, all_hosts=True)
    assert not [p for facts in document["inputs"] for p in facts["problems"] if p["kind"] == "counted_twice"]
    asked = [f for f in document["flows"] if f["server"]["port"] == proxy.port]
    (one,) = [f for f in asked if f["http"]]
    assert [f for f in document["flows"] if f["client"] == one["client"]] == [one]
    assert (one["protocol"], one["encryption"]["opened"]) == ("tcp", True)
    assert [(h["method"], h["host"], h["status"]) for h in one["http"]] == [("POST", "localhost", 200)]
    alone = scenes.audit(proxy.folder / "capture.pcapng", all_hosts=True)
    (same,) = [f for f in alone["flows"] if f["client"] == one["client"]]
    for key in ("packets_out", "bytes_out", "packets_in", "bytes_in", "payload_out", "payload_in", "server"):
        assert one[key] == same[key]
    # the proxy's own conversation with the server is opened by the recording's keys.log
    (onward,) = [f for f in document["flows"] if f["server"]["port"] == port]
    assert (onward["application"], onward["encryption"]["opened"]) == ("http", True)
    (serial,) = [e for e in document["exposures"] if e["data_type"] == "device.serial"]
    assert (serial["channel"], serial["count"]) == ("decrypted", 2)
    assert sorted(serial["flows"]) == sorted([one["id"], onward["id"]])
