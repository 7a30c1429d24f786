"""NetBIOS: names that hosts register, answer to and send under."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import netbios, open_flow
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.events import Event, HostNamed, Oddity
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import SECOND_NS, device, play, recognise

CAMERA = Endpoint("192.168.1.20", 137)
BROADCAST = Endpoint("192.168.1.255", 137)


def encoded(name: str, suffix: int) -> str:
    """Gives a name in half-byte letters, as hex: length, letters, end."""
    raw = name.encode().ljust(15) + bytes([suffix])
    letters = "".join(chr(65 + (b >> 4)) + chr(65 + (b & 15)) for b in raw)
    return "20" + letters.encode().hex() + "00"


def registration(name: str = "CAM01", suffix: int = 0, flags: str = "0000", ip: str = "c0a80114") -> str:
    return (
        "0001 2910"  # id; opcode 5 (registration), recursion desired, broadcast
        "0001 0000 0000 0001"  # one question, one additional record
        + encoded(name, suffix)
        + "0020 0001"  # NB, IN
        + "c00c 0020 0001 000493e0 0006"  # the same name, TTL 300000
        + flags
        + ip
    )


def sent(data: str | bytes, by: Endpoint = CAMERA) -> list[Event | Content]:
    return play(netbios, device(data), client=by, server=BROADCAST)


def named(name: str, detail: str) -> list[HostNamed]:
    return [HostNamed(1, 1, SECOND_NS, True, CAMERA.ip, name, "netbios", detail)]


def test_pass_registration_names_the_host() -> None:
    assert sent(registration()) == named("cam01", "workstation")


def test_pass_letters_on_the_wire_are_read() -> None:
    # CAM01 and the suffix 00 spelled out: EDEBENDADBCACACACACACACACACACAAA
    literal = "45444542454e44414442" + "4341" * 10 + "4141"
    assert encoded("CAM01", 0) == "20" + literal + "00"


def test_pass_answer_to_a_name_query() -> None:
    answer = (
        "0002 8500 0000 0001 0000 0000"  # positive response, one answer
        + encoded("CAM01", 0x20)
        + "0020 0001 000493e0 0006 0000 c0a80114"
    )
    assert sent(answer) == named("cam01", "file server")


def test_pass_table_of_names() -> None:
    answer = (
        "0003 8400 0000 0001 0000 0000"
        + encoded("*", 0)
        + "0021 0001 00000000 0041 03"  # NBSTAT, 65 bytes, three names
        + b"CAM01".ljust(15).hex()
        + "00 0400"  # unique, active
        + b"WORKGROUP".ljust(15).hex()
        + "00 8400"  # group
        + b"CAM01".ljust(15).hex()
        + "03 0400"  # messenger
        + "001122334455" + "0000 0000"
    )
    assert sent(answer) == named("cam01", "workstation")


def test_pass_datagram_carries_the_name_of_its_sender() -> None:
    datagram = (
        "11 0a 0007 c0a80114 008a 00bb 0000"  # direct group, flags, id, 192.168.1.20, port 138, length, offset
        + encoded("CAM01", 0)
        + encoded("WORKGROUP", 0x1D)
        + "ff534d42"
    )
    assert sent(datagram) == named("cam01", "workstation")


def test_fail_name_at_another_address_is_not_the_senders() -> None:
    assert sent(registration(ip="c0a80142")) == []


def test_fail_group_and_other_suffixes_name_nobody() -> None:
    assert sent(registration(flags="8000")) == []
    assert sent(registration(suffix=0x1B)) == []


def test_fail_cut_record_is_an_oddity() -> None:
    found = sent(bytes.fromhex(registration())[:-3])
    assert [e.detail for e in found if isinstance(e, Oddity)] == ["netbios: the record is cut"]


def test_inconclusive_question_names_nobody() -> None:
    query = "0004 0110 0001 0000 0000 0000" + encoded("SERVER", 0x20) + "0020 0001"
    assert sent(query) == []
    assert recognise(netbios, query) is Likeness.CERTAIN
    flow = open_flow(1, UDP, CAMERA, BROADCAST)
    flow.feed(Segment(1, True, 1, SECOND_NS, 0, bytes.fromhex(query)))
    assert flow.summary().application == "netbios"


@given(st.binary(max_size=120), st.integers(0, 150), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes, at: int, byte: int) -> None:
    damaged = bytearray(bytes.fromhex(registration()))
    damaged[at % len(damaged)] = byte
    for piece in (data, bytes(damaged), bytes(damaged[:50]) + data):
        for item in sent(piece):
            assert isinstance(item, HostNamed | Oddity)


def test_fail_random_bytes_are_hardly_ever_taken_for_it() -> None:
    dice = random.Random(7)  # noqa: S311 - bytes to try, not secrets
    taken = sum(netbios.recognise(Head(dice.randbytes(dice.randrange(12, 400)), UDP)) > Likeness.NO for _ in range(2_000))
    assert taken <= 60
