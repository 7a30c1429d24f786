"""RTP: streams told by source and number; whether media are in the clear told by their bytes alone."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import open_flow
from iotaudit.dissect import rtp as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, play, reading

DICE = random.Random(5)  # noqa: S311 - samples, not secrets


def packet(number: int, payload: bytes, *, kind: int = 96, source: int = 0x11223344) -> bytes:
    """Gives a packet of version 2 without extension."""
    return (
        b"\x80" + bytes([kind]) + (number & 0xFFFF).to_bytes(2) + (number * 3000).to_bytes(4) + source.to_bytes(4) + payload
    )


def likeness(*datagrams: bytes) -> Likeness:
    return module.recognise(Head(datagrams[-1], UDP, datagrams))


CIPHERTEXT = [packet(65_530 + n, DICE.randbytes(160)) for n in range(40)]
VIDEO = [packet(n, b"\x7c" + bytes([0x81 if n == 1 else 0x01]) + DICE.randbytes(160)) for n in range(40)]
"""H.264 in fragments: each payload begins with the same two-byte header (RFC 6184 section 5.8)."""
SPEECH = [packet(n, bytes(DICE.choice((0x7E, 0xFE, 0x7D, 0xFD)) for _ in range(160)), kind=0) for n in range(40)]


def test_a_stream_is_likely_after_four_packets_of_rising_numbers() -> None:
    assert [likeness(*CIPHERTEXT[: n + 1]) for n in range(4)] == [Likeness.MORE] * 3 + [Likeness.LIKELY]


def test_the_number_may_wrap_and_skip() -> None:
    assert likeness(*CIPHERTEXT[4:8]) is Likeness.LIKELY  # 65534 to 1
    assert likeness(*CIPHERTEXT[0:30:8]) is Likeness.LIKELY


def test_fail_another_source_or_a_falling_number_is_no_stream() -> None:
    assert likeness(*CIPHERTEXT[:3], packet(3, b"x", source=9)) is Likeness.NO
    assert likeness(*reversed(CIPHERTEXT[:4])) is Likeness.NO
    assert likeness(CIPHERTEXT[0], CIPHERTEXT[0]) is Likeness.NO
    assert likeness(packet(1, b"x", kind=72)) is Likeness.NO  # RTCP


def test_pass_media_in_the_clear_are_told_by_their_bytes() -> None:
    for stream in (VIDEO, SPEECH):
        summary = reading(module, *[device(data) for data in stream])
        assert summary.encryption.state is EncryptionState.PLAINTEXT


def test_pass_video_is_handed_on_once_and_only_where_it_is_proven() -> None:
    (found,) = play(module, *[device(data) for data in VIDEO])
    assert isinstance(found, Content)
    assert (found.where, found.channel, found.data[:2]) == ("rtp.video", "plaintext", b"\x7c\x01")
    assert play(module, *[device(data) for data in (*CIPHERTEXT, *SPEECH)]) == []


def test_inconclusive_even_media_are_opaque_not_encrypted() -> None:
    summary = reading(module, *[device(data) for data in CIPHERTEXT])
    assert summary.encryption.state is EncryptionState.OPAQUE


def test_few_packets_prove_nothing() -> None:
    summary = reading(module, *[device(data) for data in VIDEO[:8]])
    assert summary.encryption.state is EncryptionState.OPAQUE


def test_a_flow_of_packets_is_recognised() -> None:
    flow = open_flow(1, UDP, DEVICE, SERVER)
    for number, data in enumerate(VIDEO, start=1):
        flow.feed(Segment(1, True, number, number, 0, data))
    flow.close()
    assert flow.summary().application == "rtp"


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_any_datagrams_are_taken_without_a_fault(datagrams: list[bytes]) -> None:
    likeness(*datagrams)
    assert play(module, *[device(b"\x90" + data) for data in datagrams]) == []
