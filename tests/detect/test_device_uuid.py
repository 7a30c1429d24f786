"""The detector `device.uuid`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.uuid"


def test_true_identifier_under_its_name(lab: Any) -> None:
    assert lab.values(
        ID, {"deviceId": "3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab", "client_id": "robot-0042-aa"}
    ) == ["3f2b8c1e9a4d4c7e8b1f0123456789ab", "robot0042aa"]


def test_near_miss_uuid_of_one_message(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            {
                "requestId": "3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab",
                "other": "3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab",
            },
        )
        == []
    )


def test_near_miss_wrong_variant_bits_in_a_topic(lab: Any) -> None:
    assert lab.hits(ID, "dev/3f2b8c1e-9a4d-4c7e-0b1f-0123456789ab/up", "mqtt.topic") == []


def test_near_miss_short_number(lab: Any) -> None:
    assert lab.hits(ID, {"device_id": 12, "did": "main"}) == []


def test_undecidable_uuid_in_a_topic_is_inferred(lab: Any) -> None:
    assert lab.sure(ID, "dev/3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab/up", "mqtt.topic") == ["inferred"]


def test_true_identifiers_of_a_gateway_and_of_a_field_of_the_protocol(lab: Any) -> None:
    assert lab.values(ID, {"gwId": "bf0123456789abcdefgh"}) == ["bf0123456789abcdefgh"]
    assert lab.values(ID, "ABCDEF0123456789XYZW", where="tutk.uid", key="uid") == ["abcdef0123456789xyzw"]
    assert lab.sure(ID, "ABCDEF0123456789XYZW", where="tutk.uid", key="uid") == ["proven"]
    assert lab.hits("person.username", "ABCDEF0123456789XYZW", where="tutk.uid", key="uid") == []
