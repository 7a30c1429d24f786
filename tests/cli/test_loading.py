"""The collector while much is imported."""

import gc
from collections.abc import Iterator

import pytest

from iotaudit.cli.loading import loading


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    yield
    gc.enable()


def test_nothing_is_collected_meanwhile_and_afterwards_as_before() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert not gc.get_freeze_count()


def test_it_is_on_again_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    with loading():
        pass
    assert not gc.isenabled()
