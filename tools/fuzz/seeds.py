"""Where fuzzing begins: conversations of captures, bytes that the tests hold, and a few of each format by hand."""

import gzip
import importlib.util
import json
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import dpkt

from iotaudit.codec.guard import Fault, guarded
from iotaudit.dissect.session import TCP, Head, Likeness
from tools.fuzz.targets import Target, dissectors, talk

ROOT = Path(__file__).resolve().parents[2]
FLOWS_READ = 4000
PACKETS_READ = 16_000
PIECES_KEPT = 10
PIECE_LEN = 1500
SEEDS_KEPT = 24
HAR = json.dumps(
    {
        "log": {
            "version": "1.2",
            "creator": {"name": "x", "version": "1"},
            "entries": [
                {
                    "startedDateTime": "2026-01-02T03:04:05.678Z",
                    "time": 12,
                    "serverIPAddress": "192.0.2.1",
                    "request": {
                        "method": "POST",
                        "url": "https://a.test/b?c=1",
                        "httpVersion": "HTTP/1.1",
                        "headers": [{"name": "Host", "value": "a.test"}],
                        "postData": {"mimeType": "application/json", "text": "{}"},
                    },
                    "response": {
                        "status": 200,
                        "headers": [],
                        "content": {"size": 4, "mimeType": "text/plain", "text": "b2s=", "encoding": "base64"},
                    },
                }
            ],
        }
    }
).encode()


def _netted(value: object) -> bytes:
    """Gives a value as mitmproxy's flow files write it (tnetstrings)."""
    match value:
        case dict():
            data, mark = b"".join(_netted(k) + _netted(v) for k, v in value.items()), b"}"
        case list():
            data, mark = b"".join(map(_netted, value)), b"]"
        case bool():
            data, mark = str(value).lower().encode(), b"!"
        case int():
            data, mark = str(value).encode(), b"#"
        case float():
            data, mark = str(value).encode(), b"^"
        case bytes():
            data, mark = value, b","
        case None:
            data, mark = b"", b"~"
        case _:
            data, mark = str(value).encode(), b";"
    return str(len(data)).encode() + b":" + data + mark


FLOWS = _netted(
    {
        "type": "http",
        "version": 21,
        "id": "1",
        "client_conn": {"peername": ["192.168.1.20", 50000], "sni": "a.test", "tls_established": True},
        "server_conn": {"address": ["a.test", 443], "peername": ["192.0.2.1", 443]},
        "request": {
            "method": b"POST",
            "scheme": b"https",
            "host": "a.test",
            "port": 443,
            "path": b"/b",
            "headers": [[b"Host", b"a.test"]],
            "content": b"{}",
            "timestamp_start": 1.5,
        },
        "response": {"status_code": 200, "headers": [], "content": b"ok", "timestamp_start": 1.6},
        "error": None,
        "websocket": None,
    }
)
Talk = list[tuple[bool, bytes]]


def seeds_of(target: Target, captures: Iterable[Path]) -> list[bytes]:
    """Gives what a target's corpus begins with."""
    kind, _, name = target.name.partition(":")
    if kind == "dissect":
        found = _of_captures(name, captures) + _of_tests(name)
        return [talk(row, mode) for row in found for mode in (0, 1)] or [talk([(True, bytes(16))])]
    if kind == "capture":
        shipped = [p for p in sorted((ROOT / "captures").iterdir()) if p.suffix in {".pcap", ".pcapng"}]
        return [*(p.read_bytes()[:6000] for p in shipped), HAR, FLOWS]
    text = json.dumps(
        {"id": "A1", "pos": {"lat": 52.5, "lon": 13.4}, "b": "eyJhIjogMX0=", "u": "a%20b"}
    ).encode()
    form = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n"
    packed = [
        gzip.compress(text, mtime=0),
        zlib.compress(text),
        form,
        text.hex().encode(),
        b"a=1&b=%7B%22c%22%3A1%7D",
    ]
    return [text, *packed, *(bytes([n]) + data for n, data in enumerate([text, *packed]))]


def _of_captures(name: str, captures: Iterable[Path]) -> list[Talk]:
    """Gives the beginnings of the captures' flows that a dissector takes for its own."""
    known = {module.ID: module for module in dissectors()}
    found: dict[tuple[bytes, int], Talk] = {}
    for path in captures:
        for protocol, row in _talks(path):
            first = row[0][1]
            if name in known:
                module = known[name]
                head = Head(first, protocol, () if protocol == TCP else (first,))
                likeness = (
                    guarded(name, module.recognise, head) if protocol in module.TRANSPORT else Likeness.NO
                )
                if not isinstance(likeness, Likeness) or likeness <= Likeness.MORE:
                    continue
            elif (name == "all-streams") is not (protocol == TCP):
                continue
            found.setdefault((first[:6], len(row)), row)
        if len(found) >= SEEDS_KEPT:
            break
    return list(found.values())[:SEEDS_KEPT]


def _talks(path: Path) -> list[tuple[int, Talk]]:
    """Gives the first payloads of each flow of a pcap file, in the order in which they came."""
    flows: dict[tuple[object, ...], Talk] = defaultdict(list)
    frames = guarded("dpkt", _frames, path)
    for frame in () if isinstance(frames, Fault) else frames:
        ether = guarded("dpkt", dpkt.ethernet.Ethernet, frame)
        ip: Any = getattr(ether, "data", None)
        part = getattr(ip, "data", None)
        data = bytes(getattr(part, "data", b"") or b"")[:PIECE_LEN]
        if not isinstance(part, dpkt.tcp.TCP | dpkt.udp.UDP) or not data:
            continue
        number = TCP if isinstance(part, dpkt.tcp.TCP) else 17
        there, back = (
            (number, ip.src, part.sport, ip.dst, part.dport),
            (number, ip.dst, part.dport, ip.src, part.sport),
        )
        outbound = back not in flows
        row = flows[there if outbound else back]
        if len(row) < PIECES_KEPT:
            row.append((outbound, data))
    return [(key[0], row) for key, row in list(flows.items())[:FLOWS_READ] if isinstance(key[0], int)]


def _frames(path: Path) -> list[bytes]:
    """Gives the first Ethernet frames of a file."""
    with path.open("rb") as file:
        reader = dpkt.pcap.UniversalReader(file)
        return [frame for _, frame in islice(reader, PACKETS_READ)] if reader.datalink() == 1 else []


def _of_tests(name: str) -> list[Talk]:
    """Gives the bytes, and hexadecimal texts, that the tests of a dissector hold as constants."""
    path = ROOT / "tests" / "dissect" / f"test_{name}.py"
    if not path.is_file():
        return []
    sys.path[:0] = [str(ROOT)]
    spec = importlib.util.spec_from_file_location(f"seeds_{name}", path)
    if spec is None or spec.loader is None:
        return []
    module = importlib.util.module_from_spec(spec)
    guarded("tests", spec.loader.exec_module, module)
    flights = []
    for value in vars(module).values():
        data = guarded("hex", bytes.fromhex, value) if isinstance(value, str) else value
        if isinstance(data, bytes) and len(data) > 3:
            flights.append(data[:PIECE_LEN])
    both = [(number % 2 == 0, data) for number, data in enumerate(flights[:PIECES_KEPT])]
    return [[(True, data)] for data in flights] + ([both] if len(both) > 1 else [])
