"""Shared by the tests of this folder: packets by hand, and what an assembler makes of them."""

import ipaddress
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from iotaudit.assemble import Assembler
from iotaudit.model.flows import FlowTable
from iotaudit.model.packets import ip_text, packet_id
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import PacketTable, Segment

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "icmpv6": 58, "options": 60, "sctp": 132}
FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10}
CLIENT, SERVER = "192.168.1.20", "203.0.113.9"
CLIENT_MAC, SERVER_MAC = 0x020000000014, 0x020000000001
HEADER_LEN = 54
SECOND = 1_000_000_000


class Packet(NamedTuple):
    """One row of a packet table. `cut` bytes of `data` were not captured; `more` and the like are for fragments."""

    src: str = CLIENT
    sport: int = 40000
    dst: str = SERVER
    dport: int = 443
    proto: str = "tcp"
    flags: str = "A"
    seq: int = 0
    ack: int = 0
    data: bytes = b""
    cut: int = 0
    ms: float = -1
    layer: int = 0
    src_mac: int = CLIENT_MAC
    dst_mac: int = SERVER_MAC
    frag: int = 0
    frag_id: int = 0
    frag_at: int = 0
    more: bool = False

    def back(self, **changes: Any) -> "Packet":
        """Gives a packet the other way round."""
        turned = self._replace(
            src=self.dst,
            sport=self.dport,
            dst=self.src,
            dport=self.sport,
            src_mac=self.dst_mac,
            dst_mac=self.src_mac,
        )
        return turned._replace(**changes)


def build(packets: list[Packet], first: int = 1, input_index: int = 0) -> PacketTable:
    """Gives a block; packet `i` has number `first + i` and, unless it says otherwise, comes at that second."""
    buffer = bytearray()
    rows: list[dict[str, int]] = []
    for i, packet in enumerate(packets):
        src, dst = ipaddress.ip_address(packet.src), ipaddress.ip_address(packet.dst)
        flags = sum(FLAGS[flag] for flag in packet.flags) if packet.proto == "tcp" else 0
        header = b""
        if packet.proto == "tcp":
            header = packet.sport.to_bytes(2, "big") + packet.dport.to_bytes(2, "big")
            header += packet.seq.to_bytes(4, "big") + packet.ack.to_bytes(4, "big") + bytes((0x50, flags)) + bytes(6)
        buffer += header
        rows.append({
            "number": packet_id(input_index, first + i),
            "time_ns": (first + i) * SECOND if packet.ms < 0 else round(packet.ms * 1e6),
            "wire_len": HEADER_LEN + len(packet.data),
            "captured_len": HEADER_LEN + len(packet.data) - packet.cut,
            "layer": packet.layer,
            "ip_version": src.version,
            "protocol": PROTOCOLS[packet.proto],
            "src_hi": int(src) >> 64,
            "src_lo": int(src) & (1 << 64) - 1,
            "dst_hi": int(dst) >> 64,
            "dst_lo": int(dst) & (1 << 64) - 1,
            "src_port": packet.sport if packet.frag < 2 and packet.proto in ("tcp", "udp") else 0,
            "dst_port": packet.dport if packet.frag < 2 and packet.proto in ("tcp", "udp") else 0,
            "tcp_flags": flags if packet.frag < 2 else 0,
            "tcp_seq": packet.seq if packet.proto == "tcp" and packet.frag < 2 else 0,
            "tcp_ack": packet.ack if packet.proto == "tcp" and packet.frag < 2 else 0,
            "payload_at": len(buffer),
            "payload_len": len(packet.data),
            "payload_captured": len(packet.data) - packet.cut,
            "src_mac": packet.src_mac,
            "dst_mac": packet.dst_mac,
            "frag": packet.frag,
            "frag_id": packet.frag_id,
            "frag_at": packet.frag_at,
            "frag_more": packet.more,
        })
        buffer += packet.data[: len(packet.data) - packet.cut]
    types = {"layer": "u1", "ip_version": "u1", "protocol": "u1", "tcp_flags": "u1", "frag": "u1", "frag_more": "?"}
    types |= dict.fromkeys(("src_hi", "src_lo", "dst_hi", "dst_lo", "src_mac", "dst_mac"), "u8")
    types |= dict.fromkeys(("src_port", "dst_port"), "u2")
    types |= dict.fromkeys(("tcp_seq", "tcp_ack", "frag_id"), "u4")
    columns = {
        name: np.array([row[name] for row in rows], types.get(name, "i8"))
        for name in PacketTable.__slots__
        if name not in ("frame_at", "flow", "buffer")
    }
    none = np.full(len(rows), -1)
    return PacketTable(**columns, frame_at=none, flow=none, buffer=np.frombuffer(bytes(buffer) + bytes(256), np.uint8))


def blocks(packets: list[Packet], cuts: tuple[int, ...] = ()) -> list[PacketTable]:
    """Gives the packets as blocks that are cut before these indexes."""
    places = sorted({0, len(packets), *(cut % (len(packets) + 1) for cut in cuts)})
    return [build(packets[a:b], a + 1) for a, b in pairwise(places)]


class Assembled(NamedTuple):
    """What came out: segments in order, flows as dicts, problems as (kind, count)."""

    segments: list[Segment]
    flows: list[dict[str, Any]]
    problems: dict[str, int]
    tally: ProblemTally
    assembler: Assembler

    def stream(self, flow: int = 0, *, outbound: bool = True) -> list[bytes | int]:
        """Gives the bytes of a direction, joined, with gaps as their lengths between them."""
        found: list[bytes | int] = []
        for segment in self.segments:
            if (segment.flow, segment.outbound) != (flow, outbound):
                continue
            if segment.gap_len:
                found.append(segment.gap_len)
            elif found and isinstance(found[-1], bytes):
                found[-1] += segment.data
            else:
                found.append(segment.data)
        return found


def assemble(packets: list[Packet], cuts: tuple[int, ...] = (), **limits: Any) -> Assembled:
    """Feeds packets in blocks, all directions wanted, to the end."""
    tally = ProblemTally()
    assembler = Assembler(tally, **limits)
    segments = [segment for table in blocks(packets, cuts) for segment in assembler.feed(table)]
    segments += assembler.flush()
    problems: dict[str, int] = {}
    for row in tally.rows():
        problems[row.kind] = problems.get(row.kind, 0) + row.count
    return Assembled(segments, flow_dicts(assembler.table()), problems, tally, assembler)


def flow_dicts(table: FlowTable) -> list[dict[str, Any]]:
    """Gives the rows of a flow table as dicts, addresses as text with port."""
    found = []
    for i in range(len(table.protocol)):
        row = {name: getattr(table, name)[i].item() for name in FlowTable.__slots__}
        for end in ("client", "server"):
            ip = ip_text(row["ip_version"], row.pop(f"{end}_hi"), row.pop(f"{end}_lo"))
            row[end] = (ip, row.pop(f"{end}_port"))
        found.append(row)
    return found


def handshake(
    packet: Packet = Packet(), *, client_isn: int = 1000, server_isn: int = 5000  # noqa: B008 - immutable
) -> list[Packet]:
    """Gives SYN, SYN+ACK and ACK, 10 ms apart."""
    start = packet._replace(flags="S", seq=client_isn, ms=1000)
    return [
        start,
        start.back(flags="SA", seq=server_isn, ack=client_isn + 1, ms=1010),
        start._replace(flags="A", seq=client_isn + 1, ack=server_isn + 1, ms=1020),
    ]
