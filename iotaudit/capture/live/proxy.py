"""Runs mitmproxy as a process of its own, with a CA of its own that lives in the recording folder."""

import importlib.metadata
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from iotaudit.capture.live.child import LAST_WORDS_S, Child, never
from iotaudit.capture.live.part import FAILURE, Ending
from iotaudit.capture.live.session import Session
from iotaudit.errors import SetupError, UsageError

MODES = ("regular",)
LATER = ("transparent", "wireguard", "reverse", "upstream", "socks5", "local", "dns", "tun")
START_S = 60.0
STOP_S = 20.0
READY = re.compile(r"proxy listening at (?:http://)?(\S+?):(\d+)\.?$")
NOISE = re.compile(r"Error logged during startup")
ADDON = Path(__file__).with_name("addon.py")
RUN = "from mitmproxy.tools.main import mitmdump; mitmdump()"


def check_mode(mode: str) -> None:
    """Checks that a mode of the proxy is one that can be used.

    Raises:
        UsageError: it is not, or not yet.
    """
    if mode in LATER:
        raise UsageError(f"--proxy {mode} is not built yet; use: regular")
    if mode not in MODES:
        raise UsageError(f"--proxy {mode!r} is no mode of the proxy; use: regular")


def find_engine() -> str:
    """Gives mitmproxy's version.

    Raises:
        SetupError: the extra is not installed.
    """
    if importlib.util.find_spec("mitmproxy") is None:
        raise SetupError("--proxy needs mitmproxy: pip install 'iotaudit-dataflow[proxy]'")
    return importlib.metadata.version("mitmproxy")


@dataclass(slots=True)
class Proxy:
    """A proxy that records what passes into files of the recording folder."""

    mode: str
    host: str
    port: int
    upstream_ca: Path | None = None
    folder: Path = field(init=False)
    engine: str = field(init=False)
    child: Child | None = field(init=False, default=None)
    name: str = field(init=False, default="proxy")

    def __post_init__(self) -> None:
        check_mode(self.mode)
        self.engine = find_engine()

    @property
    def ca(self) -> Path:
        """The certificate that the device must trust for its traffic to be read."""
        return self.folder / "ca" / "mitmproxy-ca-cert.pem"

    def start(self, session: Session, wake: Callable[[], None], halted: Callable[[], bool] = never) -> None:
        """Starts the engine and returns when it listens; `host` and `port` are then what it listens on.

        Raises:
            SetupError: it does not, with its own words.
        """
        self.folder = session.path
        (self.folder / "ca").mkdir(mode=0o700)
        keys = self.folder / "keys.log"
        os.close(os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        environment = os.environ | {"MITMPROXY_SSLKEYLOGFILE": str(keys), "PYTHONUNBUFFERED": "1"}

        def take_line(line: str) -> None:
            if line.startswith("iotaudit {"):  # the addon prints facts of its own
                facts = json.loads(line.removeprefix("iotaudit "))
                session.log(facts.pop("event"), **facts)

        self.child = Child(
            "mitmproxy", self._command(), environment=environment, on_line=take_line, on_exit=wake
        )
        ready = self.child.await_line(READY, START_S, halted)
        if halted():
            return
        if ready is None or not self.child.running:
            self.child.stop(STOP_S)
            raise SetupError(self._why_not())
        self.host, self.port = ready[1].strip("[]"), int(ready[2])

    def started(self) -> tuple[str, ...]:
        """Says where it listens, and what the device must trust."""
        return (
            f"proxy listens on {self.host}:{self.port}",
            f"to be read, the device must trust {self.ca}",
        )

    def _command(self) -> list[str]:
        options = {
            "confdir": self.folder / "ca",
            "save_stream_file": self.folder / "proxy.flows",
            "flow_detail": 0,
            "termlog_verbosity": "info",
            "onboarding": "false",
        }
        if self.upstream_ca:
            options["ssl_verify_upstream_trusted_ca"] = self.upstream_ca
        settings = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
        # -P: what lies in the working directory is not imported
        return [
            *(sys.executable, "-P", "-c", RUN, "--mode", "regular"),
            *("--listen-host", self.host, "--listen-port", str(self.port), "--scripts", str(ADDON)),
            *settings,
        ]

    def ending(self) -> Ending | None:
        """Gives one line about an engine that ended before it was told to."""
        if self.child is None or self.child.running:
            return None
        return Ending(FAILURE, self._why_not())

    def stop(self, session: Session) -> str | None:  # noqa: ARG002
        """Ends the engine; it writes the flows that are still open."""
        if self.child is None:
            return None
        running = self.child.running
        self.child.stop(STOP_S)
        return self._why_not() if running and self.child.exit_code != 0 else None

    def facts(self) -> dict[str, object]:
        """Gives what the manifest says."""
        return {"name": "mitmproxy", "version": self.engine, "mode": self.mode, "listen": [self.host, self.port]}

    def _why_not(self) -> str:
        """Gives one line about an engine that ended too early."""
        if self.child is None:
            return "the proxy was not started"
        self.child.await_exit(LAST_WORDS_S)
        said = [line for line in self.child.lines if not NOISE.match(line)]
        text = next((line for line in said if "rror" in line), said[-1] if said else "it said nothing")
        return f"the proxy does not run on {self.host}:{self.port}: {text}"
