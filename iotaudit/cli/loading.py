"""Imports of much at once: nothing that they make is garbage, so none is looked for meanwhile."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Keeps the collector off, where it was on; what was made counts as old then, and is not walked at once."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if not gc.get_freeze_count():  # else it is the caller who keeps objects apart
                gc.freeze()
                gc.unfreeze()
            gc.enable()
