"""CRYPTO frames: messages whose parts come in any order, and bounds."""

from iotaudit.dissect.quic_crypto import MESSAGE_LEN, PARTS, Crypto

FIRST = b"\x08\0\0\x03abc"
SECOND = b"\x0b\0\0\x02de"


def test_pass_messages_come_out_once_when_they_are_whole() -> None:
    crypto = Crypto()
    crypto.add(0, FIRST + SECOND[:2])
    assert crypto.messages() == [(8, b"abc")]
    crypto.add(5, (FIRST + SECOND)[5:])
    assert crypto.messages() == [(11, b"de")]
    assert crypto.messages() == []


def test_inconclusive_a_message_with_a_hole_waits() -> None:
    crypto = Crypto()
    crypto.add(4, FIRST[4:])
    assert crypto.messages() == []
    crypto.add(0, FIRST[:4])
    assert crypto.messages() == [(8, b"abc")]


def test_fail_parts_beyond_the_bounds_are_dropped() -> None:
    crypto = Crypto()
    crypto.add(MESSAGE_LEN, b"x")
    for at in range(PARTS + 10):
        crypto.add(2 + 2 * at, b"x")
    assert len(crypto.parts) == PARTS
