"""The decoding `xor`: JSON and pictures under one key, known words, chance."""

import gzip
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import xor
from iotaudit.codec.budget import Budget

PLAIN = b'{"serial": "AB12CD34"}'
WORD = b"AB12CD34"


def under(key: int, data: bytes) -> bytes:
    return bytes(c ^ key for c in data)


@pytest.mark.parametrize("key", [1, 0x5A, 0xFF])
def test_pass_json_gzip_and_pictures_under_a_key(key: int) -> None:
    for plain in (PLAIN, gzip.compress(PLAIN), b"\x89PNG\r\n\x1a\n" + bytes(20)):
        assert [p.data for p in xor.decode(under(key, plain), Budget())] == [plain]


def test_pass_a_known_word_under_a_key() -> None:
    data = under(0x33, b"\x00\x01\x02 id=" + WORD + b"\xfe\xff")
    mark = WORD[:1] + xor.differences(WORD)
    assert xor.decode_known(data, [mark], Budget())[0].data[7:15] == WORD
    assert xor.decode_known(under(0x33, b"id=AB12CD35 and more"), [mark], Budget()) == ()


def test_fail_plain_bytes_and_other_bytes_are_none_of_it() -> None:
    for data in (PLAIN, gzip.compress(PLAIN), b"", bytes(40), under(0x21, b"no sign of anything here")):
        assert xor.decode(data, Budget()) == ()
    assert xor.decode_known(b"id=" + WORD * 3, [WORD[:1] + xor.differences(WORD)], Budget()) == ()


def test_inconclusive_three_bytes_of_gzip_are_a_weak_sign() -> None:
    assert xor.decode(under(7, b"\x1f\x8b\x08" + bytes(range(100, 140))), Budget()) == ()


def test_random_bytes_are_none_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - inputs, not secrets
    assert not any(xor.decode(dice.randbytes(16 + n % 200), Budget()) for n in range(3000))


@given(st.binary(max_size=64))
@settings(max_examples=100)
def test_differences_are_the_same_under_any_key(data: bytes) -> None:
    assert xor.differences(under(0x5C, data)) == xor.differences(data)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in xor.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
