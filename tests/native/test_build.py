"""How the engine is built and found, and that nothing needs it."""

import sys
from pathlib import Path

import pytest

from iotaudit import native
from iotaudit.native import build
from iotaudit.native.library import VERSION, Engine


def loaded() -> Engine | None:
    return native.engine.__wrapped__()


@pytest.fixture(name="built")
def built_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:  # noqa: ARG001
    """A library in a folder of the test's own, taken for the installed one."""
    target = tmp_path / build.LIBRARY.name
    assert build.build(target) == target
    monkeypatch.setattr(native, "LIBRARY", target)
    monkeypatch.delenv("IOTAUDIT_NATIVE", raising=False)
    return target


@pytest.mark.usefixtures("built")
def test_pass_a_built_library_is_used() -> None:
    found = loaded()
    assert found is not None
    assert found.source == build.source_digest()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("value", ["0", "no", "OFF"])
def test_a_variable_switches_it_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTAUDIT_NATIVE", value)
    assert loaded() is None


@pytest.mark.usefixtures("built")
def test_fail_a_library_of_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "VERSION", VERSION + 1)
    assert loaded() is None


def test_fail_what_is_no_library_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "LIBRARY", tmp_path / "missing.so")
    assert loaded() is None
    (tmp_path / "text.so").write_text("no library", "utf-8")
    monkeypatch.setattr(native, "LIBRARY", tmp_path / "text.so")
    assert loaded() is None


def test_fail_without_a_compiler_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.build(tmp_path / "library.so") is None
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert build.build(tmp_path / "library.so") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_fail_a_compiler_that_fails_leaves_the_old_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = tmp_path / "fails"
    fails.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    fails.chmod(0o755)
    monkeypatch.setenv("CC", str(fails))
    old = tmp_path / "library.so"
    old.write_bytes(b"old")
    assert build.build(old) is None
    assert old.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fails", "library.so"]


def test_the_installed_library_is_of_this_source() -> None:
    if not native.available():
        pytest.skip("the engine is not in use")
    found = native.engine()
    assert found is not None
    assert found.source == build.source_digest(), "run `python -m iotaudit.native`"
