"""OpenVPN: resets in every guard, the TLS handshake inside of the control channel."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import openvpn as module
from iotaudit.dissect.session import TCP, UDP, Head, Likeness
from iotaudit.model.events import NameSeen
from iotaudit.model.flows import EncryptionState
from tests.dissect.hellos import client_hello, message, record, server_name
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities

ID, PEER = "334857703d96db39", "d31c3a6964602fa0"
RESET = f"38 {ID} 00 00000000"  # ndpi/openvpn.pcap, packet 1: no acknowledgement, packet 0
ANSWER = f"40 {PEER} 01 00000000 {ID} 00000000"  # the same, packet 2
AUTH_RESET = (  # the same, packet 312
    "38 b02ccff1b5f0174f c091666e3b124bada39173317b939722d1fe63be 00000001 57a1c15f 00 00000000"
)
CRYPT_RESET = (  # the same, packet 618
    "0036 38 2a56d979d99eccf4 00000001 63cf4ff5 b89824b0aa4e93c089c1e24af5443766b5cab18c23c"
    "17d51081eb196a2290858ec179d0d88"
)
DATA = "48 000001 00000001" + "5a" * 40


def control(number: int, data: bytes) -> bytes:
    return bytes.fromhex(f"20 {ID} 00") + number.to_bytes(4) + data


HELLO = record(22, message(1, client_hello(server_name(b"vpn.moppel.example"))))


def names(*pieces: bytes, protocol: int = UDP) -> list[str]:
    found = play(
        module, device(RESET), server(ANSWER), *[device(piece) for piece in pieces], protocol=protocol
    )
    return [item.name for item in found if isinstance(item, NameSeen)]


def test_pass_the_handshake_inside_is_read_whatever_order_it_comes_in() -> None:
    assert recognise(module, RESET, UDP) is Likeness.LIKELY
    first, second = control(1, HELLO[:40]), control(2, HELLO[40:])
    assert (
        names(first, second) == names(second, first) == names(first, first, second) == ["vpn.moppel.example"]
    )
    summary = reading(module, device(RESET), device(first), device(second), protocol=UDP)
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.encryption.protocol == "openvpn"
    assert summary.tls is not None
    assert summary.tls.sni == "vpn.moppel.example"


def test_over_tcp_a_length_stands_before_each_packet() -> None:
    def framed(packet: bytes) -> bytes:
        return len(packet).to_bytes(2) + packet

    assert recognise(module, framed(bytes.fromhex(RESET)), TCP) is Likeness.LIKELY
    stream = framed(bytes.fromhex(RESET)) + framed(control(1, HELLO))
    found = play(module, device(stream), server(framed(bytes.fromhex(ANSWER))))
    assert [item.name for item in found if isinstance(item, NameSeen)] == ["vpn.moppel.example"]


def test_guarded_resets_are_recognised_and_named() -> None:
    assert recognise(module, AUTH_RESET, UDP) is Likeness.LIKELY
    assert recognise(module, CRYPT_RESET, TCP) is Likeness.LIKELY
    reason = reading(module, device(AUTH_RESET), protocol=UDP).encryption.reason
    assert reason == "OpenVPN control channel seen with tls-auth"
    reason = reading(module, device(CRYPT_RESET), protocol=TCP).encryption.reason
    assert reason == "OpenVPN control channel seen under tls-crypt"


def test_inconclusive_data_alone_are_weak_and_opaque() -> None:
    assert recognise(module, DATA, UDP) is Likeness.WEAK
    assert reading(module, device(DATA), protocol=UDP).encryption.state is EncryptionState.OPAQUE
    assert recognise(module, CRYPT_RESET[:24], TCP) is Likeness.MORE
    assert names(control(2, HELLO)) == []  # the packet before is missing


def test_fail_other_opcodes_and_lengths_are_none() -> None:
    assert recognise(module, "00" + RESET[2:], UDP) is Likeness.NO
    assert recognise(module, RESET + "00", UDP) is Likeness.WEAK
    assert recognise(module, "38 0000000000000000 00 00000000", UDP) is Likeness.WEAK
    assert recognise(module, "000e 20" + RESET[2:], TCP) is Likeness.NO
    assert oddities(play(module, device("00" * 20), protocol=UDP)) == ["openvpn: not a packet"]


@settings(max_examples=150)
@given(st.binary(max_size=70), st.sampled_from(sorted(module.OPCODES)))
def test_any_bytes_are_taken_without_a_fault(data: bytes, opcode: int) -> None:
    packet = bytes((opcode << 3,)) + data
    module.recognise(Head(packet, UDP, (packet,)))
    play(module, device(RESET), device(packet), server(packet), protocol=UDP)
    recognise(module, len(packet).to_bytes(2) + packet, TCP)
    play(module, device(len(packet).to_bytes(2) + packet + data))


def test_fail_bytes_that_only_begin_like_a_reset_prove_no_encryption() -> None:
    noise = "38" + "9d" * 60
    assert recognise(module, noise, UDP) <= Likeness.WEAK
    assert reading(module, device(noise), protocol=UDP).encryption.state is EncryptionState.OPAQUE
