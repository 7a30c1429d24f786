"""How often Python looks for objects that hold each other in a circle, while an audit runs.

What is kept of a capture holds no such circles, and walking it again and again took a third of the time. What is read
of a capture is still searched now and then, since parsers of others may leave circles behind.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (200_000, 20, 100)
"""Thresholds for work of which nobody knows how long it goes on (usually 700, 10, 10)."""
NEVER = (0, 0, 0)
"""For work that is bounded by what is kept anyway."""


@contextmanager
def searched(thresholds: tuple[int, int, int]) -> Iterator[None]:
    """Sets the thresholds for a while. What was made meanwhile counts as old then, and is not walked at once."""
    usual = gc.get_threshold()
    gc.set_threshold(*thresholds)
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # else it is the caller who keeps objects apart
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*usual)
