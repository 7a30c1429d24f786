"""The detector `credential.private_key`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "credential.private_key"


def test_true_body_that_reads_is_proven(lab: Any) -> None:
    assert lab.sure(
        ID,
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n",
    ) == ["proven"]


def test_true_in_json_with_escapes(lab: Any) -> None:
    assert lab.sure(
        ID,
        {
            "k": "-----BEGIN EC PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYH\n-----END EC PRIVATE KEY-----"
        },
    ) == ["proven"]


def test_near_miss_public_key_and_certificate(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----",
        )
        == []
    )


def test_undecidable_body_that_is_no_key_is_detected(lab: Any) -> None:
    assert lab.sure(ID, "-----BEGIN PRIVATE KEY-----\nhello hello\n-----END PRIVATE KEY-----") == [
        "detected"
    ]
