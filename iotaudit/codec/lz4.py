"""LZ4 frames; check sums are not compared.

Source: LZ4 frame format 1.6.4, LZ4 block format (lz4.github.io).
"""

from iotaudit.codec.budget import Budget, Piece

ID = "lz4"
MAGIC = b"\x04\x22\x4d\x18"
SEQUENCES = 1 << 18
"""Copies of one frame that are made: in a log they give 16 bytes each."""
BLOCKS = 4096
INDEPENDENT, BLOCK_SUM, LENGTH, DICTIONARY = 0x20, 0x10, 0x08, 0x01
STORED = 0x80000000
LEAST_MATCH = 4


def decode(data: bytes, budget: Budget) -> tuple[Piece, ...]:
    """Gives the plain bytes of the first frame, as far as it can be read within the budget."""
    if not data.startswith(MAGIC) or len(data) < 11 or data[4] >> 6 != 1 or data[4] & DICTIONARY:
        return ()
    flags = data[4]
    at = 7 + (8 if flags & LENGTH else 0)
    machine = _Machine(budget.room())
    for _ in range(BLOCKS):
        size = int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or not size:
            break
        at += 4
        length = size & ~STORED
        block = data[at : at + length]
        if size & STORED:
            machine.store(block)
        elif not machine.block(block):
            break
        at += length + (4 if flags & BLOCK_SUM else 0)
        if machine.full:
            break
    if machine.full:
        budget.exceed("size")
    plain = bytes(machine.out)
    return (Piece(plain),) if plain and budget.spend(len(plain)) else ()


class _Machine:
    """Appends blocks to what came before them, since later blocks may copy from it."""

    __slots__ = ("_left", "_room", "full", "out")

    def __init__(self, room: int) -> None:
        self.out = bytearray()
        self.full = False
        self._room = room
        self._left = SEQUENCES

    def store(self, block: bytes) -> None:
        """Appends plain bytes, as many as there is room for."""
        room = self._room - len(self.out)
        self.out += block[:room]
        self.full = self.full or len(block) > room

    def block(self, block: bytes) -> bool:
        """Appends one compressed block; False where it is cut or damaged (what came before stays)."""
        at = 0
        while at < len(block) and not self.full:
            self._left -= 1
            if self._left < 0:
                self.full = True
                return False
            token = block[at]
            length, at = _length(block, at + 1, token >> 4)
            self.store(block[at : at + length])
            at += length
            if at >= len(block):
                return at == len(block)
            distance = int.from_bytes(block[at : at + 2], "little")
            if not 0 < distance <= len(self.out):
                return False
            length, at = _length(block, at + 2, token & 15)
            self._copy(distance, length + LEAST_MATCH)
        return not self.full

    def _copy(self, distance: int, length: int) -> None:
        room = self._room - len(self.out)
        if length > room:
            length, self.full = room, True
        start = len(self.out) - distance
        piece = bytes(self.out[start : start + length])
        while 0 < len(piece) < length:
            piece = (piece * (length // len(piece) + 1))[:length]
        self.out += piece


def _length(block: bytes, at: int, first: int) -> tuple[int, int]:
    """Gives a length that goes on in further bytes while they are 255, and where it ends."""
    if first < 15:
        return first, at
    length = first
    while at < len(block):
        length += block[at]
        at += 1
        if block[at - 1] != 255:
            break
    return length, at
