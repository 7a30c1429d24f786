"""`iotaudit audit`: captures in, verdict, audit.json and report out."""

import enum
import sys
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iotaudit.cli.following import until_stopped
from iotaudit.cli.later import refuse
from iotaudit.cli.loading import loading
from iotaudit.cli.output import console, patient
from iotaudit.cli.revealing import ask_first, show
from iotaudit.errors import UsageError

if TYPE_CHECKING:
    from iotaudit.model.result import Audit
    from iotaudit.pipeline import Progress

MOST_NORTH, MOST_EAST = 90, 180
READ_FAULTS = frozenset(
    (
        "not_a_capture",
        "not_opened",
        "empty_file",
        "truncated_file",
        "bad_header",
        "bad_record",
        "resynchronised",
        "unsupported_version",
        "oversized_record",
        "decompression_failed",
        "decompression_bomb",
        "not_a_regular_web_log",
        "interrupted",
        "unknown_link_type",
        "unknown_interface",
        "flow_table_full",
        "event_limit",
    )
)
"""Kinds of problems that mean "an input could not be read, or only in part" (exit code 3)."""


class FailOn(enum.StrEnum):
    """Least severity of a finding that gives exit code 1."""

    none = "none"
    info = "info"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


def audit(
    captures: Annotated[
        list[str],
        typer.Argument(
            metavar="CAPTURE...",
            help="pcap, pcapng (also gzip, zstd), HAR, mitmproxy flows, a recording folder, or - for standard input.",
        ),
    ],
    device: Annotated[str | None, typer.Option(metavar="MAC|IP", help="Audit this host alone.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="What the device should do and what the test must cover.")
    ] = None,
    rules: Annotated[
        list[str] | None, typer.Option(metavar="NAME|FILE", help="Rule pack or rule file; repeatable.")
    ] = None,
    known: Annotated[
        str | None, typer.Option(metavar="FILE", help="YAML file of values known of the device and its tester.")
    ] = None,
    keylog: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Key log (SSLKEYLOGFILE) that opens TLS and QUIC; repeatable."),
    ] = None,
    wifi_key: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Lines ssid:passphrase; opens WPA2 frames from a handshake on."),
    ] = None,
    declared: Annotated[
        str | None, typer.Option(metavar="FILE", help="YAML file of what the vendor declares, held against the capture.")
    ] = None,
    knowledge: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Judge by this installed version of the knowledge.")
    ] = None,
    geoip: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="MMDB file of yours to hear as well; repeatable.")
    ] = None,
    lab_position: Annotated[
        str | None,
        typer.Option(metavar="LAT,LON", help="Where it was recorded; round trips then bound where servers can be."),
    ] = None,
    inside: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="A network that counts as inside; repeatable.")
    ] = None,
    all_hosts: Annotated[bool, typer.Option("--all-hosts", help="List every host's conversations.")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Judge laws as of this date.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Read with so many processes; large files are read with several anyway."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for more at the end of a file that still grows, until Ctrl-C.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write audit.json and report.html into this folder.")
    ] = None,
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write audit.json here; - is standard output.")
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Print the values themselves to this terminal, after asking.")
    ] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 on a finding of at least this severity.")
    ] = FailOn.none,
    fail_on_undetermined: Annotated[
        bool, typer.Option("--fail-on-undetermined", help="Exit with 1 where the answer is undetermined.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    waivers: Annotated[str | None, typer.Option(hidden=True)] = None,
    baseline: Annotated[str | None, typer.Option(hidden=True)] = None,
    digest_key: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Audit captures of one set-up: does data leave the EU, where to, run by whom, and what is sent?"""
    refuse(
        waivers=waivers,
        baseline=baseline,
        digest_key=digest_key,
    )
    position = place(lab_position) if lab_position is not None else None
    if json == "-" and "-" in captures and sys.stdin.isatty():
        raise UsageError("standard input is a terminal; pipe a capture into it")
    if reveal:
        ask_first(captures, json=json, quiet=quiet)
    values: dict[str, str] = {}
    prepare(out, json)
    with progress_bar(quiet=quiet) as progress, until_stopped() if follow else nullcontext() as wait:
        with loading():
            from iotaudit import pipeline

        result = pipeline.audit(
            captures,
            device=device,
            profile=profile,
            rules=rules or (),
            known=known,
            keylog=keylog or (),
            wifi_key=wifi_key,
            declared=declared,
            knowledge=knowledge,
            geoip=geoip or (),
            lab_position=position,
            inside=inside or (),
            all_hosts=all_hosts,
            as_of=as_of,
            fail_on=fail_on.value,
            fail_on_undetermined=fail_on_undetermined,
            jobs=jobs,
            progress=progress,
            stdin=sys.stdin.buffer,
            follow=wait,
            reveal=values.update if reveal else None,
        )
    code = exit_code(result, fail_on.value, fail_on_undetermined=fail_on_undetermined)
    with patient():
        write(result, out=out, json=json, quiet=quiet)
        if reveal:
            from iotaudit import report

            show(report.document(result, lazy=True), values)
    raise typer.Exit(code)


def place(text: str) -> tuple[float, float]:
    """Gives latitude and longitude in degrees (WGS 84).

    Raises:
        UsageError: it is not two numbers within their bounds.
    """
    parts = text.split(",")
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        raise UsageError("--lab-position takes LAT,LON in degrees, as in 52.37,4.90") from None
    if not (abs(latitude) <= MOST_NORTH and abs(longitude) <= MOST_EAST):
        raise UsageError("--lab-position: latitude is within 90, longitude within 180 degrees")
    return latitude, longitude


def prepare(out: Path | None, json: str | None = None) -> None:
    """Makes the output folder and looks at the JSON's place before any work, so that a bad one is told at once.

    Raises:
        UsageError: the folder is a file, or the file a folder or in none.
    """
    if json and json != "-":
        if Path(json).is_dir():
            raise UsageError(f"--json {json} is a folder; name a file")
        if not Path(json).parent.is_dir() and Path(json).parent != out:
            raise UsageError(f"--json {json}: there is no folder {Path(json).parent}")
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; name a folder")
    out.mkdir(parents=True, exist_ok=True)


def write(result: "Audit", *, out: Path | None, json: str | None, quiet: bool) -> None:
    """Writes audit.json and the HTML report where asked for, and the terminal view unless the JSON takes its place."""
    from iotaudit import report

    document = report.document(result, lazy=True)
    files = [*([out / "audit.json"] if out else []), *([Path(json)] if json and json != "-" else [])]
    write_json(document, files)
    if out:
        (out / "report.html").write_bytes(as_bytes(report.render(document, "html")))
    if json == "-":
        # after the files: who reads the standard output may leave before its end
        for piece in report.pieces(document):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    told = sys.stderr if json == "-" else sys.stdout
    if not quiet:
        if json != "-":
            from iotaudit.report import terminal

            terminal.show(document, console())
        if out:
            typer.echo(f"report: {out / 'report.html'}", file=told)
    for facts in result.inputs:
        lost = [p for p in facts.problems if p.kind in READ_FAULTS]
        if lost:
            from iotaudit.report.escape import terminal as escaped

            kinds = ", ".join(sorted({p.kind.replace("_", " ") for p in lost}))
            typer.echo(
                f"iotaudit: {escaped(facts.name)} was not read whole ({kinds}); see inputs[].problems", err=True
            )


def write_json(document: dict[str, Any], paths: list[Path]) -> None:
    """Writes audit.json to files piece by piece, to all at once."""
    from iotaudit import report

    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for piece in report.pieces(document) if files else ():
            for file in files:
                file.write(piece)


def as_bytes(rendered: str | bytes) -> bytes:
    """Gives a rendering as bytes."""
    return rendered if isinstance(rendered, bytes) else rendered.encode("utf-8")


def exit_code(result: "Audit", fail_on: str, *, fail_on_undetermined: bool) -> int:
    """Gives 1 for a finding at or above `fail_on`, 3 where an input was not read whole, else 0; 1 wins."""
    from iotaudit.model.findings import Severity
    from iotaudit.model.reach import Answer

    if fail_on != "none" and result.worst is not None and result.worst >= Severity[fail_on.upper()]:
        return 1
    if fail_on_undetermined and Answer.UNDETERMINED in (
        result.verdict.data_leaves_eu,
        result.verdict.third_country_access,
    ):
        return 1
    if any(p.kind in READ_FAULTS for facts in result.inputs for p in facts.problems):
        return 3
    return 0


class progress_bar:  # noqa: N801 - used as a context manager, like a function
    """Shows how far reading is on standard error, where that is a terminal and `quiet` is off."""

    def __init__(self, *, quiet: bool) -> None:
        self.shown = not quiet and sys.stderr.isatty()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Any:  # noqa: ANN401 - a callback or None
        return self.update if self.shown else None

    def update(self, progress: "Progress") -> None:
        """Takes one progress event; the bar is made at the first, so that short work shows none."""
        if self.bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )
            from rich.progress import Progress as Bar

            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[packets]} packets"),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task("reading", total=progress.total_len, packets=0)
        self.bar.update(self.task, completed=progress.done_len, packets=progress.packets)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
