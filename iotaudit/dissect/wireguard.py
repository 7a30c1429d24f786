"""WireGuard: a tunnel whose contents stay closed.

Source: J. A. Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel" (NDSS 2017), section 5.4 (messages).
"""

from itertools import pairwise

from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "wireguard"
PORTS = frozenset({51820})
TRANSPORT = frozenset({UDP})

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
LENGTHS = {INITIATION: 148, RESPONSE: 92, COOKIE: 64}
NO_MAC2 = bytes(16)
DATA_LEN = 32
STEADY = 4
"""Data messages of one receiver with rising counters that make a tunnel without a handshake."""
LOOKED_AT = 8
FIRST = frozenset((*LENGTHS, DATA))
AWAY = FIRST
SURE: frozenset[int] = frozenset()


def recognise(head: Head) -> Likeness:
    """Fits a handshake by type, reserved zeros and length; data by one receiver and rising counters."""
    data = head.data
    if len(data) < DATA_LEN or data[1:4] != b"\0\0\0":
        return Likeness.NO
    kind = data[0]
    if kind in LENGTHS:
        if len(data) != LENGTHS[kind]:
            return Likeness.NO
        return Likeness.LIKELY if kind != COOKIE and data.endswith(NO_MAC2) else Likeness.WEAK
    if kind != DATA or len(data) % 16:
        return Likeness.NO
    recent = head.datagrams[-STEADY:]
    if len(recent) == STEADY and all(d[:8] == data[:8] and len(d) % 16 == 0 for d in recent):
        counters = [int.from_bytes(d[8:16], "little") for d in recent]
        if all(0 < b - a <= 64 for a, b in pairwise(counters)):
            return Likeness.LIKELY
    return Likeness.WEAK


def open(context: Context) -> "WireGuardSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return WireGuardSession(context)


class WireGuardSession:
    """Notes whether the handshake was seen."""

    def __init__(self, context: Context) -> None:
        del context
        self._seen = {True: 0, False: 0}
        self._handshake = False

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        self._seen[segment.outbound] += 1
        self._handshake = self._handshake or segment.data[:1] in (b"\1", b"\2")
        return ()

    def close(self) -> Output:
        """Gives nothing more."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True for the first datagrams."""
        return self._seen[outbound] < LOOKED_AT

    def reading(self) -> Reading:
        """Gives encrypted: every message after the handshake is."""
        reason = "WireGuard handshake seen" if self._handshake else "WireGuard data, handshake not seen"
        return Reading(Encryption(EncryptionState.ENCRYPTED, ID, None, None, reason))

    def rest(self) -> None:
        """What is inside of the tunnel stays closed."""
