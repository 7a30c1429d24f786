"""The decoding `base64`: round trip, what is none of it, damage, bounds."""

import base64 as standard

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import base64
from iotaudit.codec.budget import Budget

PLAIN = b'{"sn": "AB12CD34?>"}'


def test_pass_standard_and_url_safe_with_and_without_padding() -> None:
    for spelt in (standard.b64encode(PLAIN), standard.urlsafe_b64encode(PLAIN)):
        for token in (spelt, spelt.rstrip(b"=")):
            assert [p.data for p in base64.decode(token, Budget())] == [PLAIN]


def test_fail_words_and_random_bytes_are_none_of_it() -> None:
    for token in (
        b"internationalisation",
        b"abc",
        b"",
        b"not base64!",
        standard.b64encode(bytes(range(128, 200))),
    ):
        assert base64.decode(token, Budget()) == ()


def test_inconclusive_result_of_a_known_format_counts_though_it_is_no_text() -> None:
    assert base64.decode(standard.b64encode(b"\x1f\x8b\x08" + bytes(20)), Budget()) != ()


def test_line_breaks_are_allowed_in_bytes() -> None:
    assert base64.to_bytes(standard.encodebytes(bytes(100))) == bytes(100)


@given(st.binary(min_size=8, max_size=200))
@settings(max_examples=100)
def test_bytes_round_trip(data: bytes) -> None:
    assert base64.to_bytes(standard.b64encode(data)) == data
    assert base64.to_bytes(standard.urlsafe_b64encode(data).rstrip(b"=")) == data


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in base64.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
