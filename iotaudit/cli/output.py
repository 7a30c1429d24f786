"""Standard output, whose reader may leave before the end (`| head`): the exit code stays that of the work."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from iotaudit.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


class Commands(TyperGroup):
    """The commands; typer's own end with a finding's code where a reader left, and with 130 on Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's private context, and what a command gives
        """Runs the command."""
        try:
            with patient():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InputError("stopped by the user") from None


@contextmanager
def patient() -> Iterator[None]:
    """Lets writing to standard output end early without a word where its reader has left."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still buffered must not fail again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console() -> "Console":
    """Gives a console on standard output that leaves a broken pipe to `patient`; rich's own exits with 1."""
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Patient(highlight=False)
