"""The decoding `json`: round trip, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import json
from iotaudit.codec.budget import Budget


def test_pass_leaves_keep_their_nearest_name() -> None:
    found = json.decode(b'{"a": {"b": [1, "x", true]}, "c": null}', Budget())
    assert [(p.key, p.data) for p in found] == [
        ("b", b"1"),
        ("b", b"x"),
        ("b", b"true"),
        ("c", b"null"),
    ]


def test_pass_lines_are_values_with_their_number() -> None:
    parsed = json.parse(b'{"a": 1}\n\n{"b": 2}\n')
    assert parsed is not None
    assert parsed.values == (("$1", {"a": 1}), ("$3", {"b": 2}))
    events = json.parse(b'data: {"a": 1}\n\ndata: {"b": 2}\n')
    assert events is not None
    assert [v for _, v in events.values] == [{"a": 1}, {"b": 2}]


def test_fail_texts_and_bare_numbers_are_none_of_it() -> None:
    for data in (b"", b"12", b"true", b"hello {", b"{broken", b"[1, 2", b"data is here\nand here"):
        assert json.parse(data) is None


def test_inconclusive_what_the_fast_reader_refuses_is_read_by_the_standard_one() -> None:
    parsed = json.parse(b'{"a": NaN}')
    assert parsed is not None
    assert json.parse(b"[" * 100_000) is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in json.decode(b"{" + data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
