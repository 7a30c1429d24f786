"""RTCP: reports, descriptions of sources, media on the same ports."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector, rtp
from iotaudit.dissect import rtcp as module
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, play, reading, recognise

# version 2, no blocks, kind 200, 6 words: source, NTP time, RTP time, packets, bytes
SENDER = bytes.fromhex("80c80006 11223344 e1a2b3c4 00000000 00001000 00000010 00000a00")
# version 2, one source, kind 202, 5 words: source, item 1 (CNAME) of 13 bytes, the end
SOURCES = bytes.fromhex("81ca0005 11223344 010d") + b"cam@vendor.ex" + b"\0"
# kind 201, 1 word: source
RECEIVER = bytes.fromhex("80c90001 11223344")
# kind 203, one source, 3 words: source, 5 bytes of reason
BYE = bytes.fromhex("81cb0003 11223344 05") + b"reset" + b"\0\0"


def media(number: int, payload: bytes = b"\xd5" * 160) -> bytes:
    """Gives an RTP packet: version 2, payload type 8, number, time, source."""
    return (
        b"\x80\x08"
        + number.to_bytes(2)
        + (number * 160).to_bytes(4)
        + bytes.fromhex("11223344")
        + payload
    )


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_the_name_of_a_source_is_told_once() -> None:
    assert len(SOURCES) % 4 == 0
    pieces = (device(SENDER + SOURCES), device(SENDER + SOURCES), device(RECEIVER + SOURCES + BYE))
    assert contents(play(module, *pieces)) == [
        ("rtcp.cname", "cname", b"cam@vendor.ex"),
        ("rtcp.bye", "reason", b"reset"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_media_on_the_same_ports_decide_the_encryption() -> None:
    clear = reading(module, device(SENDER + SOURCES), *[device(media(n)) for n in range(30)])
    assert (clear.application, clear.encryption.state) == ("rtp", EncryptionState.PLAINTEXT)
    few = reading(module, device(SENDER + SOURCES), device(media(1)))
    assert (few.application, few.encryption.state) == ("rtp", EncryptionState.OPAQUE)


def test_control_among_media_is_read_by_rtp() -> None:
    flow = FlowDissector(Context(1, UDP, DEVICE, SERVER), (module, rtp))
    found: list[Event | Content] = []
    for packet, data in enumerate(
        [*[media(n) for n in range(8)], SENDER + SOURCES, media(9)], start=1
    ):
        found += flow.feed(Segment(1, True, packet, packet, 0, data))
    assert contents(found) == [("rtcp.cname", "cname", b"cam@vendor.ex")]
    assert flow.summary().application == "rtp"


def test_fail_lengths_that_do_not_add_up_are_an_oddity_unless_the_capture_cut_them() -> None:
    (oddity,) = play(module, device(SENDER + SOURCES[:-4]))
    assert isinstance(oddity, Oddity)
    assert play(module, device(SENDER + SOURCES[:-4], truncated_len=4)) == []


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (SENDER + SOURCES, Likeness.LIKELY),
        (RECEIVER + SOURCES + BYE, Likeness.LIKELY),
        (RECEIVER, Likeness.WEAK),
        (SENDER, Likeness.LIKELY),
        (
            "80c80007" + SENDER[4:].hex() + "00000000",
            Likeness.WEAK,
        ),  # longer than its count of blocks
        ("81c90007" + RECEIVER[4:].hex() + "00" * 24, Likeness.LIKELY),
        (SOURCES, Likeness.NO),
        (SENDER + bytes(14), Likeness.NO),  # SRTCP has a trailer
        (SENDER[:-4], Likeness.NO),
        (media(1), Likeness.NO),
    ],
)
def test_recognition_by_reports_and_descriptions(data: bytes | str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


def test_inconclusive_a_report_alone_is_no_flow_of_rtcp_away_from_its_port() -> None:
    flow = FlowDissector(Context(1, UDP, DEVICE, SERVER), (module,))
    flow.feed(Segment(1, True, 1, 1, 0, RECEIVER))
    flow.close()
    assert flow.summary().application is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda b: b"\x81\xca" + b)),
        max_size=6,
    )
)
def test_any_datagrams_give_events(datagrams: list[bytes]) -> None:
    play(module, *[device(data) for data in datagrams])
    play(rtp, *[device(data) for data in datagrams])
    for data in datagrams:
        module.recognise(Head(data, UDP, (data,)))
