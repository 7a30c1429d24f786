"""The handshake messages in QUIC's CRYPTO frames, whose parts come in any order.

Source: RFC 9000 section 19.6, RFC 9001 section 4.1.3.
"""

from dataclasses import dataclass, field

MESSAGE_LEN = 1 << 16
"""Bytes of a direction's handshake that are gathered."""
PARTS = 256


@dataclass(slots=True)
class Crypto:
    """The handshake bytes of one direction: parts by offset until they join."""

    parts: dict[int, bytes] = field(default_factory=dict)
    joined: bytearray = field(default_factory=bytearray)
    read: int = 0

    def add(self, offset: int, data: bytes) -> None:
        """Takes a part; parts beyond the bounds are dropped."""
        if offset + len(data) > MESSAGE_LEN or len(self.parts) >= PARTS:
            return
        if len(data) > len(self.parts.get(offset, b"")):
            self.parts[offset] = data
        for start in sorted(self.parts):
            if start > len(self.joined):
                break
            part = self.parts.pop(start)
            self.joined += part[len(self.joined) - start :]

    def messages(self) -> list[tuple[int, bytes]]:
        """Gives the handshake messages that are whole now, each once."""
        found = []
        while len(self.joined) >= self.read + 4:
            end = self.read + 4 + int.from_bytes(self.joined[self.read + 1 : self.read + 4])
            if len(self.joined) < end:
                break
            found.append((self.joined[self.read], bytes(self.joined[self.read + 4 : end])))
            self.read = end
        return found
