"""The detector `media.audio`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "media.audio"


def test_true_wav(lab: Any) -> None:
    assert lab.values(
        ID, b"RIFF\x24\x80\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(range(128, 192))
    ) == ["WAV audio"]


def test_true_opus(lab: Any) -> None:
    assert lab.values(
        ID, b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead" + bytes(range(128, 192))
    ) == ["Ogg audio"]


def test_true_three_adts_frames(lab: Any) -> None:
    assert lab.values(
        ID,
        bytes.fromhex("fff1508001 1ffc".replace(" ", "")) * 1
        + b"\x80"
        + bytes.fromhex("fff15080011ffc80") * 3,
    ) == ["AAC audio"]


def test_near_miss_other_riff(lab: Any) -> None:
    assert lab.hits(ID, b"RIFF\x24\x80\x00\x00AVI LIST" + bytes(range(128, 192))) == []


def test_undecidable_one_frame_header(lab: Any) -> None:
    assert lab.hits(ID, bytes.fromhex("fff15080011ffc") + bytes(range(128, 192))) == []


def test_true_payload_that_a_dissector_proved(lab: Any) -> None:
    assert lab.values(ID, b"\xaf\x01" + bytes(range(128, 200)), where="rtmp.audio") == ["RTMP audio"]
    assert lab.values(ID, b"\xaf\x01" + bytes(range(128, 200)), where="rtp.audio") == ["RTP audio"]
