"""The detector `device.os_firmware`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.os_firmware"


def test_true_version_under_its_name(lab: Any) -> None:
    assert lab.values(
        ID, {"fwVersion": "2.3.1-rc4", "firmware": "V100R001.7", "version": "4.9.2"}
    ) == ["2.3.1-rc4", "4.9.2"]


def test_near_miss_version_of_a_format(lab: Any) -> None:
    assert lab.hits(ID, {"version": "1.0", "schema_version": "1.2.3"}) == []


def test_near_miss_words_and_numbers(lab: Any) -> None:
    assert lab.hits(ID, {"firmware": "latest", "os_version": 7, "speed": "1.2.3"}) == []


def test_undecidable_plain_version_needs_three_numbers(lab: Any) -> None:
    assert lab.sure(ID, {"version": "1.2.3"}) == ["detected"]
