"""One look tells which encodings a word may be of."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import alphabet
from iotaudit.codec import base64 as codec


def test_the_narrowest_alphabet_comes_first() -> None:
    assert alphabet.encodings(b"0badcafe00112233") == ("hex",)
    assert alphabet.encodings(b"0x0badcafe00112233") == ("hex",)
    assert alphabet.encodings(b"0badcafe001122334") == ("base64",)
    assert alphabet.encodings(b"MFRGGZDFMZTWQ2LK") == ("base32", "base64", "base58")
    assert alphabet.encodings(b"MFRGGZDFMZTQ====") == ("base32",)
    assert alphabet.encodings(b"2NEpo7TZRRrLZSi2U") == ("base64", "base58")
    assert alphabet.encodings(b"abc+/0==") == ("base64",)


def test_other_words_are_of_none() -> None:
    for data in (b"a.b.c.d", b"abc+-_/", b"two words", b"=" * 8 + b"a", b"a" * 8 + b"=" * 7):
        assert alphabet.encodings(data) == ()


@given(st.binary(min_size=8, max_size=100))
@settings(max_examples=150)
def test_whatever_base64_reads_is_named(data: bytes) -> None:
    for token in (
        base64.b64encode(data),
        base64.urlsafe_b64encode(data).rstrip(b"="),
        base64.encodebytes(data),
    ):
        assert codec.to_bytes(token) == data
        assert alphabet.encodings(token.strip())[-1] in {"base64", "base58", "hex"}
