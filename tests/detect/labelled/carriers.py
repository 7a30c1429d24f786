"""The labelled set's carriers: how a body travels, as the segments that the real dissectors read.

Each carrier is written here, from its standard, as one short conversation; what is declared of the body is written
where the protocol has a place for it. What surrounds the body holds nothing that a detector is to find.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iotaudit.dissect import open_flow
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment
from tests.detect.labelled.wraps import Chain, Record

TCP, UDP = 6, 17
DEVICE_IP, SERVER_IP, DEVICE_PORT = "192.168.1.20", "192.0.2.1", 50_000
HOST, PATH = b"up.vendor.test", b"/up"
MASK = b"\x37\xfa\x21\x3d"
Talk = tuple[tuple[bool, bytes], ...]
"""Packets in their order: whether the device sends, and the payload."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way to send a body.

    `places` are the paths at which the dissectors give the body; `takes_coding` says whether the carrier can declare a
    content coding.
    """

    name: str
    protocol: int
    port: int
    talk: Callable[[bytes, str, str], Talk]
    places: tuple[str, ...]
    takes_coding: bool = False

    def contents(self, data: bytes, media_type: str = "", encoding: str = "") -> Iterator[Content]:
        """Gives what the dissectors read of flow 0 when a device sends `data` this way."""
        client, server = Endpoint(DEVICE_IP, DEVICE_PORT), Endpoint(SERVER_IP, self.port)
        flow = open_flow(0, self.protocol, client, server)
        offsets = {True: 0, False: 0}
        found: list[object] = []
        for packet, (outbound, payload) in enumerate(self.talk(data, media_type, encoding), start=1):
            found += flow.feed(Segment(0, outbound, packet, packet, offsets[outbound], payload))
            offsets[outbound] += len(payload)
        return (item for item in (*found, *flow.close()) if isinstance(item, Content))

    def sends(self, chain: Chain) -> bool:
        """Says whether the chain can be told to the receiver this way."""
        return self.takes_coding or not chain.encoding

    def sent(self, chain: Chain, record: Record) -> Iterator[Content]:
        """Gives what the dissectors read of a record that a device sends this way."""
        return self.contents(chain.write(record), chain.media_type, chain.encoding)


def _halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


def _http(data: bytes, media_type: str, encoding: str) -> Talk:
    """RFC 9112: a POST whose body comes in two segments, the first one behind the head."""
    fields = {"Host": HOST.decode(), "Content-Length": str(len(data))}
    fields |= {"Content-Type": media_type} if media_type else {}
    fields |= {"Content-Encoding": encoding} if encoding else {}
    head = "POST /up HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    first, second = _halves(data)
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    return ((True, head.encode() + b"\r\n" + first), (True, second), (False, answer))


def _field(name: bytes, value: bytes) -> bytes:
    """RFC 7541 section 6.2.2: a literal field that is not indexed, without Huffman code."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113 section 4.1."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _call(media_type: str, encoding: str, frames: tuple[bytes, bytes]) -> Talk:
    """RFC 9113: preface and settings, then a POST (static fields 3 and 6) whose body comes in two frames."""
    fields = b"\x83\x86" + _field(b":path", PATH) + _field(b":authority", HOST)
    fields += _field(b"content-type", media_type.encode()) if media_type else b""
    fields += _field(b"content-encoding", encoding.encode()) if encoding else b""
    opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"") + _frame(1, 4, 1, fields)
    answer = _frame(4, 0, 0, b"") + _frame(1, 5, 1, b"\x89")  # :status 204
    return (
        (True, opening + _frame(0, 0, 1, frames[0])),
        (True, _frame(0, 1, 1, frames[1])),
        (False, answer),
    )


def _http2(data: bytes, media_type: str, encoding: str) -> Talk:
    return _call(media_type, encoding, _halves(data))


def _grpc(data: bytes, media_type: str, encoding: str) -> Talk:
    """The gRPC protocol over HTTP/2: one message behind five bytes; what is in it is not declared."""
    del media_type, encoding
    return _call("application/grpc", "", _halves(b"\0" + len(data).to_bytes(4) + data))


def _varint(number: int) -> bytes:
    """MQTT 5.0 section 1.5.5."""
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | 128 if number else digit)
        if not number:
            return bytes(out)


def _text(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _varint(len(body)) + body


def _mqtt(data: bytes, media_type: str, encoding: str) -> Talk:
    """MQTT 5.0: CONNECT and CONNACK, then PUBLISH (QoS 0) over two segments; property 3 is the content type."""
    del encoding
    connect = _packet(0x10, _text(b"MQTT") + b"\x05\x02\x00\x3c\x00" + _text(b"robot"))
    properties = b"\x03" + _text(media_type.encode()) if media_type else b""
    publish = _packet(0x30, _text(b"up/report") + _varint(len(properties)) + properties + data)
    first, second = _halves(publish)
    return ((True, connect), (False, _packet(0x20, b"\0\0\0")), (True, first), (True, second))


FORMATS = {"application/cbor": b"\x3c"}
"""CoAP's number of a media type (RFC 7252 section 12.3)."""


def _coap(data: bytes, media_type: str, encoding: str) -> Talk:
    """RFC 7252: a confirmable POST with path, format (where it has a number) and payload; 2.04 back."""
    del encoding
    path = b"\xb2" + PATH[1:]  # option 11
    number = FORMATS.get(media_type)
    declared = b"\x11" + number if number else b""  # option 12
    return (
        (True, b"\x42\x02\x00\x01\xab\xcd" + path + declared + b"\xff" + data),
        (False, b"\x62\x44\x00\x01\xab\xcd"),
    )


def _websocket(data: bytes, media_type: str, encoding: str) -> Talk:
    """RFC 6455: the handshake, then a masked message in two frames: text where the bytes are UTF-8, else binary."""
    del media_type, encoding
    ask = (
        b"GET /up HTTP/1.1\r\nHost: up.vendor.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    first, second = _halves(data)
    kind = 1 if _is_utf8(data) else 2
    return ((True, ask), (False, answer), (True, _masked(kind, first)), (True, _masked(0x80, second)))


def _masked(first: int, data: bytes) -> bytes:
    """Gives a frame of a client: first byte, length with the bit of the mask, mask, masked bytes."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([first]) + length + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(data))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bare(data: bytes, media_type: str, encoding: str) -> Talk:
    """A connection of a protocol that nobody knows: the body alone, in two segments."""
    del media_type, encoding
    first, second = _halves(data)
    return ((True, first), (True, second), (False, b"OK\r\n"))


RAW = Carrier("raw TCP", TCP, 7001, _bare, ("text", "binary"))
CARRIERS: tuple[Carrier, ...] = (
    Carrier("HTTP/1", TCP, 80, _http, ("http.body",), takes_coding=True),
    Carrier("HTTP/2", TCP, 80, _http2, ("http.body",), takes_coding=True),
    Carrier("gRPC", TCP, 50_051, _grpc, ("grpc.message",)),
    Carrier("MQTT", TCP, 1883, _mqtt, ("mqtt.payload",)),
    Carrier("CoAP", UDP, 5683, _coap, ("coap.payload",)),
    Carrier("WebSocket", TCP, 80, _websocket, ("websocket.text", "websocket.binary")),
    RAW,
)
"""Every way that the set sends a body."""
