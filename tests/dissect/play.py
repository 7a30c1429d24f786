"""Plays conversations to a dissector: `play(dns, device("..."), server("..."))` gives what it saw.

A stream is fed whole, byte by byte and in random cuts, and has to give the same each time; datagrams are fed as
they are. Packet ids count the pieces from 1; piece n comes n seconds after the epoch.
Use it with `from tests.dissect.play import device, play, server`.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from iotaudit.dissect.session import (
    TCP,
    Context,
    Dissector,
    Given,
    Head,
    Likeness,
    Opened,
    Reading,
    Session,
)
from iotaudit.model.events import Event
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content, Segment

DEVICE = Endpoint("192.168.1.20", 50000)
SERVER = Endpoint("192.0.2.1", 4000)
SECOND_NS = 1_000_000_000
CUTS = 4
"""How many ways of cutting at random are tried."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one end sends in one packet; `gap_len` bytes that the capture misses where it is not 0."""

    outbound: bool
    data: bytes
    gap_len: int = 0
    truncated_len: int = 0


def device(data: bytes | str, *, truncated_len: int = 0) -> Piece:
    """Gives bytes (or hex text, spaces allowed) that the client sends."""
    return Piece(True, _bytes(data), truncated_len=truncated_len)


def server(data: bytes | str, *, truncated_len: int = 0) -> Piece:
    """Gives bytes (or hex text, spaces allowed) that the server sends."""
    return Piece(False, _bytes(data), truncated_len=truncated_len)


def gap(length: int, *, outbound: bool) -> Piece:
    """Gives bytes of a stream that are missing from the capture."""
    return Piece(outbound, b"", gap_len=length)


def play(
    module: Dissector,
    *pieces: Piece,
    protocol: int | None = None,
    client: Endpoint = DEVICE,
    server: Endpoint = SERVER,
) -> list[Event | Content]:
    """Gives all that a session of `module` says of a conversation; streams are cut in every way.

    Args:
        module: the dissector.
        pieces: what is sent, in order.
        protocol: IP protocol number; TCP where the module reads it, else its first.
        client: the end that `device` speaks for.
        server: the end that `server` speaks for.
    """
    return _played(module, pieces, protocol, client, server)[0]


def reading(module: Dissector, *pieces: Piece, protocol: int | None = None) -> Reading:
    """Gives what a session of `module` sums up after a conversation."""
    return _played(module, pieces, protocol, DEVICE, SERVER)[1]


def recognise(module: Dissector, data: bytes | str, protocol: int | None = None) -> Likeness:
    """Gives the likeness of a first flight, and demands that no prefix of a stream was refused before."""
    flight = _bytes(data)
    number = _protocol(module, protocol)
    if number != TCP:
        return module.recognise(Head(flight, number, (flight,)))
    refused = False
    likeness = Likeness.MORE
    for length in range(1, len(flight) + 1):
        likeness = module.recognise(Head(flight[:length], TCP))
        assert not refused or likeness is Likeness.NO, f"refused before, accepted at length {length}"
        refused = likeness is Likeness.NO
    return likeness


def _played(
    module: Dissector, pieces: tuple[Piece, ...], protocol: int | None, client: Endpoint, server: Endpoint
) -> tuple[list[Event | Content], Reading]:
    number = _protocol(module, protocol)
    context = Context(1, number, client, server)
    whole = _feed(module.open(context), _segments(pieces, None))
    if number == TCP:
        byte_by_byte = _feed(module.open(context), _segments(pieces, lambda _: 1))
        assert byte_by_byte == whole, "byte by byte differs from whole"
        for seed in range(CUTS):
            dice = partial(random.Random(seed).randint, 1)  # noqa: S311 - cuts, not secrets
            cut = _feed(module.open(context), _segments(pieces, dice))
            assert cut == whole, f"random cuts (seed {seed}) differ from whole"
    return whole


def _feed(session: Session, segments: Iterator[Segment]) -> tuple[list[Event | Content], Reading]:
    found: list[Event | Content] = []
    for segment in segments:
        found += _unprotected(session.feed(segment))
        if session.rest() is not None:
            break  # what follows is another protocol's
    found += _unprotected(session.close())
    return found, session.reading()


def _unprotected(given: Given) -> list[Event | Content]:
    """Gives what a session without keys says: it opens nothing."""
    assert not any(isinstance(item, Opened) for item in given)
    return [item for item in given if not isinstance(item, Opened)]


def _segments(pieces: tuple[Piece, ...], cut: Callable[[int], int] | None) -> Iterator[Segment]:
    offsets = {True: 0, False: 0}
    for packet, piece in enumerate(pieces, start=1):
        data = piece.data
        while data or piece.gap_len:
            length = cut(len(data)) if cut and data else len(data)
            offset = offsets[piece.outbound]
            offsets[piece.outbound] += length + piece.gap_len
            yield Segment(
                1,
                piece.outbound,
                packet,
                packet * SECOND_NS,
                offset,
                data[:length],
                piece.gap_len,
                piece.truncated_len,
            )
            data = data[length:]
            if piece.gap_len:
                break


def _protocol(module: Dissector, protocol: int | None) -> int:
    if protocol is not None:
        return protocol
    return TCP if TCP in module.TRANSPORT else min(module.TRANSPORT)


def _bytes(data: bytes | str) -> bytes:
    return bytes.fromhex(data) if isinstance(data, str) else data
