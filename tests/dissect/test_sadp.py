"""SADP: the search for cameras and its answers (built as clients publish it)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import sadp as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities, told

UUID = "<Uuid>13A888A9-F1B1-4020-AE9F-05607682D23B</Uuid>"
SEARCH = f'<?xml version="1.0" encoding="utf-8"?><Probe>{UUID}<Types>inquiry</Types></Probe>'.encode("ascii")
ANSWER = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<ProbeMatch>\n{UUID}\n<Types>inquiry</Types>\n'
    "<DeviceDescription>MOPPEL-CAM-1</DeviceDescription>\n"
    "<DeviceSN>MOPPEL-CAM-120240101AAWR000000001</DeviceSN>\n"
    "<MAC>02-00-00-00-00-01</MAC>\n<IPv4Address>192.168.1.64</IPv4Address>\n"
    "<SoftwareVersion>V5.5.0build 170725</SoftwareVersion>\n</ProbeMatch>"
).encode("ascii")


def test_pass_an_answer_is_given_by_its_elements_once() -> None:
    assert recognise(module, SEARCH) is Likeness.LIKELY
    assert recognise(module, ANSWER) is Likeness.LIKELY
    assert told(play(module, device(SEARCH), server(ANSWER), server(ANSWER))) == [
        ("sadp.DeviceDescription", b"MOPPEL-CAM-1"),
        ("sadp.DeviceSN", b"MOPPEL-CAM-120240101AAWR000000001"),
        ("sadp.MAC", b"02-00-00-00-00-01"),
        ("sadp.IPv4Address", b"192.168.1.64"),
        ("sadp.SoftwareVersion", b"V5.5.0build 170725"),
    ]
    assert reading(module, device(SEARCH)).encryption.state is EncryptionState.PLAINTEXT


def test_inconclusive_a_cut_answer_gives_its_whole_elements() -> None:
    assert len(told(play(module, server(ANSWER[:250], truncated_len=200)))) == 2


def test_fail_other_xml_is_none() -> None:
    assert recognise(module, b'<?xml version="1.0"?><Envelope><Uuid>1</Uuid></Envelope>') is Likeness.NO
    assert recognise(module, b"<Probe><Types>dn:NetworkVideoTransmitter</Types></Probe>") is Likeness.NO
    assert oddities(play(module, device(b"<html>"))) == ["sadp: not a search"]


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_datagram_is_taken_without_a_fault(data: bytes) -> None:
    module.recognise(Head(b"<" + data, UDP))
    play(module, device(b"<Probe><Uuid>" + data), server(data))
