"""Frames by hand: headers as short functions, and the batch that a reader would make of them."""

from collections.abc import Sequence

import numpy as np

from iotaudit.model.flows import Column
from iotaudit.model.raw import FrameBatch

DEVICE_MAC = bytes.fromhex("0a0000000001")
ROUTER_MAC = bytes.fromhex("0a00000000fe")
DEVICE = bytes((192, 168, 1, 10))
SERVER = bytes((203, 0, 113, 5))
DEVICE6 = bytes.fromhex("fd000000000000000000000000000010")
SERVER6 = bytes.fromhex("20010db8000000000000000000000005")


def be(value: int, length: int) -> bytes:
    """Gives a big-endian number."""
    return value.to_bytes(length, "big")


def ethernet(
    payload: bytes, ethertype: int = 0x0800, *, dst: bytes = ROUTER_MAC, src: bytes = DEVICE_MAC
) -> bytes:
    """Gives an Ethernet frame without padding."""
    return dst + src + be(ethertype, 2) + payload


def ipv4(
    payload: bytes,
    protocol: int = 17,
    *,
    number: int = 7,
    cut: int = 0,
    options: bytes = b"",
    total: int | None = None,
    src: bytes = DEVICE,
    dst: bytes = SERVER,
) -> bytes:
    """Gives an IPv4 packet; `cut` is the field of flags and fragment offset."""
    size = 20 + len(options)
    return (
        bytes((0x40 | size // 4, 0))
        + be(size + len(payload) if total is None else total, 2)
        + be(number, 2)
        + be(cut, 2)
        + bytes((64, protocol))
        + b"\0\0"
        + src
        + dst
        + options
        + payload
    )


def ipv6(payload: bytes, protocol: int = 17, *, length: int | None = None, src: bytes = DEVICE6) -> bytes:
    """Gives an IPv6 packet."""
    size = len(payload) if length is None else length
    return b"\x60\0\0\0" + be(size, 2) + bytes((protocol, 64)) + src + SERVER6 + payload


def udp(
    payload: bytes = b"data", source: int = 5000, target: int = 6000, *, length: int | None = None
) -> bytes:
    """Gives a UDP datagram."""
    return (
        be(source, 2)
        + be(target, 2)
        + be(8 + len(payload) if length is None else length, 2)
        + b"\0\0"
        + payload
    )


def tcp(
    payload: bytes = b"", source: int = 40000, target: int = 443, *, flags: int = 0x18, size: int = 20
) -> bytes:
    """Gives a TCP segment; `size` is the header length that it claims."""
    return (
        be(source, 2)
        + be(target, 2)
        + be(0x01020304, 4)
        + be(0x05060708, 4)
        + bytes((size // 4 << 4, flags))
        + be(1024, 2)
        + bytes(4)
        + payload
    )


def batch_of(
    frames: Sequence[bytes],
    *,
    link_type: int | Sequence[int] = 1,
    wire_len: Sequence[int] | None = None,
    first: int = 1,
    input_index: int = 0,
    time_ns: Column | None = None,
) -> FrameBatch:
    """Gives the batch of frames that follow each other in the buffer, as in a file; hostile padding after them."""
    count = len(frames)
    captured = np.array([len(frame) for frame in frames], np.int64)
    return FrameBatch(
        input=input_index,
        number=np.arange(first, first + count, dtype=np.int64) | input_index << 40,
        time_ns=np.full(count, -1, np.int64) if time_ns is None else time_ns,
        interface=np.zeros(count, np.int32),
        link_type=np.broadcast_to(np.array(link_type, np.int32), count).copy(),
        wire_len=captured.copy() if wire_len is None else np.array(wire_len, np.int64),
        captured_len=captured,
        frame_at=np.cumsum(captured) - captured,
        buffer=np.frombuffer(b"".join(frames) + b"\x45" * 256, np.uint8),
    )
