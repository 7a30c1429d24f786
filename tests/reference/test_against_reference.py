"""The columnar reader of layers against the slow one, and both against what tshark says of real captures."""

import gzip
import ipaddress
import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture.layers import arp_senders, decode
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import FrameBatch
from tests.capture.frames import batch_of, be, ethernet, ipv4, ipv6, tcp, udp
from tests.reference.packets import Row, read_frame

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"
TELLING = (
    "arkime/6-4-gre-ppp-udp-4-dns.pcap",  # GRE of PPTP, PPP, 6in4, VLAN
    "arkime/80211http.pcap",  # radiotap
    "arkime/gtp-iphone.pcap",  # GTP-U over Linux cooked
    "gopacket/test_loopback.pcap",  # loopback
    "libpcap/http_PPI.pcap",  # PPI, 802.11
    "mercury/pppoe_double_vlan_tagging.pcap",
    "mercury/sll2_tls.pcap",
    "ndpi/BGP_Cisco_hdlc_slarp.pcap",
    "ndpi/teredo.pcap",
    "ndpi/vxlan.pcap",
    "pcapplusplus/ipv6-frag.pcap",
    "tcpdump/LINKTYPE_PKTAP.pcap",
    "zeek/ipv6-fragmented-dns.pcap",
)
LINK_TYPES = (
    0,
    1,
    9,
    12,
    50,
    100,
    101,
    104,
    105,
    107,
    109,
    113,
    119,
    127,
    163,
    192,
    228,
    229,
    239,
    258,
    276,
    195,
)

Frame = tuple[int, int, bytes]
"""Link type, length on the wire, captured bytes."""


def batch_of_frames(frames: list[Frame]) -> FrameBatch:
    return batch_of(
        [data for _, _, data in frames],
        link_type=[link_type for link_type, _, _ in frames],
        wire_len=[wire_len for _, wire_len, _ in frames],
    )


def rows_of(batch: FrameBatch) -> list[list[Row]]:
    """Gives what `decode` reads in each frame, in the reference's form."""
    table = decode(batch, ProblemTally())
    found: list[list[Row]] = [[] for _ in batch.number]
    for i, number in enumerate(table.number.tolist()):
        found[number - 1].append(
            Row(
                layer=int(table.layer[i]),
                ip_version=int(table.ip_version[i]),
                protocol=int(table.protocol[i]),
                src=int(table.src_hi[i]) << 64 | int(table.src_lo[i]),
                dst=int(table.dst_hi[i]) << 64 | int(table.dst_lo[i]),
                src_port=int(table.src_port[i]),
                dst_port=int(table.dst_port[i]),
                tcp_flags=int(table.tcp_flags[i]),
                tcp_seq=int(table.tcp_seq[i]),
                tcp_ack=int(table.tcp_ack[i]),
                payload_at=int(table.payload_at[i] - table.frame_at[i]),
                payload_len=int(table.payload_len[i]),
                payload_captured=int(table.payload_captured[i]),
                src_mac=int(table.src_mac[i]),
                dst_mac=int(table.dst_mac[i]),
                frag=int(table.frag[i]),
                frag_id=int(table.frag_id[i]),
                frag_at=int(table.frag_at[i]),
                frag_more=bool(table.frag_more[i]),
            )
        )
    return found


def agree(frames: list[Frame]) -> None:
    batch = batch_of_frames(frames)
    arp_senders(batch, ProblemTally())
    for frame, got in zip(frames, rows_of(batch), strict=True):
        assert got == read_frame(*frame), frame[2].hex()


TELLING_BYTES = st.sampled_from(
    (0, 1, 2, 3, 4, 6, 8, 9, 17, 41, 44, 47, 51, 0x0F, 0x33, 0x45, 0x60, 0x81, 0xAA, 0xFF)
)
ANY_BYTES = st.one_of(st.binary(max_size=100), st.lists(TELLING_BYTES, max_size=100).map(bytes))


@st.composite
def random_frames(draw: st.DrawFn) -> Frame:
    data = draw(ANY_BYTES)
    return draw(st.sampled_from(LINK_TYPES)), draw(st.sampled_from((0, len(data), len(data) + 1000))), data


INNER = ipv4(udp(b"inner", 53, 5353))
SEEDS = (
    (1, ethernet(ipv4(tcp(b"hello" * 5), 6))),
    (1, ethernet(ipv4(udp(b"hello")))),
    (1, ethernet(ipv4(udp(b"part", length=900), cut=0x2000))),
    (1, ethernet(ipv4(tcp(b"x"), 6, cut=0x2000))),
    (1, ethernet(ipv4(tcp(b"x"), 6, cut=4))),
    (1, ethernet(ipv6(b"\x3c\0\0\x18" + be(77, 4) + b"\x11\0" + bytes(6) + udp(), 44), 0x86DD)),
    (1, ethernet(ipv4(tcp(b"x"), 6, options=b"\1" * 12))),
    (1, ethernet(ipv6(tcp(b"hello"), 6), 0x86DD)),
    (1, ethernet(ipv6(b"\x11\0\0\1" + be(77, 4) + udp(), 44), 0x86DD)),
    (1, ethernet(ipv6(b"\x3c\0" + bytes(6) + b"\x06\1" + bytes(14) + tcp(), 0), 0x86DD)),
    (1, ethernet(b"\0\1\x81\0\0\2\x88\x64" + b"\x11\0\0\1" + be(35, 2) + b"\0\x21" + INNER, 0x88A8)),
    (1, ethernet(b"\xaa\xaa\3\0\0\0\x08\0" + INNER, 8 + len(INNER))),
    (1, ethernet(bytes.fromhex("00010040 00020140") + INNER, 0x8847)),
    (1, ethernet(ipv4(b"\x20\0\x65\x58\0\0\0\1" + ethernet(INNER), 47))),
    (1, ethernet(ipv4(b"\x30\x81\x88\x0b" + be(50, 2) + bytes(10) + b"\xff\3\0\x21" + INNER, 47))),
    (1, ethernet(ipv4(udp(b"\x08\0\0\0\0\0\1\0" + ethernet(INNER), 50000, 4789)))),
    (1, ethernet(ipv4(udp(b"\x34\xff" + be(45, 2) + bytes(7) + b"\x85\1\0\0\0" + INNER, 2152, 2152)))),
    (1, ethernet(ipv4(udp(b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6) + ipv6(udp()), 3544, 50000)))),
    (1, ethernet(ipv4(udp(b"\x4a\2" + bytes(10) + b"\0\2" + bytes(2) + b"\0\x21" + INNER, 1701, 1701)))),
    (1, ethernet(ipv4(ipv4(ipv4(INNER, 4), 4), 4))),
    (9, b"\xff\3\0\x21" + INNER),
    (105, b"\x88\3\0\0" + bytes(26) + b"\0\0" + b"\xaa\xaa\3\0\0\0\x08\0" + INNER),
    (
        105,
        b"\x88\1\0\0"
        + bytes(20)
        + b"\x80\0"
        + 2 * (bytes(12) + be(41, 2) + b"\xaa\xaa\3\0\0\0\x08\0" + INNER + b"\0"),
    ),
    (107, b"\x18\x41\3\0\x80\0\0\0\x08\0" + INNER),
    (113, b"\0\4\0\1\0\6" + bytes(8) + b"\x08\0" + INNER),
    (
        127,
        bytes.fromhex("0000 1900 2f408000 00000000")
        + bytes(8)
        + b"\x10"
        + bytes(4)
        + b"\x08\1"
        + bytes(22)
        + b"\xaa\xaa\3\0\0\0\x08\0"
        + INNER,
    ),
    (192, b"\0\0" + struct.pack("<HI", 8, 1) + ethernet(INNER)),
    (239, b"\2\0\0\0" + struct.pack("<HH", 8, 1) + bytes(4) + struct.pack("<HH", 37, 9) + INNER),
    (276, b"\x08\0\0\0\0\0\0\3\0\1\4\6" + bytes(8) + INNER),
)


@st.composite
def mutated_frames(draw: st.DrawFn) -> Frame:
    link_type, seed = draw(st.sampled_from(SEEDS))
    data = bytearray(seed)
    for _ in range(draw(st.integers(0, 3))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.one_of(TELLING_BYTES, st.integers(0, 255)))
    kept = draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    return link_type, draw(st.sampled_from((len(data), kept, len(data) + 4))), bytes(data[:kept])


@given(st.lists(random_frames(), max_size=12))
@settings(max_examples=150, deadline=None)
def test_random_bytes_of_any_link_type_never_raise_and_read_alike(frames: list[Frame]) -> None:
    agree(frames)


@given(st.lists(mutated_frames(), min_size=1, max_size=12))
@settings(max_examples=250, deadline=None)
def test_mutated_frames_never_raise_and_read_alike(frames: list[Frame]) -> None:
    agree(frames)


@given(st.lists(mutated_frames(), min_size=2, max_size=8))
@settings(max_examples=50, deadline=None)
def test_a_frame_reads_alike_whatever_stands_beside_it(frames: list[Frame]) -> None:
    together = rows_of(batch_of_frames(frames))
    assert together == [rows_of(batch_of_frames([frame]))[0] for frame in frames]


def test_every_seed_gives_a_packet_and_no_problem() -> None:
    problems = ProblemTally()
    table = decode(batch_of_frames([(link_type, len(data), data) for link_type, data in SEEDS]), problems)
    assert problems.rows() == ()
    assert sorted(set(table.number.tolist())) == list(range(1, len(SEEDS) + 1))


def frames_of(path: Path) -> Iterator[Frame]:
    """Gives the frames of a classic pcap file."""
    data = path.read_bytes()
    order = "<" if data[0] in (0xD4, 0x4D) else ">"
    link_type, at = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF, 24
    while at + 16 <= len(data):
        captured, wire = struct.unpack_from(order + "II", data, at + 8)
        yield link_type, wire, data[at + 16 : at + 16 + captured]
        at += 16 + captured


def text(version: int, address: int) -> str:
    return str(ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address))


def conversations(frames: list[Frame], found: list[list[Row]]) -> dict[tuple[Any, ...], list[int]]:
    """Gives frames and bytes each way of every TCP and UDP conversation, fragments counted to theirs."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    first: dict[tuple[Any, ...], Row] = {}
    for rows in found:
        for row in rows:
            if row.frag == 1:
                first.setdefault((row.ip_version, row.src, row.dst, row.frag_id), row)
    for (_, wire, _), rows in zip(frames, found, strict=True):
        for seen in rows:
            key = (seen.ip_version, seen.src, seen.dst, seen.frag_id)
            owner = first.get(key) if seen.frag == 2 else seen
            if owner is None or owner.protocol not in (6, 17):
                continue
            ends = [
                (text(owner.ip_version, owner.src), owner.src_port),
                (text(owner.ip_version, owner.dst), owner.dst_port),
            ]
            way = 0 if ends == sorted(ends) else 2
            cell = sums[("tcp" if owner.protocol == 6 else "udp", *sorted(ends))]
            cell[way] += 1
            cell[way + 1] += wire
    return sums


@pytest.mark.parametrize("name", TELLING)
def test_real_captures_agree_with_the_reference_and_with_tshark(name: str) -> None:
    truth = CAPTURES / "truth" / f"{name}.json.gz"
    if not truth.exists():
        pytest.skip("the shared captures are not here")
    frames = list(frames_of(CAPTURES / name))
    agree(frames)
    said = json.loads(gzip.decompress(truth.read_bytes()))["conversations"]
    want = {
        (c["protocol"], (c["a"]["ip"], c["a"]["port"]), (c["b"]["ip"], c["b"]["port"])): [
            c[f"{unit}_{way}"] + c[f"frag_{unit}_{way}"]
            for way in ("ab", "ba")
            for unit in ("frames", "bytes")
        ]
        for c in said
    }
    assert want
    assert conversations(frames, rows_of(batch_of_frames(frames))) == want
