"""Messages of the shipped captures: DHCP, DNS, mDNS, NTP, TLS, HTTP, MQTT, RTSP and RTP as bytes.

Source: RFC 2131 and 2132 (DHCP), RFC 1035 (DNS), RFC 6762 (mDNS), RFC 5905 (NTP), RFC 8446 (TLS 1.3), RFC 9112
(HTTP/1.1), OASIS MQTT 3.1.1, RFC 2326 (RTSP), RFC 3550 and 6184 (RTP, H.264).
"""

import base64
import ipaddress
import json
import struct
from random import Random

DNS_TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "TXT": 16, "AAAA": 28}
NTP_EPOCH_S = 2_208_988_800


def dns_query(number: int, name: str, kind: str = "A") -> bytes:
    """Gives a recursive question."""
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + _name(name) + struct.pack("!HH", DNS_TYPES[kind], 1)


def dns_answer(number: int, name: str, answers: list[tuple[str, str, str]], kind: str = "A") -> bytes:
    """Gives the answer to a question: rows of owner, type, value; no rows is a name without such records."""
    head = struct.pack("!HHHHHH", number, 0x8180, 1, len(answers), 0, 0)
    return head + _name(name) + struct.pack("!HH", DNS_TYPES[kind], 1) + b"".join(_record(*row, 1, 300) for row in answers)


def mdns_announcement(records: list[tuple[str, str, str]]) -> bytes:
    """Gives an unasked mDNS answer."""
    return struct.pack("!HHHHHH", 0, 0x8400, 0, len(records), 0, 0) + b"".join(
        _record(*row, 0x8001 if row[1] != "PTR" else 1, 120) for row in records
    )


def dhcp(kind: int, mac: str, number: int, *, yours: str | None = None, options: list[tuple[int, bytes]]) -> bytes:
    """Gives a DHCP message: 1 discover, 2 offer, 3 request, 5 acknowledge; `yours` is the address given out."""
    reply = kind in (2, 5)
    head = struct.pack("!BBBBIHH", 2 if reply else 1, 1, 6, 0, number, 0, 0)
    addresses = bytes(4) + ipaddress.IPv4Address(yours or 0).packed + bytes(8)
    body = head + addresses + bytes.fromhex(mac.replace(":", "")).ljust(16, b"\0") + bytes(192)
    listed = [(53, bytes([kind])), *options]
    return body + b"\x63\x82\x53\x63" + b"".join(bytes([c, len(v)]) + v for c, v in listed) + b"\xff"


def ntp_request(now_ns: int) -> bytes:
    """Gives a client's question for the time."""
    return bytes([0x23]) + bytes(39) + _ntp_time(now_ns)


def ntp_answer(now_ns: int) -> bytes:
    """Gives a server's answer of stratum 2."""
    return bytes([0x24, 2, 6, 0xE9]) + bytes(8) + bytes([10, 0, 0, 1]) + _ntp_time(now_ns) * 4


def client_hello(random: Random, name: str, protocols: tuple[str, ...] = ("http/1.1",)) -> bytes:
    """Gives a TLS record with a ClientHello that offers TLS 1.3 and 1.2."""
    host = name.encode()
    server_name = struct.pack("!HBH", len(host) + 3, 0, len(host)) + host
    listed = b"".join(bytes([len(p)]) + p.encode() for p in protocols)
    extensions = b"".join(
        struct.pack("!HH", kind, len(body)) + body
        for kind, body in (
            (0, server_name),
            (10, bytes.fromhex("0006001d00170018")),
            (11, bytes.fromhex("0100")),
            (13, bytes.fromhex("00080403080404010601")),
            (16, struct.pack("!H", len(listed)) + listed),
            (43, bytes.fromhex("0403040303")),
            (45, bytes.fromhex("0101")),
            (51, bytes.fromhex("0024001d0020") + random.randbytes(32)),
        )
    )
    ciphers = bytes.fromhex("130113021303c02bc02fcca9")
    body = b"\x03\x03" + random.randbytes(32) + b"\x20" + random.randbytes(32)
    body += struct.pack("!H", len(ciphers)) + ciphers + b"\x01\x00" + struct.pack("!H", len(extensions)) + extensions
    return _record_of(22, b"\x01" + len(body).to_bytes(3) + body, b"\x03\x01")


def server_hello(random: Random) -> bytes:
    """Gives the server's flight of TLS 1.3: hello, change of cipher, then what is encrypted."""
    extensions = bytes.fromhex("002b0002030400330024001d0020") + random.randbytes(32)
    body = b"\x03\x03" + random.randbytes(32) + b"\x20" + random.randbytes(32) + b"\x13\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    hello = _record_of(22, b"\x02" + len(body).to_bytes(3) + body)
    return hello + _record_of(20, b"\x01") + sealed(random, 2300)


def sealed(random: Random, length: int) -> bytes:
    """Gives so many bytes in TLS application records: chance bytes, as ciphertext looks."""
    parts = []
    while length > 0:
        size = min(length, 16_384)
        parts.append(_record_of(23, random.randbytes(size)))
        length -= size
    return b"".join(parts)


def http_request(method: str, host: str, path: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """Gives an HTTP/1.1 request."""
    rows = [("Host", host), *headers]
    if body:
        rows.append(("Content-Length", str(len(body))))
    return f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in rows) + b"\r\n" + body


def http_answer(status: str, body: bytes = b"") -> bytes:
    """Gives an HTTP/1.1 answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def json_body(value: object) -> bytes:
    """Gives compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def basic(user: str, password: str) -> str:
    """Gives an Authorization value of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def mqtt_connect(client: str, user: str, password: str) -> bytes:
    """Gives MQTT 3.1.1 CONNECT with user name and password."""
    body = _field(b"MQTT") + b"\x04\xc2\x00\x3c" + b"".join(_field(x.encode()) for x in (client, user, password))
    return b"\x10" + _mqtt_len(len(body)) + body


def mqtt_publish(topic: str, payload: bytes) -> bytes:
    """Gives MQTT PUBLISH with quality of service 0."""
    body = _field(topic.encode()) + payload
    return b"\x30" + _mqtt_len(len(body)) + body


def mqtt_subscribe(number: int, topic: str) -> bytes:
    """Gives MQTT SUBSCRIBE to one topic."""
    body = struct.pack("!H", number) + _field(topic.encode()) + b"\x00"
    return b"\x82" + _mqtt_len(len(body)) + body


def rtsp_request(method: str, url: str, number: int, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """Gives an RTSP/1.0 request."""
    rows = [("CSeq", str(number)), ("User-Agent", "OwlcamStreamer/3.1"), *headers]
    if body:
        rows.append(("Content-Length", str(len(body))))
    return f"{method} {url} RTSP/1.0\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in rows) + b"\r\n" + body


def rtsp_answer(number: int, headers: list[tuple[str, str]]) -> bytes:
    """Gives an RTSP/1.0 answer 200."""
    rows = [("CSeq", str(number)), *headers]
    return b"RTSP/1.0 200 OK\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in rows) + b"\r\n"


def rtp_h264(sequence: int, stamp: int, source: int, random: Random, *, key: bool) -> bytes:
    """Gives an RTP packet with a fragment (FU-A) of an H.264 picture; where `key`, the first of a key picture."""
    unit = b"\x7c\x85" if key else b"\x7c\x01"
    return struct.pack("!BBHII", 0x80, 0x60, sequence & 0xFFFF, stamp & 0xFFFFFFFF, source) + unit + random.randbytes(1180)


def jpeg(random: Random, width: int, height: int, length: int) -> bytes:
    """Gives what looks like a JPEG picture: right markers and size, chance bytes where the picture would be."""
    start = bytes.fromhex("ffd8ffe000104a46494600010101004800480000")
    frame = b"\xff\xc0" + struct.pack("!HBHHB", 17, 8, height, width, 3) + bytes.fromhex("012200021101031101")
    scan = bytes.fromhex("ffda000c03010002110311003f00")
    return start + frame + scan + random.randbytes(length).replace(b"\xff", b"\xfe") + b"\xff\xd9"


def _ntp_time(now_ns: int) -> bytes:
    return struct.pack("!II", now_ns // 10**9 + NTP_EPOCH_S & 0xFFFFFFFF, (now_ns % 10**9 << 32) // 10**9)


def _name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _record(owner: str, kind: str, value: str, rr_class: int, ttl: int) -> bytes:
    if kind in ("A", "AAAA"):
        data = ipaddress.ip_address(value).packed
    elif kind == "TXT":
        data = bytes([len(value)]) + value.encode()
    else:
        data = _name(value)
    return _name(owner) + struct.pack("!HHIH", DNS_TYPES[kind], rr_class, ttl, len(data)) + data


def _record_of(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + struct.pack("!H", len(body)) + body


def _field(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _mqtt_len(length: int) -> bytes:
    parts = bytearray()
    while True:
        length, digit = divmod(length, 128)
        parts.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(parts)
