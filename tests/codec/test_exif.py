"""EXIF: what it tells of the camera and the place, and what is no EXIF."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import exif
from tests.codec.media_bytes import tiff

PLACE = ("N", (51, 27, 2027), "E", (7, 0, 4190))


@pytest.mark.parametrize("big", [False, True])
def test_pass_camera_and_place_in_either_order_of_bytes(*, big: bool) -> None:
    told = exif.parse(tiff(PLACE, big=big))
    assert told is not None
    assert (told.make, told.model, told.serial) == ("Vendor Optics", "Cam X7", "SN-0042-77")
    assert told.place == pytest.approx((51.45563, 7.01164), abs=1e-5)


def test_pass_south_and_west_are_negative() -> None:
    told = exif.parse(tiff(("S", (33, 30, 0), "W", (70, 39, 0))))
    assert told is not None
    assert told.place == pytest.approx((-33.5, -70.65))


@pytest.mark.parametrize(
    "place",
    [
        ("N", (91, 0, 0), "E", (7, 0, 0)),
        ("N", (51, 60, 0), "E", (7, 0, 0)),
        ("X", (51, 0, 0), "E", (7, 0, 0)),
        ("N", (0, 0, 0), "E", (0, 0, 0)),
    ],
    ids=["beyond the pole", "sixty minutes", "no hemisphere", "no fix"],
)
def test_fail_what_is_no_place(place: tuple[str, tuple[int, int, int], str, tuple[int, int, int]]) -> None:
    told = exif.parse(tiff(place))
    assert told is not None
    assert told.place is None


def test_inconclusive_a_block_without_entries_or_with_lying_offsets_tells_nothing() -> None:
    assert exif.parse(b"II*\0\x08\0\0\0\0\0") is None
    assert exif.parse(b"II*\0\xff\xff\xff\xff") is None
    assert exif.parse(b"plain text") is None


def test_no_value_shows_in_the_repr() -> None:
    assert "51" not in repr(exif.parse(tiff(PLACE)))


@settings(max_examples=50)
@given(st.binary(max_size=300), st.integers(0, 2100))
def test_any_bytes_give_an_answer(data: bytes, at: int) -> None:
    block = tiff(PLACE)
    for changed in (block[:at] + data + block[at + len(data) :], b"MM\0*" + data):
        told = exif.parse(changed)
        assert told is None or told.place is None or (abs(told.place[0]) <= 90 and abs(told.place[1]) <= 180)
