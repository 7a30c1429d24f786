"""The detector `media.image`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "media.image"


def test_true_jpeg_with_its_size(lab: Any) -> None:
    assert lab.values(
        ID,
        bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108")
        + b"\x01\xe0\x02\x80"
        + bytes(64),
    ) == ["JPEG image, 640 x 480"]


def test_true_png_in_base64_in_json(lab: Any) -> None:
    assert lab.sure(
        ID,
        {
            "snap": __import__("base64")
            .b64encode(
                bytes.fromhex("89504e470d0a1a0a0000000d49484452000002800000 01e0".replace(" ", ""))
                + bytes(range(128, 192))
            )
            .decode()
        },
    ) == ["proven"]


def test_near_miss_icon(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            bytes.fromhex("89504e470d0a1a0a0000000d494844520000002000000020")
            + bytes(range(128, 192)),
        )
        == []
    )


def test_near_miss_magic_without_a_frame(lab: Any) -> None:
    assert lab.hits(ID, b"\xff\xd8\xff\xe0" + bytes(range(128, 255))) == []


def test_undecidable_cut_header(lab: Any) -> None:
    assert lab.hits(ID, b"\xff\xd8\xff\xc0\x00\x11") == []
