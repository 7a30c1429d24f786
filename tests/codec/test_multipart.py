"""The decoding `multipart`: round trip, what is none of it, damage, bounds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import multipart
from iotaudit.codec.budget import Budget

BODY = (
    b"--x1\r\n"
    b'Content-Disposition: form-data; name="meta"\r\n\r\n{"a": 1}\r\n'
    b"--x1\r\n"
    b'Content-Disposition: form-data; name="pic"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n/9j/4AAQSkZJRg==\r\n"
    b"--x1--\r\n"
)


def test_pass_parts_have_names_and_types() -> None:
    meta, picture = multipart.decode(BODY, Budget())
    assert (meta.key, meta.data) == ("meta", b'{"a": 1}')
    assert (picture.key, picture.media_type) == ("pic", "image/jpeg")
    assert picture.data.startswith(b"\xff\xd8\xff")


def test_fail_dashes_without_parts_are_none_of_it() -> None:
    for data in (b"", b"--", b"---- hello ----\r\n", b"--x1\r\nno blank line"):
        assert multipart.decode(data, Budget()) == ()


def test_inconclusive_cut_body_gives_the_parts_that_are_there() -> None:
    assert [p.key for p in multipart.decode(BODY[: BODY.find(b"/9j/") + 4], Budget())] == [
        "meta",
        "pic",
    ]


def test_number_of_parts_is_bounded_and_noted() -> None:
    budget = Budget()
    body = b"--x\r\nA: b\r\n\r\n1\r\n" * (multipart.PARTS + 50)
    assert len(multipart.decode(body, budget)) == multipart.PARTS
    assert budget.exceeded == "parts"


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in multipart.decode(b"--x\r\n\r\n" + data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
