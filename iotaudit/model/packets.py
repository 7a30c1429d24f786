"""Packet ids and addresses: the two things that every stage cites.

A packet id is one int: `input index << 40 | 1-based packet number`, so that ids of the first (mostly the
only) input are the numbers that Wireshark shows.
"""

import ipaddress
from functools import lru_cache

NUMBER_BITS = 40
MAPPED = bytes(10) + b"\xff\xff"
"""First 12 bytes of an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2)."""
NUMBER_MASK = (1 << NUMBER_BITS) - 1

PROTOCOL_NAMES = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    41: "6in4",
    4: "ipip",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    89: "ospf",
    103: "pim",
    112: "vrrp",
    132: "sctp",
    136: "udplite",
}
"""IANA protocol numbers (https://www.iana.org/assignments/protocol-numbers) to the names we print."""


def packet_id(input_index: int, number: int) -> int:
    """Gives the id of packet `number` (1-based) of input `input_index` (0-based)."""
    return input_index << NUMBER_BITS | number


def input_of(packet: int) -> int:
    """Gives the 0-based input index of a packet id."""
    return packet >> NUMBER_BITS


def number_of(packet: int) -> int:
    """Gives the 1-based packet number of a packet id."""
    return packet & NUMBER_MASK


def protocol_name(number: int) -> str:
    """Gives the printed name of an IP protocol number, `ip-<n>` where there is none."""
    return PROTOCOL_NAMES.get(number, f"ip-{number}")


@lru_cache(1 << 14)
def ip_text(version: int, hi: int, lo: int) -> str:
    """Gives an address (two unsigned 64-bit halves; IPv4 in the low 32 bits) in RFC 5952 form.

    Kept: a capture has far more conversations than hosts.
    """
    if version == 4:
        return f"{lo >> 24 & 0xFF}.{lo >> 16 & 0xFF}.{lo >> 8 & 0xFF}.{lo & 0xFF}"
    return ipv6_text((hi << 64 | lo).to_bytes(16))


def ipv6_text(packed: bytes) -> str:
    """Gives an IPv6 address (16 bytes) in RFC 5952 form; one that holds an IPv4 address in mixed notation (section 5).

    Python writes the latter so from 3.13 on only.
    """
    if packed.startswith(MAPPED):
        return f"::ffff:{ipaddress.IPv4Address(packed[12:])}"
    return str(ipaddress.IPv6Address(packed))


def mac_text(mac: int) -> str:
    """Gives a 48-bit MAC in lower case with colons."""
    return ":".join(f"{mac >> shift & 0xFF:02x}" for shift in range(40, -8, -8))
