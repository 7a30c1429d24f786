"""The decoding `base32`: round trip, what is none of it, damage, bounds."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import base32
from iotaudit.codec.budget import Budget

PLAIN = b"serial AB12CD34!"


def test_pass_both_cases_with_and_without_padding() -> None:
    token = base64.b32encode(PLAIN)
    for spelt in (token, token.lower(), token.rstrip(b"="), token.lower().rstrip(b"=")):
        assert [p.data for p in base32.decode(spelt, Budget())] == [PLAIN]


def test_fail_words_mixed_case_and_impossible_lengths_are_none_of_it() -> None:
    token = base64.b32encode(PLAIN).rstrip(b"=")
    for spelt in (
        b"INTERNATIONALISATION",
        token[:-1] + b"1",  # no letter of the alphabet
        token.capitalize(),
        token[:17],  # a rest of one letter stands for no byte
        token[:-1] + b"7",  # bits that stand for nothing are set
    ):
        assert base32.decode(spelt, Budget()) == ()


def test_inconclusive_short_token_is_left_alone() -> None:
    assert base32.decode(base64.b32encode(b"AB12CD34"), Budget()) == ()


@given(st.binary(min_size=10, max_size=100))
@settings(max_examples=100)
def test_bytes_round_trip(data: bytes) -> None:
    assert base32.to_bytes(base64.b32encode(data)) == data


@given(st.binary(max_size=300) | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=", max_size=60).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in base32.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
