"""Generated captures through the reader, the order of time and the count of conversations, against the slow ones."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler
from iotaudit.capture import open_inputs
from iotaudit.capture.layers import decode
from iotaudit.capture.order import TimeOrder
from iotaudit.model.packets import input_of, number_of
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import FrameBatch
from tests.capture.files import Interface, Record, pcapng
from tests.capture.frames import be, ethernet, udp
from tests.reference.captures import Ends, conversations, read_file

S = 10**9
T0 = 1_790_000_000 * S
LINKS = {1: 14, 101: 0, 113: 16}
"""Link types of the generated interfaces: Ethernet, raw IP, Linux cooked."""


class Packet(NamedTuple):
    """An IP packet on its way; `datagram` sets it apart from all others of its hosts."""

    version: int
    src: int
    dst: int
    protocol: int
    payload: bytes
    datagram: int = 0
    at: int = 0
    more: bool = False

    def packed(self) -> bytes:
        """Gives its bytes."""
        cut = self.at or self.more
        if self.version == 4:
            head = b"\x45\0" + be(20 + len(self.payload), 2) + be(self.datagram, 2)
            head += be(self.at >> 3 | self.more << 13, 2) + bytes((64, self.protocol)) + b"\0\0"
            return head + bytes((10, 0, 0, self.src, 10, 0, 0, self.dst)) + self.payload
        inner = bytes((self.protocol, 0)) + be(self.at | self.more, 2) + be(self.datagram, 4) if cut else b""
        head = b"\x60\0\0\0" + be(len(inner) + len(self.payload), 2) + bytes((44 if cut else self.protocol, 64))
        addresses = b"".join(b"\xfd" + bytes(14) + bytes((host,)) for host in (self.src, self.dst))
        return head + addresses + inner + self.payload


def _tcp(data: bytes, source: int, target: int) -> bytes:
    return be(source, 2) + be(target, 2) + be(1, 4) + be(1, 4) + b"\x50\x10\4\0" + bytes(4) + data


def _tunnel(kind: str, inner: bytes, version: int) -> tuple[int, bytes]:
    """Gives the protocol and payload of the packet that carries another."""
    ethertype = 0x0800 if version == 4 else 0x86DD
    match kind:
        case "gre":
            return 47, b"\0\0" + be(ethertype, 2) + inner
        case "ip":
            return (4 if version == 4 else 41), inner
        case "vxlan":
            return 17, udp(b"\x08\0\0\0\0\0\1\0" + ethernet(inner, ethertype), 50_000, 4789)
        case "gtp":
            return 17, udp(b"\x30\xff" + be(len(inner), 2) + be(9, 4) + inner, 2152, 2152)
        case _:
            return 17, udp(inner, 50_000, 3544)


@st.composite
def packets(draw: st.DrawFn, number: int) -> list[Packet]:
    """Gives one packet, perhaps in tunnels, perhaps in fragments that may overlap, in any order."""
    hosts = st.integers(1, 3)
    data = bytes(draw(st.integers(0, 60)))
    ports = draw(st.tuples(st.sampled_from((5000, 5001)), st.sampled_from((53, 6000))))
    version = draw(st.sampled_from((4, 6)))
    protocol = draw(st.sampled_from((6, 17)))
    payload = (_tcp if protocol == 6 else udp)(data, *ports)
    packet = Packet(version, draw(hosts), draw(hosts), protocol, payload, number)
    for kind in draw(st.lists(st.sampled_from(("gre", "ip", "vxlan", "gtp", "teredo")), max_size=2)):
        if kind == "teredo" and packet.version == 4:
            continue
        protocol, payload = _tunnel(kind, packet.packed(), packet.version)
        packet = Packet(draw(st.sampled_from((4, 6))), draw(hosts), draw(hosts), protocol, payload, number)
    size = 8 * draw(st.integers(3, 9))
    if draw(st.booleans()) or len(packet.payload) <= size:
        return [packet]
    pieces = [
        packet._replace(payload=packet.payload[at : at + size], at=at, more=at + size < len(packet.payload))
        for at in range(0, len(packet.payload), size)
    ]
    if len(pieces) > 2 and draw(st.booleans()):  # one that overlaps the second and third
        at = pieces[1].at + 8
        pieces.insert(draw(st.integers(0, 2)), packet._replace(payload=bytes(size), at=at, more=True))
    # the last one stays behind, so that no fragment comes after a whole datagram
    return [*draw(st.permutations(pieces[:-1])), pieces[-1]]


@st.composite
def captures(draw: st.DrawFn) -> list[bytes]:
    """Gives one or two files of one set-up."""
    resolutions = (None, 3, 6, 9, 0x80 | 20, 0x80 | 32)
    interface = st.builds(
        Interface,
        st.sampled_from(tuple(LINKS)),
        st.sampled_from(resolutions),
        st.sampled_from((0, 1_000_000_000, -7200)),
    )
    files = draw(st.lists(st.lists(interface, min_size=1, max_size=3), min_size=1, max_size=2))
    records: list[list[Record]] = [[] for _ in files]
    time_ns = T0
    for number in range(1, draw(st.integers(1, 12)) + 1):
        for packet in draw(packets(number)):
            # more than the coarsest unit, so that the order of time is that of the packets
            time_ns += draw(st.integers(2 * 10**6, 2 * 10**8))
            where = draw(st.integers(0, len(files) - 1))
            which = draw(st.integers(0, len(files[where]) - 1))
            frame = _frame(packet, files[where][which].link_type, draw(st.integers(0, 2)))
            least = len(frame) - len(packet.payload)
            kept = draw(st.integers(least, len(frame))) if not packet.at and draw(st.booleans()) else len(frame)
            if packet.protocol in (6, 17) and not packet.at:
                kept = max(kept, min(least + 20, len(frame)))
            padded = frame + bytes(draw(st.sampled_from((0, 0, 6)))) if kept == len(frame) else frame[:kept]
            records[where].append(Record(padded, time_ns, max(len(frame), len(padded)), which))
    return [pcapng(*file) for file in zip(files, records, strict=True)]


def _frame(packet: Packet, link_type: int, tags: int) -> bytes:
    ethertype = 0x0800 if packet.version == 4 else 0x86DD
    body = packet.packed()
    if link_type == 101:
        return body
    if link_type == 113:
        return b"\0\4\0\1\0\6" + bytes((2, 0, 0, 0, 0, packet.src)) + b"\0\0" + be(ethertype, 2) + body
    for tag in range(tags):
        body, ethertype = be(tag + 5, 2) + be(ethertype, 2) + body, 0x8100
    return ethernet(body, ethertype)


Figures = tuple[dict[tuple[int, int], tuple[int, int, int]], tuple[int, int], int, int]
"""By sender: packets, bytes, payload; then first packet, first and last time."""


def counted(files: list[bytes]) -> dict[Ends, Figures]:
    """Gives what the package counts."""
    problems = ProblemTally()
    assembler = Assembler(problems)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{k}.pcapng" for k in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        for _, item in TimeOrder(open_inputs([str(path) for path in paths])):
            if isinstance(item, FrameBatch):
                list(assembler.feed(decode(item, problems)))
        list(assembler.flush())
    assert {problem.kind for problem in problems.rows()} <= {
        "fragment_overlap",
        "fragment_missing",
        "stream_gap",
        "stream_conflict",
        "malformed_packet",
    }
    table = assembler.table()
    found: dict[Ends, Figures] = {}
    for row in range(len(table.protocol)):
        protocol = int(table.protocol[row])
        if protocol not in (6, 17):
            continue
        above = (int(table.ip_version[row]) == 6) << 128
        client, server = (
            (
                int(getattr(table, f"{end}_hi")[row]) << 64 | int(getattr(table, f"{end}_lo")[row]) | above,
                int(getattr(table, f"{end}_port")[row]),
            )
            for end in ("client", "server")
        )
        sides = {}
        for end, way in ((client, "out"), (server, "in")):
            sums = tuple(int(getattr(table, f"{unit}_{way}")[row]) for unit in ("packets", "bytes", "payload"))
            if sums[0]:
                sides[end] = (sums[0], sums[1], sums[2])
        low, high = sorted((client, server))
        packet = int(table.first_packet[row])
        found[protocol, low, high] = (
            sides,
            (input_of(packet), number_of(packet)),
            int(table.first_ns[row]),
            int(table.last_ns[row]),
        )
    return found


@given(captures())
@settings(max_examples=100, deadline=None)
def test_whole_captures_count_as_the_slow_reader_does(files: list[bytes]) -> None:
    order = {
        (seen.input, seen.number): seen.time_ns for index, data in enumerate(files) for seen in read_file(data, index)
    }
    want: dict[Ends, Figures] = {}
    for ends, sums in conversations(files).items():
        sides = {end: (sums.packets[end], sums.bytes[end], sums.payload[end]) for end in sums.packets}
        first = min(sums.places, key=lambda place: (order[place], place))
        want[ends] = (sides, first, min(sums.times), max(sums.times))
    assert counted(files) == want
