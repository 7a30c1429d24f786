"""DHIP: discovery over UDP, control over TCP (built as clients publish it; no capture was to hand)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import dhip as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, gap, play, reading, recognise, server
from tests.dissect.told import fed, oddities, told

SEARCH = b'{"method":"DHDiscover.search","params":{"mac":"","uni":1}}'
ANSWER = b'{"mac":"02:00:00:00:00:01","params":{"deviceInfo":{"SerialNo":"MOPPEL0001"}}}'
LOGIN = b'{"method":"global.login","params":{"userName":"admin","password":"wau-wau-wau"},"id":1}'


def message(text: bytes) -> bytes:
    length = len(text).to_bytes(4, "little")
    return (
        bytes.fromhex("20000000 44484950")  # length of the header, "DHIP"
        + bytes(8)  # session, number
        + length
        + bytes(4)
        + length  # of all parts
        + bytes(4)
        + text
    )


def test_pass_discovery_is_given_once_each() -> None:
    assert recognise(module, message(SEARCH), UDP) is Likeness.CERTAIN
    found = play(
        module, device(message(SEARCH)), server(message(ANSWER)), server(message(ANSWER)), protocol=UDP
    )
    assert told(found) == [("dhip.message", SEARCH), ("dhip.message", ANSWER)]
    assert reading(module, device(message(SEARCH))).encryption.state is EncryptionState.PLAINTEXT


def test_control_is_read_off_the_stream() -> None:
    assert recognise(module, message(LOGIN), TCP) is Likeness.CERTAIN
    assert told(play(module, device(message(LOGIN) + message(SEARCH)))) == [
        ("dhip.message", LOGIN),
        ("dhip.message", SEARCH),
    ]


def test_inconclusive_other_bodies_are_opaque_and_prefixes_wait() -> None:
    assert reading(module, device(message(b"\x80\x81\x82"))).encryption.state is EncryptionState.OPAQUE
    assert recognise(module, message(LOGIN)[:20], TCP) is Likeness.MORE
    pieces = (device(message(LOGIN)), gap(300, outbound=True), device(message(SEARCH)))
    assert len(told(fed(module, *pieces))) == 2
    assert oddities(play(module, device(message(LOGIN)[:50]), protocol=UDP)) == ["dhip: message is cut"]
    assert oddities(play(module, device(message(LOGIN)[:50], truncated_len=70), protocol=UDP)) == []


def test_fail_without_the_magic_or_with_a_length_beyond_the_bound_it_is_none() -> None:
    whole = message(SEARCH)
    assert recognise(module, whole.replace(b"DHIP", b"DHIQ"), UDP) is Likeness.NO
    assert recognise(module, whole[:16] + b"\xff" * 4 + whole[20:], UDP) is Likeness.NO


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_taken_without_a_fault(data: bytes) -> None:
    play(module, device(message(data)), device(module.MAGIC + data), server(data), protocol=UDP)
    play(module, device(message(data) + data))
