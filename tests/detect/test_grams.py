"""Many words at once: the same answer as one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect.grams import FEW, Grams

MANY = [b"serial-%05d" % n for n in range(FEW * 20)]


def test_words_are_found_where_they_stand() -> None:
    grams = Grams(MANY)
    assert grams.inside(b"id=serial-00017; other=serial-01919!") == [17, 1919]
    assert grams.inside(b"serial-0001") == []
    assert grams.inside(b"abc") == grams.inside(b"") == []
    assert "serial" not in repr(grams)


@given(st.lists(st.binary(min_size=4, max_size=6), max_size=300), st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_few_and_many_words_are_found_alike(words: list[bytes], data: bytes) -> None:
    data += b"".join(words[::7])
    assert Grams(words).inside(data) == [n for n, word in enumerate(words) if word in data]


def test_a_file_of_thousands_of_spellings_is_looked_at_once() -> None:
    assert Grams(MANY).inside(b"\0".join(MANY)) == list(range(len(MANY)))
