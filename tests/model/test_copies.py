"""Changed copies of rows: as `dataclasses.replace` makes them."""

from dataclasses import dataclass, replace

import pytest

from iotaudit.model.copies import changed
from iotaudit.model.events import NameSeen


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of two fields."""

    left: int
    right: str = "r"


def test_a_copy_has_the_change_and_the_original_does_not() -> None:
    old = Pair(1, "a")
    new = changed(old, right="b")
    assert new == replace(old, right="b") == Pair(1, "b")
    assert old == Pair(1, "a")
    assert hash(new) == hash(Pair(1, "b"))


def test_inherited_fields_are_copied() -> None:
    old = NameSeen(3, 7, 9, True, "a.example", "sni")
    assert changed(old, name="b.example") == replace(old, name="b.example")


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        changed(Pair(1), middle=2)
