"""The detector `biometric.other`: true hits, near misses, and what cannot be decided."""

import base64
from typing import Any

ID = "biometric.other"
# magic, version " 20", length 30, equipment, size 256 x 360, 197 pixels/cm twice, one view; the view's header
FMR = bytes.fromhex("464d5200 20323000 0000001e 0000 0100 0168 00c5 00c5 01 00 0001 50 00 0000")
BYTES = bytes(at * 73 % 251 for at in range(160))


def test_pass_record_of_minutiae_with_its_length(lab: Any) -> None:
    assert len(FMR) == 30
    assert lab.sure(ID, FMR) == ["proven"]
    assert lab.values(ID, {"fingerprint_template": base64.b64encode(FMR).decode()}) == ["finger minutiae"]


def test_pass_long_binary_under_a_name_for_a_template(lab: Any) -> None:
    assert lab.values(ID, {"voiceprint": base64.b64encode(BYTES).decode()}) == ["biometric template"]
    assert lab.values(ID, {"fingerprintTemplate": BYTES.hex()}) == ["biometric template"]


def test_pass_vector_under_a_name_for_a_voice(lab: Any) -> None:
    assert lab.values(ID, {"voice_print": [at * 0.5 for at in range(192)]}) == ["biometric template"]


def test_fail_record_of_another_length(lab: Any) -> None:
    assert lab.hits(ID, FMR + b"\0\0") == []


def test_fail_digest_under_a_name_for_a_template(lab: Any) -> None:
    assert lab.hits(ID, {"iris_code": BYTES[:32].hex(), "voiceprint": "on"}) == []


def test_fail_fingerprint_of_a_certificate_or_build(lab: Any) -> None:
    assert (
        lab.hits(ID, {"fingerprint": BYTES.hex(), "build_fingerprint": "vendor/robot:12/AB1/7:user/keys"})
        == []
    )


def test_inconclusive_short_value_is_not_reported(lab: Any) -> None:
    assert lab.hits(ID, {"minutiae": base64.b64encode(BYTES[:40]).decode()}) == []
