"""Errors by whose fault they are: the user's, the machine's; the device's are data (`Problem`), not errors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a mistake stands; `line` and `column` are 1-based, 0 where not known."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.path
        return (
            f"{self.path}:{self.line}:{self.column}" if self.column else f"{self.path}:{self.line}"
        )


class IotauditError(Exception):
    """An expected failure: its text is one line that says what is wrong and what to do."""

    exit_code = 3


class UsageError(IotauditError):
    """The user asked for what cannot be: an unknown device, a bad option."""

    exit_code = 2


class PackError(UsageError):
    """A rule, profile or other YAML file has mistakes; all of them are told at once."""

    def __init__(self, mistakes: tuple[tuple[Place, str], ...]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(f"{place}: {text}" for place, text in mistakes))


class InputError(IotauditError):
    """A file cannot be opened or read by this machine."""


class SetupError(IotauditError):
    """The machine lacks a privilege, a program or an extra."""
