"""Templates of fingers, irises, voices and hands.

Source: ISO/IEC 19794-2 (`FMR`, finger minutiae), 19794-4 (`FIR`, finger image), 19794-6 (`IIR`, iris image): magic,
version, length of the record.
"""

import re
from collections.abc import Iterator

from iotaudit.codec import base64
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "biometric.other"
KEYS = KeySet(
    "fingerprint template, finger template, fingerprint data, fingerprint image, fingerprint feature, "
    "finger print template",
    "minutiae, iris code, iris template, iris image, iris data, =iris, voiceprint, voice print, voiceprint "
    "feature",
    "palm print, palm template, vein template, gait template, 指纹, 声纹, 虹膜",
)
WANTS = Wants(keys=KEYS, binary=True)
reasoning = (
    "The header of a biometric record with its right length, or a long binary or vector under a name for a "
    "template. "
    "A plain `fingerprint` is that of a key, a certificate or a build."
)
LEAST_LEN = 96
"""Bytes of a template: digests are shorter."""
LEAST_NUMBERS = 64
MOST = 1 << 20
KINDS = {b"FMR\0": "finger minutiae", b"FIR\0": "finger image", b"IIR\0": "iris image"}
IN_BASE64 = ("Rk1SA", "RklSA", "SUlSA")
"""How their first bytes read in base64."""
_VERSION = re.compile(rb"[ 0]\d0\0")
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.IGNORECASE)
_NUMBERS = re.compile(
    r"[\[\s]*[+-]?\d{1,6}(?:\.\d{1,20})?(?:[,;\s]{1,4}+[+-]?\d{1,6}(?:\.\d{1,20})?){63,4095}[\]\s]*"
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives biometric records, and templates by name."""
    if node.kind is Kind.BINARY:
        word = _record(node.data)
    elif node.kind is Kind.TEXT and node.key in KEYS and node.text.startswith(IN_BASE64):
        word = _record(base64.to_bytes(node.text.strip().encode(errors="replace")) or b"")
    else:
        word = ""
    if word:
        ground = "the header of a biometric record with the right length (ISO/IEC 19794)"
        yield kind_of(ID, word, Confidence.PROVEN, ground)
    elif node.key in KEYS and _is_template(node):
        ground = "a long binary or vector under a name for a biometric template"
        yield kind_of(ID, "biometric template", Confidence.DETECTED, ground)


def _record(data: bytes) -> str:
    """Gives what a record is of whose header tells its own length, "" for other bytes."""
    word = KINDS.get(data[:4], "")
    if not word or not _VERSION.fullmatch(data[4:8]) or len(data) < 24:
        return ""
    told = (data[8:10], data[8:12], data[8:14])  # ANSI 378 with 2 bytes, then by part of the standard
    return word if any(int.from_bytes(length) == len(data) for length in told) else ""


def _is_template(node: Node) -> bool:
    if node.kind is Kind.BINARY:
        return len(node.data) >= LEAST_LEN
    if isinstance(node.value, list):
        numbers = [v for v in node.value if isinstance(v, int | float) and not isinstance(v, bool)]
        return len(numbers) >= LEAST_NUMBERS and len(set(numbers)) > LEAST_NUMBERS // 4
    text = node.text.strip()
    if len(text) < LEAST_LEN or len(text) > MOST:
        return False
    if _HEX.fullmatch(text):
        return len(text) >= 2 * LEAST_LEN and len(set(text)) > 8
    if _NUMBERS.fullmatch(text):
        return True
    plain = base64.to_bytes(text.encode(errors="replace")) if " " not in text else None
    return plain is not None and len(plain) >= LEAST_LEN and len(set(plain)) > 16
