"""Which packets are of the device, by MAC and by address, on several link types."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture.live import device
from iotaudit.errors import InputError

MINE, OTHER, GATEWAY = "525400123456", "525400999999", "525400aaaaaa"
# IPv4 header alone: 192.0.2.7 to 198.51.100.1, and back
OUT = "4500001400000000401100 00c0000207c6336401".replace(" ", "")
BACK = "450000140000000040110000c6336401c0000207"
# ARP: who has 192.0.2.7, asked by 198.51.100.1
ARP = "0001080006040001" + OTHER + "c6336401" + "000000000000" + "c0000207"
# IPv6 header alone: 2001:db8::7 to 2001:db8::1
SIX = "6000000000001140" + "20010db8000000000000000000000007" + "20010db8000000000000000000000001"


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        (GATEWAY + MINE + "0800", True),
        (MINE + GATEWAY + "0800", True),
        ("ffffffffffff" + OTHER + "0806" + MINE, False),
        (GATEWAY + OTHER + "0800", False),
        (MINE[:10], False),
    ],
)
def test_a_mac_is_sender_or_receiver(frame: str, kept: bool) -> None:  # noqa: FBT001
    assert device.test_of("52:54:00:12:34:56")(1, bytes.fromhex(frame)) is kept


@pytest.mark.parametrize(
    ("link", "frame", "address", "kept"),
    [
        (1, MINE + GATEWAY + "0800" + OUT, "192.0.2.7", True),
        (1, MINE + GATEWAY + "0800" + BACK, "192.0.2.7", True),
        (1, MINE + GATEWAY + "0800" + OUT, "192.0.2.8", False),
        (1, MINE + GATEWAY + "81000005" + "0800" + OUT, "192.0.2.7", True),  # VLAN 5
        (1, MINE + GATEWAY + "88a80005" + "81000006" + "0800" + OUT, "192.0.2.7", True),  # two tags
        (1, MINE + GATEWAY + "0806" + ARP, "192.0.2.7", True),
        (1, MINE + GATEWAY + "86dd" + SIX, "2001:db8::7", True),
        (1, MINE + GATEWAY + "86dd" + SIX, "2001:db8::8", False),
        (113, "0000000100065254001234560000" + "0800" + OUT, "192.0.2.7", True),  # Linux cooked
        (276, "0800" + "00" * 18 + OUT, "192.0.2.7", True),  # Linux cooked, version 2
        (101, OUT, "192.0.2.7", True),  # raw
        (101, SIX, "2001:db8::7", True),
        (101, "", "192.0.2.7", False),
        (1, MINE + GATEWAY + "88b5" + OUT, "192.0.2.7", False),  # another protocol
    ],
)
def test_an_address_is_found_behind_tags_and_link_types(link: int, frame: str, address: str, kept: bool) -> None:  # noqa: FBT001
    assert device.test_of(address)(link, bytes.fromhex(frame)) is kept


def test_a_link_type_that_does_not_show_it_is_told() -> None:
    with pytest.raises(InputError, match="name the device by its IP address"):
        device.test_of("52:54:00:12:34:56")(113, bytes(16))
    with pytest.raises(InputError, match="record without --only-device"):
        device.test_of("192.0.2.7")(127, bytes(16))


def test_the_filter_names_the_device() -> None:
    assert device.expression("52:54:00:12:34:56") == "ether host 52:54:00:12:34:56"
    assert device.expression("192.0.2.7") == "host 192.0.2.7"
    assert device.expression("2001:db8::7") == "host 2001:db8::7"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([1, 101, 113, 276]), st.binary(max_size=80))
def test_any_frame_is_kept_or_not(link: int, frame: bytes) -> None:
    assert device.test_of("192.0.2.7")(link, frame) in (True, False)
