"""The optional compiled engine: the hot loops of the packet reader in C, with the results of the Python code.

`engine()` gives it where its library was built when the package was installed (`build`), else None, and the callers
go their own way in numpy. The variable IOTAUDIT_NATIVE=0 switches it off. See docs/performance.md.
"""

import ctypes
import functools
import os

from iotaudit.native.build import LIBRARY
from iotaudit.native.library import VERSION, Engine

OFF = ("0", "no", "off", "false")


@functools.cache
def engine() -> Engine | None:
    """Gives the engine, None where it is not built, is of another version, or is switched off."""
    if os.environ.get("IOTAUDIT_NATIVE", "").lower() in OFF or not LIBRARY.is_file():
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
        return Engine(library) if library.iotaudit_engine_version() == VERSION else None
    except (OSError, AttributeError):  # built for another machine, or not our library
        return None


def available() -> bool:
    """Says whether the engine is in use."""
    return engine() is not None
