"""The command line called in this process: its exit code and both outputs."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from iotaudit.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Gives standard output as text."""
        return self.out.decode()

    @property
    def line(self) -> str:
        """Gives the one line on standard error that a failure has; it leaves nothing on standard output."""
        assert self.out == b""
        (line,) = self.err.splitlines()
        assert line.startswith("iotaudit: ")
        assert "Traceback" not in line
        return line


@pytest.fixture
def iotaudit(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Done]:
    """Calls `iotaudit` with arguments, as the installed script does."""

    def call(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["iotaudit", *(str(a) for a in arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out, err.decode())

    return call


@pytest.fixture(scope="session")
def captures() -> Path:
    """Gives the folder of the shipped captures."""
    return ROOT / "captures"


@pytest.fixture
def leaving(captures: Path) -> Path:
    """Gives a capture whose findings go up to `high` and whose first answer is yes."""
    return captures / "robot-eu-name.pcapng"


@pytest.fixture
def staying(captures: Path) -> Path:
    """Gives a capture whose second answer is undetermined."""
    return captures / "robot-eu-cloud.pcapng"


@pytest.fixture
def cut(tmp_path: Path, leaving: Path) -> Path:
    """Gives a capture that ends inside a record: still read, but not whole."""
    file = tmp_path / "cut.pcapng"
    file.write_bytes(leaving.read_bytes()[:100_001])
    return file


@pytest.fixture
def saved(tmp_path: Path, leaving: Path, iotaudit: Callable[..., Done]) -> Path:
    """Gives a saved audit.json."""
    file = tmp_path / "saved.json"
    assert iotaudit("audit", leaving, "--as-of", "2026-11-24", "--json", file, "-q").code == 0
    return file
