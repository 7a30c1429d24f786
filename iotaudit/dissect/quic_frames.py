"""The frames inside of QUIC packets that were opened: those that carry bytes, name connections or acknowledge.

Source: RFC 9000 sections 12.4, 16 and 19, RFC 9221 section 4 (DATAGRAM), draft-ietf-quic-ack-frequency and
draft-huitema-quic-ts (frames that common stacks send).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from iotaudit.dissect.cursor import ShortError

PADDING, ACK, ACK_ECN, RESET_STREAM, CRYPTO, NEW_TOKEN = 0x00, 0x02, 0x03, 0x04, 0x06, 0x07
STREAM, STREAM_END = 0x08, 0x10
NEW_CONNECTION_ID, PATH_CHALLENGE, PATH_RESPONSE = 0x18, 0x1A, 0x1B
CLOSE, CLOSE_APPLICATION = 0x1C, 0x1D
DATAGRAM, DATAGRAM_LEN = 0x30, 0x31
NUMBERS = {
    0x01: 0,  # PING
    0x05: 2,  # STOP_SENDING
    0x10: 1,  # MAX_DATA
    0x11: 2,  # MAX_STREAM_DATA
    0x12: 1,  # MAX_STREAMS
    0x13: 1,
    0x14: 1,  # DATA_BLOCKED
    0x15: 2,  # STREAM_DATA_BLOCKED
    0x16: 1,  # STREAMS_BLOCKED
    0x17: 1,
    0x19: 1,  # RETIRE_CONNECTION_ID
    0x1E: 0,  # HANDSHAKE_DONE
    0x1F: 0,  # IMMEDIATE_ACK
    0xAF: 4,  # ACK_FREQUENCY
    0x2F5: 1,  # TIMESTAMP
}
"""Frames that are nothing but so many integers."""
ZEROS = re.compile(rb"\0+")


class UnknownFrameError(ValueError):
    """A frame of a type whose length is not known."""


class Frame(NamedTuple):
    """One frame: `kind` is STREAM for all of its eight types, CLOSE for both, DATAGRAM for both.

    `number` is the stream's id or the error's code, `at` the offset of the data (RESET_STREAM: the final size).
    `end` says that a stream ends with the data, or that an error is the application's. `ranges` are the packet numbers
    (first, last) of an ACK, which has one kind with or without ECN counts.
    """

    kind: int
    number: int = 0
    at: int = 0
    data: bytes = b""
    end: bool = False
    ranges: tuple[tuple[int, int], ...] = ()


def frames(payload: bytes) -> Iterator[Frame]:
    """Gives the frames of a packet that matter.

    Raises:
        ShortError: a frame ends behind the packet; what stood before was given.
        UnknownFrameError: a frame of an unknown type; what stood before was given.
    """
    at = 0
    while at < len(payload):
        padding = ZEROS.match(payload, at)
        if padding:
            at = padding.end()
            continue
        kind, at = variable(payload, at)
        count = NUMBERS.get(kind)
        if count is not None:
            at = _behind_numbers(payload, at, count)
        elif kind in (ACK, ACK_ECN):
            ranges, at = _acknowledged(payload, at, with_ecn=kind == ACK_ECN)
            yield Frame(ACK, ranges=ranges)
        else:
            frame, at = _telling(kind, payload, at)
            if frame:
                yield frame


def variable(data: bytes, at: int) -> tuple[int, int]:
    """Gives a variable-length integer and where it ends.

    Raises:
        ShortError: it ends behind the data.
    """
    if at >= len(data):
        raise ShortError
    first = data[at]
    end = at + (1 << (first >> 6))
    if end > len(data):
        raise ShortError
    return (int.from_bytes(data[at:end]) & (1 << 8 * (end - at) - 2) - 1), end


def _telling(kind: int, payload: bytes, at: int) -> tuple[Frame | None, int]:
    """Reads a frame that is more than integers."""
    number = place = 0
    if STREAM <= kind < STREAM_END:
        number, at = variable(payload, at)
        if kind & 4:
            place, at = variable(payload, at)
        data, at = _bytes(payload, at) if kind & 2 else _rest(payload, at)
        return Frame(STREAM, number, place, data, bool(kind & 1)), at
    if kind == CRYPTO:
        place, at = variable(payload, at)
        data, at = _bytes(payload, at)
        return Frame(CRYPTO, 0, place, data), at
    if kind == RESET_STREAM:
        number, at = variable(payload, at)
        place, at = variable(payload, _behind_numbers(payload, at, 1))
        return Frame(RESET_STREAM, number, place), at
    if kind == NEW_CONNECTION_ID:
        at = _behind_numbers(payload, at, 2)
        length = payload[at] if at < len(payload) else 0
        data, at = _take(payload, at + 1, length)
        return Frame(NEW_CONNECTION_ID, data=data), _take(payload, at, 16)[1]
    if kind in (CLOSE, CLOSE_APPLICATION):
        number, at = variable(payload, at)
        at = _bytes(payload, _behind_numbers(payload, at, 1 if kind == CLOSE else 0))[1]
        return Frame(CLOSE, number, end=kind == CLOSE_APPLICATION), at
    if kind in (DATAGRAM, DATAGRAM_LEN):
        data, at = _bytes(payload, at) if kind == DATAGRAM_LEN else _rest(payload, at)
        return Frame(DATAGRAM, data=data), at
    if kind == NEW_TOKEN:
        return None, _bytes(payload, at)[1]
    if kind in (PATH_CHALLENGE, PATH_RESPONSE):
        return None, _take(payload, at, 8)[1]
    raise UnknownFrameError


def _behind_numbers(payload: bytes, at: int, count: int) -> int:
    for _ in range(count):
        at = variable(payload, at)[1]
    return at


def _acknowledged(payload: bytes, at: int, *, with_ecn: bool) -> tuple[tuple[tuple[int, int], ...], int]:
    """Gives the ranges of an acknowledgement, the highest first, and where it ends.

    A wrong number of ranges ends with the packet; ranges below zero, which no sound sender writes, are left out.
    """
    last, at = variable(payload, at)
    count, at = variable(payload, _behind_numbers(payload, at, 1))
    found: list[tuple[int, int]] = []
    for index in range(count + 1):
        if index:
            gap, at = variable(payload, at)
            last -= gap + 2
        length, at = variable(payload, at)
        first = last - length
        if first >= 0:
            found.append((first, last))
        last = first
    return tuple(found), _behind_numbers(payload, at, 3 if with_ecn else 0)


def _bytes(payload: bytes, at: int) -> tuple[bytes, int]:
    length, at = variable(payload, at)
    return _take(payload, at, length)


def _rest(payload: bytes, at: int) -> tuple[bytes, int]:
    return payload[at:], len(payload)


def _take(payload: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(payload):
        raise ShortError
    return payload[at : at + length], at + length
