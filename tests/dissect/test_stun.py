"""STUN: messages and their texts, other datagrams beside them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import stun as module
from iotaudit.dissect.session import TCP, UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.test_rtp import CIPHERTEXT, VIDEO

REQUEST = (
    "0001 0010 2112a442"  # binding request, 16 bytes follow, cookie
    "000102030405060708090a0b"  # transaction
    "0006 0005 616c696365 000000"  # user name: alice, padded
    "0014 0000"  # realm, empty
)
RESPONSE = "0101 0000 2112a442 000102030405060708090a0b"


ALLOCATED = (  # arkime/turn.pcap, packet 9
    "0103 0038 2112a442 4872454f2f6c4d534b763967"  # answer to an allocation
    "0016 0008 0001 e6d4 490c37b1"  # relayed address
    "000d 0004 00000258"  # lifetime
    "0020 0008 0001 cfa7 4d2ab5d9"  # mapped address
    "0008 0014 d4bb0125b6ecc7fc4348067f5cb8c8a806d0ec2f"  # integrity
)
ADDRESSES = [
    ("stun.xor-relayed-address", b"104.30.147.243:51142"),
    ("stun.xor-mapped-address", b"108.56.17.155:61109"),
]
"""As tshark shows them."""


def channel(data: bytes) -> bytes:
    return b"\x40\1" + len(data).to_bytes(2) + data + bytes(-len(data) % 4)


def indication(data: bytes) -> bytes:
    attribute = b"\0\x13" + len(data).to_bytes(2) + data + bytes(-len(data) % 4)
    return b"\0\x16" + len(attribute).to_bytes(2) + bytes.fromhex("2112a442") + bytes(12) + attribute


def test_pass_a_message_is_recognised_and_its_texts_given_once() -> None:
    assert recognise(module, REQUEST, UDP) is Likeness.CERTAIN
    found = play(module, device(REQUEST), server(RESPONSE), device(REQUEST), protocol=UDP)
    assert [(c.where, c.data) for c in found if isinstance(c, Content)] == [("stun.username", b"alice")]


def test_the_words_of_a_connectivity_check_are_no_user_name() -> None:
    pair, account = b"pLyZHR:GwL3AHBovubLvCqn", b"1636988335:1875434045"
    for method, value, where in ((1, pair, "stun.ufrag"), (3, account, "stun.username")):
        attribute = b"\0\6" + len(value).to_bytes(2) + value + bytes(-len(value) % 4)
        message = method.to_bytes(2) + len(attribute).to_bytes(2) + bytes.fromhex("2112a442") + bytes(12) + attribute
        found = play(module, device(message), protocol=UDP)
        assert [(c.where, c.data) for c in found if isinstance(c, Content)] == [(where, value)]


def test_messages_alone_are_plaintext() -> None:
    summary = reading(module, device(REQUEST), server(RESPONSE), protocol=UDP)
    assert summary.encryption.state is EncryptionState.PLAINTEXT


def test_media_beside_messages_are_rtp() -> None:
    summary = reading(module, device(REQUEST), *[device(data) for data in VIDEO], protocol=UDP)
    assert (summary.application, summary.encryption.state) == ("rtp", EncryptionState.PLAINTEXT)
    summary = reading(module, device(REQUEST), *[device(data) for data in CIPHERTEXT], protocol=UDP)
    assert (summary.application, summary.encryption.state) == ("rtp", EncryptionState.OPAQUE)


def test_inconclusive_other_datagrams_beside_messages_are_opaque() -> None:
    summary = reading(module, device(REQUEST), device(b"something else, of 30 bytes.."), protocol=UDP)
    assert summary.encryption.state is EncryptionState.OPAQUE


def test_fail_without_the_cookie_or_with_a_false_length_it_is_none() -> None:
    assert recognise(module, REQUEST.replace("2112a442", "2112a443"), UDP) is Likeness.NO
    assert recognise(module, "0001 0014" + REQUEST[9:], UDP) is Likeness.NO
    assert recognise(module, "0001 0003" + REQUEST[9:], UDP) is Likeness.NO


def test_over_tcp_a_prefix_waits() -> None:
    assert recognise(module, REQUEST[:12], TCP) is Likeness.MORE
    assert recognise(module, REQUEST, TCP) is Likeness.CERTAIN


def test_over_tcp_messages_are_read_in_every_cut_until_other_bytes_come() -> None:
    found = play(module, device(REQUEST), device(RESPONSE), device(b"\x40\0\0\4data" + bytes(20)), device(REQUEST))
    assert [(c.where, c.packet) for c in found if isinstance(c, Content)] == [("stun.username", 1)]


def test_the_addresses_of_relay_and_device_are_given_once() -> None:
    for protocol in (UDP, TCP):
        found = play(module, server(ALLOCATED), server(ALLOCATED), protocol=protocol)
        assert [(c.where, c.data) for c in found if isinstance(c, Content)] == ADDRESSES


def test_addresses_of_version_6_and_in_the_clear_are_read() -> None:
    peer = (
        "0016 002c 2112a442 000102030405060708090a0b"  # send indication
        "0012 0014 0002 2112 0113a9fa 000102030405060708090a0b"  # ::, XORed with cookie and transaction
        "8023 0008 0001 0d96 c0000201"
        "0001 0003 00010d00"  # too short for an address
    )
    found = play(module, device(peer), protocol=UDP)
    assert [(c.where, c.data) for c in found if isinstance(c, Content)] == [
        ("stun.xor-peer-address", b"[2001:db8::]:0"),
        ("stun.alternate-server", b"192.0.2.1:3478"),
    ]


def test_media_inside_of_channels_and_indications_are_rtp() -> None:
    for protocol in (UDP, TCP):
        media = [device(channel(data)) for data in VIDEO]
        assert reading(module, device(REQUEST), *media, protocol=protocol).application == "rtp"
    indications = [device(indication(data)) for data in VIDEO]
    assert reading(module, device(REQUEST), *indications, protocol=UDP).application == "rtp"


def test_a_channel_of_a_false_length_is_another_datagram() -> None:
    summary = reading(module, device(REQUEST), device(b"\x40\1\0\x40data"), protocol=UDP)
    assert summary.encryption.state is EncryptionState.OPAQUE


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_attributes_are_taken_without_a_fault(data: bytes) -> None:
    whole = data + bytes(-len(data) % 4)
    datagram = b"\0\1" + len(whole).to_bytes(2) + bytes.fromhex("2112a442") + bytes(12) + whole
    module.recognise(Head(data, UDP))
    play(module, device(datagram), device(data), protocol=UDP)
