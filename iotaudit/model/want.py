"""What still matters of a flow's directions: how a reader tells whoever assembles which payload to leave out."""

from collections.abc import Iterable
from typing import TypeAlias

Want: TypeAlias = bytes
"""What matters of one direction: 256 flags (0 or 1), one for each first byte that a datagram may have.

A stream has no such bytes of its own: of TCP either `ALL` or `NOTHING` matters.
"""
Wants: TypeAlias = tuple[Want, Want]
"""What matters outbound, and inbound. Values that do not change are best kept as one object: they are compared by
identity first."""

ALL: Want = b"\1" * 256
NOTHING: Want = bytes(256)
BOTH: Wants = (ALL, ALL)
NEITHER: Wants = (NOTHING, NOTHING)


def beginning_with(first: Iterable[int]) -> Want:
    """Gives the want of datagrams that begin with one of these bytes."""
    found = bytearray(256)
    for byte in first:
        found[byte] = 1
    return bytes(found)
