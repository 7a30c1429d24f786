"""Reads RTCP packets: who sends media, as it calls itself.

Source: RFC 3550 sections 6.1 (compound packets), 6.4 (SR, RR), 6.5 (SDES), 6.6 (BYE), 6.7 (APP); RFC 4585
(feedback); RFC 3611 (extended reports).
"""

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content
from iotaudit.model.raw import Segment

SENDER, RECEIVER, SOURCES, BYE, APP = range(200, 205)
KINDS = range(200, 208)
HEADER_LEN = 4
PACKETS = 64
"""Packets of one datagram that are read."""
ITEMS = {1: "cname", 2: "name", 3: "email", 4: "phone", 5: "location", 6: "tool", 7: "note"}
"""Items of a source's description, with the name that each is handed on under."""
REPORT_LEN = {SENDER: 28, RECEIVER: 8}
BLOCK_LEN = 24

Packet = tuple[int, int, bytes]
"""Kind, count (five bits of the first byte), and the bytes behind the header without padding."""


def split(data: bytes) -> tuple[Packet, ...] | None:
    """Gives the packets of a compound datagram, None where their lengths do not add up to it."""
    found: list[Packet] = []
    at = 0
    while at < len(data) and len(found) < PACKETS:
        header = data[at : at + HEADER_LEN]
        if len(header) < HEADER_LEN or header[0] >> 6 != 2 or header[1] not in KINDS:
            return None
        end = at + HEADER_LEN + 4 * int.from_bytes(header[2:4])
        if end > len(data):
            return None
        padding = data[end - 1] if header[0] & 0x20 and end == len(data) else 0
        found.append(
            (
                header[1],
                header[0] & 0x1F,
                data[at + HEADER_LEN : max(end - padding, at + HEADER_LEN)],
            )
        )
        at = end
    return tuple(found) if found and at == len(data) else None


def is_report(packet: Packet) -> bool:
    """Says whether a packet is a report whose length fits its count of blocks."""
    kind, count, body = packet
    return kind in REPORT_LEN and len(body) + HEADER_LEN >= REPORT_LEN[kind] + count * BLOCK_LEN


def is_exact_report(packet: Packet) -> bool:
    """Says whether a report says something, and has just the length that its count of blocks asks for."""
    kind, count, body = packet
    return (kind == SENDER or count > 0) and len(body) + HEADER_LEN == REPORT_LEN.get(
        kind, 0
    ) + count * BLOCK_LEN


def sources(body: bytes, count: int) -> tuple[tuple[int, bytes], ...] | None:
    """Gives kind and text of the items that describe sources, None where they do not fit the packet."""
    found: list[tuple[int, bytes]] = []
    at = 0
    for _ in range(count):
        if at + 4 > len(body):
            return None
        at += 4
        while True:
            head = body[at : at + 2]
            if head[:1] == b"\0":
                break
            if len(head) < 2 or at + 2 + head[1] > len(body):
                return None
            found.append((head[0], body[at + 2 : at + 2 + head[1]]))
            at += 2 + head[1]
        at += 4 - at % 4
    return tuple(found) if at == len(body) else None


def read(segment: Segment, said: Said, found: Seen) -> str | None:
    """Adds what a datagram tells about its sources, each once; gives what was wrong with it, else None."""
    packets = split(segment.data)
    if packets is None:
        return "lengths of the packets"
    for kind, count, body in packets:
        if kind == SOURCES:
            items = sources(body, count)
            if items is None:
                return "description of a source"
            for item, text in items:
                name = ITEMS.get(item)
                if name and text and said.is_new(name, text):
                    _give(segment, name, name, text, found)
        elif kind == BYE and len(body) > 4 * count:
            reason = body[4 * count + 1 : 4 * count + 1 + body[4 * count]]
            if said.is_new("bye", reason):
                _give(segment, "bye", "reason", reason, found)
        elif kind == APP and len(body) > 8 and said.is_new("app", body[4:]):
            _give(segment, "app", body[4:8].decode("ascii", "replace"), body[8:], found)
    return None


def _give(segment: Segment, what: str, key: str, data: bytes, found: Seen) -> None:
    if data:
        found.append(content(segment, f"rtcp.{what}", data, key=key))
