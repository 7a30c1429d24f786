"""Following a file that still grows: how long is waited at its end, and how that is stopped."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_S = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Gives a function that waits a while, and gives False once Ctrl-C or SIGTERM came.

    A second signal does what it would do otherwise. (An Event to wait for could not be set by a signal that comes
    while this thread holds its lock.)
    """
    stopped = False

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        restore()

    def wait() -> bool:
        if not stopped:
            time.sleep(POLL_S)
        return not stopped

    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        yield wait
    finally:
        restore()
