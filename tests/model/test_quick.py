"""Rows that are made by the ten thousand are the same rows as ever."""

import pickle
from copy import copy
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from iotaudit.model.quick import quick
from iotaudit.model.raw import Content


@dataclass(frozen=True, slots=True)
class Base:
    """What every row has."""

    one: int


@quick
@dataclass(frozen=True, slots=True)
class Row(Base):
    """A quick one."""

    two: str
    three: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plain(Base):
    """The same in the usual way."""

    two: str
    three: tuple[str, ...] = ()


def test_fields_go_where_they_belong_by_place_and_by_name() -> None:
    for row, plain in ((Row(1, "b"), Plain(1, "b")), (Row(1, two="b", three=("c",)), Plain(1, two="b", three=("c",)))):
        assert (row.one, row.two, row.three) == (plain.one, plain.two, plain.three)
        assert repr(row) == repr(plain).replace("Plain", "Row")
    assert Row(1, "b") == Row(one=1, two="b")
    assert hash(Row(1, "b")) == hash(Row(1, "b"))
    assert replace(Row(1, "b"), two="c") == Row(1, "c")


def test_a_row_goes_through_a_pickle_as_itself() -> None:
    row = Content(1, 2, 3, True, "text", "plaintext", b"x", key="k")
    for version in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(row, version)) == row  # noqa: S301 - its own bytes
    assert copy(Row(1, "b", ("c",))) == Row(1, "b", ("c",))


def test_a_row_of_a_class_below_keeps_what_it_has_more() -> None:
    @dataclass(frozen=True, slots=True)
    class More(Row):
        four: int = 0

    assert copy(More(1, "b", four=4)) == More(1, "b", four=4)


def test_a_row_stays_frozen() -> None:
    row = Row(1, "b")
    with pytest.raises(FrozenInstanceError):
        row.two = "c"  # type: ignore[misc]


def test_missing_and_unknown_fields_are_refused() -> None:
    with pytest.raises(TypeError):
        Row(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Row(1, "b", four=4)  # type: ignore[call-arg]


def test_defaults_of_a_content_hold() -> None:
    content = Content(1, 2, 3, True, "text", "plaintext", b"x", key="k")
    assert (content.encoding, content.media_type, content.key, content.truncated) == ("", "", "k", False)


def test_what_it_cannot_make_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        rows: list[int] = field(default_factory=list)

    with pytest.raises(TypeError):
        quick(Listed)
