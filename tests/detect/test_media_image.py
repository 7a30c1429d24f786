"""The detector `media.image`: true hits, near misses, and what cannot be decided."""

import base64
from typing import Any

from tests.codec.media_bytes import box, jpeg, png, tiff

ID = "media.image"


def test_true_jpeg_with_its_size(lab: Any) -> None:
    assert lab.values(ID, jpeg(640, 480)) == ["JPEG image, 640 x 480"]


def test_true_jpeg_behind_the_head_of_a_camera_s_own_protocol(lab: Any) -> None:
    assert lab.values(ID, b"\x01\x02FRAME\0\0\0\x10" + jpeg(640, 480)) == ["JPEG image, 640 x 480"]


def test_true_png_in_base64_in_json(lab: Any) -> None:
    assert lab.sure(ID, {"snap": base64.b64encode(png(640, 480)).decode()}) == ["proven"]


def test_true_camera_by_its_exif(lab: Any) -> None:
    hits = lab.hits(ID, jpeg(640, 480, tiff()))
    assert [(hit.data_type, hit.sample) for hit in hits] == [
        ("media.image", "JPEG image, 640 x 480"),
        ("device.model", "Vendor Optics"),
        ("device.model", "Cam X7"),
        ("device.serial", "SN-0042-77"),
    ]


def test_near_miss_icon(lab: Any) -> None:
    assert lab.hits(ID, png(32, 32)) == []
    assert lab.hits(ID, jpeg(640, 48)) == []


def test_near_miss_header_with_a_wrong_check_sum(lab: Any) -> None:
    assert lab.hits(ID, png(640, 480).replace(b"\0\0\2\x80", b"\0\0\2\x81", 1)) == []


def test_near_miss_magic_without_a_frame(lab: Any) -> None:
    assert lab.hits(ID, b"\xff\xd8\xff\xe0" + bytes(range(128, 255))) == []


def test_undecidable_cut_header(lab: Any) -> None:
    assert lab.hits(ID, b"\xff\xd8\xff\xc0\x00\x11") == []


def test_undecidable_a_file_without_its_size_is_detected(lab: Any) -> None:
    assert lab.sure(ID, box(b"ftyp", b"heic\0\0\0\0mif1heic") + b"\0\0\1\0meta" + bytes(range(128, 160))) == ["detected"]


def test_undecidable_a_grey_picture_with_many_values_is_a_picture(lab: Any) -> None:
    assert lab.values(ID, b"P5\n64 64\n255\n" + bytes(range(256)) * 16) == ["PGM image, 64 x 64"]
    assert lab.hits(ID, b"P5\n64 64\n255\n" + bytes([205, 254, 0, 254]) * 1024) == []
