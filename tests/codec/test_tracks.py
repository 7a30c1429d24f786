"""Containers: which kinds of tracks they show, and what only begins like one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import tracks
from iotaudit.codec.tracks import Tracks
from tests.codec.media_bytes import box, movie, transport

UNIT = b"\0\0\0\x0b\x65" + bytes(10)
FRAGMENT = box(b"styp", b"msdh\0\0\0\0msdh") + box(b"moof", box(b"mfhd", bytes(8))) + box(b"mdat", UNIT)
FLV = b"FLV\1\5\0\0\0\x09\0\0\0\0\x12\0\0\x20"
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm\x18\x53\x80\x67" + bytes(8) + b"\x86\x85V_VP9" + b"\x86\x86A_OPUS"
AVI = b"RIFF\0\x10\0\0AVI LIST\xc0\0\0\0hdrlavih\x38\0\0\0" + bytes(56) + b"LISTt\0\0\0strlstrh8\0\0\0vidsMJPG"
TS = "MPEG transport stream"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (movie(b"vide"), Tracks("MP4", video=True)),
        (movie(b"vide", b"soun"), Tracks("MP4", video=True, audio=True)),
        (movie(b"soun"), Tracks("MP4", audio=True)),
        (FRAGMENT, Tracks("MP4", video=True)),
        (FLV, Tracks("FLV", video=True, audio=True)),
        (WEBM, Tracks("WebM", video=True, audio=True)),
        (AVI, Tracks("AVI", video=True)),
        (transport((0x1B, 0x0F)), Tracks(TS, video=True, audio=True)),
        (transport((0x24,)), Tracks(TS, video=True)),
        (transport((0x0F,)), Tracks(TS, audio=True)),
    ],
)
def test_pass_each_container_with_its_tracks(data: bytes, told: Tracks) -> None:
    assert tracks.read(data) == told


def test_pass_packets_with_a_time_before_each() -> None:
    plain = transport((0x1B,))
    timed = b"".join(b"\0\0\0\1" + plain[at : at + 188] for at in range(0, len(plain), 188))
    assert tracks.read(timed) == Tracks(TS, video=True)


@pytest.mark.parametrize(
    "data",
    [
        box(b"ftyp", b"heic\0\0\0\0mif1heic"),
        b"\0\0\0\x09ftypisom" + bytes(40),
        FRAGMENT.replace(UNIT, b"\xde\x02\0\x4c" + bytes(11)),
        FLV.replace(b"FLV\1\5", b"FLV\1\x5d"),
        WEBM.replace(b"webm", b"text"),
        AVI.replace(b"avih", b"none"),
        (b"\x47" + bytes(range(128, 255))) * 12,
        b"\x47" + b"G" * 2000,
        bytes(2000),
    ],
)
def test_fail_what_only_begins_like_one(data: bytes) -> None:
    assert tracks.read(data) is None


def test_inconclusive_a_file_whose_tracks_lie_beyond_the_cut() -> None:
    assert tracks.read(movie(b"vide")[:24]) == Tracks("MP4")
    assert tracks.read(transport((0x1B,))[188 * 2 :]) == Tracks(TS)
    assert tracks.read(WEBM[:30]) == Tracks("WebM")


@settings(max_examples=100)
@given(st.sampled_from([movie(b"vide", b"soun"), FRAGMENT, FLV, WEBM, AVI, transport((0x1B,))]), st.data())
def test_any_change_of_bytes_gives_an_answer(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    told = tracks.read(data[:at] + draw.draw(st.binary(max_size=16)) + data[at:])
    assert told is None or told.name


def test_boxes_that_hold_each_other_without_end_are_left_after_a_bound() -> None:
    data = box(b"ftyp", b"isom\0\0\2\0isom") + (b"\0\0\0\x08moov" * 4000)
    assert tracks.read(data) == Tracks("MP4")
