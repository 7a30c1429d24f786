"""`iotaudit capture`: records an interface, a proxy, or both, into a folder that `iotaudit audit` takes."""

import re
from pathlib import Path
from typing import Annotated

import typer

from iotaudit.errors import UsageError

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
LONGEST_S = 31 * 24 * 3600


def capture(
    interface: Annotated[
        str | None, typer.Option("--interface", "-i", metavar="IF", help="Record this network interface.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="MODE", help="Run a proxy and record it; MODE is regular.")
    ] = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the proxy listens; port 0 takes a free one.")
    ] = "127.0.0.1:8080",
    upstream_ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM file of CAs that the proxy trusts in servers as well."),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="T", help="How long to record: 30, 30s, 5m, 1h (default: until Ctrl-C)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The recording folder (default: iotaudit-TIME here).")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="MAC|IP", help="The device under audit, noted in session.json.")
    ] = None,
    marks: Annotated[
        bool,
        typer.Option("--marks", help='Take scenario marks from standard input, a line "STEP TEXT" each.'),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Record a session on a lab network: an interface, a proxy, or both."""
    from iotaudit import __version__
    from iotaudit.assemble.devices import normal_device
    from iotaudit.capture.live.run import Plan, record
    from iotaudit.capture.live.session import default_name
    from iotaudit.report.escape import terminal

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(terminal(line), err=True)

    plan = Plan(
        out=out or Path(default_name()),
        interface=interface,
        proxy=proxy,
        listen=parse_listen(listen),
        upstream_ca=_file(upstream_ca),
        duration_s=None if duration is None else parse_duration(duration),
        device=normal_device(device) if device else None,
        marks=marks,
        version=__version__,
    )
    outcome = record(plan, tell)
    if outcome.packets is not None:
        lost = "an unknown number" if outcome.dropped is None else str(outcome.dropped)
        tell(f"{outcome.packets} packets recorded, {lost} dropped by the kernel")
    tell(f"audit it with: iotaudit audit {outcome.folder}")


def parse_duration(text: str) -> float:
    """Gives seconds.

    Raises:
        UsageError: the text is no duration, or none that can be.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", text.strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(f"--duration takes a time such as 30, 30s, 5m or 1h (31 days at most), not {text!r}")
    return seconds


def parse_listen(text: str) -> tuple[str, int]:
    """Gives host and port of `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses).

    Raises:
        UsageError: the text is none of these.
    """
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*):(\d{1,5})", text.strip())
    if not found or int(found[2]) > 0xFFFF:
        raise UsageError(f"--listen takes HOST:PORT such as 192.168.50.1:8080, not {text!r}")
    return found[1].strip("[]"), int(found[2])


def _file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise UsageError(f"--upstream-ca {path} is not a file")
    return path.absolute() if path else None
