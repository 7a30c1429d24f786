"""PPPP: numbers of devices, addresses of peers and relays, commands in the clear."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import pppp as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities, told

HELLO = "f1000000"
DID = "544e505553414500 0003784a 4453454c44000000"
LOGIN = (  # intl-iot/yi_camera_sample.pcap, packet 196
    f"f1 14 0068 {DID} 02d2020f"  # number of the device, version
    "0002 a463 cc0aa8c0 0000000000000000"  # address on the local network, backwards
    "313535363332393338313936313a476949325564475355614d62765866706d3139454337384443443638383430443635"
    "31413232303546423730454641354331"
)
SEEN = "f1 01 0010 0002 a463 f8e30a81 0000000000000000"  # the same, packet 200
PUNCH_TO = (
    "f1 40 0010 0002 4228 5fe46882 0000000000000000"  # xiaomi-cam_no-firewall_wlan5.0.pcap, packet 1686
)
RESULT = (  # the same, packet 1704
    "f1 d0 003c d1 00 0000 00000034 00000101"  # channel 0, index 0, length
    "7b22726573756c74223a2273756363657373222c20226368616e6e656c223a202231363837363034363437363630227d"
)
MEDIA = "f1 d0 0010 d1 01 0000 00000001 c0ffee00c0ffee00"


def test_pass_numbers_and_addresses_are_given_once() -> None:
    assert recognise(module, LOGIN) is Likeness.LIKELY
    assert told(
        play(module, device(HELLO), device(LOGIN), device(LOGIN), server(SEEN), server(PUNCH_TO))
    ) == [
        ("pppp.did", b"TNPUSAE-227402-DSELD"),
        ("pppp.dev_lgn_key.address", b"192.168.10.204:25508"),
        ("pppp.dev_lgn_key.text", b"1556329381961:GiI2UdGSUaMbvXfpm19EC78DCD68840D651A2205FB70EFA5C1"),
        ("pppp.hello_ack.address", b"129.10.227.248:25508"),
        ("pppp.punch_to.address", b"130.104.228.95:10306"),
    ]
    assert reading(module, device(LOGIN)).encryption.state is EncryptionState.PLAINTEXT


def test_addresses_in_network_order_and_lists_of_relays_are_read() -> None:
    relays = "f1 69 0024 02000000 0200 7d64 c0000201 0000000000000000 0002 647d 020200c0 0000000000000000"
    assert told(play(module, server(relays))) == [
        ("pppp.list_req_ack.address", b"192.0.2.1:32100"),
        ("pppp.list_req_ack.address", b"192.0.2.2:32100"),
    ]


def test_commands_in_the_clear_are_given() -> None:
    found = play(module, server(RESULT))
    assert told(found) == [("pppp.command", b'{"result":"success", "channel": "1687604647660"}')]
    request = b"GET /check_user.cgi?loginuse=admin&loginpas=wau"
    drw = b"\xf1\xd0" + (12 + len(request)).to_bytes(2) + b"\xd1\0\0\1" + b"\1\x0a\0\0" + bytes(4) + request
    assert told(play(module, device(drw))) == [("pppp.command", request)]


def test_inconclusive_other_data_are_opaque() -> None:
    assert reading(module, device(LOGIN), server(MEDIA)).encryption.state is EncryptionState.OPAQUE
    cut = bytes.fromhex(LOGIN)[:40]
    assert recognise(module, cut) is Likeness.WEAK
    assert oddities(play(module, device(cut, truncated_len=68))) == []


def test_fail_other_messages_and_lengths_are_none() -> None:
    assert recognise(module, LOGIN.replace("f1 14", "f2 14")) is Likeness.NO
    assert recognise(module, LOGIN.replace("f1 14", "f1 aa")) is Likeness.NO
    assert recognise(module, HELLO + "00") is Likeness.NO
    assert recognise(module, "f1410000") is Likeness.WEAK
    assert oddities(play(module, device(HELLO + "00"))) == [
        "pppp: length of a message is not that of its datagram"
    ]
    assert oddities(play(module, device("00"))) == ["pppp: not a message"]


@settings(max_examples=200)
@given(st.sampled_from(sorted(module.NAMES)), st.binary(max_size=60))
def test_any_datagram_is_taken_without_a_fault(kind: int, data: bytes) -> None:
    datagram = bytes((0xF1, kind)) + len(data).to_bytes(2) + data
    module.recognise(Head(datagram, UDP))
    play(module, device(datagram), server(bytes((0xF1, kind)) + data))
