"""Bytes that are taken one after the other."""

import pytest

from iotaudit.codec.reader import Reader, Wrong


def test_bytes_come_in_order_from_the_given_place() -> None:
    reader = Reader(b"abcdef", 1)
    assert [reader._take(2), reader._take(0), reader._take(3)] == [b"bc", b"", b"def"]


@pytest.mark.parametrize("length", [-1, 7])
def test_a_length_below_zero_or_beyond_the_end_is_refused(length: int) -> None:
    with pytest.raises(Wrong):
        Reader(b"abcdef")._take(length)


def test_no_more_members_are_afforded_than_bytes_are_left() -> None:
    reader = Reader(b"abcdef", 2)
    assert reader._afford(4) == 4
    with pytest.raises(Wrong):
        reader._afford(5)
