"""The session of a protocol whose every datagram is a message: it is read, and nothing waits for more."""

from collections.abc import Callable
from functools import cache

from iotaudit.dissect.session import Context, Output, Reading
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

REMEMBERED = 4096
"""Things that a session remembers in order not to say them twice."""

Seen = list[Event | Content]
Read = Callable[[Segment, Seen], str | None]
"""Reads one message: adds what it shows to the list, and gives what was wrong with it (no payload), else None."""


class DatagramSession:
    """Gives what `read` finds in each datagram; a faulty one becomes an oddity, unless the capture cut it."""

    def __init__(self, context: Context, protocol: str, read: Read) -> None:
        self._flow = context.flow
        self._protocol = protocol
        self._read = read

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        if not segment.data:
            return ()
        found: Seen = []
        fault = self._read(segment, found)
        if fault and not segment.truncated_len:
            found.append(malformed(segment, self._protocol, fault))
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: no message is ever open."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True always: each datagram stands for itself."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext."""
        return clear_reading(self._protocol)

    def rest(self) -> None:
        """Never changes to another protocol."""


class Said:
    """Remembers what was said, up to a bound; beyond it everything counts as new."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[tuple[object, ...]] = set()

    def is_new(self, *what: object) -> bool:
        """Says whether this was not said before, and remembers it."""
        if what in self._seen:
            return False
        if len(self._seen) < REMEMBERED:
            self._seen.add(what)
        return True


def malformed(segment: Segment, protocol: str, fault: str) -> Oddity:
    """Gives the oddity of a message that could not be read to its end."""
    return Oddity(
        segment.flow,
        segment.packet,
        segment.time_ns,
        segment.outbound,
        "malformed_message",
        f"{protocol}: {fault}",
    )


@cache
def clear_reading(protocol: str) -> Reading:
    """Gives the summary of a protocol that has no encryption."""
    return Reading(
        Encryption(EncryptionState.PLAINTEXT, protocol, reason=f"{protocol} messages in the clear"),
        application=protocol,
    )
