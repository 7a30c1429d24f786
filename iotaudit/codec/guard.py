"""The one place where any exception is caught: parsers of others meet hostile bytes only through here.

Random bytes made dpkt 1.9.8 raise `SSL3Exception`, `IndexError` and `UnicodeDecodeError`, none of them a
`dpkt.Error`; so a guarded call turns whatever a parser raises into data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """A parser failed: the exception's class name only, since its text may quote payload."""

    parser: str
    error: str


def guarded(parser: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Fault:
    """Gives `call(*args, **kwargs)`, or a `Fault` where it raised (memory exhaustion and recursion included)."""
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return Fault(parser, type(error).__name__)
