"""What is counted, to the byte: captures by hand, put through every stage."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from iotaudit.capture.network import IS_UDP_TUNNEL
from tests.acceptance import scenes
from tests.acceptance.conftest import knowledge_once as knowledge_once  # noqa: PLC0414 - a fixture
from tests.capture.files import Interface, Record, pcap, pcapng
from tests.capture.frames import (
    DEVICE,
    DEVICE_MAC,
    ROUTER_MAC,
    SERVER,
    be,
    ethernet,
    ipv4,
    ipv6,
    udp,
)

pytestmark = pytest.mark.usefixtures("knowledge_once")

S = 10**9
MS = 10**6
T0 = 1_790_000_000 * S + 123_456_789
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Count(NamedTuple):
    """The figures of one conversation, as `audit.json` has them."""

    client: int
    server: int
    packets_out: int
    bytes_out: int
    payload_out: int
    packets_in: int = 0
    bytes_in: int = 0
    payload_in: int = 0


def audit(*files: bytes, folder: Path | None = None) -> Any:
    if folder is None:
        return scenes.audit(files[0], all_hosts=True)
    paths = [folder / f"{k}.cap" for k in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return scenes.audit(paths, all_hosts=True)


def counts(document: Any, protocol: str = "tcp") -> list[Count]:
    """The conversations of a protocol in order of first packet; client and server by their ports."""
    return [
        Count(
            f["client"]["port"],
            f["server"]["port"],
            *(f[f"{unit}_{way}"] for way in ("out", "in") for unit in ("packets", "bytes", "payload")),
        )
        for f in document["flows"]
        if f["protocol"] == protocol
    ]


def problems(document: Any, index: int = 0) -> dict[tuple[str, str], tuple[Any, int]]:
    """First packet and count of each kind and detail."""
    rows = document["inputs"][index]["problems"]
    return {(p["kind"], p["detail"]): (p["packet"], p["count"]) for p in rows}


def spaced(frames: list[bytes], start_ns: int = T0, step_ns: int = 10 * MS) -> list[Record]:
    return [Record(frame, start_ns + k * step_ns) for k, frame in enumerate(frames)]


def segment(flags: int, seq: int, ack: int = 0, data: bytes = b"", *, back: bool = False, port: int = 443) -> bytes:
    """A TCP segment between port 40000 of the device and a port of the server, without a checksum."""
    ports = (port, 40_000) if back else (40_000, port)
    head = be(ports[0], 2) + be(ports[1], 2) + be(seq, 4) + be(ack, 4) + bytes((0x50, flags)) + be(1024, 2) + bytes(4)
    if back:
        return ethernet(ipv4(head + data, 6, src=SERVER, dst=DEVICE), dst=DEVICE_MAC, src=ROUTER_MAC)
    return ethernet(ipv4(head + data, 6))


def talk(first: int, data: bytes, last: int, *, port: int = 443) -> list[bytes]:
    """A conversation of a handshake, some data and the answer to it, ended by both FINs or by a RST."""
    seq, end, answer = first + 1, first + 1 + len(data), 9001 + 7
    begun = [
        segment(SYN, first, port=port),
        segment(SYN | ACK, 9000, seq, back=True, port=port),
        segment(ACK, seq, 9001, port=port),
        segment(PSH | ACK, seq, 9001, data, port=port),
        segment(PSH | ACK, 9001, end, b"answer\n", back=True, port=port),
    ]
    if last == RST:
        return [*begun, segment(RST | ACK, answer, end, back=True, port=port)]
    return [
        *begun,
        segment(FIN | ACK, end, answer, port=port),
        segment(FIN | ACK, answer, end + 1, back=True, port=port),
        segment(ACK, end + 1, answer + 1, port=port),
    ]


# conversations


@pytest.mark.parametrize("last", [FIN, RST], ids=["FIN", "RST"])
def test_a_port_used_again_after_the_end_is_a_second_flow(last: int) -> None:
    document = audit(pcap(spaced(talk(1000, b"x" * 100, last) + talk(700_000, b"y" * 50, last))))
    ends = (5, 5 * 54, 3, 3 * 54) if last == FIN else (3, 3 * 54, 3, 3 * 54)
    want = [
        Count(40_000, 443, ends[0], ends[1] + size, size, ends[2], ends[3] + 7, 7) for size in (100, 50)
    ]
    assert counts(document) == want
    assert [f["first_packet"] for f in document["flows"]] == [1, 1 + len(talk(0, b"", last))]


def test_a_repeated_syn_and_a_syn_without_an_end_are_no_second_flow() -> None:
    begun = talk(1000, b"x" * 100, FIN)[:5]
    document = audit(pcap(spaced([begun[0], *begun, segment(SYN, 700_000)])))
    assert counts(document) == [Count(40_000, 443, 5, 5 * 54 + 100, 100, 2, 2 * 54 + 7, 7)]


def test_half_open_conversations_are_counted() -> None:
    asked = [segment(SYN, 1000, port=1)] * 3
    answered = [segment(SYN, 1000, port=2), segment(SYN | ACK, 9000, 1001, back=True, port=2)]
    refused = [segment(SYN, 1000, port=3), segment(RST | ACK, 0, 1001, back=True, port=3)]
    document = audit(pcap(spaced(asked + answered + refused)))
    assert counts(document) == [
        Count(40_000, 1, 3, 162, 0),
        Count(40_000, 2, 1, 54, 0, 1, 54, 0),
        Count(40_000, 3, 1, 54, 0, 1, 54, 0),
    ]


def test_mid_stream_the_higher_port_is_the_client_whoever_is_seen_first() -> None:
    document = audit(pcap(spaced([segment(PSH | ACK, 9001, 1101, b"ab", back=True), segment(ACK, 1101, 9003)])))
    assert counts(document) == [Count(40_000, 443, 1, 54, 0, 1, 56, 2)]


@pytest.mark.parametrize("back", [False, True], ids=["client", "server"])
def test_a_one_sided_conversation_keeps_its_direction(back: bool) -> None:  # noqa: FBT001
    frames = [f for f in talk(1000, b"x" * 100, FIN) if (f[6:12] == ROUTER_MAC) == back]
    want = Count(40_000, 443, 0, 0, 0, 3, 169, 7) if back else Count(40_000, 443, 5, 370, 100)
    assert counts(audit(pcap(spaced(frames)))) == [want]


# fragments

NAME = "a-rather-long-name-that-takes-some-fragments.vendor.example"
QUERY = (
    bytes.fromhex("1234 0100 0001 0000 0000 0000")  # id, recursion wanted, one question
    + b"".join(bytes([len(label)]) + label.encode() for label in NAME.split("."))
    + bytes.fromhex("00 0001 0001")  # A, IN
)
UNIT = 32


def cut(packet: bytes, number: int, version: int, protocol: int = 17) -> list[bytes]:
    """What an IP packet carries, in fragments of UNIT bytes, as frames."""
    frames = []
    for at in range(0, len(packet), UNIT):
        more = at + UNIT < len(packet)
        frames.append(fragment(packet[at : at + UNIT], at, number, version, more=more, protocol=protocol))
    return frames


def fragment(part: bytes, at: int, number: int, version: int, *, more: bool, protocol: int = 17) -> bytes:
    if version == 4:
        return ethernet(ipv4(part, protocol, number=number, cut=at >> 3 | more << 13))
    return ethernet(ipv6(bytes((protocol, 0)) + be(at | more, 2) + be(number, 4) + part, 44), 0x86DD)


DATAGRAM = udp(QUERY, 5000, 53)
ORDERS = list(itertools.permutations(range(3)))


@pytest.mark.parametrize("version", [4, 6])
def test_fragments_count_to_their_flow_and_are_read_in_any_order(version: int) -> None:
    frames = cut(DATAGRAM, 7, version)
    assert len(frames) == 3
    total = sum(map(len, frames))
    for order in ORDERS:
        document = audit(pcap(spaced([frames[k] for k in order])))
        assert counts(document, "udp") == [Count(5000, 53, 3, total, len(QUERY))], order
        assert [row["name"] for row in document["dns"]] == [NAME]
        assert document["inputs"][0]["problems"] == []


@pytest.mark.parametrize("version", [4, 6])
def test_overlapping_fragments_count_and_are_reported_and_the_first_bytes_win(version: int) -> None:
    first, second, third = cut(DATAGRAM, 7, version)
    forged = fragment(b"X" * 24, 40, 7, version, more=True)
    total = sum(map(len, (first, second, third, forged)))
    for frames in ([first, second, forged, third], [third, second, forged, first]):
        document = audit(pcap(spaced(frames)))
        assert counts(document, "udp") == [Count(5000, 53, 4, total, len(QUERY) + 24)]
        assert [row["name"] for row in document["dns"]] == [NAME]
        assert problems(document) == {("fragment_overlap", "other bounds"): (3, 1)}


@pytest.mark.parametrize("version", [4, 6])
def test_inconclusive_another_fragment_behind_a_whole_datagram_may_be_of_the_next_one(version: int) -> None:
    whole = cut(DATAGRAM, 7, version)
    document = audit(pcap(spaced([*whole, fragment(b"X" * 24, 40, 7, version, more=True)])))
    assert counts(document, "udp") == [Count(5000, 53, 3, sum(map(len, whole)), len(QUERY))]
    assert problems(document) == {("fragment_unattributed", ""): (4, 1)}


@pytest.mark.parametrize("version", [4, 6])
def test_fragments_of_a_datagram_without_readable_ports_are_none_of_the_next_one(version: int) -> None:
    bad = cut(udp(QUERY, 5000, 53, length=3), 7, version)  # shorter than its own header
    good = cut(DATAGRAM, 7, version)
    for frames, where in ((bad + good, 1), (good + bad, 4)):
        document = audit(pcap(spaced(frames)))
        assert counts(document, "udp") == [Count(5000, 53, 3, sum(map(len, good)), len(QUERY))]
        assert problems(document) == {
            ("fragment_unattributed", ""): (where, 3),
            ("malformed_packet", "UDP header is cut or its length is impossible"): (where, 1),
        }


def test_segments_in_fragments_join_their_stream_in_any_order() -> None:
    request = b"GET / HTTP/1.1\r\nHost: in-pieces.vendor.example\r\n\r\n"
    opened, rest = talk(1000, request, FIN, port=80)[:3], talk(1000, request, FIN, port=80)[4:]
    carried = talk(1000, request, FIN, port=80)[3][34:]
    pieces = cut(carried, 9, 4, protocol=6)
    document = audit(pcap(spaced([*opened, *reversed(pieces), *rest])))
    (flow,) = counts(document)
    assert (flow.packets_out, flow.payload_out) == (4 + len(pieces), len(request))
    assert [h["host"] for h in document["flows"][0]["http"]] == ["in-pieces.vendor.example"]


# tunnels


def _any_ip(payload: bytes, protocol: int, version: int) -> bytes:
    return ipv4(payload, protocol) if version == 4 else ipv6(payload, protocol)


def _ethertype(packet: bytes) -> int:
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


def _gre(inner: bytes, version: int, _: int) -> bytes:
    return _any_ip(b"\0\0" + be(_ethertype(inner), 2) + inner, 47, version)


def _gre_ethernet(inner: bytes, version: int, _: int) -> bytes:
    return _any_ip(b"\x20\0\x65\x58\0\0\0\1" + ethernet(inner, _ethertype(inner)), 47, version)


def _ip_in_ip(inner: bytes, version: int, _: int) -> bytes:
    return _any_ip(inner, 4 if inner[0] >> 4 == 4 else 41, version)


def _vxlan(inner: bytes, version: int, port: int) -> bytes:
    header = b"\x08\0\0\0\0\0\1\0"  # network id valid, network 1
    return _any_ip(udp(header + ethernet(inner, _ethertype(inner)), port, 4789), 17, version)


def _gtp(inner: bytes, version: int, port: int) -> bytes:
    header = b"\x30\xff" + be(len(inner), 2) + be(77, 4)  # version 1, user packet, tunnel 77
    return _any_ip(udp(header + inner, port, 2152), 17, version)


def _geneve(inner: bytes, version: int, port: int) -> bytes:
    header = b"\0\0\x65\x58\0\0\1\0"  # an Ethernet frame, network 1
    return _any_ip(udp(header + ethernet(inner, _ethertype(inner)), port, 6081), 17, version)


def _teredo(inner: bytes, version: int, port: int) -> bytes:
    return _any_ip(udp(b"\0\0" + bytes(6) + inner, port, 3544), 17, version)  # behind an origin indication


Wrap = Callable[[bytes, int, int], bytes]
TUNNELS: dict[str, tuple[Wrap, int, int]] = {
    "GRE": (_gre, 4, 0),
    "GRE with IPv6": (_gre, 6, 0),
    "GRE with Ethernet": (_gre_ethernet, 4, 0),
    "IP-in-IP": (_ip_in_ip, 4, 0),
    "6in4": (_ip_in_ip, 6, 0),
    "VXLAN": (_vxlan, 4, 4789),
    "VXLAN with IPv6": (_vxlan, 6, 4789),
    "GTP-U": (_gtp, 4, 2152),
    "Geneve": (_geneve, 4, 6081),
    "Teredo": (_teredo, 6, 3544),
}
"""Each wraps an IP packet into another of a version; which version it takes, and the UDP port that it adds."""


def _inner(version: int, port: int) -> bytes:
    return _any_ip(udp(b"inner", port, 7000), 17, version)


@pytest.mark.parametrize("outer", TUNNELS)
def test_each_udp_layer_counts_the_whole_frame_in_each_tunnel_in_each_tunnel(outer: str) -> None:
    assert all(IS_UDP_TUNNEL[port] for *_, port in TUNNELS.values() if port)
    wrap, takes, outer_port = TUNNELS[outer]
    frames, want = [ethernet(wrap(_inner(takes, 1000), 4, 50_000))], []
    if outer_port:
        want.append((50_000, outer_port))
    want.append((1000, 7000))
    sizes = [len(frames[0])] * len(want)
    for k, (within, inner_takes, inner_port) in enumerate(TUNNELS.values(), start=1):
        middle = within(_inner(inner_takes, 1000 + k), takes, 51_000 + k)
        frames.append(ethernet(wrap(middle, 4, 50_000 + k)))
        ports = [(50_000 + k, outer_port)] * bool(outer_port) + [(51_000 + k, inner_port)] * bool(inner_port)
        ports.append((1000 + k, 7000))
        want += ports
        sizes += [len(frames[-1])] * len(ports)
    document = audit(pcap(spaced(frames)))
    got = counts(document, "udp")
    assert sorted((c.client, c.server, c.packets_out, c.bytes_out) for c in got) == sorted(
        (*ports, 1, size) for ports, size in zip(want, sizes, strict=True)
    )
    assert document["inputs"][0]["problems"] == []


def test_a_tcp_layer_in_a_tunnel_counts_beside_the_udp_layer_outside() -> None:
    frames = []
    for frame in talk(1000, b"x" * 100, FIN):
        packet = frame[14:]
        frames.append(ethernet(_vxlan(packet, 4, 50_000)))
    document = audit(pcap(spaced(frames)))
    more = 14 + 20 + 8 + 8  # Ethernet, IPv4, UDP and VXLAN of each frame
    assert counts(document) == [Count(40_000, 443, 5, 5 * (54 + more) + 100, 100, 3, 3 * (54 + more) + 7, 7)]
    (outside,) = counts(document, "udp")
    assert (outside.packets_out, outside.bytes_out) == (8, sum(map(len, frames)))


def test_a_fragmented_tunnel_counts_outside_and_vlan_tags_count_as_bytes() -> None:
    packet = _vxlan(_inner(4, 1000), 4, 50_000)
    tagged = [f[:12] + be(0x88A8, 2) + be(5, 2) + be(0x8100, 2) + be(7, 2) + f[12:] for f in cut(packet[20:], 8, 4)]
    document = audit(pcap(spaced(tagged)))
    (outside,) = counts(document, "udp")
    assert outside[:4] == (50_000, 4789, len(tagged), sum(map(len, tagged)))


def test_what_an_icmp_error_quotes_counts_to_none() -> None:
    quoted = b"\3\3\0\0" + bytes(4) + ipv4(udp(b"refused", 5000, 6000))
    frames = [ethernet(ipv4(udp(b"refused", 5000, 6000))), ethernet(ipv4(quoted, 1, src=SERVER, dst=DEVICE))]
    assert counts(audit(pcap(spaced(frames))), "udp") == [Count(5000, 6000, 1, len(frames[0]), 7)]


# lengths


def test_frames_that_a_snap_length_cut_count_at_their_original_lengths() -> None:
    whole = ethernet(ipv4(udp(bytes(1400), 5000, 6000)))
    records = [Record(whole[:kept], T0 + k * MS, len(whole)) for k, kept in enumerate((60, 42, 96, len(whole)))]
    document = audit(pcap(records))
    assert counts(document, "udp") == [Count(5000, 6000, 4, 4 * len(whole), 4 * 1400)]
    assert (document["inputs"][0]["wire_bytes"], document["inputs"][0]["truncated_packets"]) == (4 * len(whole), 3)
    assert problems(document)["truncated_packets", ""][1] == 3


def test_jumbo_frames_count_like_others() -> None:
    sizes = (1472, 8972, 65_507 - 28)
    frames = [ethernet(ipv4(udp(bytes(size), 5000, 6000))) for size in sizes]
    for data in (pcap(spaced(frames)), pcapng([Interface()], spaced(frames))):
        document = audit(data)
        assert counts(document, "udp") == [Count(5000, 6000, 3, sum(map(len, frames)), sum(sizes))]
        assert document["inputs"][0]["problems"] == []


def test_a_frame_beyond_an_ip_packet_counts_as_long_as_it_was() -> None:
    whole = ethernet(ipv4(udp(b"data", 5000, 6000)))
    document = audit(pcap([Record(whole + bytes(200_000), T0), Record(whole, T0 + S, 262_144)]))
    assert counts(document, "udp") == [Count(5000, 6000, 2, len(whole) + 200_000 + 262_144, 8)]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_frames_without_a_byte_are_packets_and_move_no_number(form: str) -> None:
    whole = ethernet(ipv4(udp(b"data", 5000, 6000)))
    empty, hidden, stub = Record(b"", T0), Record(b"", T0 + MS, 900), Record(whole[:9], T0 + 2 * MS)
    records = [empty, hidden, stub, Record(whole, T0 + 3 * MS), Record(b"", T0 + 4 * MS)]
    document = audit(pcap(records) if form == "pcap" else pcapng([Interface(resolution=9)], records))
    (facts,) = document["inputs"]
    assert (facts["packets"], facts["wire_bytes"]) == (5, 900 + 9 + len(whole))
    assert (facts["truncated_packets"], facts["last"][-11:]) == (1, ".127456789Z")
    assert counts(document, "udp") == [Count(5000, 6000, 1, len(whole), 4)]
    assert document["flows"][0]["first_packet"] == 4
    assert problems(document) == {
        ("malformed_packet", "Ethernet header is cut"): (1, 4),
        ("truncated_packets", ""): (None, 1),
    }


# copies


def test_a_mirror_port_that_records_twice_is_counted_as_recorded_and_told() -> None:
    frames = talk(1000, b"x" * 100, FIN)
    for k, frame in enumerate(frames):  # each packet of a host has an id of its own
        frames[k] = frame[:18] + be(100 + k, 2) + frame[20:]
    records = [Record(f, T0 + k * 10 * MS + copy * 700) for k, f in enumerate(frames) for copy in (0, 1)]
    document = audit(pcap(records))
    assert counts(document) == [Count(40_000, 443, 10, 10 * 54 + 200, 200, 6, 6 * 54 + 14, 14)]
    assert document["inputs"][0]["packets"] == 16
    assert problems(document)["duplicate_frames", "same bytes at once"] == (2, 8)
    single = audit(pcap(records[::2]))
    assert not [kind for kind, _ in problems(single) if kind == "duplicate_frames"]


def test_repeats_between_captures_are_counted_as_recorded_and_told(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"data %d" % k, 5000, 6000), number=100 + k)) for k in range(9)]
    records = spaced(frames)
    document = audit(pcap(records[:6]), pcapng([Interface(resolution=9)], records[4:]), folder=tmp_path)
    (flow,) = counts(document, "udp")
    assert (flow.packets_out, flow.bytes_out) == (11, sum(map(len, frames)) + len(frames[4]) + len(frames[5]))
    assert problems(document, 1)["duplicate_frames", "also in 0.cap"] == ("1:1", 2)
    assert not [kind for kind, _ in problems(document) if kind == "duplicate_frames"]


# time


def _datagrams(times: list[int]) -> list[Record]:
    return [Record(ethernet(ipv4(udp(b"data", 5000, 6000), number=k + 1)), time) for k, time in enumerate(times)]


def test_a_clock_that_jumps_back_and_forth_is_told_and_spans_what_it_showed() -> None:
    hour = 3600 * S
    times = [T0, T0 + S, T0 - 5 * S, T0 + 2 * S, T0 + 2 * S - 900 * MS, T0 + 3 * S + hour, T0 + 9 * S + hour]
    for data in (pcap(_datagrams(times)), pcapng([Interface(resolution=9)], _datagrams(times))):
        document = audit(data)
        told = problems(document)
        assert told["clock_jump", "backwards by more than a second"] == (3, 1)
        assert told["clock_jump", "forwards by more than an hour"] == (6, 1)
        assert told["time_disorder", ""] == (3, 2)
        (facts,), (flow,) = document["inputs"], document["flows"]
        assert (flow["packets_out"], flow["first"], flow["last"]) == (7, facts["first"], facts["last"])
        assert facts["first"].endswith(":15.123456789Z")
        assert facts["last"].endswith(":29.123456789Z")


def test_a_steady_clock_is_not_told() -> None:
    assert audit(pcap(_datagrams([T0, T0, T0 + 1, T0 + 3600 * S])))["inputs"][0]["problems"] == []


def test_each_interface_has_its_own_resolution_and_offset() -> None:
    interfaces = [
        Interface(),
        Interface(resolution=9),
        Interface(resolution=0x80 | 20),
        Interface(resolution=3, offset_s=1_700_000_000),
        Interface(resolution=0x80 | 32, offset_s=-86_400),
    ]
    times = [T0 + k * S + k for k in range(len(interfaces))]
    records = []
    for k, record in enumerate(_datagrams(times)):
        frame = ethernet(ipv4(udp(b"data", 5000 + k, 6000)))
        records.append(Record(frame, record.time_ns, interface=k))
    document = audit(pcapng(interfaces, records))
    assert [flow["first"][-14:] for flow in document["flows"]] == [
        ":20.123456000Z",
        ":21.123456790Z",
        ":22.123456001Z",  # 129,453 of 2**20 parts of a second
        ":23.123000000Z",
        ":24.123456792Z",  # 530,242,888 of 2**32, rounded down
    ]
    assert document["inputs"][0]["problems"] == []


def test_captures_of_one_set_up_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    frames = talk(1000, b"x" * 100, FIN)
    records = spaced(frames)
    there = [Record(f.data, f.time_ns) for f in records if f.data[6:12] == DEVICE_MAC]
    back = [Record(f.data, f.time_ns, interface=1) for f in records if f.data[6:12] == ROUTER_MAC]
    interfaces = [Interface(link_type=101), Interface(resolution=9, offset_s=1_000_000_000)]
    files = [pcap(there), pcapng(interfaces, back)]
    for order in (files, files[::-1]):
        document = audit(*order, folder=tmp_path)
        assert counts(document) == [Count(40_000, 443, 5, 5 * 54 + 100, 100, 3, 3 * 54 + 7, 7)]
        (flow,) = document["flows"]
        assert flow["rtt_min_ms"] == 10
        assert flow["first_packet"] == f"{order.index(files[0])}:1"
        assert [facts["problems"] for facts in document["inputs"]] == [[], []]
