"""The detector `credential.password`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "credential.password"


def test_true_name_in_several_languages_is_proven(lab: Any) -> None:
    assert lab.sure(ID, {"password": "hunter22", "Kennwort": "geheim9", "密码": "mima123"}) == [
        "proven"
    ]


def test_true_basic_that_decodes(lab: Any) -> None:
    assert lab.values(
        ID, "Basic dXNlcjpodW50ZXIyMg==", "http.header.authorization", "authorization"
    ) == ["hunter22"]


def test_true_protocol_field(lab: Any) -> None:
    assert lab.sure(ID, "hunter22", "mqtt.password") == ["proven"]


def test_true_query_and_user_info(lab: Any) -> None:
    assert (
        lab.values(ID, b"/login?user=a&pwd=hunter22", "http.uri")
        == lab.values(ID, {"u": "ftp://rob:hunter22@files.vendor.example/"})
        == ["hunter22"]
    )


def test_near_miss_pin_inside_spinning(lab: Any) -> None:
    assert (
        lab.hits(ID, {"spinning": "hunter22", "opinion": "hunter22", "compass": "hunter22"}) == []
    )


def test_near_miss_about_a_password(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            {
                "password_length": "12345678",
                "hasPassword": "yes",
                "password": "",
                "passwd": "********",
            },
        )
        == []
    )


def test_near_miss_basic_without_colon(lab: Any) -> None:
    assert (
        lab.hits(ID, "Basic aGVsbG93b3JsZA==", "http.header.authorization", "authorization") == []
    )


def test_undecidable_pin_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"pin": "48151"}) == ["detected"]
    assert lab.hits(ID, {"pin": 4}) == []


def test_true_password_attribute_of_a_directory(lab: Any) -> None:
    assert lab.sure(ID, "Planted-secret-1", where="ldap.attribute", key="userPassword") == ["proven"]


def test_undecidable_digest_or_answer_to_a_challenge(lab: Any) -> None:
    assert lab.sure(ID, {"LoginPassword": "0A1B2C3D4E5F60718293A4B5C6D7E8F9"}) == ["detected"]


def test_near_miss_value_that_repeats_its_name(lab: Any) -> None:
    assert lab.hits(ID, {"AdminPassword": "AdminPassword"}) == []
