"""Still images by their headers; below 64 pixels a side they are icons.

Source: ITU-T T.81 annex B (JPEG frame header), ISO/IEC 15948 section 11.2.2 (PNG IHDR), RFC 9649 (WebP),
ISO/IEC 23008-12 (HEIF brands).
"""

from collections.abc import Iterator

from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "media.image"
WANTS = Wants(binary=True)
reasoning = (
    "A sound header of a picture of at least 64 by 64 pixels; it may be a drawing instead of "
    "a camera's view."
)
LEAST_SIDE = 64
MARKERS = 256
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
HEIF = frozenset({b"heic", b"heix", b"mif1", b"avif", b"heim"})


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the picture that the bytes start with."""
    if node.kind is not Kind.BINARY:
        return
    data = node.data
    if data[:3] == b"\xff\xd8\xff":
        yield from _sized("JPEG", _jpeg_size(data))
    elif data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        yield from _sized("PNG", (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])))
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP" and data[12:15] == b"VP8":
        yield kind_of(ID, "WebP image", Confidence.PROVEN, "the header of a WebP image")
    elif data[4:8] == b"ftyp" and data[8:12] in HEIF:
        yield kind_of(ID, "HEIF image", Confidence.PROVEN, "the header of an HEIF image")


def _sized(name: str, size: tuple[int, int] | None) -> Iterator[Hit]:
    if size is not None and min(size) >= LEAST_SIDE:
        word = f"{name} image, {size[0]} x {size[1]}"
        yield kind_of(ID, word, Confidence.PROVEN, f"a sound header of a {name} image")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Gives width and height from the frame header, None where there is none."""
    at = 2
    for _ in range(MARKERS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if length < 2:
            return None
        at += 2 + length
    return None
