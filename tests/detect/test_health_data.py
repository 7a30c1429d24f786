"""The detector `health.data`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "health.data"


def test_true_reading_in_medical_range(lab: Any) -> None:
    assert lab.values(ID, {"heartRate": 72, "spo2": 97}) == ["pulse", "blood oxygen"]


def test_true_fhir_resource(lab: Any) -> None:
    assert lab.values(ID, {"resourceType": "Patient", "name": []}) == ["FHIR Patient"]


def test_true_hl7_message(lab: Any) -> None:
    assert lab.values(ID, "MSH|^~\\&|A|B|C|D|202611242200||ADT^A01|1|P|2.5\r") == ["HL7 message"]


def test_near_miss_out_of_range(lab: Any) -> None:
    assert lab.hits(ID, {"heart_rate": 9000, "spo2": 2}) == []


def test_near_miss_other_rates_and_resources(lab: Any) -> None:
    assert lab.hits(ID, {"frame_rate": 72, "resourceType": "Image"}) == []


def test_undecidable_word_is_no_reading(lab: Any) -> None:
    assert lab.hits(ID, {"heart_rate": "normal"}) == []


def test_fail_header_of_no_message(lab: Any) -> None:
    assert lab.hits("health.data", {"note": "MSH|^~\\&| is how a message begins"}) == []
