"""Which packets are of the device under audit: as a filter of libpcap, and as a test of our own.

Source: IEEE 802.3 and 802.1Q (addresses, tags), RFC 791, RFC 8200, RFC 826; LINKTYPE_LINUX_SLL and _SLL2.
"""

import ipaddress

from iotaudit.capture.live.stream import Keep
from iotaudit.errors import InputError

ETHERNET, SLL, SLL2 = 1, 113, 276
RAW = (12, 14, 101, 228, 229)
IPV4, IPV6, ARP = b"\x08\x00", b"\x86\xdd", b"\x08\x06"
TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
TAGS_MAX = 4
SPANS = {IPV4: ((12, 16), (16, 20)), IPV6: ((8, 24), (24, 40)), ARP: ((14, 18), (24, 28))}
"""Where sender and receiver stand, from the network header on."""


def expression(device: str) -> str:
    """Gives the filter of libpcap for what a device (normal form) sends and gets, broadcasts of others left out."""
    return f"ether host {device}" if is_mac(device) else f"host {device}"


def is_mac(device: str) -> bool:
    """Says whether a device in normal form is named by its MAC."""
    return device.count(":") == 5 and len(device) == 17


def test_of(device: str) -> Keep:
    """Gives the same as a test of link type and frame; what cannot be told is not kept.

    The test raises an InputError where frames of a link type do not show what is asked for.
    """
    return _by_mac(bytes.fromhex(device.replace(":", ""))) if is_mac(device) else _by_address(device)


def _by_mac(mac: bytes) -> Keep:
    def keep(link: int, frame: bytes) -> bool:
        if link != ETHERNET:
            raise InputError(f"frames of link type {link} do not show both MACs; name the device by its IP address")
        return frame[:6] == mac or frame[6:12] == mac

    return keep


def _by_address(device: str) -> Keep:
    wanted = ipaddress.ip_address(device).packed

    def keep(link: int, frame: bytes) -> bool:
        kind, at = _network(link, frame)
        spans = SPANS.get(kind, ())
        return any(frame[at + start : at + end] == wanted for start, end in spans)

    return keep


def _network(link: int, frame: bytes) -> tuple[bytes, int]:
    """Gives the EtherType of a frame and where its network header begins."""
    if link == ETHERNET:
        at = 12
        for _ in range(TAGS_MAX):
            if frame[at : at + 2] not in TAGS:
                break
            at += 4
        return frame[at : at + 2], at + 2
    if link == SLL:
        return frame[14:16], 16
    if link == SLL2:
        return frame[:2], 20
    if link in RAW:
        return (IPV6 if frame[:1] and frame[0] >> 4 == 6 else IPV4), 0
    raise InputError(f"a device cannot be told in frames of link type {link}; record without --only-device")


