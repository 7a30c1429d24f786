"""`iotaudit data`: the knowledge behind a verdict, its versions on this machine, and how to change them."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="The knowledge behind the verdict: IP to country, operators, laws, each with version, date, licence.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Version = Annotated[
    str | None, typer.Option("--knowledge", metavar="VERSION", help="This version (default: the one in use).")
]


@app.command()
def status(
    knowledge: Version = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="What is due on this date (default: today).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List the knowledge in use: name, version, date, review date, licence, digest; and the versions on this machine."""
    from iotaudit.packs.knowledge import load_knowledge
    from iotaudit.packs.library import current, open_shelf, versions

    today = _date(as_of)
    with open_shelf(knowledge) as shelf:
        known = load_knowledge((), shelf)
        stale = set(known.stale(today))
        rows = [
            {
                "name": file.name,
                "version": file.version,
                "date": file.date,
                "review_by": file.review_by,
                "stale": file.name in stale,
                "licence": file.licence,
                "sha256": file.sha256,
            }
            for file in known.files
        ]
        head = {"version": shelf.version, "in_use": current(), "versions": list(versions()), "as_of": today}
    if json:
        import sys

        import orjson

        told = {**head, "files": rows}
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        names = (f"{name} (in use)" if name == head["in_use"] else name for name in head["versions"])
        _show(rows, f"shown: {head['version']}; versions on this machine: {', '.join(names)}")


def _show(rows: "list[dict[str, Any]]", foot: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from iotaudit.cli.output import console
    from iotaudit.report.escape import terminal

    table = Table(box=box.SIMPLE, pad_edge=False)
    for head in ("name", "version", "date", "review by", "licence", "sha256"):
        table.add_column(head, overflow="fold")
    for row in rows:
        due = f"{row['review_by']} (due)" if row["stale"] else row["review_by"]
        cells = (row["name"], row["version"], row["date"], due, row["licence"], row["sha256"][:16])
        table.add_row(*(Text(terminal(cell)) for cell in cells))
    out = console()
    out.print(table)
    out.print(Text(foot))


@app.command()
def update(
    source: Annotated[
        Path, typer.Option("--from", metavar="DIR|FILE", help="A knowledge package: a folder or a zip file.")
    ],
) -> None:
    """Install a knowledge package and put it in use; 'iotaudit data rollback' undoes it."""
    from iotaudit.packs.knowledge import try_shelf
    from iotaudit.packs.library import install

    version, names = install(source, try_shelf)
    typer.echo(f"knowledge {version} is in use; it brought {', '.join(names)}")


@app.command()
def rollback() -> None:
    """Put the knowledge in use again that was before the last update."""
    from iotaudit.packs.library import roll_back

    left, now = roll_back()
    typer.echo(f"knowledge {now} is in use again; {left} stays installed (--knowledge {left})")


def _date(text: str | None) -> str:
    import datetime

    from iotaudit.errors import UsageError

    if text is None:
        return datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--as-of takes a date such as 2026-11-24, not {text!r}") from None
