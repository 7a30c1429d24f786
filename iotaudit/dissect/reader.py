"""Parts of readers (`frames.Reader`): a bound of messages, and what readers of datagrams say of streams."""

from iotaudit.dissect.datagrams import Seen

MESSAGES = 400
"""Messages of one direction that are read."""


class Budget:
    """Counts the messages of each direction up to a bound."""

    __slots__ = ("_left",)

    def __init__(self, messages: int = MESSAGES) -> None:
        self._left = {True: messages, False: messages}

    def spend(self, *, outbound: bool) -> None:
        """Counts one message."""
        self._left[outbound] -= 1

    def is_left(self, *, outbound: bool) -> bool:
        """Says whether more messages of this direction are read."""
        return self._left[outbound] > 0


class Datagrams:
    """What a reader of datagrams alone answers to the questions about streams: each is one message."""

    __slots__ = ()

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length of the datagram."""
        del outbound
        return len(head)

    def resumes(self, data: bytes) -> bool:
        """Says that a message begins with each datagram."""
        return bool(data)

    def end(self, found: Seen) -> None:
        """Adds nothing: each datagram stands for itself."""
