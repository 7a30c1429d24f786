"""The detector `biometric.face`: true hits, near misses, and what cannot be decided."""

import base64
import struct
from typing import Any

import pytest

ID = "biometric.face"
VECTOR = [round(((at * 37) % 201 - 100) / 97, 5) for at in range(128)]


def test_pass_vector_under_a_name_for_a_face(lab: Any) -> None:
    assert lab.values(ID, {"faceEmbedding": VECTOR}) == ["face template"]


@pytest.mark.parametrize("length", [128, 256, 512])
def test_pass_every_usual_length(lab: Any, length: int) -> None:
    varied = [round(at * 0.013 - 2, 4) for at in range(length)]
    assert lab.values(ID, {"face_feature": varied}) == ["face template"]


def test_pass_vector_as_text_and_as_floats_in_base64(lab: Any) -> None:
    packed = base64.b64encode(struct.pack("<128f", *VECTOR)).decode()
    assert lab.values(ID, {"face_vector": ",".join(map(str, VECTOR))}) == ["face template"]
    assert lab.values(ID, {"face_vector": packed}) == ["face template"]


def test_pass_plain_name_beside_a_face(lab: Any) -> None:
    assert lab.values(ID, {"embedding": VECTOR, "face": {"x": 1, "y": 2}}) == ["face template"]


def test_pass_identifier_with_a_score(lab: Any) -> None:
    assert lab.values(ID, {"face_id": "f-2041", "similarity": 0.93}) == ["f-2041"]


def test_pass_record_of_the_standard_with_its_length(lab: Any) -> None:
    # magic, version "010", length 20 of the record, one face, then the first bytes of its block
    record = b"FAC\x00010\0" + (20).to_bytes(4) + b"\x00\x01" + b"\xf0\x81\x02\x8e\x90\xff"
    assert lab.sure(ID, record) == ["proven"]


def test_fail_other_lengths_constants_and_plain_names(lab: Any) -> None:
    assert lab.hits(ID, {"face_embedding": VECTOR[:100]}) == []
    assert lab.hits(ID, {"face_embedding": [0.0] * 128}) == []
    assert lab.hits(ID, {"embedding": VECTOR, "text": "a document"}) == []
    assert lab.hits(ID, {"surface_feature_id": "abc", "interface": VECTOR}) == []


def test_fail_record_with_another_length(lab: Any) -> None:
    assert lab.hits(ID, b"FAC\x00010\0" + (999).to_bytes(4) + b"\x00\x01\xf0\x81\x02\x8e\x90\xff") == []


def test_inconclusive_identifier_alone_may_be_that_of_a_dial(lab: Any) -> None:
    assert lab.hits(ID, {"face_id": "dial-7", "name": "classic"}) == []
