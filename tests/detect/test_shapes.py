"""One look over a body tells which detectors are worth asking."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.detect import DETECTORS
from iotaudit.detect.shapes import (
    _DIGIT_MARKS,
    _HEX_MARKS,
    _LITERAL_MARKS,
    NAMES,
    SKELETON_LEN,
    present,
)

BITS = [b"[1,23,-4,567]", b"[", b",", b"-", b"%40", b"%41", b"fe80:", b"P2\n", b"1.2.3", b"12", b"ab", b" ", b"@", b"0123456789012", b"AA", b"+49", b":"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x a4:5e:60:01:02:03", "mac"),
        ("A4-5E-60-01-02-03", "mac"),
        ("a45e60010203", "hex12"),
        ("d41d8cd98f00b204e9800998ecf8427e", "digest"),
        ("3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab", "uuid"),
        ("4111111111111111", "digits"),
        ("4111 1111 1111 1111", "digit_groups"),
        ("3782 822463 10005", "digit_groups"),
        ("+4920155501234", "phone"),
        ("DE89", "iban"),
        ("192.168.1.17", "ipv4"),
        ("10.1.2.3", "ipv4"),
        ("a@b", "email"),
        ("11-24 22:00:01", "log_lines"),
    ],
)
def test_shape_is_seen(text: str, shape: str) -> None:
    assert shape in present(text.encode())


def test_words_have_no_shape() -> None:
    assert present(b"the robot moves to the next room in 12 s") == frozenset()


def test_every_shape_has_a_detector() -> None:
    wanted = {shape for detector in DETECTORS for shape in detector.WANTS.shapes}
    assert wanted <= NAMES
    assert NAMES - wanted <= {"digest"}


def naive(data: bytes) -> set[str]:
    digits = "".join(
        "0" if c in "0123456789" else "A" if c in string.ascii_uppercase else "-" if c in " -" else c if c in ".+:" else "\0"
        for c in data.decode()
    )
    hexes = "".join("h" if c in string.hexdigits else ":" if c in ":-" else c if c == "." else "\0" for c in data.decode())
    return {
        name
        for text, marks in ((data.decode(), _LITERAL_MARKS), (hexes, _HEX_MARKS), (digits, _DIGIT_MARKS))
        for mark, name in marks
        if mark.decode() in text
    }


@given(st.lists(st.sampled_from(BITS), max_size=8), st.lists(st.sampled_from(BITS), max_size=8))
def test_what_is_remembered_of_alike_texts_changes_nothing(before: list[bytes], bits: list[bytes]) -> None:
    data = b"".join(bits)
    present(b"".join(before))
    long = data + b"\n" * SKELETON_LEN
    assert present(data) == present(long)  # too long to be remembered
    assert present(data) == naive(data)
    literals = {name for mark, name in _LITERAL_MARKS if mark in data}
    assert literals == present(data) & {name for _, name in _LITERAL_MARKS}
    classes = bytes(0x68 if chr(b) in "0123456789abcdefABCDEF" else 0x3A if b in b":-" else b for b in data)
    assert {name for mark, name in _HEX_MARKS if mark in classes} >= present(data) & {"hex12", "digest"}
