"""What is fuzzed: every dissector, codec, capture reader, the certificate parser, HPACK and the detect tree.

A target takes any bytes and must come back: no exception leaves it, and no `dissector_fault` is told. `unguard`
takes the guards out of the flow, so that a fault of a dissector leaves with its trace.
"""

import importlib
import io
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from iotaudit import capture, codec, detect, dissect
from iotaudit.capture.source import Reader
from iotaudit.codec.budget import Budget, Codec
from iotaudit.codec.guard import Fault
from iotaudit.detect.index import Asked, Index
from iotaudit.detect.known import Known
from iotaudit.detect.node import Node
from iotaudit.detect.tree import Tree
from iotaudit.dissect import certificate, flow, hpack, recognition
from iotaudit.dissect.flow import FlowDissector
from iotaudit.dissect.session import TCP, Context, Dissector
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Endpoint, FlowSummary
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import Content, Segment

PIECES = 48
"""Segments that one input is cut into before they are cut again."""
CUTS = 2048
"""Segments that one piece is cut into; what is left comes whole."""
OUT = 0x80
STRETCHED_LEN = 1 << 10
CLIENT = Endpoint("192.168.1.20", 50000)
P = ParamSpec("P")
T = TypeVar("T")


class EscapedError(Exception):
    """A fault that the flow turned into an event."""


@dataclass(frozen=True, slots=True)
class Target:
    """`call` takes the bytes; `is_talk`: they are a conversation (`talk`)."""

    name: str
    call: Callable[[bytes], object]
    is_talk: bool = False


def dissectors() -> tuple[Dissector, ...]:
    """Gives the listed dissectors, and modules of the room that look like one and are not listed yet."""
    found: dict[str, Any] = {module.ID: module for module in dissect.DISSECTORS}
    for row in pkgutil.iter_modules(dissect.__path__):
        module = importlib.import_module(f"{dissect.__name__}.{row.name}")
        if all(hasattr(module, name) for name in ("ID", "PORTS", "TRANSPORT", "FIRST", "recognise", "open")):
            found.setdefault(module.ID, module)
    return tuple(found[name] for name in sorted(found))


def targets() -> tuple[Target, ...]:
    """Gives all targets by name."""
    known = dissectors()
    found = [Target(f"dissect:{m.ID}", partial(_dissect, (m,), m, 0), is_talk=True) for m in known]
    found.append(Target("dissect:all-streams", partial(_dissect, known, None, TCP), is_talk=True))
    found.append(Target("dissect:all-datagrams", partial(_dissect, known, None, 17), is_talk=True))
    found += [Target(f"codec:{c.ID}", partial(_decode, c)) for c in codec.CODECS]
    found += [Target(f"capture:{r.ID}", partial(_capture, r)) for r in capture.READERS]
    found += [
        Target("certificate", _certificate),
        Target("hpack", _hpack),
        Target("detect:tree", _detect),
    ]
    return tuple(found)


def talk(pieces: list[tuple[bool, bytes]], mode: int = 0) -> bytes:
    """Gives the input that `pieces_of` cuts back into these pieces (direction, bytes)."""
    found = bytes([mode])
    for outbound, data in pieces[:PIECES]:
        found += bytes([(OUT if outbound else 0) | len(data) >> 8 & 0x7F, len(data) & 0xFF]) + data[:0x7FFF]
    return found


def pieces_of(data: bytes) -> Iterator[tuple[bool, bytes, int]]:
    """Cuts an input into pieces: direction, bytes, and a gap behind them (0 none).

    The first byte says how: bits 0 to 1 the size of the cuts (0 as they come, else 1, 5 or 64 bytes), bit 2 a
    gap behind each piece, bits 4 to 6 how long the last piece is stretched by repeating it (0 not, else 2 KiB to
    128 KiB).
    """
    mode = data[0] if data else 0
    size = (0, 1, 5, 64)[mode & 3]
    stretched = STRETCHED_LEN << (mode >> 4 & 7)
    at = 1
    for number in range(PIECES):
        if at + 2 > len(data):
            return
        outbound, length = bool(data[at] & OUT), (data[at] & 0x7F) << 8 | data[at + 1]
        piece = data[at + 2 : at + 2 + length]
        at += 2 + length
        if mode >> 4 & 7 and piece and (at + 2 > len(data) or number == PIECES - 1):
            piece = (piece * (stretched // len(piece) + 1))[:stretched]
        if not size:
            yield outbound, piece, 3 if mode & 4 else 0
            continue
        for start in range(0, min(len(piece), CUTS * size), size):
            yield outbound, piece[start : start + size], 0
        if len(piece) > CUTS * size:
            yield outbound, piece[CUTS * size :], 3 if mode & 4 else 0


def unguard() -> None:
    """Takes the guards out of the flow, so that a fault leaves."""

    def call(_name: str, asked: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        return asked(*args, **more)

    for module in (flow, recognition):
        vars(module)["guarded"] = call


def _dissect(
    known: tuple[Dissector, ...], module: Dissector | None, protocol: int, data: bytes
) -> FlowSummary:
    number = protocol or (
        TCP if module and TCP in module.TRANSPORT else min(module.TRANSPORT) if module else TCP
    )
    if not protocol and module and len(module.TRANSPORT) > 1 and data[:1] and data[0] & 8:
        number = max(module.TRANSPORT)
    port = min(module.PORTS) if module and module.PORTS else 4000
    reader = FlowDissector(Context(1, number, CLIENT, Endpoint("192.0.2.1", port)), known)
    offsets = {True: 0, False: 0}
    told: list[Event | Content] = []
    for packet, (outbound, piece, gap_len) in enumerate(pieces_of(data), start=1):
        told += reader.feed(Segment(1, outbound, packet, packet * 10**9, offsets[outbound], piece, 0, 0))
        offsets[outbound] += len(piece)
        if gap_len and number == TCP:
            told += reader.feed(
                Segment(1, outbound, packet, packet * 10**9, offsets[outbound], b"", gap_len, 0)
            )
            offsets[outbound] += gap_len
    told += reader.close()
    summary = reader.summary()
    repr(told)
    repr(summary)
    for item in told:
        if isinstance(item, Oddity) and item.kind == "dissector_fault":
            raise EscapedError(item.detail)
    return summary


def _decode(module: Codec, data: bytes) -> None:
    for piece in module.decode(data, Budget()):
        repr(piece)


def _capture(module: Reader, data: bytes) -> None:
    problems = ProblemTally()
    if module.sniff(data[:4096]):
        for number, item in enumerate(module.read(io.BufferedReader(io.BytesIO(data)), 0, problems)):
            repr(item)
            if number > 10_000:
                break
    problems.rows(0)


def _certificate(data: bytes) -> None:
    found = certificate.read_chain((data, data[1:] or data), 1, 0)
    if isinstance(found, Fault) and found.error in {"MemoryError", "RecursionError"}:
        raise EscapedError(found.error)
    for tls13 in (False, True):
        ders = certificate.certificates_of(data, tls13=tls13)
        if ders:
            certificate.read_chain(ders, 1, 0)


def _hpack(data: bytes) -> None:
    decoder = hpack.Decoder()
    for block in (data[: len(data) // 2], data[len(data) // 2 :], data):
        try:
            decoder.decode(block)
        except hpack.UnreadableError:
            return


_KNOWN = Known(())
_INDEX = Index(detect.DETECTORS, _KNOWN)
WHERES = ("http.body", "http.uri", "mqtt.payload", "text", "binary", "http.header")


def _detect(data: bytes) -> None:
    where, body = WHERES[data[0] % len(WHERES)] if data else "text", data[1:]
    content = Content(1, 1, 0, True, where, "plaintext", body)

    def see(node: Node, finders: Asked, _present: object) -> None:
        for finder in finders:
            tuple(finder.find(node, _KNOWN))

    Tree(content, _INDEX, see, Budget()).walk()
