"""TUTK: the scrambling, and the number of a device in searches (built as published)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import tutk as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities, told

ZEROS = "6e2e8d8c40d040ca2d6d280c40e4cad8"
"""A block of zeros under the scrambling: its first bytes are published in several descriptions."""
UID = b"MOPPEL7CAT8DOG9111AB"


def turned_right(block: bytes, start: int) -> bytes:
    found = b""
    for index in range(4):
        word = int.from_bytes(block[4 * index : 4 * index + 4], "little")
        turn = start + 4 * index
        found += ((word >> turn | word << 32 - turn) & 0xFFFFFFFF).to_bytes(4, "little")
    return found


def scrambled(plain: bytes) -> bytes:
    found = b""
    for at in range(0, len(plain) // 16 * 16, 16):
        mixed = bytes(
            a ^ b for a, b in zip(turned_right(plain[at : at + 16], 1), module.CHARLIE, strict=True)
        )
        shuffled = bytearray(16)
        for source, target in enumerate(module.SHUFFLE):
            shuffled[target] = mixed[source]
        found += turned_right(bytes(shuffled), 3)
    return found + plain[len(found) :]


def message(command: int, body: bytes) -> bytes:
    header = bytes.fromhex("04 02 1a 02") + len(body).to_bytes(2, "little") + bytes(2)
    return scrambled(header + command.to_bytes(2, "little") + bytes.fromhex("2100 00000000") + body)


SEARCH = message(module.SEARCH, UID + bytes(52))
DATA = message(0x0407, bytes(40))


def test_the_scrambling_is_the_published_one() -> None:
    assert scrambled(bytes(16)).hex() == ZEROS
    assert module._block(bytes.fromhex(ZEROS)) == bytes(16)


def test_the_hint_refuses_no_message() -> None:
    for seed in range(200):
        assert recognise(module, message(seed * 77 % 65_536, bytes([seed]) * (seed % 90))) is Likeness.LIKELY


def test_pass_the_number_of_a_device_is_given_once() -> None:
    assert recognise(module, SEARCH) is Likeness.LIKELY
    assert told(play(module, device(SEARCH), server(message(module.SEARCH_ANSWER, UID)))) == [
        ("tutk.uid", UID)
    ]
    assert reading(module, device(SEARCH)).encryption.state is EncryptionState.PLAINTEXT


def test_inconclusive_what_a_session_carries_is_opaque() -> None:
    assert recognise(module, DATA) is Likeness.LIKELY
    assert play(module, device(DATA)) == []
    assert reading(module, device(SEARCH), device(DATA)).encryption.state is EncryptionState.OPAQUE
    assert told(play(module, device(message(module.SEARCH, bytes(72))))) == []  # a search for all


def test_fail_other_lengths_and_bytes_are_none() -> None:
    assert recognise(module, SEARCH + b"\0") is Likeness.NO
    assert recognise(module, bytes.fromhex(ZEROS)) is Likeness.NO
    assert recognise(module, SEARCH[:15]) is Likeness.NO
    assert oddities(play(module, device(bytes(32)))) == ["tutk: not a message"]


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_datagram_is_taken_without_a_fault(data: bytes) -> None:
    module.recognise(Head(data, UDP))
    play(module, device(data), device(message(module.SESSION, data)))
