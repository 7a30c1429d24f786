"""The engine under test: built anew from the source, so that no test looks at an older library.

ENGINE_CFLAGS adds compiler flags (`-fsanitize=address,undefined`; see docs/performance.md).
"""

import ctypes
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from iotaudit import native
from iotaudit.native.build import LIBRARY, build
from iotaudit.native.library import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine; tests that ask for it are skipped where there is no C compiler."""
    target = tmp_path_factory.mktemp("native") / LIBRARY.name
    library = build(target, shlex.split(os.environ.get("ENGINE_CFLAGS", "")))
    if library is None:
        pytest.skip("no C compiler")
    return Engine(ctypes.CDLL(str(library)))


@pytest.fixture(scope="session")
def use() -> object:
    """Gives `use(engine)`: within it, the whole program runs on this engine, or on none."""

    @contextmanager
    def switched(chosen: Engine | None) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "engine", lambda: chosen)
            yield

    return switched
