"""What a dissector is: a module that recognises bytes and opens a sans-io session (the interfaces of this room)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from iotaudit.codec.keylog import KeyLog
from iotaudit.model.events import Event
from iotaudit.model.flows import Encryption, Endpoint, HttpExchange, Mqtt, Tls
from iotaudit.model.quick import quick
from iotaudit.model.raw import Content, Segment
from iotaudit.model.want import Want

TCP = 6
UDP = 17
ICMPV6 = 58

Output = tuple[Event | Content, ...]
"""What a session gives: events and contents in the order in which the bytes show them."""
NO_KEYS = KeyLog()
"""The key log of who has none; no secret is ever added to it."""


class Likeness(IntEnum):
    """How well bytes fit a protocol. NO and the answers above MORE stay as they are when more bytes come.

    MORE: a prefix of the protocol, undecided. WEAK: fits, but so may others; counts only on a port of the
    protocol. LIKELY: structure that chance gives in less than one of a thousand cases. CERTAIN: magic.
    """

    NO = 0
    MORE = 1
    WEAK = 2
    LIKELY = 3
    CERTAIN = 4


@quick
@dataclass(frozen=True, slots=True)
class Head:
    """What there is to recognise: the first bytes of a TCP direction, or datagrams of one direction.

    `data` is the stream's head (TCP) or the newest datagram; `datagrams` holds the datagrams of this direction so
    far, the newest last (empty for TCP).
    """

    data: bytes
    protocol: int
    datagrams: tuple[bytes, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Context:
    """The flow that a session belongs to: number, IP protocol number, and who seems to be client and server.

    `keys` are the auditor's, and may grow while the flow is read.
    """

    flow: int
    protocol: int
    client: Endpoint
    server: Endpoint
    keys: KeyLog = NO_KEYS

    def sender(self, *, outbound: bool) -> Endpoint:
        """Gives the endpoint that sends in this direction."""
        return self.client if outbound else self.server

    def receiver(self, *, outbound: bool) -> Endpoint:
        """Gives the endpoint that receives in this direction."""
        return self.server if outbound else self.client


@quick
@dataclass(frozen=True, slots=True)
class Opened:
    """Protected bytes that a session opened with keys, for the flow to read as a conversation of its own.

    `segment` has the plaintext (or a gap); its `offset` counts the plaintext of that direction and stream, its packet is
    the one that completed the record. `stream` tells apart what is multiplexed (QUIC stream ids), `protocol` says
    whether it is a stream of bytes (TCP) or datagrams (UDP).
    """

    segment: Segment
    stream: int = 0
    protocol: int = TCP


Item = Event | Content | Opened
Given = tuple[Item, ...]
"""What a session that opens protected bytes gives."""


@quick
@dataclass(frozen=True, slots=True)
class Reading:
    """What a session has read so far: its part of the flow's summary (names are kept by the flow)."""

    encryption: Encryption
    tls: Tls | None = None
    http: tuple[HttpExchange, ...] = ()
    mqtt: Mqtt | None = None
    application: str | None = None


class Session(Protocol):
    """One conversation of one protocol; it never raises for a sound caller, and whoever calls it is guarded."""

    def feed(self, segment: Segment) -> Given:
        """Takes the next piece of a direction (or a gap) and gives what it completes."""
        ...

    def close(self) -> Given:
        """Takes the end of both directions and gives what was still open."""
        ...

    def wants(self, *, outbound: bool) -> bool | Want:
        """Says whether more bytes of this direction could still tell something; of datagrams perhaps only some."""
        ...

    def reading(self) -> Reading:
        """Gives what was read so far."""
        ...

    def rest(self) -> tuple[Segment, ...] | None:
        """Gives the bytes after a change of protocol (STARTTLS, CONNECT), else None; asked after each feed."""
        ...


class Dissector(Protocol):
    """A module of this room: `DISSECTORS` lists them all.

    `FIRST` are the first bytes that a head may have: with any other `recognise` says NO. `AWAY` are those of a datagram
    that may be known away from the `PORTS`: with any other it is never more than WEAK. `SURE` are those that may be CERTAIN.
    """

    ID: str
    PORTS: frozenset[int]
    TRANSPORT: frozenset[int]
    FIRST: frozenset[int]
    AWAY: frozenset[int]
    SURE: frozenset[int]

    def recognise(self, head: Head) -> Likeness:
        """Says how well the bytes fit; the port is none of its business."""
        ...

    def open(self, context: Context) -> Session:
        """Opens a session for one flow."""
        ...
