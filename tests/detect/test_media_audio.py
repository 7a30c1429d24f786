"""The detector `media.audio`: true hits, near misses, and what cannot be decided."""

from typing import Any

import pytest

from tests.codec.media_bytes import OPUS, adts, movie, mp3, ogg, transport, wave

ID = "media.audio"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (wave(), "WAV (PCM) audio"),
        (ogg(OPUS) + bytes(range(128, 192)), "Ogg (Opus) audio"),
        (adts(), "AAC audio"),
        (mp3(), "MP3 audio"),
        (movie(b"vide", b"soun"), "MP4 audio"),
        (transport((0x0F,)), "MPEG transport stream audio"),
    ],
)
def test_true_files_and_streams(lab: Any, data: bytes, value: str) -> None:
    assert lab.values(ID, data) == [value]
    assert lab.sure(ID, data) == ["proven"]


def test_true_announcement_in_a_session_description(lab: Any) -> None:
    media = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=door\r\nm=audio 4000 RTP/AVP 0\r\n"
    assert lab.sure(ID, media) == ["detected"]


def test_near_miss_other_riff_and_a_silent_film(lab: Any) -> None:
    assert lab.hits(ID, b"RIFF\x24\x80\x00\x00AVI LIST" + bytes(range(128, 192))) == []
    assert lab.hits(ID, movie(b"vide")) == []


def test_undecidable_one_frame_header(lab: Any) -> None:
    assert lab.hits(ID, bytes.fromhex("fff15080011ffc") + bytes(range(128, 192))) == []


def test_true_payload_that_a_dissector_proved(lab: Any) -> None:
    assert lab.values(ID, b"\xaf\x01" + bytes(range(128, 200)), where="rtmp.audio") == ["RTMP audio"]
    assert lab.values(ID, b"\xaf\x01" + bytes(range(128, 200)), where="rtp.audio") == ["RTP audio"]


def test_undecidable_payload_whose_type_alone_is_told_is_detected(lab: Any) -> None:
    assert lab.sure(ID, bytes(range(128, 200)), where="rtp.audio.declared") == ["detected"]
