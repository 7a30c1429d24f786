"""The search for circles of objects is set for a while, and as it was afterwards."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from iotaudit.pipeline.cycles import NEVER, SELDOM, searched


class Ring:
    """Holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Leaves no trace."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_thresholds_hold_inside_and_those_before_afterwards() -> None:
    gc.set_threshold(500, 7, 8)
    with searched(SELDOM):
        assert gc.get_threshold()[:2] == SELDOM[:2]
        with searched(NEVER):
            assert gc.get_threshold()[0] == 0
        assert gc.get_threshold()[:2] == SELDOM[:2]
    assert gc.get_threshold()[:2] == (500, 7)


def test_thresholds_are_as_before_when_the_work_fails() -> None:
    gc.set_threshold(500, 7, 8)
    with pytest.raises(ValueError, match="broken"), searched(NEVER):
        raise ValueError("broken")
    assert gc.get_threshold()[:2] == (500, 7)


def test_what_was_made_is_still_found_by_a_later_search() -> None:
    with searched(NEVER):
        ring = weakref.ref(Ring())
    assert ring() is not None
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert ring() is None


def test_what_the_caller_keeps_apart_stays_apart() -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    with searched(NEVER):
        pass
    assert gc.get_freeze_count() == pytest.approx(before, abs=50)
