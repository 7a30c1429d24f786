"""BACnet/IP: announcements, names of objects, texts of properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import bacnet as module
from iotaudit.dissect.session import UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, play, reading, recognise, server

WHO_IS = "81 0b 000c 0120 ffff 00 ff 10 08"  # broadcast; to all networks, 255 hops; Who-Is
I_AM = (
    "81 0b 0014 0100"  # broadcast; network header without addresses
    "10 00"  # I-Am
    "c4 020004d2"  # object: device 1234
    "22 05c4"  # 1476 bytes at most
    "91 03"  # no segmentation
    "21 0f"  # vendor 15
)
I_HAVE = "81 0a 001d 0100 10 01 c4020004d2 c400000007 75 08 00 5a4f4e452d2d37"  # "ZONE--7"


def bvlc(function: int, body: bytes) -> bytes:
    """Gives a datagram with a function."""
    return bytes((0x81, function)) + (len(body) + 4).to_bytes(2) + body


def read_answer(number: int, value: str) -> bytes:
    """Gives the answer of ReadProperty with a value of device 1234."""
    prop = bytes((0x19, number)) if number < 256 else b"\x1a" + number.to_bytes(2)
    return bvlc(10, bytes.fromhex("0100 30010c 0c020004d2") + prop + b"\x3e" + bytes.fromhex(value) + b"\x3f")


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_announcements_tell_device_vendor_and_name() -> None:
    pieces = (device(WHO_IS), server(I_AM), server(I_HAVE), server(I_AM))
    assert told(play(module, *pieces)) == [
        ("bacnet.device", "device", b"device 1234"),
        ("bacnet.vendor", "vendor", b"vendor 15"),
        ("bacnet.object_name", "object-name", b"ZONE--7"),
    ]
    encryption = reading(module, *pieces).encryption
    assert encryption.state is EncryptionState.PLAINTEXT
    assert encryption.reason == "BACnet/IP in the clear: Who-Is, I-Am, I-Have"


def test_texts_of_properties_are_told_by_their_names() -> None:
    pieces = (
        server(read_answer(77, "75 0a 00 70616e656c2d303031")),
        server(read_answer(58, "75 09 04 00480061006c006c")),  # UTF-16: Hall
        server(read_answer(372, "75 06 00 534e2d3031")),
        server(read_answer(85, "44 42280000")),  # present-value, a real number
    )
    assert told(play(module, *pieces)) == [
        ("bacnet.object_name", "object-name", b"panel-001"),
        ("bacnet.text", "location", b"Hall"),
        ("bacnet.text", "serial-number", b"SN-01"),
    ]


def test_a_forwarded_message_is_read_behind_the_address_of_its_sender() -> None:
    body = bytes.fromhex(I_AM)[4:]
    found = play(module, device(bvlc(4, bytes.fromhex("c0a80114 bac0") + body)))
    assert told(found)[0] == ("bacnet.device", "device", b"device 1234")


def test_secured_messages_alone_are_opaque() -> None:
    assert reading(module, device(bvlc(12, bytes(40)))).encryption.state is EncryptionState.OPAQUE


def test_fail_a_cut_network_header_is_an_oddity() -> None:
    assert [type(item) for item in play(module, device(bvlc(10, b"\1\x20\0\1")))] == [Oddity]


def test_inconclusive_a_tag_that_is_cut_ends_reading() -> None:
    assert told(play(module, device(bytes.fromhex(I_AM)[:14], truncated_len=6))) == [
        ("bacnet.device", "device", b"device 1234")
    ]
    assert told(play(module, server(read_answer(77, "75 20 00 70616e656c")))) == []


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (WHO_IS, Likeness.LIKELY),
        (I_AM, Likeness.LIKELY),
        (I_AM.replace("0014", "0015"), Likeness.NO),
        (I_AM.replace("0014 01", "0014 02"), Likeness.NO),
        (
            "81 05 0006 003c",
            Likeness.WEAK,
        ),  # a foreign device registers: nothing but the length to tell it by
        ("81 05", Likeness.NO),
        ("80 0b 0004", Likeness.NO),
    ],
)
def test_recognition(data: str, likeness: Likeness) -> None:
    assert recognise(module, data, UDP) is likeness


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from([4, 9, 10, 11, 12]),
    st.sampled_from(["", "0100", "01001001", "010030010c"]),
)
def test_any_bytes_give_events(data: bytes, function: int, begin: str) -> None:
    play(module, device(bvlc(function, bytes.fromhex(begin) + data)), device(data))
