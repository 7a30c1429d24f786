"""`iotaudit demo`: audits a capture that ships with the project."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = "robot-eu-name.pcapng"


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for audit.json and report.html.")] = Path(
        "iotaudit-demo"
    ),
    name: Annotated[str, typer.Option(metavar="NAME", help="Which shipped capture.")] = DEFAULT,
) -> None:
    """Audit a shipped recording of a fictional cleaning robot and write the HTML report."""
    from iotaudit import pipeline
    from iotaudit.cli.audit import prepare, write
    from iotaudit.errors import UsageError
    from iotaudit.packs.shipped import shipped

    folder = shipped("captures")
    there = sorted(p.name for p in folder.glob("*.pcap*"))
    if name not in there:
        raise UsageError(f"no shipped capture {name}; there are {', '.join(there)}")
    prepare(out)
    write(pipeline.audit(folder / name, profile="cleaning-robot"), out=out, json=None, quiet=False)
