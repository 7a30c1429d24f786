"""`iotaudit report`: renders a saved audit again, without the capture."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotaudit.errors import InputError, UsageError

LATER = ("pdf", "xlsx", "jsonl", "stix", "dpv", "docx", "odt")


def read_audit(path: str) -> "dict[str, object]":
    """Gives the document of a saved audit.

    Raises:
        InputError: the file is missing, unreadable or no audit.
    """
    if path == "-":
        return _load("standard input", sys.stdin.buffer.read())
    file = Path(path)
    if not file.exists():
        raise InputError(f"{path}: no such file; name an audit.json that 'iotaudit audit --json' wrote")
    if file.is_dir():
        file = file / "audit.json"
        if not file.exists():
            raise InputError(f"{path}: a folder without audit.json")
    return _load(path, file.read_bytes())


def _load(name: str, text: bytes) -> "dict[str, object]":
    from iotaudit import report as reports

    try:
        return reports.load(text)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def report(
    audit_json: Annotated[str, typer.Argument(metavar="AUDIT_JSON", help="A saved audit; - is standard input.")],
    format: Annotated[  # noqa: A002 - the option's name
        str, typer.Option("--format", "-f", metavar="FORMAT", help="html, sarif, junit, md, csv or json.")
    ] = "html",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here (default: standard output).")
    ] = None,
) -> None:
    """Render a saved audit: HTML for people, SARIF and JUnit for CI, Markdown, CSV."""
    from iotaudit import report as reports
    from iotaudit.cli.audit import as_bytes

    if format in LATER:
        raise UsageError(f"--format {format} is not built yet; there are {', '.join(reports.FORMATS)}")
    if format not in reports.FORMATS:
        raise UsageError(f"--format {format} is unknown; there are {', '.join(reports.FORMATS)}")
    rendered = as_bytes(reports.render(read_audit(audit_json), format))
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(rendered)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(rendered)
