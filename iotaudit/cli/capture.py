"""`iotaudit capture`: records an interface, a pipe, a proxy, or both, into a folder that `iotaudit audit` takes."""

import datetime
import re
from pathlib import Path
from typing import Annotated

import typer

from iotaudit.errors import UsageError

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
LONGEST_S = 31 * 24 * 3600
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SMALLEST_LEN = 1 << 20
RING_FILES = 10_000


def capture(
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="Record what comes through standard input (pcap, pcapng).")
    ] = None,
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
    only_device: Annotated[
        bool, typer.Option("--only-device", help="Record nothing of others than --device.")
    ] = False,
    filtered: Annotated[
        str, typer.Option("--filter", metavar="EXPR", help="Record only what fits this filter of libpcap.")
    ] = "",
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Record with auto, dumpcap, tcpdump, ring or scapy.")
    ] = "auto",
    ring: Annotated[
        str | None,
        typer.Option(metavar="FILES:SIZE", help="Keep the newest FILES files of SIZE each: 24:100M."),
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="End when the packets take so much disk: 500M, 2G.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="TEXT", help="The device's model, for session.json.")] = None,
    firmware: Annotated[str | None, typer.Option(metavar="TEXT", help="Its firmware.")] = None,
    tester: Annotated[str | None, typer.Option(metavar="TEXT", help="Who records.")] = None,
    purpose: Annotated[str | None, typer.Option(metavar="TEXT", help="What the recording is for.")] = None,
    delete_after: Annotated[
        str | None, typer.Option(metavar="DATE", help="When the recording is to be deleted (a note, no timer).")
    ] = None,
    marks: Annotated[
        bool,
        typer.Option("--marks", help='Take scenario marks from standard input, a line "STEP TEXT" each.'),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Record a session on a lab network: an interface, a pipe, a proxy, or both."""
    from iotaudit import __version__
    from iotaudit.assemble.devices import normal_device
    from iotaudit.capture.live.files import Bounds
    from iotaudit.capture.live.run import Plan, Purpose, record
    from iotaudit.capture.live.session import default_name
    from iotaudit.report.escape import terminal

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(terminal(line), err=True)

    if source not in (None, "-"):
        raise UsageError(f"capture takes - for standard input, not {source!r}; an interface is named with --interface")
    ring_files, file_len = parse_ring(ring) if ring else (0, 0)
    plan = Plan(
        out=out or Path(default_name()),
        interface=interface,
        pipe=source == "-",
        engine=engine,
        filtered=filtered.strip(),
        only_device=only_device,
        bounds=Bounds(ring_files, file_len, None if max_size is None else parse_size(max_size, "--max-size")),
        proxy=proxy,
        listen=parse_listen(listen),
        upstream_ca=_file(upstream_ca),
        duration_s=None if duration is None else parse_duration(duration),
        device=normal_device(device) if device else None,
        marks=marks,
        purpose=Purpose(model, firmware, tester, purpose, parse_date(delete_after)),
        version=__version__,
    )
    outcome = record(plan, tell)
    if outcome.packets is not None:
        lost = "an unknown number" if outcome.dropped is None else str(outcome.dropped)
        tell(f"{outcome.packets} packets recorded, {lost} dropped by the kernel")
    if outcome.stopped_by == "max-size":
        tell("the bound of --max-size was reached")
    what = f"{outcome.folder}/capture-*.pcapng" if ring else outcome.folder
    tell(f"audit it with: iotaudit audit {what}")


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


def parse_size(text: str, option: str) -> int:
    """Gives bytes.

    Raises:
        UsageError: the text is no size, or too small a one to hold anything.
    """
    found = re.fullmatch(r"(\d{1,12})([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    length = int(found[1]) * SIZES[found[2].upper()] if found else 0
    if length < SMALLEST_LEN:
        raise UsageError(f"{option} takes a size such as 500M or 2G (1M at least), not {text!r}")
    return length


def parse_ring(text: str) -> tuple[int, int]:
    """Gives files and the bytes of each of `FILES:SIZE`.

    Raises:
        UsageError: the text is no such thing.
    """
    found = re.fullmatch(r"(\d{1,5}):(\w+)", text.strip())
    if not found or not 2 <= int(found[1]) <= RING_FILES:
        raise UsageError(f"--ring takes FILES:SIZE such as 24:100M (2 files at least), not {text!r}")
    return int(found[1]), parse_size(found[2], "--ring FILES:SIZE")


def parse_date(text: str | None) -> str | None:
    """Gives a date as it was given.

    Raises:
        UsageError: it is no date.
    """
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--delete-after takes a date such as 2027-06-30, not {text!r}") from None


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
