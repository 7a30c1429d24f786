"""The detector `media.video`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "media.video"


def test_true_parameter_sets(lab: Any) -> None:
    assert lab.values(
        ID, bytes.fromhex("000000016742c01ed900a047fe880000000168ce3c80") + bytes(range(128, 192))
    ) == ["H.264 video"]


def test_true_mp4_and_rtsp(lab: Any) -> None:
    assert lab.values(
        ID, bytes.fromhex("00000018667479706d70343200000000") + bytes(range(128, 192))
    ) == ["MP4 video"]
    assert lab.values(ID, "DESCRIBE rtsp://cam.vendor.example/live RTSP/1.0\r\n") == [
        "RTSP session"
    ]


def test_true_announcement_in_a_session_description(lab: Any) -> None:
    media = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=cam\r\nm=video 0 RTP/AVP 96\r\n"
    assert lab.values(ID, media) == ["announced video stream"]
    assert lab.hits(ID, media.replace("m=video 0 RTP", "m=video off RTP")) == []


def test_near_miss_start_code_alone(lab: Any) -> None:
    assert lab.hits(ID, bytes.fromhex("0000000141") + bytes(range(128, 192))) == []


def test_near_miss_word_rtsp(lab: Any) -> None:
    assert lab.hits(ID, {"url": "rtsp://cam.vendor.example/live"}) == []


def test_undecidable_one_sync_byte(lab: Any) -> None:
    assert lab.hits(ID, b"\x47" + bytes(range(128, 255)) * 8) == []


def test_true_payload_that_a_dissector_proved(lab: Any) -> None:
    assert lab.values(ID, b"\x17\x01" + bytes(range(128, 200)), where="rtmp.video") == ["RTMP video"]
