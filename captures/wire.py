"""Packets for the shipped captures: Ethernet, IPv4, UDP, TCP with right checksums, and files to hold them.

Everything is a function of its arguments, so that the same script gives the same bytes.
Source: RFC 791 (IPv4), RFC 768 (UDP), RFC 9293 (TCP), RFC 826 (ARP), the pcap and pcapng drafts of the IETF opsawg.
"""

import ipaddress
import struct
from dataclasses import dataclass, field
from random import Random

MS = 1_000_000
S = 1_000_000_000
BROADCAST = "ff:ff:ff:ff:ff:ff"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SEGMENT_LEN = 1448


@dataclass(frozen=True)
class Host:
    """One end: link address and IPv4 address."""

    mac: str
    ip: str


@dataclass
class Recording:
    """Frames in time order as the lab's port saw them. `now` is ns since the epoch and only goes forward."""

    seed: int
    now: int
    frames: list[tuple[int, bytes, str]] = field(default_factory=list)
    comment: str = ""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - the same bytes each time are wanted
        self.ids: dict[str, int] = {}

    def wait(self, ns: int) -> None:
        """Lets time pass."""
        self.now += ns

    def step(self, step: str, text: str) -> None:
        """Marks the next frame with a scenario step."""
        self.comment = f"iotaudit:step={step} {text}"

    def frame(self, source: str, target: str, kind: int, payload: bytes) -> None:
        """Adds an Ethernet frame, padded to the least length."""
        data = _mac(target) + _mac(source) + struct.pack("!H", kind) + payload
        self.frames.append((self.now, data.ljust(60, b"\0"), self.comment))
        self.comment = ""

    def ip(self, source: Host, target: Host, protocol: int, payload: bytes, *, ttl: int = 64) -> None:
        """Adds an IPv4 packet; the packet goes to the target's link address."""
        number = self.ids[source.ip] = (self.ids.get(source.ip, 0x1000) + 1) & 0xFFFF
        head = struct.pack(
            "!BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(payload),
            number,
            0x4000,
            ttl,
            protocol,
            0,
            _ip(source.ip),
            _ip(target.ip),
        )
        head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
        self.frame(source.mac, target.mac, 0x0800, head + payload)

    def udp(self, source: Host, sport: int, target: Host, dport: int, data: bytes) -> None:
        """Adds a UDP datagram."""
        length = 8 + len(data)
        pseudo = _ip(source.ip) + _ip(target.ip) + struct.pack("!BBH", 0, 17, length)
        head = struct.pack("!HHHH", sport, dport, length, 0)
        check = _checksum(pseudo + head + data) or 0xFFFF
        self.ip(source, target, 17, struct.pack("!HHHH", sport, dport, length, check) + data)

    def arp(self, source: Host, target_ip: str, *, answer_to: Host | None = None) -> None:
        """Adds an ARP request for `target_ip`, or the answer to one."""
        kind, to = (2, answer_to.mac) if answer_to else (1, "00:00:00:00:00:00")
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, kind) + _mac(source.mac) + _ip(source.ip)
        self.frame(source.mac, answer_to.mac if answer_to else BROADCAST, 0x0806, body + _mac(to) + _ip(target_ip))

    def tcp(self, client: Host, port: int, server: Host, server_port: int, *, rtt: int) -> "Connection":
        """Opens a TCP connection: the handshake takes one round trip (ns)."""
        return Connection(self, client, port, server, server_port, rtt)

    def pcap(self) -> bytes:
        """Gives the frames as a pcap file (microseconds, little-endian)."""
        parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
        for time_ns, data, _ in self.frames:
            micros = time_ns // 1000
            parts.append(struct.pack("<IIII", micros // 10**6, micros % 10**6, len(data), len(data)) + data)
        return b"".join(parts)

    def pcapng(self) -> bytes:
        """Gives the frames as a pcapng file with nanoseconds, marks as packet comments and interface statistics."""
        parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
        interface = struct.pack("<HHI", 1, 0, 262144) + _option(2, b"lab0") + _option(9, b"\x09") + _option(0, b"")
        parts.append(_block(1, interface))
        for time_ns, data, comment in self.frames:
            head = struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
            options = _option(1, comment.encode()) + _option(0, b"") if comment else b""
            parts.append(_block(6, head + _padded(data) + options))
        statistics = struct.pack("<III", 0, self.now >> 32, self.now & 0xFFFFFFFF)
        statistics += _option(4, struct.pack("<Q", len(self.frames))) + _option(5, struct.pack("<Q", 0))
        parts.append(_block(5, statistics + _option(0, b"")))
        return b"".join(parts)


class Connection:
    """One TCP connection: both sides' sequence numbers, and time that passes as bytes travel."""

    def __init__(self, tape: Recording, client: Host, port: int, server: Host, server_port: int, rtt: int) -> None:
        self.tape = tape
        self.ends = ((client, port), (server, server_port))
        self.rtt = rtt
        self.seq = [tape.random.getrandbits(32), tape.random.getrandbits(32)]
        options = bytes.fromhex("020405b40402080a0000000100000000010303 07")
        self._send(0, SYN, options=options)
        tape.wait(rtt)
        self._send(1, SYN | ACK, options=options)
        tape.wait(MS // 5)
        self._send(0, ACK)

    def client(self, data: bytes) -> None:
        """Sends bytes of the client, acknowledged one round trip later."""
        self._data(0, data)

    def server(self, data: bytes) -> None:
        """Sends bytes of the server."""
        self._data(1, data)

    def close(self) -> None:
        """Ends the connection from the client's side."""
        self._send(0, FIN | ACK)
        self.tape.wait(self.rtt)
        self._send(1, FIN | ACK)
        self.tape.wait(MS // 5)
        self._send(0, ACK)

    def _data(self, side: int, data: bytes) -> None:
        for at in range(0, len(data), SEGMENT_LEN):
            piece = data[at : at + SEGMENT_LEN]
            last = at + SEGMENT_LEN >= len(data)
            self._send(side, ACK | (PSH if last else 0), piece)
            self.tape.wait(MS // 10)
        self.tape.wait(self.rtt if side == 0 else MS)
        self._send(1 - side, ACK)
        self.tape.wait(MS)

    def _send(self, side: int, flags: int, data: bytes = b"", options: bytes = b"") -> None:
        (source, sport), (target, dport) = self.ends[side], self.ends[1 - side]
        answer = self.seq[1 - side] if flags & ACK else 0
        offset = (20 + len(options)) // 4 << 4
        fields = (sport, dport, self.seq[side], answer, offset, flags, 0xFAF0)
        head = struct.pack("!HHIIBBHHH", *fields, 0, 0) + options
        pseudo = _ip(source.ip) + _ip(target.ip) + struct.pack("!BBH", 0, 6, len(head) + len(data))
        check = _checksum(pseudo + head + data)
        head = head[:16] + struct.pack("!H", check) + head[18:]
        self.tape.ip(source, target, 6, head + data)
        self.seq[side] = (self.seq[side] + len(data) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _ip(text: str) -> bytes:
    return ipaddress.IPv4Address(text).packed


def _checksum(data: bytes) -> int:
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) & 1))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length
