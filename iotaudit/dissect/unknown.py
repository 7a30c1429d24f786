"""A flow that fits no protocol: what it looks like, and its text where it is text. It is never called encrypted.

Text is handed on as contents (`text`); of binary that is not even the first 4 KiB of a direction are (`binary`), so
that a known value inside, or inside what begins like a compressed format, is found. Beyond the bounds a direction is
not asked for.
"""

from dataclasses import dataclass, field

from iotaudit.dissect.session import Context, Output, Reading
from iotaudit.dissect.shape import Shape, shape_of
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

SAMPLE_LEN = 4096
SAMPLED = frozenset({"binary", "compressed"})
"""Shapes of which the sample is handed on."""
PIECE_LEN = 1 << 16
TEXT_LEN = 1 << 18
"""Text that is handed on in one direction of an unknown flow."""


@dataclass(slots=True)
class _Side:
    sample: bytearray = field(default_factory=bytearray)
    pending: bytearray = field(default_factory=bytearray)
    shape: Shape | None = None
    given: int = 0
    over: bool = False
    last: tuple[int, int] = (0, 0)


class UnknownSession:
    """Collects a sample of each direction, then text while it is text."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}
        self._turn: bool | None = None

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes of one direction."""
        if not segment.data:
            return ()
        found: list[Content | Oddity] = []
        if self._turn is not None and self._turn != segment.outbound:
            found += self._flush(outbound=self._turn)
        self._turn = segment.outbound
        side = self._sides[segment.outbound]
        if side.over:
            return tuple(found)
        side.last = (segment.packet, segment.time_ns)
        side.sample += segment.data[: SAMPLE_LEN - len(side.sample)]
        side.pending += segment.data
        if side.shape is None and len(side.sample) == SAMPLE_LEN:
            found += self._judge(side, outbound=segment.outbound)
        while len(side.pending) >= PIECE_LEN and not side.over:
            found += self._give(side, PIECE_LEN, outbound=segment.outbound)
        return tuple(found)

    def close(self) -> Output:
        """Gives what was collected."""
        found: list[Content | Oddity] = []
        for outbound in (True, False):
            side = self._sides[outbound]
            if side.sample and not side.over and side.shape is None:
                found += self._judge(side, outbound=outbound)
            if not side.over:
                found += self._flush(outbound=outbound)
        return tuple(found)

    def wants(self, *, outbound: bool) -> bool:
        """True until the direction's sample is full, for text until its bound."""
        return not self._sides[outbound].over

    def reading(self) -> Reading:
        """Gives plaintext for text, else opaque with what the bytes look like."""
        shapes = []
        for side in self._sides.values():
            shape = side.shape or shape_of(bytes(side.sample))
            if shape.kind != "nothing":
                shapes.append(shape)
        if not shapes:
            return Reading(Encryption(EncryptionState.NONE, reason="no payload"))
        state = (
            EncryptionState.PLAINTEXT
            if all(shape.kind == "text" for shape in shapes)
            else EncryptionState.OPAQUE
        )
        reasons = tuple(dict.fromkeys(shape.reason for shape in shapes))
        return Reading(Encryption(state, reason="; ".join(reasons)))

    def rest(self) -> None:
        """An unknown protocol never announces another."""

    def _judge(self, side: _Side, *, outbound: bool) -> list[Content | Oddity]:
        """Settles what the direction looks like."""
        side.shape = shape_of(bytes(side.sample))
        if side.shape.kind == "text":
            return []
        side.over = True
        side.pending.clear()
        if side.shape.kind in SAMPLED:
            return [self._content(side, "binary", bytes(side.sample), outbound=outbound)]
        return []

    def _flush(self, *, outbound: bool) -> list[Content | Oddity]:
        side = self._sides[outbound]
        if not side.pending or side.over:
            return []
        shape = side.shape or shape_of(bytes(side.sample))
        return self._give(side, len(side.pending), outbound=outbound) if shape.kind == "text" else []

    def _give(self, side: _Side, length: int, *, outbound: bool) -> list[Content | Oddity]:
        piece = bytes(side.pending[:length])
        del side.pending[:length]
        side.given += len(piece)
        side.over = side.given >= TEXT_LEN
        found: list[Content | Oddity] = [self._content(side, "text", piece, outbound=outbound)]
        if side.over:
            detail = f"text of an unknown protocol beyond {TEXT_LEN} bytes was not read"
            found.append(Oddity(self._flow, *side.last, outbound, "event_limit", detail))
        return found

    def _content(self, side: _Side, where: str, data: bytes, *, outbound: bool) -> Content:
        return Content(self._flow, *side.last, outbound, where, "plaintext", data)
