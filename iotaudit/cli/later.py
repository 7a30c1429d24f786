"""What is meant to come and is not built yet: it says so in one line (exit code 2) and is not in `--help`."""

from typing import Any

import typer

from iotaudit.errors import UsageError

COMMANDS = ("bundle", "verify", "fleet", "serve")


def add_later(app: typer.Typer) -> None:
    """Adds the commands that are not built yet, hidden."""
    for name in COMMANDS:
        app.command(
            name,
            hidden=True,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )(_command(name))


def _command(name: str) -> Any:  # noqa: ANN401 - a typer command
    def run(arguments: list[str] | None = typer.Argument(None)) -> None:  # noqa: ARG001, B008
        raise UsageError(f"'iotaudit {name}' is not built yet")

    return run


def refuse(**options: object) -> None:
    """Refuses options of later releases that were given.

    Raises:
        UsageError: one of them is set.
    """
    for name, value in options.items():
        if value not in (None, False, [], ()):
            raise UsageError(f"--{name.replace('_', '-')} is not built yet")
