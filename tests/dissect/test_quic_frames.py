"""Frames of opened QUIC packets: those that matter, those that are walked over, and those that end the walk."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.cursor import ShortError
from iotaudit.dissect.quic_frames import (
    ACK,
    CLOSE,
    CRYPTO,
    DATAGRAM,
    NEW_CONNECTION_ID,
    RESET_STREAM,
    STREAM,
    Frame,
    UnknownFrameError,
    frames,
    variable,
)


def walked(payload: str) -> list[Frame]:
    return list(frames(bytes.fromhex(payload)))


def test_pass_each_kind_that_matters() -> None:
    assert walked("06 05 02 aabb") == [Frame(CRYPTO, 0, 5, b"\xaa\xbb")]
    assert walked("0f 04 4100 02 aabb") == [Frame(STREAM, 4, 256, b"\xaa\xbb", True)]
    assert walked("08 04 aabbcc") == [Frame(STREAM, 4, 0, b"\xaa\xbb\xcc")]
    assert walked("04 04 07 09") == [Frame(RESET_STREAM, 4, 9)]
    assert walked("18 01 00 02 abcd" + "11" * 16) == [Frame(NEW_CONNECTION_ID, data=b"\xab\xcd")]
    assert walked("1c 412a 06 02 6869") == [Frame(CLOSE, 0x12A)]
    assert walked("1d 05 00") == [Frame(CLOSE, 5, end=True)]
    assert walked("31 01 aa 30 bbcc") == [Frame(DATAGRAM, data=b"\xaa"), Frame(DATAGRAM, data=b"\xbb\xcc")]


@pytest.mark.parametrize(
    "between",
    [
        "00000000",  # PADDING
        "01",  # PING
        "05 04 01",  # STOP_SENDING
        "07 02 abcd",  # NEW_TOKEN
        "10 4400 11 04 4400 12 08 13 08",  # MAX_DATA, MAX_STREAM_DATA, MAX_STREAMS
        "14 01 15 04 01 16 01 17 01",  # ..._BLOCKED
        "19 01",  # RETIRE_CONNECTION_ID
        "1a 0102030405060708 1b 0102030405060708",  # PATH_CHALLENGE, PATH_RESPONSE
        "1e 1f 40af 01 02 03 04 42f5 05",  # HANDSHAKE_DONE, IMMEDIATE_ACK, ACK_FREQUENCY, TIMESTAMP
    ],
)
def test_what_does_not_matter_is_walked_over(between: str) -> None:
    assert walked(between + "06 00 01 aa") == [Frame(CRYPTO, 0, 0, b"\xaa")]


def test_acknowledgements_give_their_ranges() -> None:
    assert walked("02 0a 05 01 03 00 01") == [Frame(ACK, ranges=((7, 10), (4, 5)))]  # 10 down to 7, gap of one, 5 and 4
    assert walked("03 0a 05 00 03 01 02 03") == [Frame(ACK, ranges=((7, 10),))]  # with ECN counts
    assert walked("02 0a 05 02 03 05 00 00 00") == [Frame(ACK, ranges=((7, 10), (0, 0)))]  # the last lies below zero


def test_fail_what_stood_before_a_broken_or_unknown_frame_counts() -> None:
    for rest, error in (
        ("06 00 05 aa", ShortError),
        ("4abc 01", UnknownFrameError),
        ("02 01 01 ffffffffffffffff", ShortError),
    ):
        walk = frames(bytes.fromhex("06 00 01 aa" + rest))
        assert next(walk) == Frame(CRYPTO, 0, 0, b"\xaa")
        with pytest.raises(error):
            next(walk)


def test_variable_integers_are_those_of_rfc_9000_appendix_a1() -> None:
    for text, value in (
        ("c2197c5eff14e88c", 151288809941952652),
        ("9d7f3e7d", 494878333),
        ("7bbd", 15293),
        ("25", 37),
        ("4025", 37),
    ):
        assert variable(bytes.fromhex(text), 0) == (value, len(text) // 2)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_frames_or_one_of_two_errors(payload: bytes) -> None:
    with suppress(ShortError, UnknownFrameError):
        assert all(len(frame.data) <= len(payload) for frame in frames(payload))
