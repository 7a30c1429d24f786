"""Answers of SASL that are not in base64."""

from iotaudit.dissect.sasl_token import credentials


def test_plain_gives_user_and_password() -> None:
    assert credentials(b"PLAIN", b"\0cam\0sec ret") == (("username", b"cam"), ("password", b"sec ret"))


def test_a_token_that_cannot_be_read_gives_nothing() -> None:
    assert credentials(b"GSSAPI", b"\x60\x82\1\0") == ()
    assert credentials(b"PLAIN", b"") == ()
