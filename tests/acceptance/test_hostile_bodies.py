"""Bodies that are made to cost: bombs, nests, millions of fields, 100 MB. The work is bounded, and what was left is told."""

import base64
import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from iotaudit import pipeline
from iotaudit.codec.budget import NODES, TOTAL_LEN, Budget
from iotaudit.detect import DETAILS, DETECTORS, Detector
from iotaudit.detect.index import Asked, Index
from iotaudit.detect.known import Known, Present
from iotaudit.detect.node import Node
from iotaudit.detect.tree import Tree
from iotaudit.model.raw import Content
from tests.acceptance.scenes import AS_OF

MIB = 1 << 20
KEPT_LEN = 2 * MIB
"""More than dissection keeps of one body."""
JSON = "application/json"


def bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mebibytes)) + packer.flush()


def again(times: int, step: Callable[[bytes], bytes], data: bytes) -> bytes:
    for _ in range(times):
        data = step(data)
    return data


def in_string(data: bytes) -> bytes:
    return json.dumps({"a": data.decode()}).encode()


BODIES: dict[str, tuple[bytes, str, str]] = {
    "bomb": (gzip.compress(bomb(200)), "", "size"),
    "gzip in gzip": (again(12, gzip.compress, bytes(100)), "", "depth"),
    "base64 in base64": (again(10, base64.b64encode, b"secret words" * 500), "", "depth"),
    "brackets": (b"[" * 100_000 + b"]" * 100_000, JSON, "depth"),
    "objects that never end": (b'{"a":' * 100_000, JSON, "depth"),
    "JSON in JSON": (again(12, in_string, b'{"a":"secret"}'), JSON, "depth"),
    "names": (b"{" + b",".join(b'"k%d":%d' % (i, i) for i in range(NODES + 1)) + b"}", JSON, "nodes"),
    "list": (b"[" + b'"a",' * (NODES + 1) + b'"a"]', JSON, "nodes"),
    "lines": (b'{"a":1}\n' * 20_000, "", "nodes"),
    "form": (b"&".join(b"k%d=%d" % (i, i) for i in range(5_000)), "", "nodes"),
    "rows": (b"time,value\n" + b"1,2\n" * 5_000, "text/csv", "nodes"),
    "words": (b" ".join(base64.b64encode(b"%024d" % i) for i in range(2_000)), "", "tokens"),
    "parts": (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 2_000 + b"--b--", "multipart/form-data", "parts"),
    "strings": (b"readable text\0\1" * 10_000, "", "strings"),
    "invalid UTF-8": (b"\xff\xfe\xc0abc def=ghi " * 60_000, "text/plain", ""),
    "escapes": (b"%25" * 300_000, "", ""),
    "entities": (
        b'<!DOCTYPE z [<!ENTITY a0 "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY a%d "&a%d;&a%d;&a%d;">' % (i + 1, i, i, i) for i in range(40))
        + b"]><z>&a40;</z>",
        "text/xml",
        "",
    ),
    "elements": (b"<a>" * 100_000 + b"</a>" * 100_000, "text/xml", ""),
    "CBOR in CBOR": (b"\x81" * 500_000 + b"\0", "application/cbor", ""),
    "protobuf": (b"\x08\x01" * 300_000, "application/x-protobuf", ""),
    "at signs": (b"a@" * 400_000, "", ""),
    "quotes": (b'"' * 900_000, "", ""),
    "pairs": (b"a=b " * 200_000, "", "nodes"),
}
"""Body, media type, and the bound that is told; "" where the body is searched to its end as what it is."""


@pytest.mark.parametrize("name", BODIES)
def test_a_body_costs_no_more_than_its_budget(name: str) -> None:
    data, media_type, exceeded = BODIES[name]
    budget, places, shown = Budget(), 0, 0

    def see(node: Node, _asked: Asked, _present: Present) -> None:
        nonlocal places, shown
        places += 1
        shown += len(node.text) + len(node.data)

    content = Content(0, 1, 0, True, "http.body", "plaintext", data, "", media_type)
    Tree(content, Index(DETECTORS, Known(())), see, budget).walk()
    assert budget.exceeded == exceeded
    assert budget.bytes_left >= 0
    assert budget.nodes_left >= 0
    assert places <= 3 * NODES
    assert shown <= 4 * (len(data) + TOTAL_LEN)


def segments(port: int, pieces: Iterator[bytes]) -> bytes:
    """Gives a pcap of one TCP connection whose client sends the pieces, each in one large segment."""
    out = io.BytesIO()
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
    ends = (bytes.fromhex("027468690028"), bytes((192, 168, 7, 40)), 41_000), (bytes.fromhex("02d000000014"), bytes((104, 16, 10, 20)), port)
    count = 0

    def send(side: int, seq: int, ack: int, flags: int, data: bytes = b"") -> None:
        nonlocal count
        (mac, ip, sport), (to_mac, to_ip, dport) = ends[side], ends[1 - side]
        segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 0xFAF0, 0, 0) + data
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0x4000, 64, 6, 0) + ip + to_ip
        frame = to_mac + mac + b"\x08\0" + head + segment
        count += 1
        out.write(struct.pack("<IIII", 1_790_000_000, count * 10, len(frame), len(frame)) + frame)

    send(0, 99, 0, 2)
    send(1, 499, 100, 0x12)
    seq = 100
    for number, piece in enumerate(pieces):
        send(0, seq, 500, 0x18, piece)
        seq += len(piece)
        if number % 16 == 0:
            send(1, 500, seq, 0x10)
    send(0, seq, 500, 0x11)
    send(1, 500, seq + 1, 0x11)
    send(0, seq + 1, 501, 0x10)
    return out.getvalue()


HEAD = b"POST /in HTTP/1.1\r\nHost: a.vendor.example\r\nContent-Type: application/json\r\n"
BIG_LEN = 100_000_000
PIECE = (b'{"email":"a.b@post.example","v":[1,2,3]}\n' * 1_500)[:60_000]


def by_length() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: %d\r\n\r\n" % (BIG_LEN // 60_000 * 60_000)
    for _ in range(BIG_LEN // 60_000):
        yield PIECE


def in_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(BIG_LEN // 60_000):
        yield b"ea60\r\n" + PIECE + b"\r\n"
    yield b"0\r\n\r\n"


def packed() -> Iterator[bytes]:
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    yield HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(BIG_LEN // 60_000):
        if piece := packer.compress(PIECE)[:60_000]:
            yield b"%x\r\n" % len(piece) + piece + b"\r\n"
    yield b"0\r\n\r\n"


def published() -> Iterator[bytes]:
    yield bytes.fromhex("10 10 0004 4d515454 04 02 003c 0004 63616d31")  # CONNECT as "cam1"
    size, length = BIG_LEN // 60_000 * 60_000 + 3, b""
    while size:
        length += bytes((size % 128 | (0x80 if size > 127 else 0),))
        size //= 128
    yield b"\x30" + length + b"\0\x01t"  # PUBLISH to "t"
    for _ in range(BIG_LEN // 60_000):
        yield PIECE


@pytest.mark.parametrize(("port", "pieces"), [(80, by_length), (80, in_chunks), (80, packed), (1883, published)])
@pytest.mark.usefixtures("knowledge_once")
def test_of_100_mb_a_bounded_part_is_searched_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, port: int, pieces: Callable[[], Iterator[bytes]]
) -> None:
    fed: list[int] = []
    feed = Detector.feed

    def counted(detector: Detector, content: Content) -> None:
        fed.append(len(content.data))
        feed(detector, content)

    monkeypatch.setattr(Detector, "feed", counted)
    result: Any = pipeline.audit("-", stdin=io.BytesIO(segments(port, pieces())), as_of=AS_OF)
    assert max(fed) >= 1 << 18
    assert sum(fed) <= KEPT_LEN
    assert any(row.data_type == "person.email" for row in result.exposure_rows)
    told = [p for facts in result.inputs for p in facts.problems if p.kind == "decode_limit"]
    assert told
    assert all(p.detail in DETAILS.values() and p.loses_payload for p in told)
    assert any(row.what == "decode_limit" or "searched" in row.detail for row in result.verdict.coverage.unread)
