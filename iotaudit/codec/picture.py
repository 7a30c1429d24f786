"""Still pictures by the headers of their files: which format, how many pixels, and where their EXIF block is.

Source: ITU-T T.81 annex B (JPEG markers and frame header), ISO/IEC 15948 sections 5.3 and 11.2.2 (PNG chunks, IHDR,
their CRC), RFC 9649 sections 2.3 to 2.7 (WebP), ISO/IEC 23008-12 sections 6.5.3 and 10 (HEIF: `ispe`, brands), the
GIF89a specification sections 17 and 18, and the BITMAPINFOHEADER of Windows bitmaps.
"""

import struct
import zlib
from dataclasses import dataclass

from iotaudit.codec import exif

SOI = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
MARKERS = 256
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Second bytes of the markers of JPEG's frame headers."""
BEFORE_FRAME = frozenset((*range(0xE0, 0xF0), 0xC4, 0xCC, 0xDB, 0xDD, 0xFE))
"""Those of the segments that may stand before it: applications, tables, restart interval, comment."""
HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""PNG's colour types with the bit depths that each allows."""
CHUNKS = 64
INFO_LEN = 1 << 16
SIDE = 1 << 16
BMP_BITS = frozenset({1, 4, 8, 16, 24, 32})

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """The format and the width and height in pixels; `size` is None where the file tells it beyond what is there."""

    name: str
    size: Size | None
    grey: bool = False
    """True for pictures of one channel or of a palette (PNG)."""


def read(data: bytes) -> Picture | None:
    """Gives the picture that bytes begin with, None where its header is not sound."""
    if data[:3] == SOI:
        return _made("JPEG", _jpeg(data)[0])
    if data[:8] == PNG:
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _made("WebP", _webp(data))
    if data[4:8] == b"ftyp" and data[8:12] in HEIF:
        return _heif(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _made("GIF", _gif(data))
    if data[:2] == b"BM":
        return _made("BMP", _bmp(data))
    return None


def exif_of(data: bytes) -> exif.Exif | None:
    """Gives what the EXIF block of a picture tells, None where there is none."""
    if data[:3] == SOI:
        at = _jpeg(data)[1]
        return exif.parse(data[at : at + exif.BLOCK_LEN]) if at else None
    if data[:8] == PNG:
        return _chunk(data, b"eXIf", len(PNG), 12, big=True)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _chunk(data, b"EXIF", 12, 8, big=False)
    if data[4:8] == b"ftyp" and data[8:12] in HEIF:
        return _item(data)
    return None


def _item(data: bytes) -> exif.Exif | None:
    """Looks in HEIF's items for a block of EXIF, with its mark before it or bare (ISO/IEC 23008-12 annex A)."""
    for mark, length in ((exif.MARK, len(exif.MARK)), *((order, 0) for order in exif.ORDERS)):
        at = data.find(mark, 8, INFO_LEN)
        told = exif.parse(data[at + length : at + length + exif.BLOCK_LEN]) if at > 0 else None
        if told is not None:
            return told
    return None


def _made(name: str, size: Size | None) -> Picture | None:
    return Picture(name, size) if size is not None and min(size) > 0 and max(size) <= SIDE else None


def _jpeg(data: bytes) -> tuple[Size | None, int]:
    """Gives width and height from the frame header, and where the EXIF block begins (0: none)."""
    at, found = 2, 0
    for _ in range(MARKERS):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xFF:
            at += 1
        elif marker in FRAMES:
            parts = data[at + 9] if at + 9 < len(data) else 0
            if length != 8 + 3 * parts or data[at + 4] not in (8, 12):
                break
            return (int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])), found
        elif marker in BEFORE_FRAME and length >= 2:
            if marker == 0xE1 and not found and data[at + 4 : at + 10] == exif.MARK:
                found = at + 10
            at += 2 + length
        else:
            break
    return None, found


def _png(data: bytes) -> Picture | None:
    """Gives a picture whose first chunk has the right length, a known colour type and its check sum."""
    if len(data) < 33 or data[8:16] != b"\0\0\0\x0dIHDR":
        return None
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    if depth not in DEPTHS.get(colour, ()) or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33]):
        return None
    return Picture("PNG", (width, height), colour in (0, 3)) if width and height else None


def _webp(data: bytes) -> Size | None:
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def _heif(data: bytes) -> Picture | None:
    """Gives the largest size of the items that the file describes."""
    length = int.from_bytes(data[:4])
    if not 16 <= length <= 256 or length % 4 or data[length + 4 : length + 8] not in (b"meta", b"moov", b"mdat", b"free"):
        return None
    best: Size | None = None
    at = data.find(b"ispe\0\0\0\0", length, INFO_LEN)
    for _ in range(CHUNKS):
        if at < 0 or at + 16 > len(data):
            break
        size = struct.unpack_from(">II", data, at + 8)
        if min(size) > 0 and max(size) <= SIDE and (best is None or size > best):
            best = (size[0], size[1])
        at = data.find(b"ispe\0\0\0\0", at + 16, INFO_LEN)
    return Picture("AVIF" if data[8:11] == b"avi" else "HEIF", best)


def _gif(data: bytes) -> Size | None:
    """Gives the screen's size where an image or an extension follows the colours."""
    if len(data) < 14:
        return None
    table = 3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0
    after = data[13 + table : 14 + table]
    if after not in (b"\x2c", b"\x21"):
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _bmp(data: bytes) -> Size | None:
    """Gives the size from a header whose lengths, planes and depth are sound."""
    if len(data) < 30:
        return None
    length, reserved, pixels_at, header, width, height, planes, bits = struct.unpack_from("<IIIIiiHH", data, 2)
    if reserved or header not in (40, 52, 56, 108, 124) or planes != 1 or bits not in BMP_BITS:
        return None
    if pixels_at < 14 + header or length < pixels_at or width <= 0:
        return None
    return width, abs(height)


def _chunk(data: bytes, kind: bytes, at: int, around: int, *, big: bool) -> exif.Exif | None:
    """Looks for a chunk of PNG (length, kind, data, check sum) or RIFF (kind, length, even data) with EXIF."""
    for _ in range(CHUNKS):
        if at + 8 > len(data):
            return None
        length = int.from_bytes(data[at : at + 4]) if big else int.from_bytes(data[at + 4 : at + 8], "little")
        name = data[at + 4 : at + 8] if big else data[at : at + 4]
        if name == kind:
            return exif.parse(data[at + 8 : at + 8 + min(length, exif.BLOCK_LEN)].removeprefix(exif.MARK))
        at += around + length + (0 if big else length & 1)
    return None
