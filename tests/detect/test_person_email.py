"""The detector `person.email`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "person.email"


def test_true_address_anywhere(lab: Any) -> None:
    assert lab.values(ID, {"x": "write to Erika.M@werk.example.de now"}) == [
        "erika.m@werk.example.de"
    ]


def test_true_escaped_in_a_query(lab: Any) -> None:
    assert lab.values(ID, b"/reset?mail=erika%40werk.example.de", "http.uri") == [
        "erika@werk.example.de"
    ]


def test_near_miss_role_file_and_user_info(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            {
                "a": "support@vendor.example.de",
                "b": "logo@2x.png",
                "c": "https://erika:pw@werk.example.de/",
            },
        )
        == []
    )


def test_near_miss_no_domain(lab: Any) -> None:
    assert lab.hits(ID, {"a": "erika@localhost", "b": "a @ b.de", "c": "@erika"}) == []


def test_undecidable_is_detected_not_proven(lab: Any) -> None:
    assert lab.sure(ID, "erika@werk.example.de") == ["detected"]


def test_fail_domain_that_nobody_can_own(lab: Any) -> None:
    assert lab.hits("person.email", {"a": "erika@server.corp", "b": "erika@co.uk", "c": "unit@node.service"}) == []


def test_fail_further_roles(lab: Any) -> None:
    assert lab.hits("person.email", {"a": "privacy@vendor.com", "b": "Sales@vendor.de"}) == []


def test_near_miss_the_address_of_a_sip_account(lab: Any) -> None:
    assert lab.hits(ID, "Contact: <sip:erika@pbx.werk.example.de>") == []
    assert lab.hits(ID, "erika@pbx.werk.example.de", "sip.header.from") == []
    assert lab.values(ID, "gossip: erika@werk.example.de") == ["erika@werk.example.de"]
