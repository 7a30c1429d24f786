"""Kasa: JSON under the fixed XOR over UDP and TCP, and the newer discovery."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import kasa as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, gap, play, reading, recognise, server
from tests.dissect.told import oddities, told

SEARCH = "d0f281f88bff9af7d5ef94b6d1b4c09fec95e68fe187e8caf08bf68bf6"  # ndpi/tplink_shp.pcap, packet 1
ANSWER = (  # smart-home-firewall/tplink-plug_no-firewall_wlan5.0.pcap, packet 30
    "0000002dd0f281f88bff9af7d5ef94b6c5a0d48bf99cf091e8b7c4b0d1a5c0e2d8a381e496e4bbd8b7d3b694ae9ee39ee3"
)
QUESTION = "02000001 0000 00 00 00000000 463cb5d3"  # nothing follows, flags, serial number, CRC-32


def closed(text: bytes) -> bytes:
    found, before = bytearray(), 171
    for byte in text:
        before ^= byte
        found.append(before)
    return bytes(found)


def test_pass_a_search_is_opened_and_given_once() -> None:
    assert recognise(module, SEARCH, UDP) is Likeness.LIKELY
    found = play(module, device(SEARCH), device(SEARCH), protocol=UDP)
    assert told(found) == [("kasa.message", b'{"system":{"get_sysinfo":{}}}')]
    assert reading(module, device(SEARCH), protocol=UDP).encryption.state is EncryptionState.PLAINTEXT


def test_over_tcp_a_length_stands_before_each_message() -> None:
    assert recognise(module, ANSWER, TCP) is Likeness.LIKELY
    wifi = closed(b'{"netif":{"set_stainfo":{"ssid":"moppel","password":"wau-wau-wau"}}}')
    found = play(module, device(len(wifi).to_bytes(4) + wifi), server(ANSWER))
    assert told(found) == [
        ("kasa.message", b'{"netif":{"set_stainfo":{"ssid":"moppel","password":"wau-wau-wau"}}}'),
        ("kasa.message", b'{"system":{"set_relay_state":{"err_code":0}}}'),
    ]


def test_the_newer_discovery_is_read_in_the_clear() -> None:
    text = b'{"result":{"device_id":"0123","mac":"02-00-00-00-00-01"}}'
    answer = b"\2\0\0\1" + len(text).to_bytes(2) + bytes(10) + text
    assert recognise(module, QUESTION, UDP) is Likeness.LIKELY
    assert recognise(module, answer, UDP) is Likeness.LIKELY
    assert told(play(module, device(QUESTION), server(answer), protocol=UDP)) == [("kasa.discovery", text)]


def test_inconclusive_a_prefix_waits_and_a_cut_message_is_marked() -> None:
    assert recognise(module, ANSWER[:20], TCP) is Likeness.MORE
    found = play(module, device(ANSWER), gap(20, outbound=True), device(ANSWER))
    assert len(told(found)) == 1
    cut = bytes.fromhex(SEARCH)[:20]
    (content,) = play(module, device(cut, truncated_len=9), protocol=UDP)
    assert getattr(content, "truncated", None) is True


def test_fail_other_bytes_under_the_xor_are_none() -> None:
    assert recognise(module, closed(b"[1,2,3,4,5,6,7]"), UDP) is Likeness.NO
    assert recognise(module, closed(b'{"a\0b":1}        '), UDP) is Likeness.NO
    assert recognise(module, QUESTION[:-2] + "d4", UDP) is Likeness.NO
    assert recognise(module, "00400000" + SEARCH, TCP) is Likeness.NO
    assert oddities(play(module, device(closed(b"hello")), protocol=UDP)) == ["kasa: no JSON"]


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_taken_without_a_fault(data: bytes) -> None:
    recognise(module, b"\0\0\0\x20\xd0" + data, TCP)
    play(module, device(data), device(b"\xd0" + data), server(b"\2\0\0\1" + data), protocol=UDP)
    play(module, device(ANSWER), device(b"\0\0\0\x10\xd0" + data))
