"""SASL: what an answer holds, by its mechanism."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.dissect.sasl import Credential, SignOn


@pytest.mark.parametrize(
    ("mechanism", "answers", "told"),
    [
        (b"PLAIN", (b"\0cam\0s3cret",), (("username", b"cam"), ("password", b"s3cret"))),
        (b"plain", (b"admin\0cam\0",), (("username", b"cam"),)),
        (b"LOGIN", (b"cam", b"s3cret"), (("username", b"cam"), ("password", b"s3cret"))),
        (b"CRAM-MD5", (b"cam b913a602c7eda7a495b4e6e7334d3890",), (("username", b"cam"),)),
        (b"DIGEST-MD5", (b'charset=utf-8,username="cam",realm="x"',), (("username", b"cam"),)),
        (
            b"SCRAM-SHA-1",
            (b"n,,n=cam,r=fyko+d2lbbFgONRv9qkxdawL", b"c=biws,r=fyko,p=v0X8"),
            (("username", b"cam"),),
        ),
        (
            b"XOAUTH2",
            (b"user=cam@vendor.test\x01auth=Bearer ya29.abc\x01\x01",),
            (("username", b"cam@vendor.test"), ("token", b"ya29.abc")),
        ),
        (
            b"OAUTHBEARER",
            (b"n,a=cam@vendor.test,\x01host=mail\x01auth=Bearer ya29.abc\x01\x01",),
            (("username", b"cam@vendor.test"), ("token", b"ya29.abc")),
        ),
        (b"EXTERNAL", (b"cam",), (("username", b"cam"),)),
        (b"X-OWN", (b"cam",), (("auth", b"cam"),)),
    ],
)
def test_pass_answers_are_told_by_their_mechanism(
    mechanism: bytes, answers: tuple[bytes, ...], told: tuple[Credential, ...]
) -> None:
    sign_on = SignOn(mechanism)
    found = tuple(part for answer in answers for part in sign_on.answer(base64.b64encode(answer)))
    assert found == told


def test_fail_what_is_no_base64_is_handed_on_as_it_came() -> None:
    assert SignOn(b"PLAIN").answer(b"se cret!") == (("auth", b"se cret!"),)


@pytest.mark.parametrize("token", [b"", b"=", b"*"])
def test_inconclusive_an_empty_answer_or_one_given_up_holds_nothing(token: bytes) -> None:
    assert SignOn(b"PLAIN").answer(token) == ()


@given(
    st.sampled_from([b"PLAIN", b"LOGIN", b"XOAUTH2", b"SCRAM-SHA-256", b"DIGEST-MD5"]),
    st.binary(max_size=60),
)
def test_any_answer_gives_parts_of_itself(mechanism: bytes, plain: bytes) -> None:
    for what, value in SignOn(mechanism).answer(base64.b64encode(plain)):
        assert what in ("username", "password", "token", "auth")
        assert value in plain


def test_answers_that_are_not_in_base64_give_user_and_password() -> None:
    assert SignOn(b"PLAIN").plain_answer(b"\0cam\0sec ret") == (("username", b"cam"), ("password", b"sec ret"))


def test_a_token_that_cannot_be_read_gives_nothing() -> None:
    assert SignOn(b"GSSAPI").plain_answer(b"\x60\x82\1\0") == ()
    assert SignOn(b"PLAIN").plain_answer(b"") == ()
