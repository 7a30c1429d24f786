"""The command line: one file for each command; parse, call, print. Heavy imports stand inside the commands."""

import os
import sys
from typing import Annotated

import typer

from iotaudit import __version__
from iotaudit.cli.audit import audit
from iotaudit.cli.capture import capture
from iotaudit.cli.compare import compare
from iotaudit.cli.data import app as data_app
from iotaudit.cli.demo import demo
from iotaudit.cli.explain import explain
from iotaudit.cli.later import add_later
from iotaudit.cli.output import Commands
from iotaudit.cli.profiles import app as profiles_app
from iotaudit.cli.report import report
from iotaudit.cli.rules import app as rules_app
from iotaudit.cli.schema import schema
from iotaudit.errors import IotauditError, PackError

ISSUES = "the project's issue tracker"

app = typer.Typer(
    name="iotaudit",
    cls=Commands,
    help="Audit where a connected device sends its data, who runs the other end, and under whose law.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(short_help="Audit captures: where does data go?")(audit)
app.command(short_help="Record an interface, a proxy, or both.")(capture)
app.command(short_help="Render a saved audit again.")(report)
app.command(short_help="Put audits side by side.")(compare)
app.command(short_help="The chain of evidence of one destination.")(explain)
app.add_typer(rules_app, name="rules")
app.add_typer(profiles_app, name="profiles")
app.add_typer(data_app, name="data", short_help="The knowledge behind the verdict.")
app.command(short_help="Audit a recording that ships.")(demo)
app.command(short_help="Print the JSON Schema of audit.json.")(schema)
add_later(app)


def _version(value: bool) -> None:  # noqa: FBT001 - a typer callback takes the flag's value
    if value:
        typer.echo(f"iotaudit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Audit where a connected device sends its data, who runs the other end, and under whose law."""


def main() -> None:
    """Runs the command line; every expected failure is one line on standard error and an exit code.

    Of a file with several mistakes, each is a line.
    """
    try:
        app()
    except PackError as error:
        _fail(error.exit_code, *(f"{place}: {text}" for place, text in error.mistakes))
    except IotauditError as error:
        _fail(error.exit_code, str(error))
    except KeyboardInterrupt:
        _fail(3, "stopped by the user")
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _fail(3, f"{error.strerror or type(error).__name__}{where}")
    except (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        if os.environ.get("IOTAUDIT_DEBUG"):
            raise
        _fail(3, f"internal fault ({type(error).__name__}); set IOTAUDIT_DEBUG=1 for details and tell {ISSUES}")


def _fail(code: int, *lines: str) -> None:
    from iotaudit.report.escape import terminal

    for line in lines:
        typer.echo(f"iotaudit: {terminal(line)}", err=True)
    sys.exit(code)
