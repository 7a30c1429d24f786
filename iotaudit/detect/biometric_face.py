"""Face templates and results of recognition.

Source: ISO/IEC 19794-5 (the record `FAC`); the lengths of templates that common networks for faces give (128, 256, 512).
"""

import re
import struct
from collections.abc import Iterator

from iotaudit.codec import base64
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, kind_of, seen
from iotaudit.model.exposures import Confidence

ID = "biometric.face"
FACE = KeySet(
    "face embedding, face feature, face features, face vector, face template, face encoding, face descriptor",
    "facial features, face data, faceprint, face print, =embedding, =feature, 人脸特征",
)
FACE_ID = KeySet("face id, faceid, face token, facetoken, person face id, 人脸")
SCORE = KeySet("similarity, =score, =confidence, match score, face score, =match, =distance")
NEAR = KeySet("face, faces, faceid, facetoken, 人脸")
"""A plain name (`feature`) is a face's where another field of the record tells so."""
PLAIN = KeySet("=embedding, =feature")
WANTS = Wants(keys=FACE, record_keys=FACE | FACE_ID, binary=True)
reasoning = (
    "A vector of 128, 256 or 512 different numbers under a name for a face, a face identifier with a score "
    "of likeness, "
    "or the header of a face record. A face identifier alone may be that of a typeface or a dial."
)
LENGTHS = frozenset({128, 256, 512})
LARGEST = 1000.0
_NUMBERS = re.compile(
    r"\[?\s*(?:[+-]?\d{1,4}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?[,;\s]{1,3}){100,511}[^,;\[\]]{1,28}\]?"
)
_SPLIT = re.compile(r"[,;\s]+")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives templates, results of recognition and face records."""
    if node.kind is Kind.BINARY:
        if node.data[:8] in (b"FAC\x00010\0", b"FAC\x00020\0", b"FAC\x00030\0") and _is_whole(node.data):
            yield kind_of(
                ID, "face record", Confidence.PROVEN, "the header of a face record (ISO/IEC 19794-5)"
            )
    elif node.kind is Kind.RECORD and isinstance(node.value, dict):
        yield from _result(node.value)
    elif node.key in FACE and node.key not in PLAIN and _is_template(_vector(node)):
        yield _template()


def _result(row: dict[str, object]) -> Iterator[Hit]:
    """Gives the template of a record that tells of a face, and its identifier beside a score."""
    if any(name in NEAR for name in row):
        for name, value in row.items():
            if name in PLAIN and _is_template(
                _vector(Node(_kind(value), name, "", text=str(value), value=value))
            ):
                yield _template()
                return
    score = any(name in SCORE and _is_score(value) for name, value in row.items())
    for name, value in row.items():
        if score and name in FACE_ID and isinstance(value, str) and len(value) >= 4 and not is_filler(value):
            yield seen(
                ID, value[:128], Confidence.DETECTED, "an identifier of a face with a score of likeness"
            )
            return


def _template() -> Hit:
    return kind_of(
        ID, "face template", Confidence.DETECTED, "a vector of a template's length under a name for a face"
    )


def _kind(value: object) -> Kind:
    return Kind.TEXT if isinstance(value, str) else Kind.RECORD


def _vector(node: Node) -> list[float]:
    """Gives the numbers of a list, of a text of them, or of 32-bit floats in base64."""
    if isinstance(node.value, list):
        if len(node.value) in LENGTHS and all(isinstance(v, float | int) for v in node.value):
            return [float(v) for v in node.value]
        return []
    text = node.text.strip()
    if _NUMBERS.fullmatch(text):
        return _floats(_SPLIT.split(text.strip("[] \t\r\n")))
    if not max(LENGTHS) <= len(text) <= 4096 or " " in text or not text.isascii():
        return []
    plain = base64.to_bytes(text.encode()) or b""
    if len(plain) // 4 not in LENGTHS or len(plain) % 4:
        return []
    return list(struct.unpack(f"<{len(plain) // 4}f", plain))


def _floats(parts: list[str]) -> list[float]:
    try:
        return [float(part) for part in parts]
    except ValueError:
        return []


def _is_template(numbers: list[float]) -> bool:
    """True for numbers of a template's length that are small and differ."""
    return (
        len(numbers) in LENGTHS
        and all(-LARGEST <= number <= LARGEST for number in numbers)
        and len(set(numbers)) > len(numbers) // 4
    )


def _is_score(value: object) -> bool:
    try:
        return 0 < float(str(value)[:24]) <= 100
    except ValueError:
        return False


def _is_whole(data: bytes) -> bool:
    """True where the length that the header tells is that of the record."""
    return len(data) >= 14 and int.from_bytes(data[8:12]) == len(data)
