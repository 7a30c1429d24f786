"""Messages of gRPC: the bytes of a call over HTTP/2 or HTTP/3, each message behind five bytes that say whether and how it is packed.

Source: gRPC over HTTP2, protocol description (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md),
"Length-Prefixed-Message"; gRPC-Web, protocol description (trailers behind the flag 0x80).
"""

from dataclasses import dataclass

from iotaudit.dissect.http_body import BODY_LEN

PREFIX_LEN = 5
COMPRESSED, TRAILERS = 0x01, 0x80
MEDIA_TYPES = ("application/grpc", "application/grpc-web")
IDENTITY = ("", "identity")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `truncated`: its end is missing or was left out."""

    data: bytes
    is_compressed: bool
    truncated: bool


def is_call(media_type: str) -> bool:
    """Says whether a body of this type is a row of messages (`+proto` and the like say what is in them)."""
    return media_type.partition(";")[0].partition("+")[0].strip().lower() in MEDIA_TYPES


class Messages:
    """Takes the bytes of one direction of a call and gives its messages; of a long one only the start is kept.

    `broken` says that the flags of a message cannot be: what follows is not read.
    """

    __slots__ = ("_data", "_skip", "broken")

    def __init__(self) -> None:
        self._data = bytearray()
        self._skip = 0
        self.broken = False

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> list[Message]:
        """Takes the next bytes."""
        found: list[Message] = []
        at = min(self._skip, len(data))
        self._skip -= at
        if self.broken:
            return found
        self._data += data[at:]
        at = 0
        while len(self._data) - at >= PREFIX_LEN:
            flags, length = self._data[at], int.from_bytes(self._data[at + 1 : at + PREFIX_LEN])
            if flags & ~(COMPRESSED | TRAILERS):
                self.broken = True
                at = len(self._data)
                break
            kept = min(length, BODY_LEN)
            begin = at + PREFIX_LEN
            if len(self._data) < begin + kept:
                break
            message = Message(bytes(self._data[begin : begin + kept]), bool(flags & COMPRESSED), length > kept)
            at = min(begin + length, len(self._data))
            self._skip = begin + length - at
            if message.data and not flags & TRAILERS:
                found.append(message)
        del self._data[:at]
        return found

    def miss(self, length: int) -> list[Message]:
        """Takes note that the next bytes are missing, and gives what is there of a message that they belong to.

        Where they hold the beginning of another message, what follows is not read.
        """
        left = self._skip
        if len(self._data) >= PREFIX_LEN:
            left = PREFIX_LEN + int.from_bytes(self._data[1:PREFIX_LEN]) - len(self._data)
        self._skip = max(left - length, 0)
        self.broken = self.broken or length > left
        return self.close()

    def close(self) -> list[Message]:
        """Gives what is there of a message whose end is missing."""
        flags, data = bytes(self._data[:1]), bytes(self._data[PREFIX_LEN:])
        self._data.clear()
        return [Message(data, flags != b"\0", True)] if data and not flags[0] & TRAILERS else []
