"""Sound: each framing, and what only begins like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import sound
from tests.codec.media_bytes import OPUS, adts, mp3, ogg, wave

FLAC = b"fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0" + bytes(20)
AMR = b"#!AMR\n" + (b"\x3c" + bytes(range(31))) * 4
"""Frames of type 7: 31 octets each."""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (wave(), "WAV (PCM)"),
        (wave(7, 1, 8000, 8), "WAV (µ-law)"),
        (ogg(OPUS), "Ogg (Opus)"),
        (ogg(b"\x01vorbis" + bytes(23)), "Ogg (Vorbis)"),
        (FLAC, "FLAC"),
        (AMR, "AMR"),
        (adts(), "AAC"),
        (mp3(), "MP3"),
        (b"ID3\4\0\0\0\0\1\0" + bytes(128) + mp3(), "MP3"),
    ],
)
def test_pass_each_framing(data: bytes, name: str) -> None:
    assert sound.read(data) == name


@pytest.mark.parametrize(
    "data",
    [
        wave(rate=100),
        wave()[:28] + b"\1\0\0\0" + wave()[32:],
        b"RIFF\x24\x80\0\0AVI LIST" + bytes(range(128, 192)),
        ogg(OPUS, check=7),
        ogg(b"\x80theora" + bytes(30)),
        FLAC.replace(b"\0\0\x22", b"\0\0\x23"),
        AMR.replace(b"\x3c", b"\xbc"),
        b"\xff\xf1" + bytes(range(60)),
        adts(2) + b"\xff\xf1\x6c\x40\x05\x1f\xfc" + bytes(33),
        mp3(2) + b"\xff\xe0" + bytes(500),
        b"\xff\xfb\xf0\xc0" + bytes(2000),
        b"ID3 is the name of a tag, and of nothing that sounds",
    ],
)
def test_fail_fields_that_do_not_agree(data: bytes) -> None:
    assert not sound.read(data)


def test_inconclusive_two_frames_or_a_cut_header() -> None:
    assert not sound.read(adts(2))
    assert not sound.read(mp3(2))
    assert not sound.read(wave()[:30])
    assert sound.read(ogg(OPUS)[:40]) == "Ogg (Opus)"


@settings(max_examples=100)
@given(st.sampled_from([wave(), ogg(OPUS), FLAC, AMR, adts(), mp3()]), st.data())
def test_any_change_of_bytes_gives_an_answer(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    assert isinstance(sound.read(data[:at] + draw.draw(st.binary(max_size=16)) + data[at:]), str)
