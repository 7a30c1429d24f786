"""The detector `person.username`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "person.username"


def test_true_account_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"userName": "erika.m", "uid": "884213"}) == ["erika.m", "884213"]


def test_true_user_of_basic(lab: Any) -> None:
    assert lab.values(
        ID, "Basic cm9iZXJ0OmdlaGVpbTk=", "http.header.authorization", "authorization"
    ) == ["robert"]


def test_near_miss_settings_and_small_numbers(lab: Any) -> None:
    assert lab.hits(ID, {"user_count": 3, "uid": 0, "user": "true", "fluid": "erika.m"}) == []


def test_undecidable_is_never_proven_by_name_alone(lab: Any) -> None:
    assert lab.sure(ID, {"username": "erika.m"}) == ["detected"]


def test_true_the_address_of_a_sip_account(lab: Any) -> None:
    assert lab.values(ID, "Contact: <sip:erika@pbx.werk.example.de>") == ["erika@pbx.werk.example.de"]
    assert lab.values(ID, "erika@pbx.werk.example.de", "xmpp.from") == ["erika@pbx.werk.example.de"]


def test_near_miss_an_address_of_mail(lab: Any) -> None:
    assert lab.hits(ID, "write to erika@werk.example.de") == []


def test_undecidable_uid_in_a_cookie_names_a_session_as_often(lab: Any) -> None:
    assert lab.hits(ID, b"uid=77a0f3c476; path=/", "http.header.cookie") == []
    assert lab.values(ID, b"user=erika76; path=/", "http.header.cookie") == ["erika76"]
