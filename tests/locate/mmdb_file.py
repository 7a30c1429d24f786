"""A small writer of MMDB files for tests, so that no database of others has to be kept here.

Source: MaxMind DB file format specification, version 2.0.
"""

import ipaddress
import struct
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
V4_IN_V6 = 96
WIDTHS = {
    "binary_format_major_version": 5,
    "binary_format_minor_version": 5,
    "build_epoch": 9,
    "ip_version": 5,
    "node_count": 6,
    "record_size": 5,
}
"""Type numbers of the metadata's integers (5: 16 bits, 6: 32, 9: 64)."""


def write_mmdb(
    path: Path, rows: dict[str, Any], kind: str = "Test-Country", epoch: int = 1_750_000_000
) -> Path:
    """Writes networks (CIDR text) to records; `epoch` is the build time in seconds."""
    nodes: list[list[Any]] = [[None, None]]
    data = b""
    offsets: dict[bytes, int] = {}
    for text, record in rows.items():
        network = ipaddress.ip_network(text)
        width = network.prefixlen + (V4_IN_V6 if network.version == 4 else 0)
        bits = int(network.network_address)
        at = 0
        packed = encode(record)
        if packed not in offsets:
            offsets[packed] = len(data)
            data += packed
        for depth in range(width):
            side = bits >> (127 - depth) & 1
            if depth == width - 1:
                nodes[at][side] = ("data", offsets[packed])
                break
            if nodes[at][side] is None:
                nodes[at][side] = len(nodes)
                nodes.append([None, None])
            at = nodes[at][side]
    count = len(nodes)
    tree = b"".join(_record(value, count).to_bytes(3, "big") for node in nodes for value in node)
    metadata: dict[str, Any] = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": epoch,
        "database_type": kind,
        "description": {"en": "made by a test"},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": count,
        "record_size": 24,
    }
    described = _control(7, len(metadata))
    for key, value in metadata.items():
        kind_of = WIDTHS.get(key)
        described += encode(key) + (_number(kind_of, value) if kind_of else encode(value))
    path.write_bytes(tree + bytes(16) + data + MARKER + described)
    return path


def _record(value: Any, count: int) -> int:
    if value is None:
        return count
    if isinstance(value, tuple):
        return count + 16 + int(value[1])
    return int(value)


def encode(value: Any) -> bytes:
    """Gives a value in the data section's form."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, int):
        return _number(6, value)
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(encode(item) for item in value)
    return _control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def _number(kind: int, value: int) -> bytes:
    raw = struct.pack(">Q", value).lstrip(b"\0")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    extra = b""
    if size >= 29:
        size, extra = 29, bytes([size - 29])
    if kind > 7:
        return bytes([size, kind - 7]) + extra
    return bytes([kind << 5 | size]) + extra
