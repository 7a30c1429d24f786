"""Elementary streams: sizes from parameter sets, and what only has start codes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import nal
from tests.codec.media_bytes import annex_b, h264, h265, sps_264, sps_265

PPS = bytes.fromhex("68ce3c80")


@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (1920, 1080), (96, 64)])
def test_pass_both_codings_with_their_size(size: tuple[int, int]) -> None:
    assert nal.read(h264(*size)) == nal.Film("H.264", size)
    assert nal.read(h265(*size)) == nal.Film("H.265", size)


def test_pass_behind_the_head_of_a_camera_s_own_protocol_and_with_short_start_codes() -> None:
    assert nal.read(b"FRAME\x10\0\0\0" + h264()) == nal.Film("H.264", (1280, 720))
    assert nal.read(h264().replace(b"\0\0\0\1", b"\0\0\1")) == nal.Film("H.264", (1280, 720))


def test_pass_a_parameter_set_of_high_profile_with_scaling_lists() -> None:
    # x264's set for 1280 x 720: profile 100, level 3.1, 4:2:0
    assert nal.sequence(bytes.fromhex("6764001facd9405005bb011000000300100000030320f1831960")) == nal.Film("H.264", (1280, 720))


@pytest.mark.parametrize(
    "data",
    [
        annex_b(b"\x41" + bytes(range(128, 250))),
        annex_b(sps_264(1280, 720), b"\x65" + bytes(range(128, 250))),
        annex_b(sps_264(16, 16), PPS),
        annex_b(b"\x67\x4d\x00\xff" + sps_264(1280, 720)[4:], PPS),
        annex_b(b"\x67\x01\x00\x1f" + sps_264(1280, 720)[4:], PPS),
        annex_b(sps_265(1920, 1080), PPS),
        bytes(4096),
    ],
    ids=["slice", "no picture set", "tiny", "no level", "no profile", "mixed", "zeros"],
)
def test_fail_start_codes_without_sound_sets(data: bytes) -> None:
    assert nal.read(data) is None


def test_inconclusive_cut_sets() -> None:
    data = h264()
    assert nal.read(data[:8]) is None
    assert nal.read(data[: data.index(PPS)]) is None


def test_units_counted_by_their_lengths() -> None:
    units = b"".join(len(unit).to_bytes(4) + unit for unit in (b"\x06" + bytes(9), b"\x65" + bytes(40)))
    assert nal.is_counted(units, 0, len(units))
    assert not nal.is_counted(b"\0\0\0\x05\xff" + bytes(9), 0, 14)
    assert not nal.is_counted(b"\xde\x02\0\x4c" + bytes(30), 0, 34)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_give_an_answer(data: bytes, at: int) -> None:
    whole = h264()
    film = nal.read(whole[:at] + data + whole[at:])
    assert film is None or min(film.size) >= nal.LEAST_SIDE
    assert nal.read(b"\0\0\1\x67" + data) is None or b"\0\0\1" in data
