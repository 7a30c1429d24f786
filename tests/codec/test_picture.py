"""Pictures: format and size from sound headers, EXIF blocks, and what only begins like one."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import picture
from tests.codec.media_bytes import box, chunk, jpeg, png, tiff

WEBP = {
    "VP8 ": b"\x30\1\0\x9d\x01\x2a\x80\x02\xe0\x01",
    "VP8L": b"\x2f" + (639 | 479 << 14).to_bytes(4, "little") + bytes(5),
    "VP8X": bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"),
}
HEIF = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(
    b"meta", bytes(4), box(b"ispe", struct.pack(">III", 0, 320, 240)), box(b"ispe", struct.pack(">III", 0, 640, 480))
)
GIF = b"GIF89a\x80\x02\xe0\x01\x80\0\0" + bytes(6) + b"\x2c" + bytes(9)
BMP = b"BM" + struct.pack("<IIIIiiHH", 921_654, 0, 54, 40, 640, -480, 1, 24) + bytes(24)


def _webp(kind: str) -> bytes:
    return b"RIFF\x64\0\0\0WEBP" + kind.encode() + b"\x0a\0\0\0" + WEBP[kind] + bytes(20)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (jpeg(640, 480), "JPEG"),
        (png(640, 480), "PNG"),
        (_webp("VP8 "), "WebP"),
        (_webp("VP8L"), "WebP"),
        (_webp("VP8X"), "WebP"),
        (HEIF, "HEIF"),
        (GIF, "GIF"),
        (BMP, "BMP"),
    ],
)
def test_pass_each_format_with_its_size(data: bytes, name: str) -> None:
    assert picture.read(data) == picture.Picture(name, (640, 480))


@pytest.mark.parametrize(
    "data",
    [
        png(640, 480).replace(b"\0\0\2\x80", b"\0\0\2\x81", 1),
        jpeg(640, 480).replace(b"\xff\xc0\0\x11", b"\xff\xc0\0\x12"),
        jpeg(640, 480).replace(b"\xff\xdb", b"\xff\x31"),
        jpeg(0, 480),
        _webp("VP8 ").replace(b"\x9d\x01", b"\x9d\x02"),
        GIF.replace(b"\x2c", b"\x77"),
        BMP.replace(b"\x01\0\x18\0", b"\x02\0\x18\0"),
        b"BMW and other makes of cars are not bitmaps at all",
        box(b"ftyp", b"heic\0\0\0\0mif1heic") + b"\0\0\0\x08none",
    ],
)
def test_fail_a_header_that_does_not_agree_with_itself(data: bytes) -> None:
    assert picture.read(data) is None


def test_inconclusive_a_cut_header_gives_nothing_and_a_cut_heif_no_size() -> None:
    assert picture.read(jpeg(640, 480)[:90]) is None
    assert picture.read(png(640, 480)[:30]) is None
    assert picture.read(HEIF[:40]) == picture.Picture("HEIF", None)


@pytest.mark.parametrize(
    "data",
    [
        jpeg(640, 480, tiff()),
        png(640, 480, more=chunk(b"eXIf", tiff())),
        _webp("VP8X")[:30] + b"EXIF" + len(tiff()).to_bytes(4, "little") + tiff(),
        HEIF + box(b"mdat", bytes(6) + b"Exif\0\0" + tiff()),
        HEIF + box(b"mdat", bytes(4) + tiff(big=True)),
    ],
)
def test_exif_is_found_where_the_format_keeps_it(data: bytes) -> None:
    told = picture.exif_of(data)
    assert told is not None
    assert told.serial == "SN-0042-77"


def test_no_exif_is_none() -> None:
    assert picture.exif_of(jpeg(640, 480)) is None
    assert picture.exif_of(png(640, 480)) is None


@settings(max_examples=100)
@given(st.sampled_from([jpeg(64, 64, tiff()), png(64, 64), _webp("VP8X"), HEIF, GIF, BMP]), st.data())
def test_any_change_of_bytes_gives_an_answer(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    changed = data[:at] + draw.draw(st.binary(max_size=8)) + data[at + draw.draw(st.integers(0, 8)) :]
    shown = picture.read(changed)
    assert shown is None or shown.size is None or min(shown.size) > 0
    picture.exif_of(changed)
