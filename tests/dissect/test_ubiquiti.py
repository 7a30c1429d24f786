"""Ubiquiti discovery: fields of an announcement."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ubiquiti as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise
from tests.dissect.told import oddities, told

ANNOUNCEMENT = (  # ndpi/ubntac2.pcap, packet 1
    "02 06 00ab"  # version, command, length
    "02 000a 802aa88d692b c0a80215"  # MAC and address
    "02 000a 802aa88d692c c0a80101"
    "01 0006 802aa88d692b"  # MAC
    "0a 0004 0000de60"  # uptime
    "0b 0004 75626e74"  # host name
    "0c 0004 55475733"  # platform
    "03 0038 556e6946695365637572697479476174657761792e45522d653132302e76342e332e33332e343933363038362e"
    "3136313230332e32303331"  # firmware
    "16 000e 342e332e33332e34393336303836"  # its version
    "15 0004 55475733 17 0001 00 18 0001 00 13 0006 802aa88d692b 12 0004 000015cf"
    "1b 0005 342e302e30"
)
QUESTION = "01000000"


def test_pass_the_fields_are_given_once() -> None:
    assert recognise(module, ANNOUNCEMENT) is Likeness.LIKELY
    assert told(play(module, device(ANNOUNCEMENT), device(ANNOUNCEMENT))) == [
        ("ubiquiti.mac", b"80:2a:a8:8d:69:2b"),
        ("ubiquiti.ip", b"192.168.2.21"),
        ("ubiquiti.mac", b"80:2a:a8:8d:69:2c"),
        ("ubiquiti.ip", b"192.168.1.1"),
        ("ubiquiti.hostname", b"ubnt"),
        ("ubiquiti.platform", b"UGW3"),
        ("ubiquiti.firmware", b"UniFiSecurityGateway.ER-e120.v4.3.33.4936086.161203.2031"),
        ("ubiquiti.version", b"4.3.33.4936086"),
        ("ubiquiti.model", b"UGW3"),
    ]
    assert reading(module, device(ANNOUNCEMENT)).encryption.state is EncryptionState.PLAINTEXT


def test_inconclusive_a_question_counts_on_its_port_alone() -> None:
    assert recognise(module, QUESTION) is Likeness.WEAK
    assert play(module, device(QUESTION)) == []


def test_a_cut_announcement_gives_its_whole_fields() -> None:
    cut = bytes.fromhex(ANNOUNCEMENT)[:35]
    found = play(module, device(cut, truncated_len=140))
    assert len(told(found)) == 4
    assert oddities(found) == []
    assert oddities(play(module, device(cut))) == ["ubiquiti: fields do not fill the message"]


def test_fail_other_versions_lengths_and_fields_are_none() -> None:
    whole = bytes.fromhex(ANNOUNCEMENT)
    assert recognise(module, b"\3" + whole[1:]) is Likeness.NO
    assert recognise(module, whole + b"\0") is Likeness.NO
    assert recognise(module, "01 00 0004 01 0006 00") is Likeness.NO
    assert recognise(module, "01 00 0004 0b 0001 41") is Likeness.NO


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_datagram_is_taken_without_a_fault(data: bytes) -> None:
    datagram = b"\1\0" + len(data).to_bytes(2) + data
    module.recognise(Head(datagram, UDP))
    play(module, device(datagram), device(data))
