"""Scalars of structured values."""

from iotaudit.codec.budget import Budget
from iotaudit.codec.leaves import leaves, names, text_len

VALUE = {"a": ["x", 1], "b": {"c": b"\xff", "d": None}}


def test_scalars_come_in_order_with_their_nearest_name() -> None:
    assert [(p.key, p.data) for p in leaves(VALUE, Budget())] == [
        ("a", b"x"),
        ("a", b"1"),
        ("c", b"\xff"),
        ("d", b"None"),
    ]
    assert list(names(VALUE)) == ["a", "b", "c", "d"]


def test_the_budget_ends_it() -> None:
    assert len(leaves([1] * 100, Budget(nodes_left=10))) == 10


def test_text_is_counted_and_control_characters_are_no_text() -> None:
    assert text_len({"ab": "cde"}, named=True) == 5
    assert text_len({"ab": "cde"}, named=False) == 3
    assert text_len({"ab": "c\x00"}, named=False) == -1
