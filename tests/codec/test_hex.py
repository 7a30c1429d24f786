"""The decoding `hex`: round trip, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import hex  # noqa: A004
from iotaudit.codec.budget import Budget


def test_pass_round_trip() -> None:
    for token in (b"AB12CD34 is it".hex().encode(), b"AB12CD34 is it".hex().upper().encode()):
        assert [p.data for p in hex.decode(token, Budget())] == [b"AB12CD34 is it"]


def test_fail_digests_odd_lengths_and_words_are_none_of_it() -> None:
    for token in (
        b"d41d8cd98f00b204e9800998ecf8427e",
        b"414243444546474",
        b"",
        b"4142434445464748zz",
    ):
        assert hex.decode(token, Budget()) == ()


def test_inconclusive_short_token_is_left_alone() -> None:
    assert hex.decode(b"41424344", Budget()) == ()


@given(st.binary(min_size=8, max_size=100))
@settings(max_examples=100)
def test_bytes_round_trip(data: bytes) -> None:
    assert hex.to_bytes(data.hex().encode()) == data


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in hex.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
