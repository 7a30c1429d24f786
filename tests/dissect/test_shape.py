"""What unknown bytes look like, and what is never claimed of them."""

import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.shape import MIN_EVEN_LEN, entropy, is_text, shape_of


def chance(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 - a sample, not a secret


@pytest.mark.parametrize(
    "data",
    [b'{"id": 12, "on": true}', b"HELO there\r\n", "température: 21 °C, été".encode(), '{"name": "温度二十一度"}'.encode()],
)
def test_text_is_told_by_its_characters(data: bytes) -> None:
    assert shape_of(data).kind == "text"


@pytest.mark.parametrize("data", [b"abc", b"\0\1\2\3abcdefgh", b"\xff\xfe\xfd\xfc\xfb", chance(64)])
def test_too_little_or_binary_is_no_text(data: bytes) -> None:
    assert not is_text(data)


@pytest.mark.parametrize(
    ("data", "name"), [(gzip.compress(b"x", mtime=0), "gzip"), (zlib.compress(b"x"), "zlib"), (b"PK\3\4rest", "zip")]
)
def test_compression_is_told_by_its_magic(data: bytes, name: str) -> None:
    assert shape_of(data).kind == "compressed"
    assert name in shape_of(data).reason


def test_even_bytes_are_not_called_encrypted() -> None:
    for seed in range(50):
        shape = shape_of(chance(MIN_EVEN_LEN, seed))
        assert shape.kind == "even"
        assert "nothing proves which" in shape.reason


def test_short_or_uneven_bytes_are_binary() -> None:
    assert shape_of(chance(MIN_EVEN_LEN - 1)).kind == "binary"
    assert shape_of(bytes(range(16)) * 64).kind == "binary"


def test_no_bytes_have_no_shape() -> None:
    assert shape_of(b"").kind == "nothing"


def test_entropy_is_that_of_the_symbols() -> None:
    assert entropy(b"") == 0
    assert entropy(b"aaaa") == 0
    assert entropy(b"abab") == 1
    assert entropy(bytes(range(256))) == 8


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_any_bytes_have_a_shape_and_none_is_quoted(data: bytes) -> None:
    shape = shape_of(data)
    assert shape.kind in ("text", "compressed", "even", "binary", "nothing")
    assert shape.reason.isascii()
