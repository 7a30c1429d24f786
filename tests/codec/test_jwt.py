"""The decoding `jwt`: head and claims, what is none of it, odd signatures."""

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import jwt
from iotaudit.codec.budget import Budget


def part(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


HEAD, CLAIMS = part({"alg": "HS256", "typ": "JWT"}), part({"sub": "AB12CD34"})


def test_pass_head_and_claims() -> None:
    pieces = jwt.decode(HEAD + b"." + CLAIMS + b".c2lnbmF0dXJl", Budget())
    assert [(p.key, json.loads(p.data)) for p in pieces] == [
        ("header", {"alg": "HS256", "typ": "JWT"}),
        ("claims", {"sub": "AB12CD34"}),
    ]


def test_fail_two_parts_other_json_and_words_are_none_of_it() -> None:
    for data in (
        HEAD + b"." + CLAIMS,
        HEAD + b"." + part([1, 2, 3]) + b".x",
        b"eyJ.a.b",
        b"",
        b"a.b.c",
        HEAD + b".!!!!.x",
    ):
        assert jwt.decode(data, Budget()) == ()


def test_inconclusive_a_token_without_signature_is_one() -> None:
    assert len(jwt.decode(HEAD + b"." + CLAIMS + b".", Budget())) == 2


@given(
    st.binary(max_size=300)
    | st.binary(max_size=60).map(lambda d: HEAD + b"." + base64.urlsafe_b64encode(d).rstrip(b"=") + b".x")
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in jwt.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
