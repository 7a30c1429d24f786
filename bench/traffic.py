"""One round of a lab's traffic: frames in time order, and the fields that the next round changes.

Forty devices of invented vendors behind one router: TLS with hellos (some split over two segments, some of these
swapped), DNS, HTTP with JSON, MQTT over connections that last, RTP, datagrams that look like QUIC, reused ports,
fragments, VLAN tags, IPv6, refused and unanswered connections, retransmissions. All checksums are right.

Source: RFC 791 and 8200 (IP), RFC 768 (UDP), RFC 9293 (TCP), RFC 1624 (why a changed field needs no new sum).
"""

import ipaddress
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from captures import messages as say

MS = 1_000_000
ROUND_NS = 300_000 * MS
ROUND_LEN = 16 << 20
DEVICES = 40
PORTS_FROM, PORTS_TO = 20_000, 60_000
SEGMENT_LEN = 1400
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TCP, UDP = 6, 17
VENDORS = ("dustwhale", "brightpod", "moppel", "owlcam", "plugster", "hearthear")
ROLES = ("api", "map", "log", "ota", "auth", "metrics")
SERVERS = ("145.100.10", "194.94.127", "18.184.10", "47.92.10", "220.181.10", "130.59.10")
"""Ranges that the embedded databases place in a country, as in `captures/make.py`."""
ROUTER_MAC = bytes.fromhex("02aa00000001")
NEXT_IS_FRAGMENT = 44
FRAGMENTED_LEN = 1448
SPLIT, SWAPPED, REPEATED = 0.1, 0.3, 0.02
"""Shares: hellos over two segments, of these the swapped ones, records that are sent twice."""


class Change(NamedTuple):
    """A field that grows from round to round: its place in the frame, its first value, and how it grows.

    In round r it holds `low + (value - low + r * step) % span`.
    """

    at: int
    wide: bool
    value: int
    step: int
    low: int
    span: int


@dataclass(slots=True)
class Frame:
    """A frame; `sum_at` is the place of the transport's checksum, -1 none; `once`: in the first round alone."""

    time_ns: int
    data: bytes
    conversation: int
    changes: list[Change]
    sum_at: int
    once: bool


@dataclass(frozen=True, slots=True)
class Host:
    """One end of a conversation; `tag` is its VLAN, 0 none."""

    mac: bytes
    ip: bytes
    tag: int = 0


@dataclass(slots=True)
class Conversation:
    """What is known of a conversation; `lasting`: the same one in every round, else a new one in each.

    `name` is what the client calls the server in it (server name of TLS, HTTP host), "" nothing.
    """

    protocol: int
    lasting: bool
    name: str = ""


@dataclass(slots=True)
class Traffic:
    """The frames of a round as they are made."""

    random: Random
    port_step: int
    frames: list[Frame] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    size: int = 0
    number: int = 0

    def open(self, protocol: int, *, lasting: bool, name: str = "") -> int:
        """Adds a conversation and gives its number."""
        self.conversations.append(Conversation(protocol, lasting, name))
        return len(self.conversations) - 1

    def port_change(self, at: int, port: int, step: int) -> Change:
        """Gives the change of a client's port, which stays among those of its slot."""
        span = (PORTS_TO - PORTS_FROM) // self.port_step * self.port_step
        return Change(at, False, port, step, PORTS_FROM, span)

    def send(
        self,
        time_ns: int,
        conversation: int,
        ends: tuple[Host, Host],
        packet: tuple[int, bytes, list[Change]],
        *,
        once: bool = False,
    ) -> None:
        """Adds an IP packet of a protocol with a payload whose checksum is not filled in."""
        (source, target), (protocol, payload, changes) = ends, packet
        sum_at = 16 if protocol == TCP else 6
        total = _sum(source.ip + target.ip + struct.pack("!IHH", len(payload), 0, protocol) + payload)
        payload = payload[:sum_at] + struct.pack("!H", (0xFFFF - total) or 0xFFFF) + payload[sum_at + 2 :]
        self.number = self.number % 0xFFFF + 1
        link = target.mac + source.mac
        if source.tag or target.tag:
            link += struct.pack("!HH", 0x8100, source.tag or target.tag)
        pieces = [payload[at : at + FRAGMENTED_LEN] for at in range(0, len(payload), FRAGMENTED_LEN)]
        for k, piece in enumerate(pieces):
            place = k * FRAGMENTED_LEN // 8, k < len(pieces) - 1
            header = self._header(source.ip, target.ip, protocol, len(piece), place)
            data = link + header + piece
            start = len(link) + len(header)
            self.frames.append(
                Frame(
                    time_ns + k * 50_000,
                    data.ljust(60, b"\0"),
                    conversation,
                    [c._replace(at=c.at + start) for c in changes] if k == 0 else [],
                    start + sum_at if k == 0 else -1,
                    once,
                )
            )
            if not once:
                self.size += 16 + max(len(data), 60)

    def _header(self, source: bytes, target: bytes, protocol: int, size: int, place: tuple[int, bool]) -> bytes:
        units, more = place
        cut = units or more
        if len(source) == 16:
            extra = struct.pack("!BBHI", protocol, 0, units << 3 | more, self.number) if cut else b""
            kind = NEXT_IS_FRAGMENT if cut else protocol
            head = struct.pack("!IHBB", 6 << 28, size + len(extra), kind, 64)
            return b"\x86\xdd" + head + source + target + extra
        flags = more << 13 | units if cut else 0x4000
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, self.number, flags, 64, protocol, 0) + source + target
        total = struct.pack("!H", 0xFFFF - _sum(head))
        return b"\x08\x00" + head[:10] + total + head[12:]


class Datagrams:
    """A UDP conversation."""

    def __init__(
        self, traffic: Traffic, client: tuple[Host, int], server: tuple[Host, int], *, lasting: bool, name: str = ""
    ) -> None:
        self._traffic = traffic
        self._ends = (client, server)
        self._step = 0 if lasting else traffic.port_step
        self._number = traffic.open(UDP, lasting=lasting, name=name)

    def send(self, time_ns: int, data: bytes, *, back: bool = False, changes: list[Change] | None = None) -> None:
        """Adds a datagram from the client, or `back` from the server; places of `changes` count in `data`."""
        (source, sport), (target, dport) = self._ends[::-1] if back else self._ends
        all_changes = [c._replace(at=c.at + 8) for c in changes or ()]
        if self._step:
            all_changes.append(self._traffic.port_change(2 if back else 0, self._ends[0][1], self._step))
        payload = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
        self._traffic.send(time_ns, self._number, (source, target), (UDP, payload, all_changes))


class Connection:
    """A TCP conversation; time passes as it is used. `port_step` 0 takes the same port again in each round."""

    def __init__(
        self,
        traffic: Traffic,
        client: tuple[Host, int],
        server: tuple[Host, int],
        time_ns: int,
        *,
        lasting: bool = False,
        port_step: int | None = None,
        name: str = "",
    ) -> None:
        self.now = time_ns
        self.rtt_ns = traffic.random.randrange(8, 160) * MS
        self._traffic = traffic
        self._ends = (client, server)
        self._port_step = 0 if lasting else (traffic.port_step if port_step is None else port_step)
        self._lasting = lasting
        self._seq = [traffic.random.getrandbits(32), traffic.random.getrandbits(32)]
        self._steps = [0, 0] if lasting else [traffic.random.getrandbits(32) | 1 for _ in range(2)]
        self._number = traffic.open(TCP, lasting=lasting, name=name)
        self._first_frame = len(traffic.frames)
        self._sent = [0, 0]

    def handshake(self) -> None:
        """Opens the connection; a lasting one in the first round alone."""
        options = bytes.fromhex("020405b40402080a000000010000000001030307")
        self.segment(0, SYN, b"", options, once=self._lasting)
        self.now += self.rtt_ns
        self.segment(1, SYN | ACK, b"", options, once=self._lasting)
        self.now += MS // 5
        self.segment(0, ACK, b"", once=self._lasting)

    def knock(self, times: int) -> None:
        """Asks for a connection several times, unheard."""
        seq = self._seq[0]
        for _ in range(times):
            self._seq[0] = seq
            self.segment(0, SYN, b"")
            self.now += 1000 * MS

    def data(self, side: int, data: bytes, *, cut_at: int = 0, swapped: bool = False, once: bool = False) -> None:
        """Sends bytes of a side (0 client, 1 server) and the acknowledgement; `cut_at` splits them early."""
        places = list(range(cut_at, len(data), SEGMENT_LEN))
        pieces = [data[:cut_at]] * bool(cut_at) + [data[at : at + SEGMENT_LEN] for at in places]
        frames = self._traffic.frames
        for k, piece in enumerate(pieces):
            self.segment(side, ACK | (PSH if k == len(pieces) - 1 else 0), piece, once=once)
            self.now += MS // 10
        if swapped and len(pieces) == 2:
            frames[-2].time_ns, frames[-1].time_ns = frames[-1].time_ns, frames[-2].time_ns
        self.now += self.rtt_ns if side == 0 else MS
        self.segment(1 - side, ACK, b"", once=once)
        self.now += MS

    def repeat(self) -> None:
        """Sends the last frame again, as after a loss."""
        last = self._traffic.frames[-1]
        self.now += 200 * MS
        self._traffic.frames.append(
            Frame(self.now, last.data, self._number, last.changes, last.sum_at, last.once)
        )
        self._traffic.size += 16 + len(last.data)
        self.now += self.rtt_ns

    def close(self) -> None:
        """Ends the connection from the client's side."""
        self.segment(0, FIN | ACK, b"")
        self.now += self.rtt_ns
        self.segment(1, FIN | ACK, b"")
        self.now += MS // 5
        self.segment(0, ACK, b"")

    def settle(self) -> None:
        """Lets a lasting connection's numbers go on in the next round where this one ended."""
        for frame in self._traffic.frames[self._first_frame :]:
            if frame.conversation == self._number and not frame.once:
                seq, ack = frame.changes
                side = seq.step
                frame.changes = [seq._replace(step=self._sent[side]), ack._replace(step=self._sent[1 - side])]

    def segment(self, side: int, flags: int, data: bytes, options: bytes = b"", *, once: bool = False) -> None:
        """Adds one segment."""
        (source, sport), (target, dport) = self._ends[side], self._ends[1 - side]
        seq, ack = self._seq[side], self._seq[1 - side] if flags & ACK else 0
        offset = (20 + len(options)) // 4 << 4
        payload = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, offset, flags, 0xFAF0, 0, 0) + options + data
        steps = (side, side) if self._lasting else (self._steps[side], self._steps[1 - side])
        changes = [Change(4, True, seq, steps[0], 0, 1 << 32)]
        if flags & ACK:
            changes.append(Change(8, True, ack, steps[1], 0, 1 << 32))
        if self._port_step:
            changes.append(self._traffic.port_change(2 if side else 0, self._ends[0][1], self._port_step))
        self._traffic.send(self.now, self._number, (source, target), (TCP, payload, changes), once=once)
        self._seq[side] = (seq + len(data) + (1 if flags & (SYN | FIN) else 0)) % (1 << 32)
        if not once:
            self._sent[side] += len(data)


class Lab:
    """Makes one round: so many conversations, and pictures of the cameras until it is long enough."""

    def __init__(self, seed: int, conversations: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same bytes each time are wanted
        self._count = conversations
        slots = -(-conversations // DEVICES)
        self.traffic = Traffic(self.random, max(slots + 2, 8))
        self._slots = [0] * DEVICES

    def make(self) -> Traffic:
        """Gives the round's frames in time order."""
        for device in range(DEVICES):
            self._mqtt(device)
            self._time(device)
        kinds: tuple[tuple[Callable[[int], None], int], ...] = (
            (self._tls, 62),
            (self._dns, 20),
            (self._http, 9),
            (self._quic, 4),
            (self._refused, 2),
            (self._unanswered, 2),
            (self._reused, 1),
        )
        calls = [call for call, _ in kinds]
        shares = [share for _, share in kinds]
        for k in range(self._count):
            self.random.choices(calls, shares)[0](k % DEVICES)
        self._update(self.random.randrange(DEVICES))
        self._audio(5)
        self._pictures()
        self.traffic.frames.sort(key=lambda frame: frame.time_ns)
        return self.traffic

    def _device(self, device: int, version: int = 4) -> Host:
        mac = bytes.fromhex("02d0000000") + bytes([device])
        ip = "192.168.50.%d" if version == 4 else "fd50:10::%x"
        return Host(mac, ipaddress.ip_address(ip % (20 + device)).packed, 7 if device == 3 else 0)

    def _server(self, device: int, role: int, version: int = 4) -> tuple[Host, str]:
        vendor = device % len(VENDORS)
        ip = f"{SERVERS[vendor]}.{20 + role}" if version == 4 else f"2001:610:{vendor}::{20 + role:x}"
        return Host(ROUTER_MAC, ipaddress.ip_address(ip).packed), f"{ROLES[role]}.{VENDORS[vendor]}.example"

    def _port(self, device: int) -> int:
        self._slots[device] += 1
        return PORTS_FROM + self._slots[device] - 1

    def _start(self) -> int:
        return self.random.randrange(ROUND_NS * 8 // 10)

    def _tls(self, device: int) -> None:
        version = 6 if device % 8 == 7 else 4
        server, name = self._server(device, self.random.randrange(len(ROLES)), version)
        client = self._device(device, version), self._port(device)
        link = Connection(self.traffic, client, (server, 443), self._start(), name=name)
        link.handshake()
        hello = say.client_hello(self.random, name)
        split = self.random.random() < SPLIT
        link.data(0, hello, cut_at=len(hello) // 2 if split else 0, swapped=split and self.random.random() < SWAPPED)
        link.data(1, say.server_hello(self.random))
        for _ in range(self.random.randrange(1, 4)):
            link.data(0, say.sealed(self.random, self.random.randrange(80, 1200)))
            if self.random.random() < REPEATED:
                link.repeat()
            link.data(1, say.sealed(self.random, self.random.randrange(80, 4000)))
        link.close()

    def _dns(self, device: int) -> None:
        server, name = self._server(device, self.random.randrange(len(ROLES)))
        router = Host(ROUTER_MAC, ipaddress.ip_address("192.168.50.1").packed)
        talk = Datagrams(self.traffic, (self._device(device), self._port(device)), (router, 53), lasting=False)
        start, number = self._start(), self.random.getrandbits(16)
        talk.send(start, say.dns_query(number, name))
        answers = [(name, "A", str(ipaddress.ip_address(server.ip)))]
        talk.send(start + 12 * MS, say.dns_answer(number, name, answers), back=True)

    def _http(self, device: int) -> None:
        server, name = self._server(device, 5)
        link = Connection(self.traffic, (self._device(device), self._port(device)), (server, 80), self._start(), name=name)
        link.handshake()
        serial = f"{VENDORS[device % len(VENDORS)][:3].upper()}-{device:04d}-{7919 * (device + 1) % 100_000:05d}"
        for _ in range(self.random.randrange(1, 4)):
            told = {
                "serial": serial,
                "battery": self.random.randrange(100),
                "wifi": {"ssid": "lab-net", "rssi": -self.random.randrange(30, 80)},
                "uptime": self.random.randrange(10**6),
                "area": [self.random.randrange(4096) for _ in range(self.random.randrange(8, 200))],
            }
            headers = [("User-Agent", f"{VENDORS[device % len(VENDORS)]}/2.4"), ("Content-Type", "application/json")]
            link.data(0, say.http_request("POST", name, f"/v1/telemetry/{serial}", headers, say.json_body(told)))
            link.data(1, say.http_answer("200 OK", b'{"ok":true}'))
        link.close()

    def _mqtt(self, device: int) -> None:
        server, _ = self._server(device, 0)
        link = Connection(self.traffic, (self._device(device), 61_000 + device), (server, 1883), 0, lasting=True)
        link.handshake()
        link.data(0, say.mqtt_connect(f"dev-{device}", f"user-{device}", "not-a-secret"), once=True)
        link.data(1, b"\x20\x02\x00\x00", once=True)
        for k in range(self.random.randrange(4, 20)):
            link.now = (k + 1) * ROUND_NS // 22
            told = say.json_body({"state": "docked", "battery": self.random.randrange(100)})
            link.data(0, say.mqtt_publish(f"lab/{device}/state", told))
        link.settle()

    def _time(self, device: int) -> None:
        server, _ = self._server(device, 4)
        talk = Datagrams(self.traffic, (self._device(device), 123), (server, 123), lasting=True)
        start = self._start()
        talk.send(start, say.ntp_request(start))
        talk.send(start + 30 * MS, say.ntp_answer(start), back=True)

    def _quic(self, device: int) -> None:
        server, _ = self._server(device, 1)
        talk = Datagrams(self.traffic, (self._device(device), self._port(device)), (server, 443), lasting=False)
        start, target = self._start(), self.random.randbytes(8)
        head = b"\xc3\x00\x00\x00\x01\x08" + target + b"\x00\x00\x44\x96"
        talk.send(start, head + self.random.randbytes(1200 - len(head)))
        for k in range(self.random.randrange(4, 30)):
            data = b"\x43" + target + self.random.randbytes(self.random.randrange(40, 1200))
            talk.send(start + (k + 1) * 9 * MS, data, back=k % 3 > 0)

    def _refused(self, device: int) -> None:
        server, _ = self._server(device, 2)
        link = Connection(self.traffic, (self._device(device), self._port(device)), (server, 8443), self._start())
        link.segment(0, SYN, b"")
        link.now += link.rtt_ns
        link.segment(1, RST | ACK, b"")

    def _unanswered(self, device: int) -> None:
        server, _ = self._server(device, 3)
        link = Connection(self.traffic, (self._device(device), self._port(device)), (server, 9443), self._start())
        link.knock(3)

    def _reused(self, device: int) -> None:
        server, name = self._server(device, 4)
        client = self._device(device), PORTS_TO + self._port(device) - PORTS_FROM
        link = Connection(self.traffic, client, (server, 8080), self._start(), port_step=0, name=name)
        link.handshake()
        link.data(0, say.http_request("GET", name, "/check", [("User-Agent", "lab/1")]))
        link.data(1, say.http_answer("204 No Content"))
        link.close()

    def _update(self, device: int) -> None:
        server, name = self._server(device, 3)
        link = Connection(self.traffic, (self._device(device), self._port(device)), (server, 443), self._start(), name=name)
        link.handshake()
        link.data(0, say.client_hello(self.random, name))
        link.data(1, say.server_hello(self.random))
        for _ in range(40):
            link.data(1, say.sealed(self.random, 16_384))
        link.close()

    def _audio(self, device: int) -> None:
        server, _ = self._server(device, 1)
        talk = Datagrams(self.traffic, (self._device(device), 17_000), (server, 17_000), lasting=True)
        count = ROUND_NS // (20 * MS)
        for k in range(count):
            head = struct.pack("!BBHII", 0x80, 111, k & 0xFFFF, 960 * k, 0x50DA0)
            changes = [Change(2, False, k & 0xFFFF, count, 0, 1 << 16), Change(4, True, 960 * k, 960 * count, 0, 1 << 32)]
            talk.send(k * 20 * MS, head + self.random.randbytes(self.random.randrange(60, 180)), changes=changes)

    def _pictures(self) -> None:
        """Fills the round with video of three cameras, of one in datagrams that are sent in fragments."""
        missing = ROUND_LEN - self.traffic.size
        cameras = (0, 8, 16)
        length = 1000
        count = max(missing // len(cameras) // (length + 70), 1)
        for device in cameras:
            size = 2 * length if device == cameras[-1] else length
            number = count // 2 if device == cameras[-1] else count
            server, _ = self._server(device, 1)
            talk = Datagrams(self.traffic, (self._device(device), 16_000), (server, 16_000), lasting=True)
            for k in range(number):
                stamp = 3000 * (k // 8)
                head = struct.pack("!BBHII", 0x80, 96, k & 0xFFFF, stamp, 0xCA0000 + device)
                changes = [
                    Change(2, False, k & 0xFFFF, number, 0, 1 << 16),
                    Change(4, True, stamp, 3000 * (number // 8), 0, 1 << 32),
                ]
                unit = b"\x7c\x85" if k % 64 == 0 else b"\x7c\x01"
                talk.send(k * ROUND_NS // number, head + unit + self.random.randbytes(size), changes=changes)


def _sum(data: bytes) -> int:
    """Gives the one's complement sum of 16-bit words modulo 65535."""
    return int.from_bytes(data + b"\0" * (len(data) & 1), "big") % 0xFFFF
