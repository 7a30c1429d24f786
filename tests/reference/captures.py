"""A slow and obvious reader of pcapng files and counter of conversations: block by block, frame by frame.

It shares no code with the readers under test; the headers of frames are those of `packets.read_frame`.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tests.reference.packets import Row, read_frame

TCP, UDP = 6, 17
Ends = tuple[int, tuple[int, int], tuple[int, int]]
"""Protocol and both ends (address, port), the smaller one first; IPv6 addresses lie above those of IPv4."""


@dataclass(frozen=True)
class Seen:
    """One packet of a file; its place in the set-up is (input, number)."""

    input: int
    number: int
    time_ns: int
    link_type: int
    wire_len: int
    data: bytes


@dataclass
class Sums:
    """What is counted of a conversation; `packets`, `bytes` and `payload` by the end that sent them."""

    packets: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    bytes: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    payload: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    places: list[tuple[int, int]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def add(self, sender: tuple[int, int], seen: Seen, payload_len: int) -> None:
        """Counts a packet."""
        self.packets[sender] += 1
        self.bytes[sender] += seen.wire_len
        self.payload[sender] += payload_len
        self.places.append((seen.input, seen.number))
        self.times.append(seen.time_ns)


def read_file(data: bytes, index: int = 0) -> Iterator[Seen]:
    """Gives the packets of a little-endian pcapng file with enhanced packet blocks."""
    interfaces: list[tuple[int, Fraction, int]] = []
    at = number = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + size - 4]
        if kind == 1:
            interfaces.append(_interface(body))
        elif kind == 6:
            number += 1
            interface, high, low, captured, wire_len = struct.unpack_from("<IIIII", body)
            link_type, unit, offset_s = interfaces[interface]
            time_ns = int((high << 32 | low) * unit * 10**9) + offset_s * 10**9
            yield Seen(index, number, time_ns, link_type, wire_len, body[20 : 20 + captured])
        at += size


def _interface(body: bytes) -> tuple[int, Fraction, int]:
    """Gives link type, unit of time in seconds, and offset."""
    unit, offset_s, at = Fraction(1, 10**6), 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from("<HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == 9:
            unit = Fraction(1, 1 << (value[0] & 0x7F)) if value[0] & 0x80 else Fraction(1, 10 ** value[0])
        elif code == 14:
            (offset_s,) = struct.unpack("<q", value)
        at += 4 + (size + 3) // 4 * 4
    return struct.unpack_from("<H", body)[0], unit, offset_s


def conversations(files: list[bytes]) -> dict[Ends, Sums]:
    """Gives the TCP and UDP conversations of all files; every fragment counts to its datagram's conversation.

    A datagram is told by addresses, protocol (IPv4) and identification: no two may share these.
    """
    rows = [
        (seen, row)
        for index, data in enumerate(files)
        for seen in read_file(data, index)
        for row in read_frame(seen.link_type, seen.wire_len, seen.data)
    ]
    owners = {_datagram(row): row for _, row in rows if row.frag == 1}
    found: dict[Ends, Sums] = defaultdict(Sums)
    for seen, row in rows:
        owner = owners.get(_datagram(row)) if row.frag == 2 else row
        if owner is None or owner.protocol not in (TCP, UDP):
            continue
        above = (owner.ip_version == 6) << 128
        sender, other = (owner.src | above, owner.src_port), (owner.dst | above, owner.dst_port)
        low, high = sorted((sender, other))
        found[owner.protocol, low, high].add(sender, seen, row.payload_len)
    return dict(found)


def _datagram(row: Row) -> tuple[int, ...]:
    return row.ip_version, row.src, row.dst, row.protocol if row.ip_version == 4 else 0, row.frag_id
