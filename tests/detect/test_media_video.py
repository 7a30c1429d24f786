"""The detector `media.video`: true hits, near misses, and what cannot be decided."""

from typing import Any

import pytest

from tests.codec.media_bytes import h264, h265, jpeg, movie, transport

ID = "media.video"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (h264(1280, 720), "H.264 video, 1280 x 720"),
        (b"CAM\x10\0\0\0\0" + h265(1920, 1080), "H.265 video, 1920 x 1080"),
        (movie(b"vide"), "MP4 video"),
        (transport((0x1B, 0x0F)), "MPEG transport stream video"),
    ],
)
def test_true_files_and_streams(lab: Any, data: bytes, value: str) -> None:
    assert lab.values(ID, data) == [value]
    assert lab.sure(ID, data) == ["proven"]


def test_true_request_of_a_stream(lab: Any) -> None:
    assert lab.values(ID, "DESCRIBE rtsp://cam.vendor.example/live RTSP/1.0\r\n") == ["RTSP session"]


def test_true_announcement_in_a_session_description(lab: Any) -> None:
    media = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=cam\r\nm=video 0 RTP/AVP 96\r\n"
    assert lab.values(ID, media) == ["announced video stream"]
    assert lab.hits(ID, media.replace("m=video 0 RTP", "m=video off RTP")) == []


def test_true_pictures_that_replace_each_other(lab: Any) -> None:
    part = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(640, 480) + b"\r\n"
    body = part * 3 + b"--frame--\r\n"
    assert lab.values(ID, body) == ["motion JPEG"]
    named = body.replace(b"\r\n\r\n", b'\r\nContent-Disposition: form-data; name="shot"\r\n\r\n')
    assert lab.hits(ID, named) == []


def test_near_miss_start_code_alone(lab: Any) -> None:
    assert lab.hits(ID, bytes.fromhex("0000000141") + bytes(range(128, 192))) == []


def test_near_miss_a_picture_and_a_film_that_is_only_sound(lab: Any) -> None:
    assert lab.hits(ID, jpeg(640, 480)) == []
    assert lab.hits(ID, movie(b"soun")) == []


def test_near_miss_word_rtsp(lab: Any) -> None:
    assert lab.hits(ID, {"url": "rtsp://cam.vendor.example/live"}) == []


def test_undecidable_one_sync_byte(lab: Any) -> None:
    assert lab.hits(ID, b"\x47" + bytes(range(128, 255)) * 8) == []


def test_undecidable_a_cut_film_is_detected(lab: Any) -> None:
    assert lab.sure(ID, movie(b"vide")[:40]) == ["detected"]


def test_true_payload_that_a_dissector_proved(lab: Any) -> None:
    assert lab.values(ID, b"\x17\x01" + bytes(range(128, 200)), where="rtmp.video") == ["RTMP video"]


def test_undecidable_payload_whose_type_alone_is_told_is_detected(lab: Any) -> None:
    assert lab.sure(ID, bytes(range(128, 200)), where="rtp.video.declared") == ["detected"]
