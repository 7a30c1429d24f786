"""Frames of every link type and tunnel, header by header, and what is odd about them."""

import struct

import pytest

from iotaudit.capture import layers
from iotaudit.capture.walk import MAX_LAYERS, Kind
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch, PacketTable
from tests.capture.frames import (
    DEVICE,
    DEVICE6,
    DEVICE_MAC,
    ROUTER_MAC,
    SERVER,
    SERVER6,
    batch_of,
    be,
    ethernet,
    ipv4,
    ipv6,
    tcp,
    udp,
)


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def decode(*frames: bytes, link_type: int = 1) -> tuple[PacketTable, tuple[Problem, ...]]:
    return decode_batch(batch_of(frames, link_type=link_type))


def decode_batch(batch: FrameBatch) -> tuple[PacketTable, tuple[Problem, ...]]:
    problems = ProblemTally()
    table = layers.decode(batch, problems)
    return table, problems.rows()


def ports(table: PacketTable) -> list[tuple[int, int]]:
    return list(zip(table.src_port.tolist(), table.dst_port.tolist(), strict=True))


def payload(table: PacketTable, row: int = 0) -> bytes:
    at, length = int(table.payload_at[row]), int(table.payload_captured[row])
    return bytes(table.buffer[at : at + length])


def test_pass_tcp_over_ethernet_gives_every_column() -> None:
    table, problems = decode(ethernet(ipv4(tcp(b"hello"), 6)))
    assert not problems
    got = {name: getattr(table, name).tolist() for name in PacketTable.__slots__ if name != "buffer"}
    assert got == {
        "number": [1],
        "time_ns": [-1],
        "wire_len": [59],
        "captured_len": [59],
        "frame_at": [0],
        "layer": [0],
        "ip_version": [4],
        "protocol": [6],
        "src_hi": [0],
        "src_lo": [number(DEVICE)],
        "dst_hi": [0],
        "dst_lo": [number(SERVER)],
        "src_port": [40000],
        "dst_port": [443],
        "tcp_flags": [0x18],
        "tcp_seq": [0x01020304],
        "tcp_ack": [0x05060708],
        "payload_at": [54],
        "payload_len": [5],
        "payload_captured": [5],
        "src_mac": [number(DEVICE_MAC)],
        "dst_mac": [number(ROUTER_MAC)],
        "frag": [0],
        "frag_id": [0],
        "frag_at": [0],
        "frag_more": [False],
        "flow": [-1],
    }
    assert payload(table) == b"hello"


def test_the_columns_have_their_dtypes_on_every_way() -> None:
    usual, _ = decode(ethernet(ipv4(udp())))
    rare, _ = decode(ethernet(ipv6(udp()), 0x86DD))
    for name in (
        "layer",
        "src_hi",
        "src_port",
        "tcp_seq",
        "payload_at",
        "src_mac",
        "frag",
        "frag_id",
        "frag_more",
    ):
        assert getattr(usual, name).dtype == getattr(rare, name).dtype


def test_ethernet_padding_is_no_payload() -> None:
    table, problems = decode(ethernet(ipv4(tcp(), 6)).ljust(60, b"\xee"))
    assert (table.payload_len[0], table.payload_captured[0], table.wire_len[0]) == (0, 0, 60)
    assert not problems


def test_ipv6_addresses_fill_both_halves() -> None:
    table, _ = decode(ethernet(ipv6(tcp(b"x"), 6), 0x86DD))
    assert int(table.src_hi[0]) << 64 | int(table.src_lo[0]) == number(DEVICE6)
    assert int(table.dst_hi[0]) << 64 | int(table.dst_lo[0]) == number(SERVER6)
    assert (ports(table), payload(table)) == ([(40000, 443)], b"x")


RADIOTAP = bytes.fromhex("0000 0c00 04000000 02000000")  # version, pad, length 12, presence: rate; the rate
WIFI_TO_DS = bytes.fromhex("0801 0000") + bytes(6) + DEVICE_MAC + ROUTER_MAC + b"\0\0"
WIFI_QOS = bytes.fromhex("8801 0000") + bytes(6) + DEVICE_MAC + ROUTER_MAC + b"\0\0" + b"\0\0"
SNAP = bytes.fromhex("aaaa03 000000 0800")
NFLOG = bytes.fromhex("02 00 0000") + bytes.fromhex(
    "0500 0100 61000000"
)  # IPv4; an attribute of 5 bytes, padded

LINKS = {
    "raw 12": (12, b""),
    "raw 14": (14, b""),
    "raw 101": (101, b""),
    "ipv4 228": (228, b""),
    "null, little-endian": (0, b"\2\0\0\0"),
    "null, big-endian": (0, b"\0\0\0\2"),
    "null with an ethertype": (0, b"\x0f\0\x08\0"),
    "loop": (108, b"\0\0\0\2"),
    "enc": (109, b"\2\0\0\0" + bytes(8)),
    "ppp": (9, b"\x00\x21"),
    "ppp with hdlc bytes": (9, b"\xff\x03\x00\x21"),
    "ppp, short protocol": (50, b"\xff\x03\x21"),
    "pppoe without ethernet": (51, b"\x11\0\0\1" + be(34, 2) + b"\0\x21"),
    "cisco hdlc in 50": (50, b"\x0f\0\x08\0"),
    "cisco hdlc": (104, b"\x8f\0\x08\0"),
    "llc": (100, SNAP),
    "frame relay": (107, b"\x18\x41\x03\xcc"),
    "frame relay, padded": (107, b"\x18\x41\x03\x00\xcc"),
    "frame relay, snap": (107, b"\x18\x41\x03\x00\x80" + SNAP[3:]),
    "frame relay, cisco": (107, b"\x18\x41\x08\x00"),
    "sll": (113, b"\0\4" + b"\0\1" + b"\0\6" + DEVICE_MAC + b"\0\0" + b"\x08\0"),
    "sll2": (276, b"\x08\0" + b"\0\0" + b"\0\0\0\3" + b"\0\1" + b"\4\6" + DEVICE_MAC + b"\0\0"),
    "wifi": (105, WIFI_TO_DS + SNAP),
    "wifi with qos": (105, WIFI_QOS + SNAP),
    "radiotap": (127, RADIOTAP + WIFI_TO_DS + SNAP),
    "prism": (119, b"\x44\0\0\0" + struct.pack("<I", 24) + bytes(16) + WIFI_TO_DS + SNAP),
    "avs": (163, be(0x80211001, 4) + be(16, 4) + bytes(8) + WIFI_TO_DS + SNAP),
    "avs in 119": (119, be(0x80211001, 4) + be(16, 4) + bytes(8) + WIFI_TO_DS + SNAP),
    "ppi": (192, b"\0\0" + struct.pack("<HI", 8, 105) + WIFI_TO_DS + SNAP),
    "pktap": (258, struct.pack("<III", 16, 1, 101) + bytes(4)),
    "nflog": (239, NFLOG + struct.pack("<HH", 36, 9)),
    "vlan": (1, ethernet(b"\0\5\x08\0", 0x8100)),
    "four tags": (1, ethernet(bytes.fromhex("0001 9100 0002 8100 0003 8100 0004 0800"), 0x88A8)),
    "pppoe": (1, ethernet(b"\x11\0\0\1" + be(34, 2) + b"\0\x21", 0x8864)),
    "802.3 snap": (1, ethernet(SNAP, 40)),
    "802.3 ip over llc": (1, ethernet(b"\6\6\3", 35)),
    "mpls": (1, ethernet(bytes.fromhex("00010040 00020140"), 0x8847)),
    "backbone": (1, ethernet(bytes(4) + ethernet(b""), 0x88E7)),
}


@pytest.mark.parametrize(("link_type", "before"), LINKS.values(), ids=LINKS.keys())
def test_pass_every_link_type_leads_to_the_same_packet(link_type: int, before: bytes) -> None:
    table, problems = decode(before + ipv4(udp()), link_type=link_type)
    assert not problems
    assert ports(table) == [(5000, 6000)]
    assert payload(table) == b"data"
    assert table.payload_at[0] == len(before) + 28
    assert table.src_lo[0] == number(DEVICE)


@pytest.mark.parametrize("link_type", [12, 101, 229])
def test_pass_raw_ipv6(link_type: int) -> None:
    table, problems = decode(ipv6(udp()), link_type=link_type)
    assert (ports(table), table.ip_version.tolist(), problems) == ([(5000, 6000)], [6], ())


@pytest.mark.parametrize("family", [10, 24, 28, 30])
def test_pass_ipv6_has_a_number_per_system_on_loopbacks(family: int) -> None:
    table, _ = decode(struct.pack("<I", family) + ipv6(udp()), link_type=0)
    assert ports(table) == [(5000, 6000)]


@pytest.mark.parametrize(
    ("way", "addresses", "source", "target"),
    [
        (0, (1, 2, 3), 2, 1),
        (1, (1, 2, 3), 2, 3),
        (2, (1, 2, 3), 3, 1),
        (3, (1, 2, 3, 4), 4, 3),
    ],
)
def test_wifi_addresses_are_those_of_the_ends(
    way: int, addresses: tuple[int, ...], source: int, target: int
) -> None:
    fields = [be(value, 6) for value in addresses]
    frame = (
        bytes((0x08, way, 0, 0)) + b"".join(fields[:3]) + b"\0\0" + b"".join(fields[3:]) + SNAP + ipv4(udp())
    )
    table, problems = decode(frame, link_type=105)
    assert (table.src_mac.tolist(), table.dst_mac.tolist(), problems) == ([source], [target], ())


def test_encrypted_wifi_is_counted_and_other_frames_are_not() -> None:
    protected = bytearray(WIFI_TO_DS + SNAP + ipv4(udp()))
    protected[1] |= 0x40
    beacon = b"\x80\0" + bytes(40)
    null_data = b"\x48\1" + bytes(22)
    table, problems = decode(beacon, bytes(protected), null_data, bytes(protected), link_type=105)
    assert len(table.number) == 0
    assert problems == (
        Problem("encrypted_wifi", 0, 2, None, "protected data frames", count=2, loses_payload=True),
    )


def test_radiotap_tells_that_a_check_sequence_follows() -> None:
    flagged = bytes.fromhex("0000 0900 02000000 10")  # presence: flags; FCS at the end
    packet = ipv4(udp(length=0 + 12), total=0)  # total length 0: the frame says how long it is
    table, _ = decode(flagged + WIFI_TO_DS + SNAP + packet + b"\xfc\xfc\xfc\xfc", link_type=127)
    assert payload(table) == b"data"


def test_an_aggregate_gives_a_row_per_subframe() -> None:
    head = bytearray(WIFI_QOS)
    head[24] = 0x80  # A-MSDU present
    body = SNAP + ipv4(udp(b"abc"))
    subframe = ROUTER_MAC + DEVICE_MAC + be(len(body), 2) + body
    padded = subframe + bytes(-len(subframe) % 4)
    table, problems = decode(bytes(head) + padded + subframe, link_type=105)
    assert [payload(table, row) for row in range(len(table.number))] == [b"abc", b"abc"]
    assert (table.layer.tolist(), table.src_mac.tolist()) == ([0, 0], [number(DEVICE_MAC)] * 2)
    assert not problems


INNER4 = ipv4(udp(b"inner", 1, 2))
INNER6 = ipv6(udp(b"inner", 1, 2))
TUNNELS = {
    "ip in ip": (4, INNER4),
    "6in4": (41, INNER6),
    "gre": (47, b"\0\0\x08\0" + INNER4),
    "gre with checksum, key, sequence": (47, b"\xb0\0\x86\xdd" + bytes(12) + INNER6),
    "gre, bridged": (47, b"\0\0\x65\x58" + ethernet(INNER4)),
    "gre, pptp": (47, b"\x30\x81\x88\x0b" + be(len(INNER4) + 4, 2) + bytes(10) + b"\xff\x03\0\x21" + INNER4),
    "erspan": (47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10" + bytes(7) + ethernet(INNER4)),
    "etherip": (97, b"\x30\0" + ethernet(INNER4)),
    "mpls in ip": (137, bytes.fromhex("00010140") + INNER4),
    "vxlan": (17, udp(b"\x08\0\0\0\0\0\1\0" + ethernet(INNER4), 50000, 4789)),
    "geneve": (17, udp(b"\1\0\x65\x58\0\0\1\0" + bytes(4) + ethernet(INNER4), 50000, 6081)),
    "gtp": (17, udp(b"\x30\xff" + be(len(INNER4), 2) + bytes(4) + INNER4, 2152, 2152)),
    "gtp, extended": (
        17,
        udp(
            b"\x34\xff" + be(len(INNER4) + 8, 2) + bytes(4) + b"\0\0\0\x85" + b"\1\0\0\0" + INNER4, 2152, 2152
        ),
    ),
    "teredo": (17, udp(INNER6, 50000, 3544)),
    "teredo with indications": (17, udp(b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6) + INNER6, 3544, 50000)),
    "l2tp": (17, udp(b"\0\2" + bytes(4) + b"\xff\x03\0\x21" + INNER4, 1701, 1701)),
    "l2tp with length, sequence, offset": (
        17,
        udp(b"\x4a\2" + bytes(10) + b"\0\2" + bytes(2) + b"\0\x21" + INNER4, 1701, 1701),
    ),
}


@pytest.mark.parametrize(("protocol", "carried"), TUNNELS.values(), ids=TUNNELS.keys())
def test_pass_every_tunnel_gives_the_outer_and_the_inner_packet(protocol: int, carried: bytes) -> None:
    frame = ethernet(ipv4(carried, protocol))
    table, problems = decode(frame)
    assert not problems
    assert table.number.tolist() == [1, 1]
    assert table.layer.tolist() == [0, 1]
    assert table.protocol.tolist() == [protocol, 17]
    assert ports(table)[1] == (1, 2)
    assert payload(table, 1) == b"inner"
    assert table.wire_len.tolist() == [len(frame)] * 2


def test_an_acknowledgement_of_pptp_carries_nothing() -> None:
    table, problems = decode(ethernet(ipv4(b"\x20\x81\x88\x0b" + be(0, 2) + bytes(6), 47)))
    assert (table.protocol.tolist(), problems) == ([47], ())


def test_the_length_of_an_802_3_frame_bounds_what_it_carries() -> None:
    packet = ipv4(tcp(b"data"), 6, total=0)
    table, _ = decode(ethernet(SNAP + packet, 8 + len(packet)) + b"padding")
    assert (payload(table), table.payload_len.tolist()) == (b"data", [4])


def test_a_port_of_a_tunnel_alone_makes_no_tunnel() -> None:
    table, problems = decode(
        *(ethernet(ipv4(udp(b"\x99" * 60, port, 53))) for port in (1701, 2152, 3544, 4789, 6081))
    )
    assert (table.layer.tolist(), problems) == ([0] * 5, ())


def test_headers_quoted_by_icmp_are_no_packet() -> None:
    message = b"\3\1\0\0\0\0\0\0" + ipv4(udp())
    table, problems = decode(ethernet(ipv4(message, 1)))
    assert (ports(table), table.protocol.tolist(), problems) == ([(0, 0)], [1], ())
    assert payload(table) == message


def test_more_nested_packets_than_the_bound_are_reported() -> None:
    packet = ipv4(udp())
    for _ in range(MAX_LAYERS):
        packet = ipv4(packet, 4)
    table, problems = decode(ethernet(packet))
    assert table.layer.tolist() == list(range(MAX_LAYERS))
    assert [(p.kind, p.count, p.loses_payload) for p in problems] == [("too_deep", 1, True)]


def test_more_labels_than_the_bound_are_reported() -> None:
    table, problems = decode(ethernet(bytes(4) * 100, 0x8847))
    assert len(table.number) == 0
    assert [(p.kind, p.packet) for p in problems] == [("too_deep", 1)]


def test_ipv4_fragments_keep_their_place_and_only_the_first_has_ports() -> None:
    first = ethernet(ipv4(udp(b"x" * 16, length=4000), cut=0x2000, number=9))
    later = ethernet(ipv4(b"y" * 30, cut=3, number=9))
    table, problems = decode(first, later)
    assert not problems
    assert ports(table) == [(5000, 6000), (0, 0)]
    assert table.frag.tolist() == [1, 2]
    assert table.frag_id.tolist() == [9, 9]
    assert table.frag_at.tolist() == [0, 24]
    assert table.frag_more.tolist() == [True, False]
    assert [payload(table, row) for row in (0, 1)] == [b"x" * 16, b"y" * 30]


def test_a_later_fragment_that_looks_like_a_segment_is_none() -> None:
    segment = tcp(b"x" * 12, 6)
    first, later = ethernet(ipv4(segment, 6, cut=0x2000)), ethernet(ipv4(segment, 6, cut=4))
    extended = b"\x3c\0" + be(24, 2) + be(5, 4)  # the fragmented part begins with destination options
    six = ethernet(ipv6(extended + b"\x06\0" + bytes(6) + segment, 44), 0x86DD)
    table, problems = decode(first, later, six)
    assert not problems
    assert table.frag.tolist() == [1, 2, 2]
    assert [port > 0 for port, _ in ports(table)] == [True, False, False]
    assert table.payload_len.tolist() == [12, 32, 40]
    assert table.protocol.tolist() == [6, 6, 60]


def test_ipv6_fragments_keep_their_place() -> None:
    head = b"\x11\0" + be(1, 2) + be(0xABCDEF01, 4)
    tail = b"\x11\0" + be(24, 2) + be(0xABCDEF01, 4)
    atomic = b"\x11\0\0\0" + be(5, 4)
    table, problems = decode(
        ethernet(ipv6(head + udp(b"x" * 16, length=4000), 44), 0x86DD),
        ethernet(ipv6(tail + b"y" * 30, 44), 0x86DD),
        ethernet(ipv6(atomic + udp(), 44), 0x86DD),
    )
    assert not problems
    assert ports(table) == [(5000, 6000), (0, 0), (5000, 6000)]
    assert table.protocol.tolist() == [17, 17, 17]
    assert table.frag.tolist() == [1, 2, 0]
    assert table.frag_id.tolist() == [0xABCDEF01, 0xABCDEF01, 0]
    assert table.frag_at.tolist() == [0, 24, 0]


def test_extension_headers_are_passed() -> None:
    options = b"\x2b\0" + bytes(6)  # hop-by-hop, next: routing
    routing = b"\x33\1" + bytes(14)  # routing of 16 bytes, next: AH
    signed = b"\x3c\4" + bytes(22)  # AH of 24 bytes, next: destination options
    destination = b"\x06\0" + bytes(6)
    table, problems = decode(ethernet(ipv6(options + routing + signed + destination + tcp(b"z"), 0), 0x86DD))
    assert (ports(table), table.protocol.tolist(), payload(table), problems) == (
        [(40000, 443)],
        [6],
        b"z",
        (),
    )


@pytest.mark.parametrize("protocol", [0x00, 4, 6, 17, 41, 47, 50, 51, 58, 60, 115, 132])
def test_an_extension_header_that_claims_to_end_beyond_the_buffer_is_no_fault(protocol: int) -> None:
    beyond = bytes((protocol, 255)) + bytes(6)  # destination options of 2048 bytes, 8 of them there
    table, problems = decode(ethernet(ipv6(beyond, 60), 0x86DD))
    assert table.payload_captured.tolist() == [0] * len(table.number)
    if protocol in (6, 17):
        assert [(p.kind, p.loses_payload) for p in problems] == [("malformed_packet", True)]


def test_an_endless_chain_of_extension_headers_is_reported() -> None:
    table, problems = decode(ethernet(ipv6((b"\x3c\0" + bytes(6)) * 40, 60), 0x86DD))
    assert len(table.number) == 0
    assert [(p.kind, p.detail) for p in problems] == [("too_deep", "extension headers")]


def test_ah_is_passed_in_ipv4_too() -> None:
    table, _ = decode(ethernet(ipv4(b"\x11\4" + bytes(22) + udp(), 51)))
    assert (ports(table), table.protocol.tolist()) == ([(5000, 6000)], [17])


def test_options_of_ipv4_are_passed() -> None:
    table, problems = decode(ethernet(ipv4(tcp(b"z"), 6, options=b"\1" * 8)))
    assert (ports(table), payload(table), problems) == ([(40000, 443)], b"z", ())


def test_ports_that_the_snap_length_left_are_counted() -> None:
    whole = ethernet(ipv4(tcp(b"x" * 100), 6))
    neighbour = b"\xff" * 60
    batch = batch_of([whole[:38], neighbour], wire_len=[len(whole), 60])
    table, _ = decode_batch(batch)
    assert ports(table) == [(40000, 443)]
    assert (table.tcp_flags[0], table.tcp_seq[0]) == (0, 0)  # not the neighbour's bytes
    assert (table.payload_len[0], table.payload_captured[0]) == (100, 0)


@pytest.mark.parametrize("kept", [0, 10, 14, 33, 34, 37])
def test_fail_a_frame_cut_before_its_ports_is_malformed(kept: int) -> None:
    whole = ethernet(ipv4(tcp(), 6))
    table, problems = decode_batch(batch_of([whole[:kept], whole], wire_len=[54, 54]))
    assert table.number.tolist() == [2]
    assert [(p.kind, p.packet, p.count, p.loses_payload) for p in problems] == [
        ("malformed_packet", 1, 1, True)
    ]


def test_fail_ports_are_not_completed_from_the_next_frame() -> None:
    whole = ethernet(ipv4(udp()))
    table, problems = decode_batch(batch_of([whole[:36], whole[36:] + bytes(20)], wire_len=[46, 30]))
    assert len(table.number) == 0
    assert [p.packet for p in problems if p.kind == "malformed_packet"] == [1]


BROKEN = {
    "ip header shorter than 20": ethernet(b"\x44" + ipv4(udp())[1:]),
    "ip header longer than the packet": ethernet(ipv4(udp(), total=10)),
    "ip version": ethernet(b"\x55" + ipv4(udp())[1:]),
    "ipv6 version": ethernet(ipv4(bytes(40)), 0x86DD),
    "tcp header shorter than 20": ethernet(ipv4(tcp(size=16), 6)),
    "udp length": ethernet(ipv4(udp(length=7))),
    "udp length 0": ethernet(ipv4(udp(length=0))),
    "udp in less than its header": ethernet(ipv4(udp(), total=24)),
    "extension header cut": ethernet(ipv6(b"\x06\0", 60), 0x86DD),
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN.keys())
def test_fail_impossible_headers_give_no_row_but_a_problem(frame: bytes) -> None:
    table, problems = decode(frame, ethernet(ipv4(udp())))
    assert table.number.tolist() == [2]
    assert [(p.kind, p.packet, p.loses_payload) for p in problems] == [("malformed_packet", 1, True)]


def test_fail_a_broken_tunnel_keeps_the_outer_packet() -> None:
    table, problems = decode(ethernet(ipv4(b"\0\7\x08\0", 47)))
    assert table.protocol.tolist() == [47]
    assert [(p.kind, p.packet, p.loses_payload) for p in problems] == [("malformed_packet", 1, True)]


def test_udp_length_0_is_a_jumbogram_in_ipv6() -> None:
    table, problems = decode(ethernet(ipv6(udp(length=0)), 0x86DD))
    assert (ports(table), payload(table), problems) == ([(5000, 6000)], b"data", ())


def test_total_length_0_means_that_the_frame_says_it() -> None:
    table, problems = decode(
        ethernet(ipv4(tcp(b"offload"), 6, total=0)), ethernet(ipv6(tcp(b"offload"), 6, length=0), 0x86DD)
    )
    assert [payload(table, row) for row in (0, 1)] == [b"offload", b"offload"]
    assert not problems


def test_a_length_beyond_the_frame_is_reported_and_kept() -> None:
    table, problems = decode(ethernet(ipv4(tcp(b"abc"), 6, total=1000)))
    assert (table.payload_len[0], table.payload_captured[0]) == (960, 3)
    assert [(p.kind, p.detail) for p in problems] == [("malformed_packet", "IP length is beyond the frame")]


def test_a_udp_length_below_the_ip_length_bounds_the_payload() -> None:
    table, _ = decode(ethernet(ipv4(udp(b"data" + b"trailer", length=12))))
    assert payload(table) == b"data"


@pytest.mark.parametrize(
    "ethertype", [0x0806, 0x888E, 0x88CC, 0x9000, 0x8899, 0x887B, 0x88E1, 0x88F7, 0x8892, 0x8137]
)
def test_protocols_of_the_local_link_are_no_problem(ethertype: int) -> None:
    assert decode(ethernet(bytes(46), ethertype))[1] == ()


def test_spanning_tree_and_cdp_are_no_problem() -> None:
    _, problems = decode(
        ethernet(b"\x42\x42\x03" + bytes(35), 38), ethernet(b"\xaa\xaa\x03\0\0\x0c\x20\0" + bytes(30), 38)
    )
    assert problems == ()


def test_inconclusive_unknown_network_protocols_are_counted_by_type() -> None:
    strange, other = ethernet(bytes(46), 0x1234), ethernet(bytes(46), 0xB00B)
    table, problems = decode(ethernet(ipv4(udp())), strange, other, strange)
    assert table.number.tolist() == [1]
    assert problems == (
        Problem("unknown_ethertype", 0, 2, None, "ethertype 0x1234", count=2, loses_payload=True),
        Problem("unknown_ethertype", 0, 3, None, "ethertype 0xb00b", count=1, loses_payload=True),
    )


def test_many_unknown_types_are_summed_up() -> None:
    _, problems = decode(*(ethernet(bytes(46), 0x1000 + i) for i in range(100)))
    assert sum(p.count for p in problems) == 100
    assert len(problems) == 17


def test_inconclusive_unknown_link_types_are_counted() -> None:
    table, problems = decode_batch(
        batch_of([bytes(20), ethernet(ipv4(udp())), bytes(20)], link_type=[195, 1, 195])
    )
    assert table.number.tolist() == [2]
    assert problems == (
        Problem("unknown_link_type", 0, 1, None, "link type 195", count=2, loses_payload=True),
    )


def test_rows_come_in_frame_order_whatever_the_frames_are() -> None:
    plain = ethernet(ipv4(udp()))
    tunnel = ethernet(ipv4(INNER4, 4))
    arp = ethernet(bytes(28), 0x0806)
    six = ethernet(ipv6(tcp(), 6), 0x86DD)
    table, problems = decode_batch(batch_of([plain, tunnel, arp, six, tunnel, plain, plain], first=11))
    assert not problems
    assert table.number.tolist() == [11, 12, 12, 14, 15, 15, 16, 17]
    assert table.layer.tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert table.ip_version.tolist() == [4, 4, 4, 6, 4, 4, 4, 4]
    assert table.protocol.tolist() == [17, 4, 17, 6, 4, 17, 17, 17]


def test_more_frames_than_one_block_are_read_alike() -> None:
    frames = [ethernet(ipv4(udp(source=i % 60000 + 1, target=7))) for i in range(20000)]
    table, problems = decode(*frames)
    assert table.src_port.tolist() == [i % 60000 + 1 for i in range(20000)]
    assert not problems


def test_an_empty_batch_gives_an_empty_table() -> None:
    table, problems = decode()
    assert (len(table.number), len(table.payload_at), problems) == (0, 0, ())


def test_the_packet_ids_of_later_inputs_are_kept() -> None:
    table, problems = decode_batch(batch_of([ethernet(ipv4(udp())), ethernet(b"", 0x1234)], input_index=2))
    assert table.number.tolist() == [2 << 40 | 1]
    assert [(p.input, p.packet) for p in problems] == [(2, 2 << 40 | 2)]


def test_every_kind_of_header_has_a_reader() -> None:
    assert set(layers.READERS) == set(Kind) - {Kind.UNREAD, Kind.QUIET}


ARP = b"\0\1\x08\0\6\4\0\2" + DEVICE_MAC + DEVICE + ROUTER_MAC + SERVER


def arp(*frames: bytes, link_type: int = 1) -> tuple[list[tuple[int, int, int]], tuple[Problem, ...]]:
    problems = ProblemTally()
    found = layers.arp_senders(batch_of(frames, link_type=link_type), problems)
    return list(
        zip(found.number.tolist(), found.mac.tolist(), found.ip.tolist(), strict=True)
    ), problems.rows()


def test_pass_arp_tells_the_sender() -> None:
    tagged = ethernet(b"\0\5\x08\6" + ARP, 0x8100)
    cooked = b"\0\4\0\1\0\6" + DEVICE_MAC + b"\0\0\x08\6" + ARP
    device = number(DEVICE_MAC), number(DEVICE)
    assert arp(ethernet(ipv4(udp())), ethernet(ARP, 0x0806), tagged) == ([(2, *device), (3, *device)], ())
    assert arp(cooked, link_type=113) == ([(1, *device)], ())


def test_inconclusive_an_arp_probe_tells_no_address() -> None:
    probe = ARP[:14] + bytes(4) + ARP[18:]
    assert arp(ethernet(probe, 0x0806)) == ([], ())


def test_fail_a_cut_arp_is_malformed_and_nothing_else_is_counted() -> None:
    senders, problems = arp(ethernet(ARP[:16], 0x0806), ethernet(b"", 0x1234), b"\1")
    assert senders == []
    assert [(p.kind, p.packet) for p in problems] == [("malformed_packet", 1)]
