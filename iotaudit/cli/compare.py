"""`iotaudit compare`: several audits side by side."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotaudit.errors import UsageError


def compare(
    audits: Annotated[list[str], typer.Argument(metavar="AUDIT_JSON...", help="Two or more saved audits.")],
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write the comparison as JSON; - is standard output.")
    ] = None,
) -> None:
    """Put several devices, or two firmwares of one device, side by side."""
    if len(audits) < 2:
        raise UsageError("compare takes two or more audit.json files")
    from iotaudit.cli.report import read_audit
    from iotaudit.report import compare as comparison

    documents = [read_audit(path) for path in audits]
    if json:
        import orjson

        text = orjson.dumps(comparison.compare(documents), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        if json == "-":
            sys.stdout.buffer.write(text)
            return
        Path(json).write_bytes(text)
    from iotaudit.cli.output import console
    from iotaudit.report import terminal

    terminal.compare_view(documents, console())
