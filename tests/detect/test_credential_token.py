"""The detector `credential.token`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "credential.token"


def test_true_jwt_whose_parts_decode_is_proven(lab: Any) -> None:
    assert lab.sure(
        ID, {"x": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JvdCJ9.c2lnbmF0dXJlLW9mLXRlc3Q"}
    ) == ["proven"]


def test_true_bearer(lab: Any) -> None:
    assert lab.values(ID, "Bearer abcDEF123456", "http.header.authorization", "authorization") == [
        "abcdef123456"
    ]


def test_true_name_and_many_characters_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"accessToken": "q7Zt0Yv3KpXw9LmB2cRf"}) == ["detected"]


def test_near_miss_dots_without_json(lab: Any) -> None:
    assert lab.hits(ID, {"x": "eyJhbGciOiJ.eyJzdWIiOi.c2lnbmF0"}) == []


def test_near_miss_random_text_elsewhere(lab: Any) -> None:
    assert lab.hits(ID, {"item": "q7Zt0Yv3KpXw9LmB2cRf", "tokenizer": "q7Zt0Yv3KpXw9LmB2cRf"}) == []


def test_near_miss_user_and_password_of_http_basic(lab: Any) -> None:
    encoded = "T1dMMy05OTgxMjpvd2wtYWRtaW4tMQ=="  # OWL3-99812:owl-admin-1
    assert lab.hits(ID, f"Basic {encoded}", "http.header.authorization", "authorization") == []


def test_near_miss_words_under_the_name(lab: Any) -> None:
    assert (
        lab.hits(ID, {"token": "aaaaaaaaaaaaaaaaaaaa", "token_type": "bearer-access-kind-1"}) == []
    )


def test_undecidable_short_value_is_no_token(lab: Any) -> None:
    assert lab.hits(ID, {"token": "q7Zt0Yv3"}) == []


def test_true_token_field_of_a_protocol(lab: Any) -> None:
    assert lab.sure(ID, "00112233445566778899aabbccddeeff", where="miio.token", key="token") == ["proven"]


def test_pass_further_prefixes_of_issuers(lab: Any) -> None:
    for token in ("ASIA" + "A1B2C3D4E5F6G7H8", "gho_" + "aB3" * 12, "npm_" + "Zx9" * 12, "github_pat_" + "aB3_" * 8):
        assert lab.sure("credential.token", {"x": token}) == ["proven"], token
