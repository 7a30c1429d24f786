"""Takes numbers and fields off the front of one message, and says so where it is too short."""


class ShortError(ValueError):
    """The message ends before the field does."""


class Cursor:
    """A place in the bytes of one message."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        """Gives the next `length` bytes.

        Raises:
            ShortError: there are not so many.
        """
        start = self._at
        end = start + length
        if end > len(self._data):
            raise ShortError
        self._at = end
        return self._data[start:end]

    def number(self, length: int) -> int:
        """Gives the next `length` bytes as an unsigned number, most significant byte first."""
        return int.from_bytes(self.take(length))

    def vector(self, length: int) -> bytes:
        """Gives the bytes behind a length of `length` bytes."""
        return self.take(self.number(length))

    def rest(self) -> bytes:
        """Gives all bytes that are left."""
        return self.take(len(self))

    def place(self) -> int:
        """Gives how many bytes were taken."""
        return self._at
