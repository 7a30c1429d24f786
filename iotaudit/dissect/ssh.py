"""SSH: the versions of both ends, and whether the key exchange was finished.

Source: RFC 4253 sections 4.2 (identification), 6 (packets), 7 (key exchange).
"""

from dataclasses import dataclass, field

from iotaudit.dissect.session import TCP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.stream import Stream
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "ssh"
PORTS = frozenset({22, 2222})
TRANSPORT = frozenset({TCP})

MAGIC = (b"SSH-2.0-", b"SSH-1.99-", b"SSH-1.5-")
LINE_LEN = 255
NEW_KEYS = 21
PACKET_LEN = 35_000
"""A packet of the key exchange is at most this long (RFC 4253 section 6.1)."""
FIRST = frozenset(magic[0] for magic in MAGIC)
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits the identification of SSH."""
    data = head.data
    if any(data.startswith(magic) for magic in MAGIC):
        return Likeness.CERTAIN
    return Likeness.MORE if any(magic.startswith(data) for magic in MAGIC) else Likeness.NO


def open(context: Context) -> "SshSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return SshSession(context)


@dataclass(slots=True)
class _Side:
    stream: Stream = field(default_factory=Stream)
    banner: bytes = b""
    keyed: bool = False
    done: bool = False


class SshSession:
    """Reads until the new keys are in use in each direction."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._sides = {True: _Side(), False: _Side()}

    def feed(self, segment: Segment) -> Output:
        """Takes the next bytes (or a gap) of one direction."""
        side = self._sides[segment.outbound]
        if side.done:
            return ()
        if segment.gap_len:
            side.done = True
            return ()
        side.stream.append(segment)
        found: list[Content] = []
        while self._next(side, found, outbound=segment.outbound):
            pass
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing more."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True until the new keys are in use."""
        return not self._sides[outbound].done

    def reading(self) -> Reading:
        """Gives encrypted once an end took new keys into use; before that, the identification alone is clear."""
        if any(side.keyed for side in self._sides.values()):
            state, reason = EncryptionState.ENCRYPTED, "SSH, key exchange finished"
        else:
            state, reason = EncryptionState.OPAQUE, "SSH identification seen, end of the key exchange not"
        banner = next((side.banner for side in self._sides.values() if side.banner), b"")
        version = banner.split(b"-")[1].decode("latin-1") if banner else None
        return Reading(Encryption(state, ID, version, None, reason))

    def rest(self) -> None:
        """SSH ends with its connection."""

    def _next(self, side: _Side, found: list[Content], *, outbound: bool) -> bool:
        stream = side.stream
        if not side.banner:
            end = stream.find(b"\n")
            if end < 0 or end > LINE_LEN:
                side.done = max(end, len(stream)) > LINE_LEN
                return False
            place = stream.origin(end)
            line = stream.take(end + 1).rstrip()
            if not line.startswith(b"SSH-"):
                return True  # a server may say something before
            side.banner = line
            found.append(Content(self._flow, *place, outbound, "ssh.banner", "plaintext", line))
            return True
        header = stream.peek(6)
        if len(header) < 6:
            return False
        length = int.from_bytes(header[:4])
        if not 2 <= length <= PACKET_LEN:
            side.done = True
            return False
        if len(stream) < 4 + length:
            return False
        stream.skip(4 + length)
        if header[5] == NEW_KEYS:
            side.keyed = side.done = True
        return not side.done
