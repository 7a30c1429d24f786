"""WireGuard: handshakes by form, data by receiver and counter."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import wireguard as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server

INITIATION = b"\1\0\0\0" + bytes(range(128)) + bytes(16)  # no cookie: the second MAC is zero
RESPONSE = b"\2\0\0\0" + bytes(range(72)) + bytes(16)


def data(counter: int, *, receiver: int = 7, size: int = 32) -> bytes:
    return b"\4\0\0\0" + receiver.to_bytes(4, "little") + counter.to_bytes(8, "little") + bytes(size)


def test_pass_a_handshake_is_recognised_and_encrypted() -> None:
    assert recognise(module, INITIATION) is Likeness.LIKELY
    assert recognise(module, RESPONSE) is Likeness.LIKELY
    encryption = reading(module, device(INITIATION), server(RESPONSE), device(data(0))).encryption
    assert encryption.state is EncryptionState.ENCRYPTED
    assert encryption.reason == "WireGuard handshake seen"


def test_data_with_rising_counters_for_one_receiver_are_recognised() -> None:
    stream = tuple(data(n) for n in (5, 6, 8, 9))
    assert module.recognise(Head(stream[-1], UDP, stream)) is Likeness.LIKELY


def test_inconclusive_one_data_message_counts_on_its_port_alone() -> None:
    assert recognise(module, data(3)) is Likeness.WEAK
    mixed = (data(5), data(6, receiver=8), data(7), data(8))
    assert module.recognise(Head(mixed[-1], UDP, mixed)) is Likeness.WEAK


def test_fail_other_lengths_and_reserved_bytes_are_none() -> None:
    assert recognise(module, INITIATION[:-1]) is Likeness.NO
    assert recognise(module, b"\1\0\1\0" + INITIATION[4:]) is Likeness.NO
    assert recognise(module, data(1, size=33)) is Likeness.NO


@settings(max_examples=100)
@given(st.binary(max_size=160))
def test_any_datagram_is_taken_without_a_fault(datagram: bytes) -> None:
    module.recognise(Head(datagram, UDP, (datagram,) * 4))
    assert play(module, device(datagram)) == []
