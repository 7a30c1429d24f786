"""The proxy on loopback: a server with a CA of its own, and clients that trust the proxy or do not."""

import importlib.util
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from iotaudit.capture import mitmproxy
from iotaudit.capture.live.proxy import check_mode, find_engine
from iotaudit.dissect.weblog import OPENED, REFUSED, read_exchange
from iotaudit.errors import SetupError, UsageError
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import Exchange

needs_engine = pytest.mark.skipif(importlib.util.find_spec("mitmproxy") is None, reason="needs mitmproxy")
SECONDS = 60


def load_lab() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lab", Path(__file__).with_name("lab.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lab = load_lab()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Serves HTTPS on loopback; gives the port."""
    lab.make_certificates(tmp_path, ["localhost"])
    serving = lab.https_server(tmp_path, ("127.0.0.1", 0))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield serving.server_port
    serving.shutdown()
    thread.join()
    serving.server_close()


class Proxy:
    """A proxy that `iotaudit capture` runs."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder / "recording"
        command = [
            sys.executable,
            "-m",
            "iotaudit",
            "capture",
            "--proxy",
            "regular",
            "--listen",
            "127.0.0.1:0",
        ]
        self.process = lab.started([*command, "--out", str(self.folder), *options])
        self.told = lab.read_until(self.process, b"must trust").decode()
        found = re.search(r"listens on 127\.0\.0\.1:(\d+)", self.told)
        assert found, self.told
        self.port = int(found[1])
        self.ca = self.folder / "ca/mitmproxy-ca-cert.pem"

    def post(self, port: int, trusted: Path) -> bytes:
        """Posts through the proxy to the server; gives the answer, empty where the client refused it."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as raw:
            raw.sendall(b"CONNECT localhost:%d HTTP/1.1\r\nhost: localhost:%d\r\n\r\n" % (port, port))
            assert b" 200 " in raw.recv(4096)
            context = ssl.create_default_context(cafile=str(trusted))
            try:
                with context.wrap_socket(raw, server_hostname="localhost") as tls:
                    tls.sendall(b"POST /report HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n")
                    tls.sendall(b"content-length: %d\r\n\r\n%b" % (len(lab.TEXT), lab.TEXT))
                    return b"".join(iter(lambda: tls.recv(4096), b""))
            except ssl.SSLCertVerificationError:
                return b""

    def stop(self) -> int:
        """Ends the recording and gives its exit code."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.told += rest.decode()
        code: int = self.process.returncode
        return code

    def exchanges(self) -> list[Exchange]:
        """Gives what the flow file holds."""
        problems = ProblemTally()
        with (self.folder / "proxy.flows").open("rb") as file:
            found = list(mitmproxy.read(file, 0, problems))
        assert problems.rows() == ()
        return found


@pytest.fixture
def proxy(tmp_path: Path, server: int) -> Iterator[Proxy]:
    assert server
    running = Proxy(tmp_path, "--upstream-ca", str(tmp_path / "ca.pem"))
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate(timeout=SECONDS)


@pytest.mark.proxy
@needs_engine
def test_what_a_trusting_client_sends_is_read(proxy: Proxy, server: int) -> None:
    assert b"lab answer" in proxy.post(server, proxy.ca)
    assert proxy.stop() == 0, proxy.told
    (exchange,) = proxy.exchanges()
    assert (exchange.method, exchange.uri, exchange.status) == ("POST", "/report", 200)
    assert (exchange.host, exchange.server_ip, exchange.server_port) == ("localhost", "127.0.0.1", server)
    assert exchange.request_body == lab.TEXT
    assert exchange.encrypted_in_transit
    folder = proxy.folder
    assert stat.S_IMODE((folder / "keys.log").stat().st_mode) == 0o600
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in (folder / "keys.log").read_text()
    assert stat.S_IMODE((folder / "ca").stat().st_mode) == 0o700
    manifest = json.loads((folder / "session.json").read_text())
    assert manifest["proxy"]["listen"] == ["127.0.0.1", proxy.port]
    assert manifest["proxy"]["name"] == "mitmproxy"
    assert {f["name"] for f in manifest["files"]} == {
        "proxy.flows", "keys.log", "log.jsonl", "marks.jsonl", "ca/mitmproxy-ca-cert.pem"}  # fmt: skip


@pytest.mark.proxy
@needs_engine
def test_a_client_that_refuses_is_noted_and_passed_through_at_its_next_try(
    proxy: Proxy, server: int, tmp_path: Path
) -> None:
    strict = tmp_path / "ca.pem"  # trusts the server's own CA, so not the proxy's
    assert proxy.post(server, strict) == b""
    assert b"lab answer" in proxy.post(server, strict)
    assert proxy.stop() == 0, proxy.told
    refused, passed = proxy.exchanges()
    assert refused.client_rejected_certificate
    assert read_exchange(1, 1, refused)[1].encryption.reason == REFUSED
    assert (passed.host, passed.server_port, passed.encrypted_in_transit) == ("localhost", server, False)
    assert passed.request_len > len(lab.TEXT)
    assert all(lab.TEXT not in data for _, data, _ in passed.messages)
    summary = read_exchange(1, 2, passed)[1]
    assert (summary.application, summary.encryption.state.value) == ("tls", "encrypted")
    assert summary.encryption.reason != OPENED
    events = [json.loads(line)["event"] for line in (proxy.folder / "log.jsonl").read_text().splitlines()]
    assert events == ["started", "handshake_refused", "passed_unopened", "stopped"]


@pytest.mark.proxy
@needs_engine
def test_a_port_that_is_taken_is_one_line(tmp_path: Path, server: int) -> None:
    command = [
        sys.executable,
        "-m",
        "iotaudit",
        "capture",
        "--proxy",
        "regular",
        "--out",
        str(tmp_path / "taken"),
    ]
    done = subprocess.run(
        [*command, "--listen", f"127.0.0.1:{server}"],
        cwd=lab.REPOSITORY,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 3
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"iotaudit: the proxy does not run on 127.0.0.1:{server}")
    assert "in use" in line
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("mode", ["transparent", "wireguard", "reverse"])
def test_a_mode_of_a_later_release_says_so(mode: str) -> None:
    with pytest.raises(UsageError, match="not built yet"):
        check_mode(mode)


def test_a_mode_that_never_was_is_no_mode() -> None:
    with pytest.raises(UsageError, match="is no mode"):
        check_mode("sideways")
    check_mode("regular")


def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"pip install 'iotaudit-dataflow\[proxy\]'"):
        find_engine()
