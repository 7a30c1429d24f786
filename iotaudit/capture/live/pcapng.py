"""Writes the blocks of a pcapng file: what each file of a recording begins with, packets, marks, statistics.

Source: draft-ietf-opsawg-pcapng sections 3.5, 4.1 to 4.3 and 4.6.
"""

import struct
from dataclasses import dataclass

SECTION, INTERFACE, STATISTICS, PACKET = 0x0A0D0D0A, 1, 5, 6
COMMENT, APPLICATION, OS_NAME = 1, 4, 3
IF_NAME, IF_DESCRIPTION, IF_RESOLUTION, IF_FILTER = 2, 3, 9, 11
START, END, RECEIVED, DROPPED = 2, 3, 4, 5
PACKET_HEAD = struct.Struct("<7I")
LENGTH = struct.Struct("<I")
PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""Padding by length modulo 4."""
TEXT_LEN = 4000
"""Bytes of one text option; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is recorded, for the interface description; an empty text is left out."""

    name: str
    description: str = ""
    filtered: str = ""
    program: str = ""
    system: str = ""


def head(source: Source, *, link_type: int, snap_len: int, digits: int) -> bytes:
    """Gives section header and interface description; time stamps have `digits` decimals of a second."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    section += _text(OS_NAME, source.system) + _text(APPLICATION, source.program)
    interface = struct.pack("<HHI", link_type & 0xFFFF, 0, snap_len)
    interface += _text(IF_NAME, source.name) + _text(IF_DESCRIPTION, source.description)
    interface += _option(IF_RESOLUTION, bytes((digits,)))
    if source.filtered:
        interface += _option(IF_FILTER, b"\0" + source.filtered.encode()[:TEXT_LEN])
    return _block(SECTION, section) + _block(INTERFACE, interface)


def packet(ticks: int, captured: bytes, wire_len: int, comments: tuple[str, ...] = ()) -> bytes:
    """Gives an enhanced packet block of the first interface."""
    options = b"".join(_text(COMMENT, comment) for comment in comments) + bytes(4) if comments else b""
    size = len(captured)
    total = 32 + size + (-size & 3) + len(options)
    return b"".join(
        (
            PACKET_HEAD.pack(PACKET, total, 0, ticks >> 32, ticks & 0xFFFFFFFF, size, wire_len),
            captured,
            PADDING[size & 3],
            options,
            LENGTH.pack(total),
        )
    )


def commented(block: bytes, comments: tuple[str, ...], order: str) -> bytes:
    """Gives an enhanced packet block with more comments; `order` is "<" or ">"."""
    (captured,) = struct.unpack_from(f"{order}I", block, 20)
    at = 28 + captured + (-captured & 3)
    added = b"".join(_option(COMMENT, comment.encode()[:TEXT_LEN], order) for comment in comments)
    body = block[8:at] + added + (block[at:-4] or bytes(4))
    total = struct.pack(f"{order}I", len(body) + 12)
    return block[:4] + total + body + total


def statistics(*, first: int, last: int, received: int | None, dropped: int | None) -> bytes:
    """Gives the interface statistics at the end; times are ticks of the interface, None: not known."""
    body = struct.pack("<III", 0, last >> 32, last & 0xFFFFFFFF)
    for code, ticks in ((START, first), (END, last)):
        body += _option(code, struct.pack("<II", ticks >> 32, ticks & 0xFFFFFFFF))
    for code, number in ((RECEIVED, received), (DROPPED, dropped)):
        if number is not None:
            body += _option(code, struct.pack("<Q", number))
    return _block(STATISTICS, body)


def _text(code: int, text: str) -> bytes:
    return _option(code, text.encode()[:TEXT_LEN]) if text else b""


def _option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + PADDING[len(value) & 3]


def _block(kind: int, body: bytes) -> bytes:
    """Gives a block whose body ends in options, which are closed."""
    length = LENGTH.pack(len(body) + 16)
    return LENGTH.pack(kind) + length + body + bytes(4) + length
