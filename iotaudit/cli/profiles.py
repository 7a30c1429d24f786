"""`iotaudit profiles`: what is expected of kinds of devices."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Profiles of device kinds: list, show, lint.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(metavar="NAME|FILE")]


@app.command("list")
def list_all() -> None:
    """List the shipped profiles."""
    from iotaudit.packs.profiles import list_profiles, load_profile

    for name in list_profiles():
        typer.echo(f"{name}  {load_profile(name).title}")


@app.command()
def show(profile: Name) -> None:
    """Show what a profile expects and what a test must cover."""
    from iotaudit.packs.profiles import as_row, load_profile

    for head, value in as_row(load_profile(profile)).items():
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        typer.echo(f"{head.replace('_', ' '):18} {text or '-'}")


@app.command()
def lint(profile: Name) -> None:
    """Check a profile; every mistake is told with its line and column."""
    from iotaudit.errors import PackError
    from iotaudit.packs.profiles import load_profile

    try:
        ident = load_profile(profile).id
    except PackError as error:
        for place, text in error.mistakes:
            typer.echo(f"{place}: {text}")
        raise typer.Exit(PackError.exit_code) from None
    typer.echo(f"{ident}: no mistakes")
