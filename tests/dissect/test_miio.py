"""miIO: greetings, device ids, tokens of old firmware, closed bodies."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import miio as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities, told

HELLO = "2131 0020" + "ff" * 28
ANSWER = (  # smart-home-firewall/xiaomi-cam_no-firewall_wlan5.0.pcap, packet 523
    "2131 0020 00000000 1601c881"  # length, device id
    "0000006f" + "ff" * 16  # time since start, no token
)
OLD_ANSWER = "2131 0020 00000000 1601c881 0000006f 00112233445566778899aabbccddeeff"
# all-devices_no-firewall_wan.pcap, packet 414
PING = "2131 0020 ffffffff ffffffff 64e0bcf6 451a264349b5522a168da03e8316662b"
COMMAND = "2131 0030 00000000 1601c881 00000070 c0ffee00c0ffee00c0ffee00c0ffee00" + "5a" * 16


def test_pass_an_answer_tells_the_device_id_once() -> None:
    assert recognise(module, HELLO) is Likeness.CERTAIN
    found = play(module, device(HELLO), server(ANSWER), device(HELLO), server(ANSWER))
    assert told(found) == [("miio.device_id", b"369215617")]
    assert reading(module, device(HELLO), server(ANSWER)).encryption.state is EncryptionState.PLAINTEXT


def test_the_answer_of_old_firmware_tells_the_token() -> None:
    found = play(module, device(HELLO), server(OLD_ANSWER))
    assert told(found) == [
        ("miio.device_id", b"369215617"),
        ("miio.token", b"00112233445566778899aabbccddeeff"),
    ]


def test_a_body_is_encrypted_and_its_checksum_is_no_token() -> None:
    assert told(play(module, device(COMMAND))) == [("miio.device_id", b"369215617")]
    assert reading(module, device(HELLO), device(COMMAND)).encryption.state is EncryptionState.ENCRYPTED


def test_pings_to_a_server_tell_nothing() -> None:
    assert play(module, device(PING), server(PING)) == []


def test_inconclusive_a_cut_datagram_is_weak() -> None:
    cut = bytes.fromhex(COMMAND)[:40]
    assert recognise(module, cut) is Likeness.WEAK
    assert oddities(play(module, device(cut, truncated_len=8))) == []
    assert oddities(play(module, device(cut))) == ["miio: length of a message is not that of its datagram"]


def test_fail_other_magic_and_lengths_are_none() -> None:
    assert recognise(module, HELLO.replace("2131", "2132")) is Likeness.NO
    assert recognise(module, HELLO + "00") is Likeness.NO
    assert recognise(module, HELLO[:-2]) is Likeness.NO
    assert oddities(play(module, device(b"!1"))) == ["miio: not a message"]


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_datagram_is_taken_without_a_fault(data: bytes) -> None:
    module.recognise(Head(b"!1" + data, UDP))
    play(module, device(b"!1" + data), server(data))
