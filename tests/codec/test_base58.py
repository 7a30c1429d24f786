"""The decoding `base58`: the draft's own example, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import base58
from iotaudit.codec.budget import Budget

ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def encoded(data: bytes) -> bytes:
    number, out = int.from_bytes(data), bytearray()
    while number:
        number, digit = divmod(number, 58)
        out.append(ALPHABET[digit])
    return b"1" * (len(data) - len(data.lstrip(b"\0"))) + bytes(reversed(out))


def test_pass_example_of_the_draft() -> None:
    token = b"2NEpo7TZRRrLZSi2U"  # "Hello World!"
    assert encoded(b"Hello World!") == token
    text = b"The quick brown fox jumps over the lazy dog."
    spelt = b"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"
    assert [p.data for p in base58.decode(spelt, Budget())] == [text]


def test_fail_other_letters_words_and_long_tokens_are_none_of_it() -> None:
    token = encoded(b"serial AB12CD34 of it")
    for spelt in (token[:-1] + b"0", b"abcdefghijkmnopqrstuvw", token + b"-", encoded(b"a" * 300)):
        assert base58.decode(spelt, Budget()) == ()


def test_inconclusive_short_token_is_left_alone() -> None:
    assert base58.decode(encoded(b"AB12CD34"), Budget()) == ()


@given(st.binary(min_size=18, max_size=150))
@settings(max_examples=100)
def test_bytes_round_trip(data: bytes) -> None:
    assert base58.to_bytes(encoded(data)) == data


@given(
    st.binary(max_size=300)
    | st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkm", max_size=60).map(str.encode)
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in base58.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
