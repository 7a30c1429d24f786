"""NTP: the time, in the clear. It counts only on its port: 48 bytes with few fixed bits prove little.

Source: RFC 5905 section 7.3 (header), RFC 7822 (extension fields), RFC 4330 (SNTP).
"""

from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "ntp"
PORTS = frozenset({123})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(first for first in range(256) if 1 <= first >> 3 & 7 <= 4 and first & 7)
AWAY: frozenset[int] = frozenset()
SURE: frozenset[int] = frozenset()

HEADER_LEN = 48
CONTROL = (6, 7)
CONTROL_LEN, PADDING = 12, 3
PRIVATE_LEN = 8
IMPLEMENTATIONS = (0, 2, 3)
MACS = (4, 20, 24)
"""Lengths of what may follow the header and its extension fields: a crypto-NAK, a digest of MD5 or SHA-1."""
STRATUM_MAX = 16
LOOKED_AT = 4


def recognise(head: Head) -> Likeness:
    """Fits version, mode, stratum and length of a datagram; never more than weakly."""
    data = head.data
    if len(data) < 4:
        return Likeness.NO
    version, mode = data[0] >> 3 & 7, data[0] & 7
    if not 1 <= version <= 4 or not mode:
        return Likeness.NO
    if mode in CONTROL:
        return Likeness.WEAK if (_is_control(data) if mode == CONTROL[0] else _is_private(data)) else Likeness.NO
    more = len(data) - HEADER_LEN
    fits = data[1] <= STRATUM_MAX and (more == 0 or more in MACS or (more >= 16 and more % 4 == 0))
    return Likeness.WEAK if fits else Likeness.NO


def _is_control(data: bytes) -> bool:
    """Says whether a control message (mode 6) is as long as its count says, but for padding and a digest."""
    more = len(data) - CONTROL_LEN - int.from_bytes(data[10:12])
    return len(data) >= CONTROL_LEN and 0 <= more <= PADDING + max(MACS)


def _is_private(data: bytes) -> bool:
    """Says whether a private message (mode 7) names a known implementation and has its reserved bits 0."""
    return len(data) >= PRIVATE_LEN and data[2] in IMPLEMENTATIONS and not data[6] >> 4


def open(context: Context) -> "NtpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return NtpSession(context)


class NtpSession:
    """Notes which version was spoken."""

    def __init__(self, context: Context) -> None:
        del context
        self._version: int | None = None
        self._seen = {True: 0, False: 0}

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        self._seen[segment.outbound] += 1
        if segment.data and self._version is None:
            self._version = segment.data[0] >> 3 & 7
        return ()

    def close(self) -> Output:
        """Gives nothing: the time is no secret."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True for the first datagrams."""
        return self._seen[outbound] < LOOKED_AT

    def reading(self) -> Reading:
        """Gives plaintext."""
        version = str(self._version) if self._version else None
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, version, None, "NTP in the clear"))

    def rest(self) -> None:
        """NTP does not turn into another protocol."""
