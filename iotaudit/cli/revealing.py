"""`--reveal`: the values themselves, on the terminal of who asked for them, and nowhere else."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from iotaudit.errors import UsageError

MOST_LEN = 1000
"""Letters of one value that are shown."""
WARNING = (
    "--reveal prints what the device sent as it is: passwords, positions, names. It stays in the terminal's memory, and in\n"
    "whatever records or shares this screen; it is written to no file."
)


def ask_first(captures: Sequence[str], *, json: str | None, quiet: bool) -> None:
    """Warns and asks, before any work.

    Raises:
        UsageError: standard output is no terminal or is not for the report, nobody can be asked, or the answer was no.
    """
    if quiet or json == "-":
        raise UsageError("--reveal prints to the terminal: it goes neither with --quiet nor with --json -")
    if not sys.stdout.isatty():
        raise UsageError("--reveal prints to a terminal alone, and standard output is none")
    if not sys.stdin.isatty() or "-" in captures:
        raise UsageError("--reveal asks before it prints: standard input must be a terminal, and no capture")
    typer.echo(WARNING, err=True)
    if not typer.confirm("Show the values?", err=True):
        raise UsageError("--reveal was not confirmed; nothing was read")


def show(document: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Prints the values of the exposures, harmless to a terminal, with the place of each."""
    from iotaudit.report import wording
    from iotaudit.report.escape import terminal

    encoding = sys.stdout.encoding or "utf-8"
    names = {row["id"]: wording.destination_name(row) for row in document["destinations"]}
    typer.echo("\nThe values, unmasked")
    for row in document["exposures"]:
        value = values.get(row["id"], "")
        cut = f" [{len(value) - MOST_LEN:,} more]" if len(value) > MOST_LEN else ""
        head = f"  {row['title']} to {names.get(row['destination'], row['destination'])}, packet {row['packet']}, "
        typer.echo(terminal(f"{head}{wording.spot(row)}: {value[:MOST_LEN]}{cut}", encoding))
