"""What one body may cost to decode, and what a decoding step gives."""

from dataclasses import dataclass
from typing import Protocol

from iotaudit.model.quick import quick

STEP_LEN = 8 << 20
"""Most bytes that one step may give: 1,000 times the size of a usual telemetry message."""
TOTAL_LEN = 16 << 20
NODES = 100_000


@dataclass(slots=True)
class Budget:
    """Counts down while one body is decoded; `exceeded` names the first bound that was hit, "" none."""

    step_len: int = STEP_LEN
    bytes_left: int = TOTAL_LEN
    nodes_left: int = NODES
    exceeded: str = ""

    def room(self) -> int:
        """Gives how many bytes the next step may give."""
        return min(self.step_len, self.bytes_left)

    def spend(self, length: int) -> bool:
        """Takes `length` bytes; False (and noted) where they are not there."""
        if length > self.bytes_left:
            self.exceed("bytes")
            return False
        self.bytes_left -= length
        return True

    def step(self) -> bool:
        """Takes one node; False (and noted) where there is none left."""
        if self.nodes_left <= 0:
            self.exceed("nodes")
            return False
        self.nodes_left -= 1
        return True

    def exceed(self, what: str) -> None:
        """Notes the first bound that was hit."""
        self.exceeded = self.exceeded or what


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """One result of a decoding step: bytes, with the name and type that the format gives them ("" none).

    `raw` is the text that stood for it in the encoded form, b"" where that is the whole input.
    """

    data: bytes
    key: str = ""
    media_type: str = ""
    raw: bytes = b""


class Codec(Protocol):
    """A decoding: a module of this room."""

    ID: str

    def decode(self, data: bytes, budget: Budget, /) -> tuple[Piece, ...]:
        """Gives what `data` holds, () where it is not of this coding; never raises for any bytes."""
        ...
