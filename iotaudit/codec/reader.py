"""What the readers of structured formats share: bytes that are taken one after the other, and refused as a whole."""

from iotaudit.codec.leaves import ITEMS


class Wrong(Exception):  # noqa: N818 - never leaves the decoder that reads
    """The bytes are not of the format."""


class Reader:
    """Takes bytes one after the other; `_left` counts down the values that may still come."""

    __slots__ = ("_at", "_data", "_left")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self._at, self._left = data, at, ITEMS

    def _take(self, length: int) -> bytes:
        at, self._at = self._at, self._at + length
        if length < 0 or self._at > len(self._data):
            raise Wrong
        return self._data[at : self._at]

    def _afford(self, count: int) -> int:
        """Gives the count back; refuses more members than there are bytes."""
        if count > len(self._data) - self._at:
            raise Wrong
        return count
