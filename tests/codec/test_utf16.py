"""The decoding `utf16`: round trip, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import utf16
from iotaudit.codec.budget import Budget

TEXT = "serial AB12CD34"


def test_pass_both_orders_with_and_without_mark() -> None:
    for name, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        for data in (TEXT.encode(name), mark + TEXT.encode(name)):
            assert [p.data for p in utf16.decode(data, Budget())] == [TEXT.encode()]


def test_fail_utf8_and_zeros_are_none_of_it() -> None:
    for data in (TEXT.encode(), bytes(64), b"", b"a\0b"):
        assert utf16.decode(data, Budget()) == ()


def test_inconclusive_mark_before_rubbish_is_none_of_it() -> None:
    assert utf16.decode(b"\xff\xfe" + b"\x00\xd8" * 20, Budget()) == ()


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in utf16.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
