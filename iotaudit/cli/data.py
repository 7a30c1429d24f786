"""`iotaudit data`: the knowledge behind a verdict."""

import typer

from iotaudit.errors import UsageError

app = typer.Typer(
    help="The knowledge behind the verdict: IP to country, operators, laws, each with version, date, licence.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def status() -> None:
    """List the knowledge in use: name, version, date, review date, licence, digest."""
    import datetime

    from rich import box
    from rich.table import Table
    from rich.text import Text

    from iotaudit.cli.output import console
    from iotaudit.packs.knowledge import load_knowledge

    knowledge = load_knowledge()
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    stale = set(knowledge.stale(today))
    table = Table(box=box.SIMPLE, pad_edge=False)
    for head in ("name", "version", "date", "review by", "licence", "sha256"):
        table.add_column(head, overflow="fold")
    for file in knowledge.files:
        due = f"{file.review_by} (due)" if file.name in stale else file.review_by
        table.add_row(*(Text(x) for x in (file.name, file.version, file.date, due, file.licence, file.sha256[:16])))
    console().print(table)


@app.command(hidden=True, add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def update() -> None:
    """Not built yet."""
    raise UsageError("'iotaudit data update' is not built yet; a new release brings new data")
