"""What takes part in a recording: the recorder, the proxy, and whatever else runs beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from iotaudit.capture.live.session import Session

FAILURE = "failure"
"""What an ending is by where something went wrong."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a part makes the recording end: one word for the manifest; `why` a sentence where it was cut short."""

    by: str
    why: str = ""


class Part(Protocol):
    """One thing that is started, may end the recording, and is stopped. Parts start in order and stop in reverse."""

    @property
    def name(self) -> str:
        """Its key in the manifest."""

    def start(self, session: Session, wake: Callable[[], None], halted: Callable[[], bool]) -> None:
        """Returns when it runs; calls `wake` from then on when `ending` has something to say.

        Waits must end soon once `halted` says that the user gave up.

        Raises:
            UsageError: what was asked for cannot be.
            SetupError: the host does not let it; what it had started is ended, as `stop` is called all the same.
        """

    def started(self) -> tuple[str, ...]:
        """Gives the lines that the user reads when everything runs."""

    def ending(self) -> Ending | None:
        """Gives why the recording must end now; None while all is well."""

    def stop(self, session: Session) -> str | None:
        """Ends it, also where it was started only in part; gives a sentence where that did not go well."""

    def facts(self) -> dict[str, object]:
        """Gives what the manifest says of it."""
