"""A file that another program still writes: at its end more is waited for, until the user stops it."""

import os
from collections.abc import Callable
from pathlib import Path


class Growth:
    """Tells at the end of a file whether more is to come.

    `wait` waits a while; it gives False once following is to end. `end_len`: up to where the file is read then, None
    before.
    """

    def __init__(self, path: Path, wait: Callable[[], bool]) -> None:
        self.end_len: int | None = None
        self._path = path
        self._wait = wait

    @property
    def stopped(self) -> bool:
        """Whether following was ended by the user."""
        return self.end_len is not None

    def fault(self, descriptor: int, done_len: int) -> str:
        """Says why the open file cannot be followed any more, "" where nothing is wrong with it."""
        opened = os.fstat(descriptor)
        if opened.st_size < done_len:
            return "the file shrank while it was followed"
        try:
            named = self._path.stat()
        except OSError:
            return "the file was removed while it was followed"
        return "" if os.path.samestat(opened, named) else "the file was replaced while it was followed"

    def wait(self, descriptor: int) -> None:
        """Waits a while for more; where following is to end, what was written until then is still to be read."""
        if not self._wait():
            self.end_len = os.fstat(descriptor).st_size
