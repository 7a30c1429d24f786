"""Brotli, where a header declared it: the format has no magic, so nothing is taken for it without being told.

Before 1.2 the library gives all that its input holds. It gets a few bytes at a time there: what runs over the
budget is then at most the one meta-block that these bytes complete, since the header of the next is longer
than they are.

Source: RFC 7932 sections 9.1 (window up to 16 MiB), 9.2 (a meta-block holds up to 16 MiB).
"""

from collections.abc import Iterator
from typing import Protocol, cast

import brotli

from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.guard import Fault, guarded

ID = "brotli"
CHUNK = 1 << 16
"""Bytes that come out at a time, where the library bounds that."""
SHORT = 8
"""Bytes that go in at a time where it does not: the shortest header of a meta-block that gives much takes ten."""


class Decompressor(Protocol):
    """What `brotli.Decompressor` gives."""

    def process(self, data: bytes, /) -> bytes:
        """Gives what comes out of the bytes."""
        ...

    def is_finished(self) -> bool:
        """Says whether the stream has ended."""
        ...


class BoundedDecompressor(Decompressor, Protocol):
    """What it gives from 1.2 on."""

    def process(self, data: bytes, /, output_buffer_limit: int = ...) -> bytes:
        """Gives what comes out of the bytes, about as many as the limit says; b"" then gives what is still to come."""
        ...


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives nothing: bytes alone do not show that they are Brotli."""
    del data, budget
    return ()


def decode_declared(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes where "br" was declared, as far as they can be read within the budget."""
    out = bytearray()
    room = budget.room()
    machine: Decompressor = brotli.Decompressor()
    bounded = hasattr(machine, "can_accept_more_data")
    for plain in _bounded(cast("BoundedDecompressor", machine), data) if bounded else _in_short_pieces(machine, data):
        out += plain[: room - len(out) + 1]
        if len(out) > room:
            del out[room:]
            budget.exceed("size")
            break
    budget.spend(len(out))
    return (Piece(bytes(out)),) if out else ()


def _in_short_pieces(machine: Decompressor, data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), SHORT):
        plain = guarded(ID, machine.process, data[at : at + SHORT])
        if isinstance(plain, Fault):
            return
        if plain:
            yield plain
        if machine.is_finished():
            return


def _bounded(machine: BoundedDecompressor, data: bytes) -> Iterator[bytes]:
    given = data
    while True:
        plain = guarded(ID, machine.process, given, output_buffer_limit=CHUNK)
        if isinstance(plain, Fault) or not plain:
            return
        yield plain
        given = b""
