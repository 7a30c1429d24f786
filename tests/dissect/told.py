"""What the contents of a conversation say, for tests: `told(play(...))` gives places and bytes in order."""

from collections.abc import Iterable

from iotaudit.dissect.session import TCP, Context, Dissector, Item, Opened
from iotaudit.model.events import Event, Oddity
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, Piece


def told(found: Iterable[Event | Content]) -> list[tuple[str, bytes]]:
    """Gives `where` and bytes of the contents."""
    return [(item.where, item.data) for item in found if isinstance(item, Content)]


def oddities(found: Iterable[Event | Content]) -> list[str]:
    """Gives the details of the oddities."""
    return [item.detail for item in found if isinstance(item, Oddity)]


def fed(module: Dissector, *pieces: Piece) -> list[Event | Content]:
    """Gives what a session says of a stream that is fed piece by piece, as it goes on behind a gap."""
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found: list[Item] = []
    for packet, piece in enumerate(pieces, start=1):
        found += session.feed(Segment(1, piece.outbound, packet, packet, 0, piece.data, piece.gap_len))
    return [item for item in (*found, *session.close()) if not isinstance(item, Opened)]
