"""The guard: whatever a parser raises becomes data, and nothing of its text is kept."""

import pytest

from iotaudit.codec.guard import Fault, guarded


def test_a_result_passes_through() -> None:
    assert guarded("int", int, "12", base=8) == 10


def test_none_is_a_result() -> None:
    def find(key: str) -> str | None:
        return {"there": "x"}.get(key)

    assert guarded("find", find, "missing") is None


@pytest.mark.parametrize("error", [ValueError, IndexError, UnicodeError, RecursionError, MemoryError, AssertionError])
def test_any_exception_becomes_a_fault_without_its_text(error: type[Exception]) -> None:
    def parser() -> None:
        raise error("secret payload")

    fault = guarded("parser", parser)
    assert fault == Fault("parser", error.__name__)
    assert "secret" not in repr(fault)


def test_endless_recursion_becomes_a_fault() -> None:
    def deeper(level: int) -> int:
        return deeper(level + 1)

    assert guarded("deep", deeper, 0) == Fault("deep", "RecursionError")


def test_an_interrupt_is_not_swallowed() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded("parser", interrupted)
