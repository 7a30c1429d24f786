"""The decoding `url`: round trip, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import url
from iotaudit.codec.budget import Budget


def test_pass_escapes_forms_and_cookies() -> None:
    assert url.unquote(b"a%40b%2fc%zz%4") == b"a@b/c%zz%4"
    found = url.fields(b"a=1+2&b=x%26y&c")
    assert [(p.key, p.data, p.raw) for p in found] == [
        ("a", b"1 2", b"1+2"),
        ("b", b"x&y", b"x%26y"),
    ]
    assert [(p.key, p.data) for p in url.fields(b"sid=1; lang=de", b";")] == [
        ("sid", b"1"),
        ("lang", b"de"),
    ]


def test_fail_texts_are_no_forms() -> None:
    for data in (b"", b"hello", b"a = b", b"a=1\nb=2", b"YWJjZGVmZw==", b'{"a":"b=c"}&'):
        assert not url.is_form(data)
    assert url.is_form(b"a=1&b=2")


def test_inconclusive_nothing_escaped_is_none_of_it() -> None:
    assert url.decode(b"100 % sure", Budget()) == ()


def test_number_of_fields_is_bounded() -> None:
    assert len(url.fields(b"&".join(b"a=1" for _ in range(url.FIELDS * 2)))) <= url.FIELDS


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in url.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
