"""Google's QUIC: hellos in the clear and under keys that anyone makes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import gquic as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.events import NameSeen
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Segment
from iotaudit.model.want import ALL
from tests.dissect.play import DEVICE, device, play, reading, recognise, server
from tests.dissect.told import told

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures/ndpi"


def hello(*tags: tuple[bytes, bytes]) -> bytes:
    rows, values = b"", b""
    for tag, value in tags:
        values += value
        rows += tag + len(values).to_bytes(4, "little")
    return b"CHLO" + len(tags).to_bytes(2, "little") + bytes(2) + rows + values


CHLO = hello((b"PAD\0", b"-" * 300), (b"SNI\0", b"cat.moppel.example"), (b"UAID", b"Moppel/1.0 Cat"))
Q046 = (
    bytes.fromhex("c3 51303436 50 0102030405060708 00000001")  # version, one connection id, packet number
    + bytes(12)  # hash
    + bytes.fromhex("a0 01 0400")  # frame of stream 1, its length
    + CHLO
)
Q043 = bytes.fromhex("0d 0102030405060708 51303433 01") + bytes(12) + bytes.fromhex("a0 01 0400") + CHLO


def names(*pieces: bytes) -> list[str]:
    found = play(module, *[device(piece) for piece in pieces])
    return [item.name for item in found if isinstance(item, NameSeen)]


@pytest.mark.parametrize("datagram", [Q046, Q043], ids=["Q046", "Q043"])
def test_pass_name_and_user_agent_of_a_clear_hello_are_given(datagram: bytes) -> None:
    assert recognise(module, datagram) is Likeness.CERTAIN
    assert names(datagram, datagram) == ["cat.moppel.example"]
    assert told(play(module, device(datagram))) == [("gquic.user_agent", b"Moppel/1.0 Cat")]
    encryption = reading(module, device(datagram)).encryption
    assert encryption.state is EncryptionState.ENCRYPTED
    assert str(encryption.reason).endswith("hello read")


def test_the_hello_of_q050_is_opened() -> None:
    """Name and user agent are those that tshark 4.4 shows."""
    capture = CAPTURES / "gquic.pcap"
    if not capture.is_file():
        pytest.skip("the capture is not there")
    data = capture.read_bytes()
    datagram = data[data.index(b"\xc3Q050") :][:1350]
    assert names(datagram) == ["www.gstatic.com"]
    (content,) = told(play(module, device(datagram)))
    assert content == ("gquic.user_agent", b"canary Chrome/85.0.4169.0 Windows NT 10.0; Win64; x64")


def test_inconclusive_without_a_hello_it_is_encrypted_all_the_same() -> None:
    rest = bytes.fromhex("c3 51303530 00 08 0102030405060708") + bytes(40)
    assert recognise(module, rest) is Likeness.CERTAIN
    encryption = reading(module, server(rest)).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.ENCRYPTED, "QUIC Q050")
    assert names(Q046[:100]) == []
    assert names(rest + CHLO) == []  # what looks like a hello is none where hellos are encrypted


def test_a_flow_of_older_versions_is_told_from_quic_and_asks_for_all_datagrams_until_the_hello() -> None:
    flow = open_flow(1, UDP, DEVICE, Endpoint("192.0.2.1", 443))
    cut = Q043[:100]
    assert flow.feed(Segment(1, True, 1, 1, 0, cut)) == ()
    assert flow.want == (ALL, ALL)
    (name, agent) = flow.feed(Segment(1, True, 2, 2, 0, Q043))
    assert (name.packet, agent.packet) == (2, 2)
    assert flow.want != (ALL, ALL)
    assert flow.summary().application == "gquic"


def test_fail_other_versions_are_none() -> None:
    assert recognise(module, Q046.replace(b"Q046", b"\0\0\0\1")) is Likeness.NO
    assert recognise(module, Q043.replace(b"Q043", b"R043")) is Likeness.NO
    assert recognise(module, Q046[:12]) is Likeness.NO
    assert names(Q046.replace(b"CHLO", b"CHLP")) == []


@settings(max_examples=150)
@given(st.binary(max_size=80), st.sampled_from((b"Q043", b"Q046", b"Q050", b"T051")))
def test_any_datagram_is_taken_without_a_fault(data: bytes, version: bytes) -> None:
    datagram = b"\xc3" + version + data
    module.recognise(Head(datagram, UDP))
    play(module, device(datagram), device(datagram + b"CHLO" + data), server(data))
